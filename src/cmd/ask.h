/* hiss ask: ask.c reads the command line, ask_persona.c a persona, ask_run.c talks. */
#ifndef CMD_ASK_H
#define CMD_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "chat/event.h"
#include "chat/persona.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/generate.h"

/* What the command line gives, in the types that options have. NAN and LONG_MIN: not given. */
struct ask_given {
    double temperature, top_p, min_p, repeat, frequency, presence;
    long top_k, last_n, max_tokens;
    struct opt_u64 seed;
};

struct ask {
    struct cmd_model model;
    const char *system, *chat; /* NULL: not given */
    struct ask_given given;
    struct opt_list stops;
    struct generate_opts g;    /* see ask_settle */
    bool has_seed, json, out_terminal, err_terminal;
    const char *persona;       /* NULL: not given */
    struct opt_list vars;      /* NAME=VALUE */
    struct persona read;       /* the persona, once it is read */
    struct str system_text;    /* its text, when it is one */
};

/* Takes the persona's system text and model over; on an error the message names it. */
int ask_persona(struct ask *a, struct err *e);

/* How tokens are chosen: the defaults, the chat's own settings (NULL: it has none), the persona's, the command line's;
 * each goes before those named earlier. */
int ask_settle(struct ask *a, const struct chat_settings *own, struct err *e);

/* prompt NULL: each line of the terminal is a turn. Returns the exit status. */
int ask_run(struct ask *a, const struct str *prompt);

#endif
