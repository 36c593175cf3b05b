/* attn */
#include "kcheck.h"

#include <math.h>
#include <string.h>

static unsigned char *rows(struct kc *kc, size_t n_pos, size_t stride, size_t d, bool f32_rows, float range)
{
    size_t e = f32_rows ? 4 : 2;
    unsigned char *p = kc_out(kc, n_pos ? (n_pos - 1) * stride + d * e : 0);
    for (size_t j = 0; j < n_pos; j++)
        for (size_t i = 0; i < d; i++) {
            float x = kc_float(kc, -range, range);
            uint16_t h = kern_f32_to_f16(x);
            memcpy(p + j * stride + i * e, f32_rows ? (void *)&x : (void *)&h, e);
        }
    kc_seal(kc, p);
    return p;
}

static struct kern_attn make(struct kc *kc, size_t d, size_t n_pos, bool f32_rows)
{
    size_t e = f32_rows ? 4 : 2, stride = d * e + kc_below(kc, 9) * e;
    float range = kc_below(kc, 4) ? 1.0f : 9.0f; /* with 9 scores differ by more than exp's range */
    kc_begin(kc, "d %zu, %zu positions, %s rows, stride %zu", d, n_pos, f32_rows ? "f32" : "f16", stride);
    struct kern_attn a = { .stride = stride, .n_pos = n_pos, .d = d, .f32_rows = f32_rows };
    a.scale = d ? 1.0f / sqrtf((float)d) : 1.0f;
    a.q = kc_in(kc, d, -range, range);
    a.k = rows(kc, n_pos, stride, d, f32_rows, range);
    a.v = rows(kc, n_pos, stride, d, f32_rows, 1.0f);
    return a;
}

static bool compare_one(struct kc *kc, struct kern_attn a)
{
    struct kern_attn b = a;
    a.out = kc_out(kc, a.d * 4);
    b.out = kc_out(kc, a.d * 4);
    kc->c->attn(&a);
    kc->k->attn(&b);
    kc_same(kc, "out", a.out, b.out, a.d);
    return kc_end(kc);
}

static void attn_compare(struct kc *kc)
{
    static const size_t dims[] = { 64, 128, 32, 96, 80, 256 };
    for (size_t i = 0; i < 2 * KC_N_SIZES; i++) /* every head size, some positions */
        if (!compare_one(kc, make(kc, i / 2 < 71 ? kc_size(i / 2) : 256, 1 + kc_below(kc, 70), i & 1)))
            return;
    for (size_t i = 0; i < 140; i++) /* every count of positions around a block */
        if (!compare_one(kc, make(kc, dims[i % 6], 1 + i, i & 1)))
            return;
    for (size_t i = 0; i < 6; i++)
        if (!compare_one(kc, make(kc, dims[i % 2], 500 + kc_below(kc, 300), i & 1)))
            return;
}

static double row_value(const struct kern_attn *a, const void *rows_, size_t p, size_t i)
{
    const unsigned char *at = (const unsigned char *)rows_ + p * a->stride;
    float x;
    uint16_t h;
    if (a->f32_rows) {
        memcpy(&x, at + 4 * i, 4);
        return x;
    }
    memcpy(&h, at + 2 * i, 2);
    return kern_f16_to_f32(h);
}

static void oracle_one(struct kc *kc, struct kern_attn a)
{
    static double s[1024];
    double top = -INFINITY, l = 0, s_err = 0;
    a.out = kc_out(kc, a.d * 4);
    kc->c->attn(&a);
    for (size_t j = 0; j < a.n_pos; j++) {
        double mag = 0;
        s[j] = 0;
        for (size_t i = 0; i < a.d; i++) {
            double p = a.q[i] * row_value(&a, a.k, j, i);
            s[j] += a.scale * p;
            mag += fabs(a.scale * p);
        }
        s_err = fmax(s_err, kc_sum_bound(a.d, mag));
        top = fmax(top, s[j]);
    }
    for (size_t j = 0; j < a.n_pos; j++)
        l += s[j] = exp(s[j] - top);
    for (size_t i = 0; i < a.d; i++) {
        double want = 0, mag = 0;
        for (size_t j = 0; j < a.n_pos; j++) {
            want += s[j] / l * row_value(&a, a.v, j, i);
            mag += s[j] / l * fabs(row_value(&a, a.v, j, i));
        }
        double err = 2 * s_err + (2 + sqrt((double)a.n_pos) + 4 + 2 * (double)(a.n_pos / 64)) * KC_EPS;
        kc_near(kc, "out", i, a.out[i], want, err * (mag + fabs(want)) + KC_TINY);
    }
}

static void attn_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 120; i++) {
        oracle_one(kc, make(kc, 1 + kc_below(kc, 129), i < 100 ? 1 + 2 * i : 900, i & 1));
        if (!kc_end(kc))
            return;
    }
}

struct job {
    const struct kern *k;
    struct kern_attn a;
};

static void call(void *ctx, size_t i)
{
    struct job *j = ctx;
    (void)i;
    j->k->attn(&j->a);
}

static void attn_bench(struct kc_bench *b, const struct kern *k)
{
    enum { N_POS = 1024, D = 64, STRIDE = 3 * D }; /* SmolLM2-135M: three key/value heads of 64 */
    uint16_t *kv[2];
    for (int i = 0; i < 2; i++) {
        kv[i] = (uint16_t *)kc_bench_floats(b, N_POS * STRIDE / 2, -1, 1);
        for (size_t p = 0; p < N_POS * STRIDE; p++)
            kv[i][p] = kern_f32_to_f16((float)((double)(p * 2654435761u % 65536) / 65536 - 0.5));
    }
    struct job j = { k, { .q = kc_bench_floats(b, D, -1, 1), .k = kv[0], .v = kv[1], .stride = STRIDE * 2, .n_pos = N_POS,
                          .d = D, .scale = 0.125f, .out = kc_bench_floats(b, D, 0, 1) } };
    kc_time(b, "d 64, 1024 positions", call, &j, 1, 4.0 * N_POS * D, 4.0 * N_POS * D);
    j.a.n_pos = 64;
    kc_time(b, "d 64, 64 positions", call, &j, 1, 4.0 * 64 * D, 4.0 * 64 * D);
}

KC_CASE(attn, attn_compare, attn_oracle, attn_bench);
