/* The line where one writes: readline edits (so ~/.inputrc holds, emacs and vi), hiss draws. readline reads bytes that
 * we hand it and never touches the terminal. One per process, as readline is. A long paste stands as one piece. */
#ifndef UI_COMPOSER_H
#define UI_COMPOSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* history: a file, may not exist yet; NULL: none is kept. accept is called with the text when readline itself accepts
 * a line (a binding of the user's). complete: candidates for the word at text[begin, end): a NULL-terminated array of
 * malloced strings, as rl_completion_matches makes it. fail: the history's file cannot be read or written, told once; all
 * else goes on. */
struct composer_hooks {
    void (*accept)(void *arg);
    char **(*complete)(void *arg, const char *word, size_t begin);
    void (*show_matches)(void *arg, char **matches, size_t n);
    void (*fail)(void *arg, const struct err *e);
    void *arg;
};
int composer_open(const char *history, const struct composer_hooks *hooks, struct err *e);
void composer_close(void);

void composer_key(const char *raw, size_t n);          /* bytes for readline */
bool composer_wants_all(void);                         /* in a search or an argument: every key goes to readline */
void composer_insert(const char *p, size_t n);         /* as typed; undone as one */
void composer_paste(const char *p, size_t n);          /* folded when it is more than a person reads in a line */
bool composer_line_move(int by);                       /* among the rows as they were last drawn; false at the first or last */

bool composer_empty(void);
void composer_text(struct str *out);                   /* appended; folded pastes in full */
void composer_draft(struct str *out);                  /* appended; pastes stay folded: for composer_set in this run */
void composer_fold(struct str *out, const char *p, size_t n, size_t most); /* appends text as a draft has it, folded
                                                          when it has more lines or COMPOSER_FOLD_BYTES */
void composer_set(const char *p, size_t n);            /* replaces the text, cursor at its end */
void composer_remember(const char *p, size_t n);       /* into the history */
char **composer_matches(const char *word, char *(*generator)(const char *word, int state)); /* for complete */
char **composer_file_matches(const char *word);
bool composer_quotes(void);                            /* the word that is completed stands in quotes already */
void composer_ask(const char *prompt);                 /* another prompt, for a question; NULL: writing again */
const char *composer_mode(void);                       /* "" or readline's mode string in vi mode */

enum { COMPOSER_FOLD = 8, COMPOSER_FOLD_BYTES = 1 << 13 }; /* lines, bytes; what has more is a block of its own */

/* Lays the text out for a width, words broken as in the transcript, and draws at most `rows` of its rows around the
 * cursor. */
int composer_rows(int cols);
void composer_draw(int row, int rows, int col, int cols, int *cursor_row, int *cursor_col);

#endif
