/* Byte-level BPE: the merges of one piece (Sennrich et al. 2016; GPT-2's form). O(n log n) in the piece's bytes, so
 * that 100 KB without a space cost milliseconds. */
#ifndef TOKEN_BPE_H
#define TOKEN_BPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "token/tok.h"

struct bpe_pair; /* (left id, right id) -> rank and merged id */
struct bpe {
    struct bpe_pair *slots;
    size_t cap;            /* power of two */
    int32_t byte_id[256];  /* token of each single byte, -1 when the vocabulary lacks it */
    size_t unresolved;     /* merges whose parts or result are no tokens: skipped */
};

/* Builds the tables from merges ("left right" in the byte alphabet; rank = index). `t` resolves texts to ids. */
int bpe_init(struct bpe *b, const struct tok *t, const struct tok_text *merges, size_t n, struct err *e);
void bpe_release(struct bpe *b);

struct bpe_sym;
struct bpe_cand;
struct bpe_work {
    struct bpe_sym *sym;
    size_t cap_sym;
    struct bpe_cand *heap;
    size_t n_heap, cap_heap;
};
#define BPE_WORK_INIT { NULL, 0, NULL, 0, 0 }
void bpe_work_release(struct bpe_work *w);

/* Appends the ids of the piece p[n] (raw bytes). Bytes without a token are dropped. */
int bpe_piece(const struct bpe *b, struct bpe_work *w, const char *p, size_t n, struct ids *out, struct err *e);

#endif
