/* The whole screen program, as `hiss` without a subcommand starts it. */
#ifndef UI_RUN_H
#define UI_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "desk/desk.h"

struct ui_opts {
    struct desk_opts desk;
    const char *chat;             /* to open; NULL: the last one, or a new one */
    bool fresh;                   /* begin a new chat */
    bool replay;                  /* play it again as soon as it is there */
    bool linear;                  /* lines instead of a screen */
    bool no_rc;
    const char *const *commands;  /* [n_commands] run after the rc file (-e) */
    size_t n_commands;
    const char *script;           /* file of keys and commands; displays are saved, no terminal is needed */
    const char *terminal;         /* whose colours the script's screen has */
    int rows, cols;               /* of the script's screen */
};

#define UI_LAST_IS_HELD "your last chat is open in another window; this is a new one"

/* Returns the exit status. Messages that concern no screen go to standard error. */
int ui_run(const struct ui_opts *o);

#endif
