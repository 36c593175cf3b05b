/* From logits to a token. The chain is data: an ordered list of stages with parameters, recorded with every reply.
 * A token's random number is a function of (seed, position), so a reply can be drawn again from any token.
 * Ties go to the lower id; sums over sorted candidates run in that order; exp and log are the kernels' own. */
#ifndef ENGINE_SAMPLER_H
#define ENGINE_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* X(enumerator, name): in the default order (temperature last, so truncation sees untempered probabilities) */
#define SAMPLER_STAGES(X)      \
    X(PENALTIES, "penalties")  \
    X(TOP_K, "top-k")          \
    X(TOP_P, "top-p")          \
    X(MIN_P, "min-p")          \
    X(TEMPERATURE, "temperature")

enum sampler_stage {
#define X(e, name) SAMPLER_##e,
    SAMPLER_STAGES(X)
#undef X
        SAMPLER_N_STAGES
};
extern const char *const sampler_stage_names[SAMPLER_N_STAGES];

struct sampler {
    unsigned char order[SAMPLER_N_STAGES]; /* enum sampler_stage; the first n_order run */
    size_t n_order;
    float temperature;        /* 0: the likeliest token */
    int top_k;                /* 0: off */
    float top_p, min_p;       /* 1, 0: off */
    float repeat;             /* 1: off; divides positive logits, multiplies negative ones */
    float frequency, presence;/* 0: off */
    int last_n;               /* window of the penalties, in tokens; 0: off, -1: everything read */
    uint64_t seed;
};

struct sampler sampler_default(void);

/* One sentence when a value is out of range (also NaN). */
int sampler_check(const struct sampler *sp, struct err *e);

struct sampler_work;                               /* candidates' memory of one caller */
struct kern;
struct sampler_work *sampler_work_new(size_t n_vocab, const struct kern *k); /* k: borrowed, for its exp */
void sampler_work_free(struct sampler_work *w);

struct sampler_draw {
    int32_t id;
    float prob;    /* under the whole chain */
    float logprob; /* under the plain softmax */
};

/* Draws the token for `position` (the number of ids before it). history [n_history] is everything read so far, newest
 * last. ERR_ARG when a logit is NaN or none is finite. */
int sampler_pick(const struct sampler *sp, struct sampler_work *w, const float *logits, size_t n_vocab,
                 const int32_t *history, size_t n_history, uint64_t position, struct sampler_draw *out, struct err *e);

#endif
