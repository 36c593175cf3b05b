/* rope */
#include "kcheck.h"

#include <math.h>

static float *table(struct kc *kc, size_t n_rot)
{
    float *cs = kc_out(kc, n_rot * 4);
    for (size_t j = 0; j + 1 < n_rot; j += 2) {
        double angle = kc_uniform(kc, -4, 4);
        cs[j] = (float)cos(angle);
        cs[j + 1] = (float)sin(angle);
    }
    kc_seal(kc, cs);
    return cs;
}

static void rope_compare(struct kc *kc)
{
    for (size_t i = 0; i < 600; i++) {
        size_t half = i < 70 ? i / 2 : kc_below(kc, 70), d = 2 * half + kc_below(kc, 5), heads = kc_below(kc, 4);
        bool neox = i & 1;
        kc_begin(kc, "%zu heads of %zu, %zu turned%s", heads, d, 2 * half, neox ? ", neox" : "");
        float *x = kc_in(kc, heads * d, -3, 3), *cs = table(kc, 2 * half);
        float *c = kc_copy(kc, x, heads * d * 4), *k = kc_copy(kc, x, heads * d * 4);
        kc->c->rope(c, cs, heads, d, 2 * half, neox);
        kc->k->rope(k, cs, heads, d, 2 * half, neox);
        kc_same(kc, "x", c, k, heads * d);
        if (!kc_end(kc))
            return;
    }
}

static void rope_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 40; i++) {
        size_t n = 2 * (1 + kc_below(kc, 40)), d = n + kc_below(kc, 4), h = kc_below(kc, 3);
        bool neox = i & 1;
        kc_begin(kc, "3 heads of %zu, %zu turned%s", d, n, neox ? ", neox" : "");
        float *x = kc_in(kc, 3 * d, -3, 3), *cs = table(kc, n), *y = kc_copy(kc, x, 3 * d * 4);
        kc->c->rope(y, cs, 3, d, n, neox);
        for (size_t j = 0; j < n / 2; j++) {
            size_t ia = h * d + (neox ? j : 2 * j), ib = h * d + (neox ? j + n / 2 : 2 * j + 1);
            double a = x[ia], b = x[ib], co = cs[2 * j], si = cs[2 * j + 1];
            kc_near(kc, "a", j, y[ia], a * co - b * si, 4 * KC_EPS * (fabs(a * co) + fabs(b * si)) + KC_TINY);
            kc_near(kc, "b", j, y[ib], a * si + b * co, 4 * KC_EPS * (fabs(a * si) + fabs(b * co)) + KC_TINY);
        }
        for (size_t j = n; j < d; j++)
            kc_near(kc, "rest", j, y[h * d + j], x[h * d + j], 0);
        if (!kc_end(kc))
            return;
    }
}

struct job {
    const struct kern *k;
    float *x, *cs;
    bool neox;
};

static void call(void *ctx, size_t i)
{
    struct job *j = ctx;
    (void)i;
    j->k->rope(j->x, j->cs, 12, 64, 64, j->neox);
}

static void rope_bench(struct kc_bench *b, const struct kern *k)
{
    struct job j = { k, kc_bench_floats(b, 12 * 64, -1, 1), kc_bench_floats(b, 64, -0.7f, 0.7f), false };
    kc_time(b, "12 heads of 64", call, &j, 1, 8.0 * 12 * 64, 3.0 * 12 * 64);
    j.neox = true;
    kc_time(b, "12 heads of 64, neox", call, &j, 1, 8.0 * 12 * 64, 3.0 * 12 * 64);
}

KC_CASE(rope, rope_compare, rope_oracle, rope_bench);
