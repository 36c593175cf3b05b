/* hiss ask: ask.c reads the command line, ask_persona.c a persona, ask_run.c talks. */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/generate.h"

struct ask {
    struct cmd_model model;
    const char *system, *chat; /* NULL: not given */
    struct generate_opts g;
    bool has_seed, json, out_terminal, err_terminal;
    const char *persona;       /* NULL: not given */
    struct opt_list vars;      /* NAME=VALUE */
    struct str system_text;    /* the persona's, when it is one */
    char *persona_model;
};

/* Takes the persona's system text, settings and model over; on an error the message names it. */
int ask_persona(struct ask *a, struct err *e);

/* prompt NULL: each line of the terminal is a turn. Returns the exit status. */
int ask_run(struct ask *a, const struct str *prompt);

#endif
