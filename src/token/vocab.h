/* Inside the token room: what a tokenizer is made of. Other rooms include tok.h. */
#ifndef TOKEN_VOCAB_H
#define TOKEN_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "token/bpe.h"
#include "token/pretok.h"
#include "token/special.h"
#include "token/spm.h"
#include "token/tok.h"

struct tok {
    const struct tok_text *tokens; /* [n] borrowed */
    size_t n;
    unsigned char *kinds;          /* [n] enum tok_kind */
    unsigned char *eog;            /* [n] 0 or 1 */
    struct map by_text;
    int32_t bos, eos;
    bool add_bos, ignore_merges;
    size_t longest;                /* bytes of the longest token text */
    struct pretok *pretok;         /* byte-level BPE; NULL: SentencePiece, which is not split first */
    struct bpe bpe;
    const float *scores;           /* [n] borrowed, SentencePiece; NULL: all 0 */
    bool space_prefix;
    struct specials specials;
    struct tok_text chat_template; /* borrowed */
    char warning[240];
};

#endif
