/* A session by file, without a terminal: for tests, pictures and demonstrations. Lines:
 *   key ^R               a key, by name
 *   type TEXT            characters; \n and \t and \xHH as in C
 *   paste TEXT           the same, as one bracketed paste
 *   run COMMAND          a command line
 *   wait                 until no chat's worker does anything and no model loads
 *   size ROWS COLS       another size
 *   save FILE            the display as text, a row a line, the cursor's place on the last
 *   looks FILE           the same with the colours and attributes it has (term/dump.h)
 * # begins a comment. */
#ifndef UI_SCRIPT_H
#define UI_SCRIPT_H

#include "base/err.h"

struct app;

int script_open(const char *terminal, int rows, int cols, struct err *e); /* ncurses on no terminal, as on one of that name */
int script_run(struct app *a, const char *path, struct err *e); /* exit status */
void script_close(void);

#endif
