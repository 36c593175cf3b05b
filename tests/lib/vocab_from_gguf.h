/* A tokenizer source from a GGUF file, for tests. */
#ifndef TEST_VOCAB_FROM_GGUF_H
#define TEST_VOCAB_FROM_GGUF_H

#include "base/err.h"
#include "model/gguf.h"
#include "token/tok.h"

struct vocab_gguf {
    struct gguf *g; /* the source's texts live in it */
    struct tok_text *tokens, *merges;
    unsigned char *kinds;
    float *scores;
    struct tok_source src;
};

int vocab_gguf_open(struct vocab_gguf *v, const char *path, struct err *e);
void vocab_gguf_close(struct vocab_gguf *v);

#endif
