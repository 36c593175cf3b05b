/* Commands: their table (action.def), a command line's words, and the bits by which a handler says what changed. */
#ifndef UI_ACTION_H
#define UI_ACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct app;

enum { ACTION_MAX_WORDS = 8 };

struct args {
    int n;                          /* words after the command's name */
    const char *word[ACTION_MAX_WORDS];
    const char *rest[ACTION_MAX_WORDS]; /* the line from word i on, unquoted and whole: for text arguments */
};

/* Handlers change state and return what has to follow; they never draw. */
enum action_bits {
    ACT_NONE = 0,
    ACT_REPAINT = 1,  /* something visible changed */
    ACT_LAYOUT = 2,   /* sizes changed: lay out anew */
    ACT_QUIT = 4,
};

struct action {
    const char *name, *args, *keys, *help;
    unsigned (*run)(struct app *a, const struct args *args);
};

extern const struct action actions[];
extern const size_t n_actions;

#define ACTION(id, nm, ar, ks, hp) unsigned act_##id(struct app *a, const struct args *args);
#include "ui/action.def"
#undef ACTION

/* The kind of a command's argument, counted from 0, *n bytes long; what takes the rest of the line is one. NULL: none. */
const char *action_kind(const struct action *act, size_t i, size_t *n);

const struct action *action_find(const char *name, size_t n);

/* Splits a command line ("set top-p 0.95", quotes "…" and '…' hold spaces, # begins a comment at a word) into the
 * command and its arguments, which point into `buf`. NULL with *e when there is no such command or its arguments do
 * not fit; NULL with e->code ERR_OK for an empty line. */
struct action_line {
    char *buf;
    struct args args;
};
const struct action *action_parse(const char *line, struct action_line *out, struct err *e);
void action_line_release(struct action_line *l);

/* Runs one line. Errors go to the app's message area; returns the bits. */
unsigned action_run(struct app *a, const char *line);

/* Reads a file of command lines (rc, theme, script); a broken line is reported with file and line, the rest is read. */
unsigned action_source(struct app *a, const char *path, struct err *e);

#endif
