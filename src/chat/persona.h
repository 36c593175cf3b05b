/* Personas: a system text with variables, and how to sample and with which model, in one Markdown file.
 *
 *     ---
 *     name: Translator
 *     description: translates what you send
 *     model: hiss-small
 *     variables:
 *       from: English
 *       to:
 *     settings:
 *       temperature: 0.2
 *     ---
 *     You translate from {{from}} into {{to}}.
 *
 * The front matter is this and no more of YAML: `key: value` lines, two maps indented by spaces, # comments on lines of
 * their own, a value may stand in double quotes. A variable without a value must be asked for. \{{ is a plain {{.
 * Files may come from strangers: errors name file and line, every size has a limit, values are never read again for
 * variables. Strings in a struct persona are owned by it. */
#ifndef CHAT_PERSONA_H
#define CHAT_PERSONA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
    PERSONA_MAX_FILE = 64 << 10, /* bytes of a file */
    PERSONA_MAX_PAIRS = 16,      /* variables, and settings */
    PERSONA_MAX_LINE = 1024,     /* bytes of a front matter value */
    PERSONA_MAX_VALUE = 64 << 10,/* bytes given for a variable */
    PERSONA_MAX_TEXT = 1 << 20,  /* bytes of the rendered text */
};

struct persona_pair {
    char *name, *value;          /* value "": to be asked for */
    unsigned line;
};

struct persona {
    char *path;                  /* as given, for messages */
    char *name, *description;    /* name: the file's own when the front matter has none */
    char *model;                 /* "" : whichever is in use */
    struct persona_pair variables[PERSONA_MAX_PAIRS], settings[PERSONA_MAX_PAIRS];
    size_t n_variables, n_settings;
    char *text;                  /* with its {{variables}} */
};

#define PERSONA_INIT { .n_variables = 0 }

/* *out is filled, to be released; on an error it is empty. path only names the source in persona_parse. */
int persona_parse(const char *path, const char *p, size_t n, struct persona *out, struct err *e);
int persona_load(const char *path, struct persona *out, struct err *e);

/* By the name of its file without .md, in the folders of persona_list; a name with a slash is a path. */
int persona_find(const char *id, struct persona *out, struct err *e);
void persona_release(struct persona *p);

/* The system text, appended to *out. values[i] is for variables[i]; NULL (the array or an entry) takes the default.
 * ERR_ARG names a variable that has neither. */
int persona_render(const struct persona *p, const char *const *values, struct str *out, struct err *e);

/* All that are found: the user's (config folder, personas/) first, then those shipped; a name hides its namesakes in
 * later folders. One that cannot be read is listed with what is wrong. */
struct persona_entry {
    char *id, *path;
    char *name, *description;    /* "" when it cannot be read */
    char *error;                 /* NULL: fine */
    bool own;                    /* the user's */
};
struct persona_list {
    struct persona_entry *v;
    size_t n, cap;
};
int persona_list(struct persona_list *out, struct err *e);
void persona_list_release(struct persona_list *l);

/* Where the user's own of that name lives; ERR_ARG for a name that cannot be a file's. */
int persona_own_path(const char *id, struct str *out, struct err *e);

/* A new file that explains itself. */
extern const char persona_skeleton[];

#endif
