/* hiss ask, in two files: ask.c reads the command line, ask_run.c talks. */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "engine/generate.h"

struct ask {
    struct cmd_model model;
    const char *system, *chat; /* NULL: not given */
    struct generate_opts g;
    bool has_seed, json, out_terminal, err_terminal;
};

/* prompt NULL: each line of the terminal is a turn. Returns the exit status. */
int ask_run(struct ask *a, const struct str *prompt);

#endif
