/* scan1, scan2 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

/* ---- scan1 ---------------------------------------------------------------------------------------------------- */

static size_t rows_of(size_t n_tok, size_t stride, size_t n)
{
    return n_tok ? (n_tok - 1) * stride + n : 0;
}

/* [groups, n_state, 16] with zeros in the padding channels. */
static float *grouped(struct kc *kc, size_t n_chan, size_t n_state, float lo, float hi)
{
    size_t groups = (n_chan + 15) / 16;
    float *p = kc_out(kc, groups * n_state * 16 * 4);
    for (size_t g = 0; g < groups; g++)
        for (size_t j = 0; j < n_state * 16; j++)
            p[g * n_state * 16 + j] = g * 16 + j % 16 < n_chan ? kc_float(kc, lo, hi) : 0.0f;
    kc_seal(kc, p);
    return p;
}

static struct kern_scan1 make1(struct kc *kc, size_t n_tok, size_t n_chan, size_t n_state)
{
    size_t xs = n_chan + kc_below(kc, 20), ds = n_chan + kc_below(kc, 20), bs = n_state + kc_below(kc, 40);
    kc_begin(kc, "%zu tokens, %zu channels, %zu states, strides %zu %zu %zu", n_tok, n_chan, n_state, xs, ds, bs);
    struct kern_scan1 a = { .n_tok = n_tok, .n_chan = n_chan, .n_state = n_state };
    a.x_stride = xs;
    a.dt_stride = ds;
    a.bc_stride = bs;
    a.y_stride = xs;
    a.x = kc_in(kc, rows_of(n_tok, xs, n_chan), -2, 2);
    a.dt = kc_in(kc, rows_of(n_tok, ds, n_chan), 0, kc_below(kc, 4) ? 0.2f : 9.0f);
    a.b = kc_in(kc, rows_of(n_tok, bs, n_state), -1, 1);
    a.c = kc_in(kc, rows_of(n_tok, bs, n_state), -1, 1);
    a.a = grouped(kc, n_chan, n_state, -16, -0.01f);
    a.d = kc_in(kc, n_chan, -1, 1);
    a.s = grouped(kc, n_chan, n_state, -1, 1);
    return a;
}

static bool compare1(struct kc *kc, struct kern_scan1 a, size_t g0, size_t g1, bool in_place)
{
    struct kern_scan1 b = a;
    size_t ns = (a.n_chan + 15) / 16 * a.n_state * 16, ny = rows_of(a.n_tok, a.y_stride, a.n_chan);
    b.s = kc_copy(kc, a.s, ns * 4);
    a.s = kc_copy(kc, a.s, ns * 4);
    a.y = in_place ? kc_copy(kc, a.x, ny * 4) : kc_out(kc, ny * 4);
    b.y = in_place ? kc_copy(kc, a.x, ny * 4) : kc_out(kc, ny * 4);
    if (in_place) {
        a.x = a.y;
        b.x = b.y;
    }
    kc->c->scan1(&a, g0, g1);
    kc->k->scan1(&b, g0, g1);
    kc_same(kc, "y", a.y, b.y, ny);
    kc_same(kc, "s", a.s, b.s, ns);
    return kc_end(kc);
}

static void scan1_compare(struct kc *kc)
{
    for (size_t i = 0; i < 68; i++) { /* every number of channels and of tokens */
        if (!compare1(kc, make1(kc, 1 + kc_below(kc, 4), i, 16), 0, (i + 15) / 16, i & 1))
            return;
        if (!compare1(kc, make1(kc, i, 1 + kc_below(kc, 40), 16), 0, 1, i & 1))
            return;
    }
    for (size_t i = 0; i < 71; i++) { /* every number of states */
        size_t n_chan = 1 + kc_below(kc, 50), groups = (n_chan + 15) / 16, g0 = kc_below(kc, groups);
        if (!compare1(kc, make1(kc, 1 + kc_below(kc, 4), n_chan, kc_size(i)), g0, groups, i & 1))
            return;
    }
}

static void scan1_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 40; i++) { /* one step: later ones compound */
        size_t n = i < 35 ? i : 16;
        struct kern_scan1 a = make1(kc, 1, 19, n);
        float *s = a.s;
        a.s = kc_copy(kc, s, 2 * n * 16 * 4);
        a.y = kc_out(kc, 19 * 4);
        kc->c->scan1(&a, 0, 2);
        for (size_t c = 0; c < 19; c++) {
            double y = a.d[c] * (double)a.x[c], mag = fabs(y);
            for (size_t j = 0; j < n; j++) {
                size_t at = c / 16 * n * 16 + j * 16 + c % 16;
                double decay = exp((double)a.dt[c] * a.a[at]), add = (double)a.dt[c] * a.x[c] * a.b[j];
                double v = decay * s[at] + add, m = fabs(decay * s[at]) * (1 + fabs(a.dt[c] * a.a[at])) + fabs(add);
                kc_near(kc, "s", at, a.s[at], v, 4 * KC_EPS * m + KC_TINY);
                y += v * a.c[j];
                mag += 5 * m * fabs(a.c[j]);
            }
            kc_near(kc, "y", c, a.y[c], y, kc_sum_bound(n, mag));
        }
        if (!kc_end(kc))
            return;
    }
}

struct job1 {
    const struct kern *k;
    struct kern_scan1 a;
};

static void call1(void *ctx, size_t i)
{
    struct job1 *j = ctx;
    (void)i;
    j->k->scan1(&j->a, 0, j->a.n_chan / 16);
}

static void scan1_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 1536, t = 64;
    struct job1 j = { k, { .n_tok = t, .n_chan = n, .n_state = 16, .x_stride = n, .dt_stride = n, .bc_stride = 80, .y_stride = n } };
    j.a.x = kc_bench_floats(b, t * n, -1, 1);
    j.a.dt = kc_bench_floats(b, t * n, 0.001f, 0.1f);
    j.a.b = kc_bench_floats(b, t * 80, -1, 1);
    j.a.c = kc_bench_floats(b, t * 80, -1, 1);
    j.a.a = kc_bench_floats(b, n * 16, -16, -1);
    j.a.d = kc_bench_floats(b, n, -1, 1);
    j.a.s = kc_bench_floats(b, n * 16, -1, 1);
    j.a.y = kc_bench_floats(b, t * n, -1, 1);
    kc_time(b, "1536 channels, 64 tokens", call1, &j, 1, 8.0 * 16 * (double)n, 7.0 * 16 * (double)(t * n));
    j.a.n_tok = 1;
    kc_time(b, "1536 channels, 1 token", call1, &j, 1, 12.0 * 16 * (double)n, 7.0 * 16 * (double)n);
}

/* ---- scan2 ---------------------------------------------------------------------------------------------------- */

static struct kern_scan2 make2(struct kc *kc, size_t n_tok, size_t n_p, size_t n_state)
{
    size_t xs = n_p + kc_below(kc, 20), ds = 1 + kc_below(kc, 4), bs = n_state + kc_below(kc, 40);
    kc_begin(kc, "%zu tokens, head of %zu, %zu states, strides %zu %zu %zu", n_tok, n_p, n_state, xs, ds, bs);
    struct kern_scan2 a = { .n_tok = n_tok, .n_p = n_p, .n_state = n_state };
    a.x_stride = xs;
    a.dt_stride = ds;
    a.bc_stride = bs;
    a.y_stride = n_p + kc_below(kc, 20);
    a.x = kc_in(kc, rows_of(n_tok, xs, n_p), -2, 2);
    a.dt = kc_in(kc, rows_of(n_tok, ds, 1), 0, kc_below(kc, 4) ? 0.2f : 9.0f);
    a.b = kc_in(kc, rows_of(n_tok, bs, n_state), -1, 1);
    a.c = kc_in(kc, rows_of(n_tok, bs, n_state), -1, 1);
    a.a = kc_float(kc, -16, -0.5f);
    a.d = kc_float(kc, -1, 1);
    a.s = kc_in(kc, n_p * n_state, -1, 1);
    return a;
}

static bool compare2(struct kc *kc, struct kern_scan2 a, bool in_place)
{
    if (in_place)
        a.y_stride = a.x_stride;
    struct kern_scan2 b = a;
    size_t ns = a.n_p * a.n_state, ny = rows_of(a.n_tok, a.y_stride, a.n_p);
    b.s = kc_copy(kc, a.s, ns * 4);
    a.s = kc_copy(kc, a.s, ns * 4);
    a.y = in_place ? kc_copy(kc, a.x, ny * 4) : kc_out(kc, ny * 4);
    b.y = in_place ? kc_copy(kc, a.x, ny * 4) : kc_out(kc, ny * 4);
    if (in_place) {
        a.x = a.y;
        b.x = b.y;
    }
    kc->c->scan2(&a);
    kc->k->scan2(&b);
    kc_same(kc, "y", a.y, b.y, ny);
    kc_same(kc, "s", a.s, b.s, ns);
    return kc_end(kc);
}

static void scan2_compare(struct kc *kc)
{
    static const size_t states[] = { 128, 64, 16, 256, 32, 20, 7, 130 };
    for (size_t i = 0; i < KC_N_SIZES - 1; i++) { /* every number of states, few tokens */
        if (!compare2(kc, make2(kc, 1 + kc_below(kc, 3), 1 + kc_below(kc, 20), kc_size(i)), i & 1))
            return;
    }
    for (size_t i = 0; i < 68; i++) { /* every head size and every number of tokens */
        if (!compare2(kc, make2(kc, 1, i, states[i % 8]), i & 1))
            return;
        if (!compare2(kc, make2(kc, i, 1 + kc_below(kc, 6), states[i / 2 % 8]), i & 1))
            return;
    }
}

static void scan2_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 40; i++) {
        size_t n = i < 35 ? i : 128, n_p = 5;
        struct kern_scan2 a = make2(kc, 1, n_p, n);
        float *s = a.s;
        a.s = kc_copy(kc, s, n_p * n * 4);
        a.y = kc_out(kc, n_p * 4);
        kc->c->scan2(&a);
        double decay = exp((double)a.dt[0] * a.a), rel = 1 + fabs(a.dt[0] * a.a);
        for (size_t p = 0; p < n_p; p++) {
            double y = a.d * (double)a.x[p], mag = fabs(y);
            for (size_t j = 0; j < n; j++) {
                double add = (double)a.dt[0] * a.x[p] * a.b[j], v = decay * s[p * n + j] + add;
                double m = fabs(decay * s[p * n + j]) * rel + fabs(add);
                kc_near(kc, "s", p * n + j, a.s[p * n + j], v, 4 * KC_EPS * m + KC_TINY);
                y += v * a.c[j];
                mag += 5 * m * fabs(a.c[j]);
            }
            kc_near(kc, "y", p, a.y[p], y, kc_sum_bound(n, mag));
        }
        if (!kc_end(kc))
            return;
    }
}

struct job2 {
    const struct kern *k;
    struct kern_scan2 a;
    float *s;
};

static void call2(void *ctx, size_t i)
{
    struct job2 *j = ctx;
    j->a.s = j->s + i * j->a.n_p * j->a.n_state;
    j->k->scan2(&j->a);
}

static void scan2_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 128, p = 64, t = 64, copies = kc_bench_copies(4.0 * 64 * 128);
    struct job2 j = { k, { .n_tok = t, .n_p = p, .n_state = n, .x_stride = 1536, .dt_stride = 24, .bc_stride = 1792, .y_stride = 1536 }, NULL };
    j.a.x = kc_bench_floats(b, t * 1536, -1, 1);
    j.a.dt = kc_bench_floats(b, t * 24, 0.001f, 0.1f);
    j.a.b = kc_bench_floats(b, t * 1792, -1, 1);
    j.a.c = j.a.b + 128;
    j.a.a = -2.0f;
    j.a.d = 1.0f;
    j.s = kc_bench_floats(b, copies * p * n, -1, 1);
    j.a.y = kc_bench_floats(b, t * 1536, -1, 1);
    kc_time(b, "64x128, 64 tokens", call2, &j, 1, 8.0 * (double)(p * n), 5.0 * (double)(p * n * t));
    j.a.n_tok = 1;
    kc_time(b, "64x128, 1 token", call2, &j, copies, 8.0 * (double)(p * n), 5.0 * (double)(p * n));
}

KC_CASE(scan1, scan1_compare, scan1_oracle, scan1_bench);
KC_CASE(scan2, scan2_compare, scan2_oracle, scan2_bench);
