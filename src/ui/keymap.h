/* Which key runs which command where. Filled from action.def, changed by bind lines. */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "term/key.h"

/* X(enumerator, name) */
#define KEYMAP_CONTEXTS(X) X(ANY, "any") X(COMPOSER, "composer") X(TRANSCRIPT, "transcript") X(PANEL, "panel") X(REPLAY, "replay")

enum context {
#define X(e, name) CONTEXT_##e,
    KEYMAP_CONTEXTS(X)
#undef X
        CONTEXT_N
};
extern const char *const context_names[CONTEXT_N];

int keymap_init(struct err *e);  /* the defaults; a conflict in action.def is an error */
void keymap_release(void);

/* line: a command line, copied. Replaces what the key did there; *old (may be NULL, borrowed) says what that was. */
int keymap_bind(enum context where, struct key key, const char *line, const char **old, struct err *e);
int keymap_unbind(enum context where, struct key key, struct err *e);

/* The command line of a key in a context, else of the context any; NULL: not bound. */
const char *keymap_find(enum context where, struct key key);

/* The keys of a command in a context (and any), "r, F5" style, appended to *out. */
void keymap_keys_of(enum context where, const char *command, struct str *out);

bool context_parse(const char *name, enum context *out);

/* All bindings in order, for help and tests. */
size_t keymap_n(void);
void keymap_at(size_t i, enum context *where, struct key *key, const char **line);

#endif
