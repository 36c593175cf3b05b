/* SentencePiece's BPE as GGUF files call it "llama" (Kudo and Richardson 2018): characters are merged to the token of
 * the highest score, what has no token is written in byte tokens. O(n log n). */
#ifndef TOKEN_SPM_H
#define TOKEN_SPM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "token/tok.h"

struct spm_sym;
struct spm_cand;
struct spm_work {
    struct str text; /* with U+2581 for each space */
    struct spm_sym *sym;
    size_t n_sym, cap_sym;
    struct spm_cand *heap;
    size_t n_heap, cap_heap;
};
#define SPM_WORK_INIT { STR_INIT, NULL, 0, 0, NULL, 0, 0 }
void spm_work_release(struct spm_work *w);

/* Appends the ids of text[n] (valid UTF-8, n > 0); prefix puts a space in front. scores is [tok_n]. Control tokens are
 * never put together from text, unlike in llama.cpp: a person's "</s>" stays text. */
int spm_text(const struct tok *t, const float *scores, struct spm_work *w, const char *text, size_t n, bool prefix,
             struct ids *out, struct err *e);

/* Bytes of its text that a token of such a vocabulary stands for; and the bytes themselves. */
size_t spm_token_bytes(const struct tok *t, int32_t id);
int spm_piece(const struct tok *t, int32_t id, struct str *out);

#endif
