/* What the commands on conversations share: text for a terminal, signals, progress. */
#ifndef CMD_CHAT_CLI_H
#define CMD_CHAT_CLI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"
#include "chat/conv.h"
#include "chat/place.h"

/* Prints the message; returns the exit status: CMD_USAGE for ERR_ARG, else as cmd_fail. */
int chat_fail(const char *command, const struct err *e);

/* Text for people: on a terminal nothing but printable characters, newlines and tabs. */
void chat_print(FILE *f, bool terminal, const char *p, size_t n);

/* Cancel on SIGINT and SIGTERM; chat_signal is which one came, 0 for none. SIGPIPE is ignored: writing fails instead. */
extern atomic_bool chat_cancel;
extern atomic_int chat_signal;
void chat_catch_signals(void);

/* A model's progress of loading and reading on a terminal's stderr: "reading 63 %", rubbed out at the end. */
struct chat_progress {
    bool on;
    bool shown;
    uint64_t begin;
};
void chat_progress_tell(struct chat_progress *p, const char *what, double fraction);
void chat_progress_end(struct chat_progress *p);

#endif
