/* What the commands on conversations share: where things are, text for a terminal, signals. */
#ifndef CMD_CHAT_CLI_H
#define CMD_CHAT_CLI_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"
#include "chat/conv.h"

/* Prints the message; returns the exit status: CMD_USAGE for ERR_ARG, else as cmd_fail. */
int chat_fail(const char *command, const struct err *e);

/* A name of a saved conversation: 1 to 100 bytes of UTF-8 without '/', control characters or a leading '.'. */
int chat_check_name(const char *name, struct err *e);

/* Path of the chat file, and of the folder of kept states. *out is cleared first. */
int chat_path(const char *name, struct str *out, struct err *e);
int chat_states(struct str *out, struct err *e);

/* The cap on kept states: HISS_STATES_MAX ("500M", "4G", bytes), else the default (0). */
int chat_states_cap(uint64_t *cap, struct err *e);
bool chat_parse_bytes(const char *s, uint64_t *out);

/* Kept states as this user has them. Given. */
struct store *chat_store(struct err *e);

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
