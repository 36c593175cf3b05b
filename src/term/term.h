/* The terminal's modes: set once, restored on every way out. ncurses draws; input is ours (keypad off, raw bytes).
 *
 * A crash handler on its own stack restores the saved termios and writes a reset string prepared at start, then lets
 * the signal do its work; it never calls ncurses. */
#ifndef TERM_TERM_H
#define TERM_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The system's character set: call first in main. Sets LC_CTYPE (C.UTF-8 when the locale is not UTF-8; *note says so,
 * static, or NULL) and leaves every other category at C. False: no UTF-8 at all, only ASCII may be written. */
bool term_locale(const char **note);

/* Can a full screen be used here? Both ends terminals, TERM known and not dumb. *why: one sentence when not. */
bool term_capable(const char **why);

int term_open(struct err *e);
void term_close(void);        /* also at exit; twice is fine */

void term_size(int *rows, int *cols); /* as the system says now; at least 1x1 */
void term_resized(void);              /* tells ncurses of a new size */
void term_redraw(void);               /* the whole screen anew at the next update */

void term_emergency(void);    /* what a crash does: modes and screen as before, by write and tcsetattr alone */

/* Hands the terminal to somebody else and takes it back: around an editor, around SIGTSTP. */
void term_leave(void);
void term_enter(void);
void term_suspend(void);              /* ^Z: leave, stop, and enter again when continued */
void term_continued(void);            /* after a stop that nobody announced: the modes once more, all drawn anew */

/* Runs argv (NULL-terminated) on the terminal and waits. Returns its exit status, or -1 with *e. */
int term_child(char *const argv[], struct err *e);

/* Puts text on the user's clipboard through the terminal (OSC 52), inside tmux and screen too. */
void term_clipboard(const char *p, size_t n);

/* The descriptor to poll for input. */
int term_fd(void);

#endif
