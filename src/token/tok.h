/* Text to token ids and back, as the model's GGUF file says. Immutable after tok_open and shared by all threads; each
 * call brings its own working memory. This room reads its tables through a small source interface, so that it knows
 * nothing of GGUF. */
#ifndef TOKEN_TOK_H
#define TOKEN_TOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum tok_kind { TOK_UNDEFINED, TOK_NORMAL, TOK_UNKNOWN, TOK_CONTROL, TOK_USER, TOK_UNUSED, TOK_BYTE }; /* GGUF token_type */

struct tok_text {
    const char *p;
    size_t n;
};

/* The vocabulary as a file gives it. Arrays and bytes are borrowed and must outlive the tokenizer. */
struct tok_source {
    struct tok_text model, pre;      /* tokenizer.ggml.model, .pre; empty when absent */
    const struct tok_text *tokens;   /* [n_tokens] */
    size_t n_tokens;
    const unsigned char *kinds;      /* [n_tokens] enum tok_kind, or NULL: all normal */
    const float *scores;             /* [n_tokens], or NULL */
    const struct tok_text *merges;   /* [n_merges] "left right" */
    size_t n_merges;
    int64_t bos, eos, eot, eom, unk; /* -1 when absent */
    int add_bos, add_eos;            /* -1 when absent */
    bool no_space_prefix;            /* SentencePiece: tokenizer.ggml.add_space_prefix is there and false */
    struct tok_text chat_template;   /* Jinja; empty when absent */
};

struct tok;

struct tok *tok_open(const struct tok_source *src, struct err *e); /* given; ERR_UNSUPPORTED names the tokenizer */
void tok_close(struct tok *t);

/* One sentence when the tokenizer was opened on a guess (no or an unknown pre-tokenizer name, merges that name no
 * token), else "". Borrowed. To be shown: ids may differ from what the model was trained on. */
const char *tok_warning(const struct tok *t);

size_t tok_n(const struct tok *t);
int32_t tok_bos(const struct tok *t); /* -1 when there is none */
int32_t tok_eos(const struct tok *t);
bool tok_add_bos(const struct tok *t);
bool tok_is_eog(const struct tok *t, int32_t id);   /* ends a turn: eos, eot, eom and their kin */
bool tok_is_special(const struct tok *t, int32_t id); /* control, unknown, unused: shown only when asked for */
int32_t tok_find(const struct tok *t, const char *text, size_t n); /* the token with exactly this text; -1 */
struct tok_text tok_text_of(const struct tok *t, int32_t id);      /* as the vocabulary writes it, for people */

/* A growing list of ids. */
struct ids {
    int32_t *p;
    size_t n, cap;
};
#define IDS_INIT { NULL, 0, 0 }
void ids_release(struct ids *v);
int ids_add(struct ids *v, const int32_t *p, size_t n); /* -1 no memory */
int ids_push(struct ids *v, int32_t id);

/* A prompt is a row of spans. Scaffold is the template's own text: special tokens are recognised in it. Content is a
 * person's text: only user-defined tokens are recognised, so that "<|im_end|>" typed by somebody stays text. Ids are
 * taken over as they are (a reply that was sampled): never tokenised again. Text of adjacent spans is joined before it
 * is split, except across a special token or ids. */
enum tok_span_kind { TOK_SCAFFOLD, TOK_CONTENT, TOK_IDS };
struct tok_span {
    enum tok_span_kind kind;
    const char *p;      /* text, any bytes; invalid UTF-8 becomes U+FFFD */
    size_t n;
    const int32_t *ids; /* TOK_IDS */
    size_t n_ids;
};

/* Appends the ids of the spans; `bos` asks for the BOS token first where the vocabulary adds one and the first token
 * is not already it. ERR_NOMEM. If ends is not NULL, ends[i] is set to out->n after the tokens in which span i ends. */
int tok_encode(const struct tok *t, const struct tok_span *spans, size_t n_spans, bool bos, struct ids *out,
               size_t *ends, struct err *e);

/* Appends the bytes of one token; special ones only when `special`. May be part of a character. */
int tok_piece(const struct tok *t, int32_t id, bool special, struct str *out);

/* Whole text of ids: as tok_piece, invalid UTF-8 replaced by U+FFFD. */
int tok_decode(const struct tok *t, const int32_t *ids, size_t n, bool special, struct str *out);

/* Streaming: bytes come in by tokens, whole characters go out. */
struct tok_stream {
    char held[8];
    size_t n_held;
};
/* Appends to *out what is complete after this token; the rest is held. */
int tok_stream_next(const struct tok *t, struct tok_stream *s, int32_t id, struct str *out);
int tok_stream_end(struct tok_stream *s, struct str *out); /* what is held, as U+FFFD */

#endif
