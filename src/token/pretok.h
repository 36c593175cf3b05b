/* Pre-tokenizers: the expressions that cut text into the pieces BPE works on, by the names GGUF files give them.
 * Run by PCRE2 with its own Unicode tables (UTF and UCP); llama.cpp's are of Unicode 15.1, so that a character newer
 * than either may be classed differently. Immutable after pretok_open. */
#ifndef TOKEN_PRETOK_H
#define TOKEN_PRETOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct pretok;

/* What comes with a name (llama.cpp, src/llama-vocab.cpp). */
struct pretok_traits {
    bool known;         /* false: gpt-2's expression was taken in its place */
    bool ignore_merges; /* a piece that is a token is that token */
    bool add_bos;       /* when the file does not say */
};

/* Given. name[n] as in tokenizer.ggml.pre; empty means "default". Fills *traits. */
struct pretok *pretok_open(const char *name, size_t n, struct pretok_traits *traits, struct err *e);
void pretok_free(struct pretok *p);

/* Room for one running split; given, not to be shared by two threads at once. NULL: no memory. */
void *pretok_work_new(void);
void pretok_work_free(void *work);

/* Calls piece(arg, p, n) for the consecutive pieces that make up text[n] (valid UTF-8). Stops at its first non-zero
 * answer and returns it; -1 with *e when PCRE2 fails. */
typedef int (*pretok_piece)(void *arg, const char *p, size_t n);
int pretok_split(const struct pretok *t, void *work, const char *text, size_t n, pretok_piece piece, void *arg,
                 struct err *e);

#endif
