/* A program on a pseudo-terminal of its own, as a person has it: keys go in, libvterm shows what is on the screen, and
 * behind it stands a shell of a few lines that sees it stop and puts it into the foreground again.
 *
 * Nothing here sleeps: each wait ends when what is waited for is there, or after PTY_SECONDS with false. A system call
 * that fails ends the test program with 99. */
#ifndef TEST_PTY_H
#define TEST_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <vterm.h>

enum { PTY_SECONDS = 40 };

struct pty;

struct pty *pty_open(int rows, int cols); /* given: a terminal with its usual modes, nothing runs on it */
void pty_close(struct pty *p);            /* ends what still runs */

/* Runs argv (NULL-terminated, argv[0] a path) in the foreground. One at a time; another may follow on the terminal as
 * the last one left it. */
void pty_run(struct pty *p, const char *const argv[]);
void pty_signal(struct pty *p, int sig); /* to the program alone */
void pty_continue(struct pty *p);        /* after pty_stopped: fg */
void pty_resize(struct pty *p, int rows, int cols);
void pty_hang_up(struct pty *p);         /* the terminal's window is closed */

/* What is typed. A long text is written while the program's output is read. */
void pty_type(struct pty *p, const char *keys);
void pty_type_n(struct pty *p, const char *keys, size_t n);
void pty_paste(struct pty *p, const char *text, size_t n); /* in brackets */

/* Waits. */
bool pty_see(struct pty *p, const char *text);           /* until the screen shows text (within a row) */
bool pty_see_not(struct pty *p, const char *text);       /* until it does not */
bool pty_sent(struct pty *p, size_t from, const char *bytes); /* until bytes came after byte `from` */
bool pty_stopped(struct pty *p);
int pty_end(struct pty *p);                              /* wait status; -1: it did not end and was killed */

/* What is on the screen now: rows without their trailing blanks, each with its newline; borrowed until the next call. */
const char *pty_text(struct pty *p);
VTermScreen *pty_screen(struct pty *p);
void pty_size(const struct pty *p, int *rows, int *cols);

/* All bytes that came so far; borrowed until the next call. */
const char *pty_bytes(const struct pty *p, size_t *n);

/* The last setting of a private mode, as "2004" or "25": 'h' on, 'l' off, 0 never set. */
char pty_mode(const struct pty *p, const char *mode);

/* Are the line's modes those of the beginning? */
bool pty_modes_as_before(const struct pty *p);

#endif
