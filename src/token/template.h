/* Chat templates: a conversation as the model was taught to read it. Templates are Jinja programs from the model file
 * and untrusted: bounded in size, steps and depth, no access to anything.
 *
 * The renderer marks where each output byte came from, so that a reply's bytes can be replaced by the very ids that
 * were sampled, a person's text is never read as control tokens, and the difference to what was already fed is taken
 * over ids. */
#ifndef TOKEN_TEMPLATE_H
#define TOKEN_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "token/tok.h"

struct chat_message {
    const char *role;    /* "system", "user", "assistant" */
    const char *content; /* [n] bytes */
    size_t n;
    const int32_t *ids;  /* a reply's sampled ids without its end-of-turn token, or NULL */
    size_t n_ids;
};

struct template;

/* Compiles the tokenizer's own template; name (may be NULL) chooses another: "chatml", "none" (plain completion).
 * Given. ERR_UNSUPPORTED names the construct; ERR_FORMAT gives line and cause. */
struct template *template_open(const struct tok *t, const char *name, struct err *e);
void template_free(struct template *tp);
const char *template_name(const struct template *tp);  /* "chatml", "model's own", ... */
uint64_t template_hash(const struct template *tp);

/* Piece of rendered text that came from one place. */
struct template_piece {
    size_t begin, end; /* bytes of the text */
    int message;       /* index of the message it came from, or -1: scaffold */
};

struct template_out {
    struct str text;
    struct template_piece *pieces; /* adjacent, covering the text */
    size_t n_pieces, cap_pieces;
};
#define TEMPLATE_OUT_INIT { STR_INIT, NULL, 0, 0 }
void template_out_release(struct template_out *o);

/* Renders messages; with `generate` the header of the next reply is added. date: seconds since 1970 for templates
 * that print a date, frozen by the conversation. ERR_ARG carries the template's own complaint. */
int template_render(const struct template *tp, const struct chat_message *msgs, size_t n, bool generate, int64_t date,
                    struct template_out *out, struct err *e);

/* The ids of a whole conversation (BOS where the model wants it), replies spliced in as sampled. ends[i] (may be NULL)
 * is set to the number of ids after which message i ends: its end-of-turn token included where the template writes
 * one, else its last content token. */
int template_ids(const struct template *tp, const struct tok *t, const struct chat_message *msgs, size_t n,
                 bool generate, int64_t date, struct ids *out, size_t *ends, struct err *e);

#endif
