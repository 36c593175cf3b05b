/* An ncurses screen that no terminal shows: drawing code is tested by reading its cells back. */
#ifndef TESTS_LIB_SCREEN_H
#define TESTS_LIB_SCREEN_H

#include <stdbool.h>

bool screen_open(void);                    /* false: no terminfo here; skip */
void screen_size(int rows, int cols, char fill); /* a new size, every cell holding fill */
const char *screen_row(int row);           /* its text without the spaces at its end; good until the next call */
const char *screen_text(void);             /* all rows with '\n'; likewise */
char screen_at(int row, int col);          /* the cell's first byte */
bool screen_reversed(int row, int col);
void screen_close(void);

#endif
