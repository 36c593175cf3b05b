/* The template language's words (Jinja2 with Hugging Face's settings: trim_blocks, lstrip_blocks, one closing newline
 * dropped). */
#ifndef TOKEN_JINJA_LEX_H
#define TOKEN_JINJA_LEX_H

#include <stddef.h>

#include "base/err.h"
#include "token/arena.h"

enum jtok_kind {
    JT_EOF, JT_TEXT, JT_PRINT, JT_PRINT_END, JT_TAG, JT_TAG_END, /* text, {{, }}, {%, %} */
    JT_NAME, JT_STRING, JT_INT, JT_FLOAT, JT_OP,
};

struct jtok {
    enum jtok_kind kind;
    unsigned line;
    const char *p; /* the word; of a string its value */
    size_t n;
};

/* Cuts src[n] into words, the last one JT_EOF. They and all they point to live in the arena. NULL on error. */
struct jtok *jinja_lex(struct arena *a, const char *src, size_t n, struct err *e);

#endif
