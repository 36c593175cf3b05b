#include "engine/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "kern.h"

const char *const sampler_stage_names[SAMPLER_N_STAGES] = {
#define X(e, name) [SAMPLER_##e] = name,
    SAMPLER_STAGES(X)
#undef X
};

/* A candidate. The array is in id order until a stage sorts it: likelier first, the lower id first among equals. */
struct cand {
    int32_t id;
    float logit;
};

struct sampler_work {
    size_t n_vocab;
    const struct kern *kern;
    struct cand *c;    /* [n] candidates */
    size_t n;
    bool sorted;
    float *x, *e;      /* [n_vocab] logits and exponentials of all candidates */
    uint32_t *counts;  /* [n_vocab] occurrences in the penalties' window; zero between draws */
};

struct sampler_work *sampler_work_new(size_t n_vocab, const struct kern *k)
{
    struct sampler_work *w = mem_zalloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->n_vocab = n_vocab;
    w->kern = k;
    w->c = mem_alloc(n_vocab, sizeof *w->c);
    w->x = mem_alloc(n_vocab, sizeof *w->x);
    w->e = mem_alloc(n_vocab, sizeof *w->e);
    w->counts = mem_zalloc(n_vocab, sizeof *w->counts);
    if (!w->c || !w->x || !w->e || !w->counts) {
        sampler_work_free(w);
        return NULL;
    }
    return w;
}

void sampler_work_free(struct sampler_work *w)
{
    if (!w)
        return;
    free(w->c);
    free(w->x);
    free(w->e);
    free(w->counts);
    free(w);
}

struct sampler sampler_default(void)
{
    struct sampler sp = {
        .n_order = SAMPLER_N_STAGES,
        .temperature = 0.8f,
        .top_k = 40,
        .top_p = 0.95f,
        .min_p = 0.05f,
        .repeat = 1.1f, /* a small model loops without */
        .last_n = 64,
    };
    for (unsigned char i = 0; i < SAMPLER_N_STAGES; i++)
        sp.order[i] = i;
    return sp;
}

static int check_range(const char *name, float v, float lo, float hi, struct err *e)
{
    if (v >= lo && v <= hi) /* false for NaN */
        return 0;
    return err_set(e, ERR_ARG, "%s must be between %g and %g, not %g", name, (double)lo, (double)hi, (double)v);
}

int sampler_check(const struct sampler *sp, struct err *e)
{
    bool seen[SAMPLER_N_STAGES] = { false };
    if (check_range("temperature", sp->temperature, 0, 100, e) || check_range("top-p", sp->top_p, 0, 1, e) ||
        check_range("min-p", sp->min_p, 0, 1, e) || check_range("repetition", sp->repeat, 0.01f, 100, e) ||
        check_range("frequency", sp->frequency, -100, 100, e) || check_range("presence", sp->presence, -100, 100, e))
        return -1;
    if (sp->top_k < 0)
        return err_set(e, ERR_ARG, "top-k must be 0 (off) or more, not %d", sp->top_k);
    if (sp->last_n < -1)
        return err_set(e, ERR_ARG, "the window of the penalties must be -1 (everything), 0 (off) or more, not %d", sp->last_n);
    if (sp->n_order > SAMPLER_N_STAGES)
        return err_set(e, ERR_ARG, "the sampler chain has more than %d stages", SAMPLER_N_STAGES);
    for (size_t i = 0; i < sp->n_order; i++) {
        if (sp->order[i] >= SAMPLER_N_STAGES || seen[sp->order[i]])
            return err_set(e, ERR_ARG, "the sampler chain names a stage twice or one that does not exist");
        seen[sp->order[i]] = true;
    }
    return 0;
}

/* ---- Order ---- */

static bool before(struct cand a, struct cand b)
{
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

static int compare(const void *a, const void *b)
{
    struct cand x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return before(x, y) ? -1 : 1;
}

static void sift_down(struct cand *h, size_t n, size_t i)
{
    for (;;) {
        size_t last = i, l = 2 * i + 1;
        if (l < n && before(h[last], h[l]))
            last = l;
        if (l + 1 < n && before(h[last], h[l + 1]))
            last = l + 1;
        if (last == i)
            return;
        struct cand t = h[i];
        h[i] = h[last];
        h[last] = t;
        i = last;
    }
}

/* Brings the k first candidates, sorted, to the front: a heap of k with the least of them on top. */
static void sort_first(struct sampler_work *w, size_t k)
{
    struct cand *c = w->c;
    if (k >= w->n) {
        qsort(c, w->n, sizeof *c, compare);
        w->sorted = true;
        return;
    }
    for (size_t i = k / 2; i-- > 0;)
        sift_down(c, k, i);
    for (size_t i = k; i < w->n; i++) {
        if (before(c[i], c[0])) {
            struct cand t = c[0];
            c[0] = c[i];
            c[i] = t;
            sift_down(c, k, 0);
        }
    }
    qsort(c, k, sizeof *c, compare);
}

static size_t first_of(const struct sampler_work *w)
{
    size_t best = 0;
    for (size_t i = 1; !w->sorted && i < w->n; i++) {
        if (before(w->c[i], w->c[best]))
            best = i;
    }
    return best;
}

/* e[i] = exp(logit_i - largest) in array order; returns their sum. */
static double exponentials(struct sampler_work *w)
{
    float top = w->c[first_of(w)].logit;
    double sum = 0;
    for (size_t i = 0; i < w->n; i++)
        w->x[i] = w->c[i].logit - top;
    w->kern->exp(w->e, w->x, w->n);
    for (size_t i = 0; i < w->n; i++)
        sum += w->e[i];
    return sum;
}

/* ---- Stages ---- */

static void penalties(const struct sampler *sp, struct sampler_work *w, const int32_t *history, size_t n)
{
    if (!sp->last_n || (sp->repeat == 1 && sp->frequency == 0 && sp->presence == 0))
        return;
    if (sp->last_n > 0 && n > (size_t)sp->last_n) {
        history += n - (size_t)sp->last_n;
        n = (size_t)sp->last_n;
    }
    for (size_t i = 0; i < n; i++)
        w->counts[history[i]]++;
    for (size_t i = 0; i < w->n; i++) {
        float count = (float)w->counts[w->c[i].id], *x = &w->c[i].logit;
        if (count == 0)
            continue;
        *x = *x <= 0 ? *x * sp->repeat : *x / sp->repeat;
        *x = *x - (count * sp->frequency + sp->presence);
        w->sorted = false;
    }
    for (size_t i = 0; i < n; i++)
        w->counts[history[i]] = 0;
}

static void top_k(const struct sampler *sp, struct sampler_work *w)
{
    if (sp->top_k <= 0 || w->sorted) {
        if (sp->top_k > 0 && (size_t)sp->top_k < w->n)
            w->n = (size_t)sp->top_k;
        return;
    }
    size_t k = (size_t)sp->top_k < w->n ? (size_t)sp->top_k : w->n;
    sort_first(w, k);
    w->n = k;
    w->sorted = true;
}

/* Keeps the shortest sorted prefix that holds p of the whole; the candidate that crosses it is kept. */
static void top_p(const struct sampler *sp, struct sampler_work *w)
{
    if (sp->top_p >= 1 || w->n < 2)
        return;
    double total = exponentials(w), sum = 0, want = (double)sp->top_p * total;
    float top = w->c[first_of(w)].logit;
    size_t have = w->sorted ? w->n : 0, i = 0;
    for (; i < w->n; i++) {
        if (i == have) { /* sort a little more, only as far as needed */
            have = have ? have * 8 : 64;
            sort_first(w, have);
            have = have < w->n ? have : w->n;
        }
        sum += kern_expf(w->c[i].logit - top);
        if (sum >= want) {
            i++;
            break;
        }
    }
    w->n = i;
    w->sorted = true;
}

static void min_p(const struct sampler *sp, struct sampler_work *w)
{
    if (sp->min_p <= 0)
        return;
    float least = w->c[first_of(w)].logit + kern_logf(sp->min_p);
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++) {
        if (w->c[i].logit >= least)
            w->c[n++] = w->c[i];
    }
    w->n = n ? n : 1;
}

static void temperature(const struct sampler *sp, struct sampler_work *w)
{
    if (sp->temperature <= 0) {
        w->c[0] = w->c[first_of(w)];
        w->n = 1;
        w->sorted = true;
        return;
    }
    float top = w->c[first_of(w)].logit; /* taken off first: a tiny temperature must not make them all infinite */
    for (size_t i = 0; i < w->n; i++)
        w->c[i].logit = (w->c[i].logit - top) / sp->temperature;
}

/* ---- The draw ---- */

static int load(struct sampler_work *w, const float *logits, struct err *e)
{
    bool finite = false;
    for (size_t i = 0; i < w->n_vocab; i++) {
        if (isnan(logits[i]) || logits[i] == INFINITY)
            return err_set(e, ERR_ARG, "the model gave no number for token %zu; its weights are damaged", i);
        finite |= logits[i] != -INFINITY;
        w->c[i] = (struct cand){ (int32_t)i, logits[i] };
    }
    w->n = w->n_vocab;
    w->sorted = false;
    return finite ? 0 : err_set(e, ERR_ARG, "the model ruled out every token; its weights are damaged");
}

static void run_chain(const struct sampler *sp, struct sampler_work *w, const int32_t *history, size_t n_history)
{
    for (size_t i = 0; i < sp->n_order; i++) {
        switch (sp->order[i]) {
        case SAMPLER_PENALTIES: penalties(sp, w, history, n_history); break;
        case SAMPLER_TOP_K: top_k(sp, w); break;
        case SAMPLER_TOP_P: top_p(sp, w); break;
        case SAMPLER_MIN_P: min_p(sp, w); break;
        case SAMPLER_TEMPERATURE: temperature(sp, w); break;
        default: break;
        }
    }
}

int sampler_pick(const struct sampler *sp, struct sampler_work *w, const float *logits, size_t n_vocab,
                 const int32_t *history, size_t n_history, uint64_t position, struct sampler_draw *out, struct err *e)
{
    if (n_vocab != w->n_vocab)
        return err_set(e, ERR_ARG, "a sampler for %zu tokens was given %zu", w->n_vocab, n_vocab);
    if (load(w, logits, e))
        return -1;
    float top = w->c[first_of(w)].logit;
    double all = exponentials(w);
    run_chain(sp, w, history, n_history);

    double sum = exponentials(w), target = rng_unit(sp->seed, position) * sum, run = 0;
    size_t pick = first_of(w);
    for (size_t i = 0; i < w->n; i++) {
        run += w->e[i];
        if (w->e[i] > 0 && run > target) {
            pick = i;
            break;
        }
    }
    out->id = w->c[pick].id;
    out->prob = (float)(w->e[pick] / sum);
    out->logprob = (logits[out->id] - top) - (float)kern_log(all);
    return 0;
}
