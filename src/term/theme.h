/* Colours by role. A theme is a file of `theme ROLE [fg] [bg] [attributes]` lines, in the command language of the rc
 * file. Colours: default, black … white, bright-black …, 0-255. Attributes: bold, dim, italic, underline, reverse.
 * With NO_COLOR, or on a terminal without colours, only attributes remain. */
#ifndef TERM_THEME_H
#define TERM_THEME_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* X(enumerator, name, built-in foreground, attributes): the default theme uses the terminal's own colours */
#define THEME_ROLES(X)                               \
    X(TEXT, "text", "default", "")                   \
    X(DIM, "dim", "default", "dim")                  \
    X(NAME, "name", "default", "bold")               \
    X(USER, "user", "default", "bold")               \
    X(MODEL, "model", "cyan", "bold")                \
    X(SYSTEM, "system", "default", "dim")            \
    X(RULE, "rule", "default", "dim")                \
    X(TITLE, "title", "default", "bold")             \
    X(STATUS, "status", "default", "dim")            \
    X(FOCUS, "focus", "default", "reverse")          \
    X(BAR, "bar", "cyan", "")                        \
    X(ERROR, "error", "red", "bold")                 \
    X(NOTICE, "notice", "yellow", "")                \
    X(HEADING, "heading", "default", "bold")         \
    X(EMPH, "emph", "default", "italic")             \
    X(STRONG, "strong", "default", "bold")           \
    X(CODE, "code", "yellow", "")                    \
    X(QUOTE, "quote", "default", "dim")              \
    X(LINK, "link", "default", "underline")          \
    X(MATCH, "match", "default", "reverse")          \
    X(PROMPT, "prompt", "cyan", "bold")              \
    X(KEY, "key", "default", "bold")

enum theme_role {
#define X(e, name, fg, attrs) STYLE_##e,
    THEME_ROLES(X)
#undef X
        STYLE_N
};

void theme_init(bool colour); /* the built-in theme */

/* One line of a theme file after the word "theme": words[0] is the role. */
int theme_set(char *const *words, int n, struct err *e);

/* ncurses attribute and colour pair of a role. */
struct theme_style {
    unsigned attrs; /* A_BOLD and kin */
    short pair;
};
struct theme_style theme_style(enum theme_role role);

/* As a theme's line has it: "cyan bold"; nothing for plain. */
void theme_format(const struct theme_style *s, struct str *out);

#endif
