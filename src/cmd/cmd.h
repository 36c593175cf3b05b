/* Subcommands. Each is one row of CMD_LIST and one function in a file of its own; main finds it by name and exits with
 * what it returns. A command prints its result to stdout and everything else to stderr. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "kern.h"

/* Exit statuses. */
enum { CMD_OK = 0, CMD_FAILED = 1, CMD_USAGE = 2, CMD_INTERRUPTED = 130 };

/* X(name, summary): the function is cmd_NAME; argv[0] is the name. Listed by `hiss --help` in this order. */
#define CMD_LIST(X)                                                    \
    X(chat, "chat on the screen; hiss alone does the same")            \
    X(ask, "get a reply, or talk line by line")                        \
    X(chats, "list, show, check and clean up saved conversations")     \
    X(replay, "run a saved conversation again and compare")            \
    X(models, "list the models found here, or describe one")           \
    X(tokenize, "turn text into token ids")                            \
    X(logits, "write the logits after every token")                    \
    X(perplexity, "measure how well a model predicts a text")          \
    X(bench, "measure the speed of reading, writing and keeping states")

#define X(name, summary) int cmd_##name(int argc, char **argv);
CMD_LIST(X)
#undef X

/* ---- For all commands ---- */

/* "hiss NAME: message" on stderr; returns the status that fits: CMD_INTERRUPTED for ERR_CANCELLED, else CMD_FAILED. */
int cmd_fail(const char *name, const struct err *e);

/* "hiss NAME: message" and where to find the options; returns CMD_USAGE. */
int cmd_usage(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "hiss NAME: message" on stderr: something the user should know, not an error. */
void cmd_note(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Flushes stdout; a full disk or a closed pipe is an error like any other. Returns status, or CMD_FAILED. */
int cmd_finish(const char *name, int status);

/* From here on SIGINT and SIGTERM set the returned flag; a second one ends the program at once. */
const atomic_bool *cmd_interrupts(void);

/* What every command that runs a model takes; zero it, then the options of CMD_MODEL_OPTS fill it. */
struct cmd_model {
    const char *model;   /* -m: NULL for the default model */
    long threads;        /* -t: 0 for pool_default */
    const char *kernels; /* --kernels: NULL for HISS_KERNELS, else the best */
};
#define CMD_OPT_MODEL(m) \
    { 'm', "model", OPT_STRING, &(m).model, "MODEL", "model file, or the name of an installed one", 0, 0 }
#define CMD_OPT_THREADS(m) \
    { 't', "threads", OPT_INT, &(m).threads, "N", "threads (default: the cores this process may use)", 1, 256 }
#define CMD_OPT_KERNELS(m) \
    { 0, "kernels", OPT_STRING, &(m).kernels, "LEVEL", "c, avx2, avxvnni, avx512, amx, neon or i8mm (default: the best here)", 0, 0 }

/* The level asked for by name (NULL: by HISS_KERNELS, else the best). CMD_OK, or CMD_USAGE with a message. */
int cmd_kernels(const char *name, const char *asked, enum kern_level *out);

/* Finds and opens the model. Both are given: close with cmd_close. CMD_OK, or the status after a message. */
struct lm;
struct pool;
int cmd_open(const char *name, const struct cmd_model *m, struct lm **lm, struct pool **pool);
void cmd_close(struct lm *lm, struct pool *pool);

#endif
