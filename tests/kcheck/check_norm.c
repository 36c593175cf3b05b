/* rms_norm, dot, max. */
#include "kcheck.h"

#include <math.h>

/* ---- rms_norm ------------------------------------------------------------------------------------------------- */

static void rms_norm_compare(struct kc *kc)
{
    const float eps = 1e-5f;
    for (size_t i = 0; i < 4 * KC_N_SIZES; i++) {
        size_t n = kc_size(i / 4);
        bool in_place = i & 1, ones = i & 2;
        if (!n)
            continue;
        kc_begin(kc, "n %zu%s%s", n, in_place ? ", in place" : "", ones ? ", no weights" : "");
        float *x = kc_in(kc, n, -3, 3), *w = ones ? NULL : kc_in(kc, n, 0, 2);
        float *c = in_place ? kc_copy(kc, x, n * 4) : kc_out(kc, n * 4);
        float *k = in_place ? kc_copy(kc, x, n * 4) : kc_out(kc, n * 4);
        kc->c->rms_norm(c, in_place ? c : x, w, n, eps);
        kc->k->rms_norm(k, in_place ? k : x, w, n, eps);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

static void rms_norm_oracle(struct kc *kc)
{
    for (size_t i = 0; i < KC_N_SIZES; i++) {
        size_t n = kc_size(i);
        if (!n)
            continue;
        kc_begin(kc, "n %zu", n);
        float *x = kc_in(kc, n, -3, 3), *w = kc_in(kc, n, 0, 2), *y = kc_out(kc, n * 4);
        kc->c->rms_norm(y, x, w, n, 1e-5f);
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += (double)x[j] * x[j];
        double r = 1 / sqrt(sum / (double)n + (double)1e-5f);
        for (size_t j = 0; j < n; j++) {
            double want = x[j] * r * w[j];
            kc_near(kc, "y", j, y[j], want, ((2 + sqrt((double)n)) / 2 + 4) * KC_EPS * fabs(want) + KC_TINY);
        }
        if (!kc_end(kc))
            return;
    }
}

struct vec_job {
    const struct kern *k;
    float *y, *x, *w;
    size_t n;
};

static void rms_norm_call(void *ctx, size_t i)
{
    struct vec_job *j = ctx;
    j->k->rms_norm(j->y + i * j->n, j->x + i * j->n, j->w, j->n, 1e-5f);
}

static void rms_norm_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 1536;
    struct vec_job j = { k, kc_bench_floats(b, n, 0, 1), kc_bench_floats(b, n, -1, 1), kc_bench_floats(b, n, 0, 1), n };
    kc_time(b, "1536", rms_norm_call, &j, 1, 12.0 * (double)n, 4.0 * (double)n);
}

/* ---- dot ------------------------------------------------------------------------------------------------------ */

static void dot_compare(struct kc *kc)
{
    for (size_t i = 0; i < 4 * KC_N_SIZES; i++) {
        size_t n = kc_size(i / 4);
        kc_begin(kc, "n %zu", n);
        float *x = kc_in(kc, n, -2, 2), *y = kc_in(kc, n, i & 2 ? -0x1p-70f : -2, i & 2 ? 0x1p-80f : 2);
        float c = kc->c->dot(x, y, n), k = kc->k->dot(x, y, n);
        kc_same(kc, "dot", &c, &k, 1);
        if (!kc_end(kc))
            return;
    }
}

static void dot_oracle(struct kc *kc)
{
    for (size_t i = 0; i < KC_N_SIZES; i++) {
        size_t n = kc_size(i);
        kc_begin(kc, "n %zu", n);
        float *x = kc_in(kc, n, -2, 2), *y = kc_in(kc, n, -2, 2);
        double want = 0, mag = 0;
        for (size_t j = 0; j < n; j++) {
            want += (double)x[j] * y[j];
            mag += fabs((double)x[j] * y[j]);
        }
        kc_near(kc, "dot", 0, kc->c->dot(x, y, n), want, kc_sum_bound(n, mag));
        if (!kc_end(kc))
            return;
    }
}

static void dot_call(void *ctx, size_t i)
{
    struct vec_job *j = ctx;
    (void)i;
    j->y[0] = j->k->dot(j->x, j->w, j->n);
}

static void dot_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 1536;
    struct vec_job j = { k, kc_bench_floats(b, 16, 0, 1), kc_bench_floats(b, n, -1, 1), kc_bench_floats(b, n, 0, 1), n };
    kc_time(b, "1536", dot_call, &j, 1, 8.0 * (double)n, 2.0 * (double)n);
}

/* ---- max ------------------------------------------------------------------------------------------------------ */

static float *max_input(struct kc *kc, size_t n, size_t kind)
{
    float *x = kc_out(kc, n * 4);
    for (size_t j = 0; j < n; j++)
        x[j] = kind == 1 ? (kc_below(kc, 2) ? 0.0f : -0.0f) : kind == 2 ? -INFINITY : kc_float(kc, -9, 9);
    if (n && kind == 3)
        x[kc_below(kc, n)] = NAN;
    if (n && kind == 4)
        x[kc_below(kc, n)] = 99.0f;
    kc_seal(kc, x);
    return x;
}

static void max_compare(struct kc *kc)
{
    for (size_t i = 0; i < 5 * KC_N_SIZES; i++) {
        size_t n = kc_size(i / 5);
        kc_begin(kc, "n %zu, kind %zu", n, i % 5);
        float *x = max_input(kc, n, i % 5);
        float c = kc->c->max(x, n), k = kc->k->max(x, n);
        kc_same(kc, "max", &c, &k, 1);
        if (!kc_end(kc))
            return;
    }
}

static void max_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 5 * KC_N_SIZES; i++) {
        size_t n = kc_size(i / 5);
        kc_begin(kc, "n %zu, kind %zu", n, i % 5);
        float *x = max_input(kc, n, i % 5);
        double want = -INFINITY;
        for (size_t j = 0; j < n; j++)
            want = x[j] > want || x[j] != x[j] || want != want ? (want != want ? want : x[j]) : want;
        kc_near(kc, "max", 0, kc->c->max(x, n), want, 0);
        if (!kc_end(kc))
            return;
    }
}

static void max_call(void *ctx, size_t i)
{
    struct vec_job *j = ctx;
    (void)i;
    j->y[0] = j->k->max(j->x, j->n);
}

static void max_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 50280;
    struct vec_job j = { k, kc_bench_floats(b, 16, 0, 1), kc_bench_floats(b, n, -1, 1), NULL, n };
    kc_time(b, "50280", max_call, &j, 1, 4.0 * (double)n, 0);
}

KC_CASE(rms_norm, rms_norm_compare, rms_norm_oracle, rms_norm_bench);
KC_CASE(dot, dot_compare, dot_oracle, dot_bench);
KC_CASE(max, max_compare, max_oracle, max_bench);
