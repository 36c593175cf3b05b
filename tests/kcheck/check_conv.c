/* conv_silu */
#include "kcheck.h"

#include <math.h>

static struct kern_conv make(struct kc *kc, size_t n_tok, size_t n_chan, size_t n_k)
{
    size_t xs = n_chan + kc_below(kc, 20), ys = n_chan + kc_below(kc, 20);
    kc_begin(kc, "%zu tokens, %zu channels, %zu taps, strides %zu and %zu", n_tok, n_chan, n_k, xs, ys);
    struct kern_conv a = { .n_tok = n_tok, .n_chan = n_chan, .n_k = n_k, .x_stride = xs, .y_stride = ys };
    a.x = kc_in(kc, n_tok ? (n_tok - 1) * xs + n_chan : 0, -2, 2);
    a.w = kc_in(kc, n_k * n_chan, -1, 1);
    a.bias = kc_in(kc, n_chan, -1, 1);
    return a;
}

static bool compare_one(struct kc *kc, struct kern_conv a, size_t c0, size_t c1)
{
    struct kern_conv b = a;
    size_t ny = a.n_tok ? (a.n_tok - 1) * a.y_stride + a.n_chan : 0, ns = (a.n_k - 1) * a.n_chan;
    float *s = kc_in(kc, ns, -2, 2);
    a.s = kc_copy(kc, s, ns * 4);
    b.s = kc_copy(kc, s, ns * 4);
    a.y = kc_out(kc, ny * 4);
    b.y = kc_out(kc, ny * 4);
    kc->c->conv_silu(&a, c0, c1);
    kc->k->conv_silu(&b, c0, c1);
    kc_same(kc, "y", a.y, b.y, ny);
    kc_same(kc, "s", a.s, b.s, ns);
    return kc_end(kc);
}

static void conv_silu_compare(struct kc *kc)
{
    for (size_t i = 0; i < 6 * KC_N_SIZES; i++) {
        size_t n_chan = kc_size(i / 6), n_k = i % 6 < 3 ? 4 : 2 + kc_below(kc, 4);
        size_t n_tok = i % 6 == 0 ? 1 : kc_below(kc, 12);
        size_t c0 = i & 1 ? kc_below(kc, n_chan + 1) : 0, c1 = i & 1 ? c0 + kc_below(kc, n_chan - c0 + 1) : n_chan;
        if (!compare_one(kc, make(kc, n_tok, n_chan, n_k), c0, c1))
            return;
    }
    for (size_t n_tok = 0; n_tok < 68; n_tok++)
        if (!compare_one(kc, make(kc, n_tok, 37, 4), 0, 37))
            return;
}

static void conv_silu_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 30; i++) {
        struct kern_conv a = make(kc, 1 + i, 19, 2 + kc_below(kc, 4));
        size_t past = a.n_k - 1;
        float *s = kc_in(kc, past * 19, -2, 2);
        a.s = kc_copy(kc, s, past * 19 * 4);
        a.y = kc_out(kc, ((a.n_tok - 1) * a.y_stride + 19) * 4);
        kc->c->conv_silu(&a, 0, 19);
        for (size_t j = 0; j < a.n_tok * 19; j++) {
            size_t t = j / 19, c = j % 19;
            double v = a.bias[c], mag = fabs(v);
            for (size_t k = 0; k < a.n_k; k++) {
                double x = t + k < past ? s[(t + k) * 19 + c] : a.x[(t + k - past) * a.x_stride + c];
                v += a.w[k * 19 + c] * x;
                mag += fabs(a.w[k * 19 + c] * x);
            }
            /* silu's slope is at most 1.1 */
            kc_near(kc, "y", j, a.y[t * a.y_stride + c], v / (1 + exp(-v)), 1.1 * kc_sum_bound(a.n_k, mag) + 4 * KC_EPS * fabs(v));
        }
        for (size_t j = 0; j < past * 19; j++) {
            size_t at = a.n_tok + j / 19; /* in the row of state and inputs */
            float want = at < past ? s[at * 19 + j % 19] : a.x[(at - past) * a.x_stride + j % 19];
            kc_near(kc, "s", j, a.s[j], want, 0);
        }
        if (!kc_end(kc))
            return;
    }
}

struct job {
    const struct kern *k;
    struct kern_conv a;
};

static void call(void *ctx, size_t i)
{
    struct job *j = ctx;
    (void)i;
    j->k->conv_silu(&j->a, 0, j->a.n_chan);
}

static void conv_silu_bench(struct kc_bench *b, const struct kern *k)
{
    size_t n = 1536, t = 64;
    struct job j = { k, { .n_tok = t, .n_chan = n, .n_k = 4, .x_stride = n, .y_stride = n } };
    j.a.x = kc_bench_floats(b, t * n, -1, 1);
    j.a.w = kc_bench_floats(b, 4 * n, -1, 1);
    j.a.bias = kc_bench_floats(b, n, -1, 1);
    j.a.s = kc_bench_floats(b, 3 * n, -1, 1);
    j.a.y = kc_bench_floats(b, t * n, -1, 1);
    kc_time(b, "1536 channels, 64 tokens", call, &j, 1, 8.0 * (double)(t * n), 0);
    j.a.n_tok = 1;
    kc_time(b, "1536 channels, 1 token", call, &j, 1, 48.0 * (double)n, 0);
}

KC_CASE(conv_silu, conv_silu_compare, conv_silu_oracle, conv_silu_bench);
