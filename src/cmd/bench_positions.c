/* What one more token costs after so many: flat for a state of constant size, growing with attention. */
#include "cmd/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "engine/session.h"

enum { TOKENS = 24, AT_ONCE = SESSION_SLICE };

static int feed(struct session *s, size_t n, const atomic_bool *cancel, struct err *e)
{
    int32_t ids[AT_ONCE];
    size_t n_vocab = model_config(session_lm(s)->model)->n_vocab;
    for (size_t at = session_pos(s), end = at + n; at < end;) {
        size_t k = end - at < AT_ONCE ? end - at : AT_ONCE;
        for (size_t i = 0; i < k; i++)
            ids[i] = (int32_t)(rng_u64(1, at + i) % n_vocab);
        if (session_feed(s, ids, k, cancel, NULL, NULL, e))
            return -1;
        at += k;
    }
    return 0;
}

static int measure(struct bench_result *r, struct session *s, const atomic_bool *cancel, struct err *e)
{
    struct bench_series t = { .n = 0 };
    struct bench_position *p = &r->position[r->n_positions++];
    p->at = (double)session_pos(s);
    for (int i = 0; i < TOKENS; i++) {
        uint64_t began = clock_ns();
        if (feed(s, 1, cancel, e))
            return -1;
        bench_add(&t, began);
    }
    bench_sort(&t);
    p->median = bench_median(&t);
    p->min = t.s[0];
    p->p90 = bench_p90(&t);
    return 0;
}

/* 0, 100, 200, 500, 1000 and so on. */
static size_t next(size_t at)
{
    size_t ten = 100;
    if (!at)
        return ten;
    while (ten * 10 <= at)
        ten *= 10;
    return at < 2 * ten ? 2 * ten : at < 5 * ten ? 5 * ten : 10 * ten;
}

int bench_positions(struct bench_result *r, struct lm *lm, size_t last, const atomic_bool *cancel, struct err *e)
{
    const struct model_config *c = model_config(lm->model);
    struct session *s = session_new(lm, e);
    int status = -1;
    if (!s)
        return -1;
    if (c->n_attn && c->n_ctx_train && last + TOKENS > c->n_ctx_train)
        last = c->n_ctx_train > TOKENS ? c->n_ctx_train - TOKENS : 0;
    for (size_t at = 0;; at = next(at) < last ? next(at) : last) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\rreading to token %zu of %zu ", at, last);
        if (at > session_pos(s) && feed(s, at - session_pos(s), cancel, e))
            goto done;
        if (measure(r, s, cancel, e))
            goto done;
        if (at == last || r->n_positions == BENCH_MAX_POSITIONS)
            break;
    }
    status = 0;
done:
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    session_free(s);
    return status;
}
