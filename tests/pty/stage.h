/* What every test on a terminal stands on: an empty home with a tiny model, hiss to start, results as TAP. */
#ifndef TEST_STAGE_H
#define TEST_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "pty.h"

/* Makes a folder with a model of the given seed that writes until it is stopped, and sets the environment: HISS_HOME
 * there, TERM, a UTF-8 locale, nothing of the user's. Removed at exit. */
void stage_open(void);
int stage_done(void); /* the plan; main's result */

void stage_model(const char *name, const char *says); /* one that says this over and over: at most 31 bytes, all different */
const char *stage_path(const char *name); /* a path in the folder; static, four at a time */
void stage_write(const char *name, const char *text, size_t n);
char *stage_read(const char *name, size_t *n); /* given; NULL: not there */
bool stage_appears(const char *name, const char *text); /* waits until the file is there and holds text, at most PTY_SECONDS */

/* hiss chat with the model, replies without end and, behind them, the arguments given (at least one). */
#define stage_chat(p, ...) stage_run(p, (const char *const[]){ __VA_ARGS__, NULL })
void stage_run(struct pty *p, const char *const more[]);

/* hiss with just these arguments, without a terminal: its output, given. *status: as waitpid has it. */
char *stage_output(const char *const args[], int *status);

/* Sends a message and waits until the reply is being written. */
bool stage_reply(struct pty *p, const char *message);

void report(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_on(struct pty *p, bool ok, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* shows the screen when not ok */

/* Four reports: line modes as before, alternate screen left, cursor shown, bracketed paste off. */
void report_sane(struct pty *p, const char *when);

#endif
