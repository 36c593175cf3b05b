/* attn */
#include "kcheck.h"

#include <math.h>
#include <string.h>

enum { BLOCK = KERN_ATTN_BLOCK };

/* n_pos keys (transposed in their blocks) or values, the places behind them NaN, as long as whole blocks are. */
static unsigned char *rows(struct kc *kc, const struct kern_attn *a, size_t n_pos, bool keys, float range)
{
    size_t e = a->f32_rows ? 4 : 2, blocks = (n_pos + BLOCK - 1) / BLOCK;
    unsigned char *p = kc_out(kc, (blocks - 1) * a->stride + BLOCK * a->d * e);
    for (size_t j = 0; j < n_pos; j++)
        for (size_t i = 0; i < a->d; i++) {
            float x = kc_float(kc, -range, range);
            uint16_t h = kern_f32_to_f16(x);
            size_t at = keys ? i * BLOCK + j % BLOCK : j % BLOCK * a->d + i;
            memcpy(p + j / BLOCK * a->stride + at * e, a->f32_rows ? (void *)&x : (void *)&h, e);
        }
    kc_seal(kc, p);
    return p;
}

/* n_pos: what the last token sees. */
static struct kern_attn make(struct kc *kc, size_t d, size_t n_pos, size_t n_tok, size_t n_head, bool f32_rows)
{
    size_t e = f32_rows ? 4 : 2, stride = BLOCK * d * e + kc_below(kc, 9) * e;
    float range = kc_below(kc, 4) ? 1.0f : 9.0f; /* with 9 scores differ by more than exp's range */
    struct kern_attn a = { .stride = stride, .n_tok = n_tok, .n_head = n_head, .n_pos = n_pos - n_tok + 1, .d = d,
                           .f32_rows = f32_rows };
    a.q_stride = n_head * d + kc_below(kc, 7);
    a.out_stride = n_head * d + kc_below(kc, 7);
    kc_begin(kc, "d %zu, %zu positions, %zu tokens of %zu heads, %s rows, strides %zu, %zu, %zu", d, n_pos, n_tok, n_head,
             f32_rows ? "f32" : "f16", stride, a.q_stride, a.out_stride);
    a.scale = d ? 1.0f / sqrtf((float)d) : 1.0f;
    a.q = kc_in(kc, (n_tok - 1) * a.q_stride + n_head * d, -range, range);
    a.k = rows(kc, &a, n_pos, true, range);
    a.v = rows(kc, &a, n_pos, false, 1.0f);
    return a;
}

static bool compare_one(struct kc *kc, struct kern_attn a)
{
    struct kern_attn b = a;
    size_t n = (a.n_tok - 1) * a.out_stride + a.n_head * a.d;
    a.out = kc_out(kc, n * 4);
    b.out = kc_out(kc, n * 4);
    kc->c->attn(&a);
    kc->k->attn(&b);
    kc_same(kc, "out", a.out, b.out, n);
    return kc_end(kc);
}

static void attn_compare(struct kc *kc)
{
    static const size_t dims[] = { 64, 128, 32, 96, 80, 256 };
    for (size_t i = 0; i < 2 * KC_N_SIZES; i++) { /* every head size, some positions */
        size_t d = i / 2 < 71 ? kc_size(i / 2) : 256, n_tok = 1 + kc_below(kc, 3);
        if (!compare_one(kc, make(kc, d, n_tok + kc_below(kc, 70), n_tok, 1 + kc_below(kc, 4), i & 1)))
            return;
    }
    for (size_t i = 0; i < 140; i++) /* every count of positions around a block */
        if (!compare_one(kc, make(kc, dims[i % 6], 1 + i, 1, 1 + kc_below(kc, 5), i & 1)))
            return;
    for (size_t i = 1; i <= 70; i++) { /* every count of queries around a chunk of them, a block's end among their tokens */
        size_t n_head = 1 + kc_below(kc, 3), n_tok = (i + n_head - 1) / n_head;
        if (!compare_one(kc, make(kc, dims[i % 4], n_tok + kc_below(kc, 100), n_tok, n_head, i & 1)))
            return;
    }
    for (size_t i = 0; i < 6; i++)
        if (!compare_one(kc, make(kc, dims[i % 2], 500 + kc_below(kc, 300), 1 + i, 3, i & 1)))
            return;
}

static double row_value(const struct kern_attn *a, const void *rows_, size_t p, size_t i, bool key)
{
    size_t e = key ? i * BLOCK + p % BLOCK : p % BLOCK * a->d + i;
    const unsigned char *at = (const unsigned char *)rows_ + p / BLOCK * a->stride;
    float x;
    uint16_t h;
    if (a->f32_rows) {
        memcpy(&x, at + 4 * e, 4);
        return x;
    }
    memcpy(&h, at + 2 * e, 2);
    return kern_f16_to_f32(h);
}

/* The last query: the last head of the last token. */
static void oracle_one(struct kc *kc, struct kern_attn a)
{
    static double s[1024];
    double top = -INFINITY, l = 0, s_err = 0;
    size_t n_pos = a.n_pos + a.n_tok - 1;
    const float *q = a.q + (a.n_tok - 1) * a.q_stride + (a.n_head - 1) * a.d;
    a.out = kc_out(kc, ((a.n_tok - 1) * a.out_stride + a.n_head * a.d) * 4);
    kc->c->attn(&a);
    const float *out = a.out + (a.n_tok - 1) * a.out_stride + (a.n_head - 1) * a.d;
    for (size_t j = 0; j < n_pos; j++) {
        double mag = 0;
        s[j] = 0;
        for (size_t i = 0; i < a.d; i++) {
            double p = q[i] * row_value(&a, a.k, j, i, true);
            s[j] += a.scale * p;
            mag += fabs(a.scale * p);
        }
        s_err = fmax(s_err, kc_sum_bound(a.d, mag));
        top = fmax(top, s[j]);
    }
    for (size_t j = 0; j < n_pos; j++)
        l += s[j] = exp(s[j] - top);
    for (size_t i = 0; i < a.d; i++) {
        double want = 0, mag = 0;
        for (size_t j = 0; j < n_pos; j++) {
            want += s[j] / l * row_value(&a, a.v, j, i, false);
            mag += s[j] / l * fabs(row_value(&a, a.v, j, i, false));
        }
        double err = 2 * s_err + (2 + sqrt((double)n_pos) + 4 + 2 * (double)(n_pos / 64)) * KC_EPS;
        kc_near(kc, "out", i, out[i], want, err * (mag + fabs(want)) + KC_TINY);
    }
}

static void attn_oracle(struct kc *kc)
{
    for (size_t i = 0; i < 120; i++) {
        size_t n_pos = i < 100 ? 1 + 2 * i : 900;
        size_t n_tok = 1 + kc_below(kc, n_pos < 3 ? n_pos : 3), n_head = 1 + kc_below(kc, 3);
        oracle_one(kc, make(kc, 1 + kc_below(kc, 129), n_pos, n_tok, n_head, i & 1));
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
    enum { N_POS = 1024, D = 64, GROUP = 3, MOST = 32 }; /* SmolLM2-135M: three query heads a key/value head of 64 */
    uint16_t *kv[2];
    for (int i = 0; i < 2; i++) {
        kv[i] = (uint16_t *)kc_bench_floats(b, N_POS * D / 2, -1, 1);
        for (size_t p = 0; p < N_POS * D; p++)
            kv[i][p] = kern_f32_to_f16((float)((double)(p * 2654435761u % 65536) / 65536 - 0.5));
    }
    struct job j = { k, { .q = kc_bench_floats(b, MOST * GROUP * D, -1, 1), .k = kv[0], .v = kv[1], .stride = BLOCK * D * 2,
                          .d = D, .n_tok = 1, .n_head = 1, .n_pos = N_POS, .scale = 0.125f, .q_stride = GROUP * D,
                          .out_stride = GROUP * D, .out = kc_bench_floats(b, MOST * GROUP * D, 0, 1) } };
    kc_time(b, "1 query, 1024 positions", call, &j, 1, 4.0 * N_POS * D, 4.0 * N_POS * D);
    j.a.n_pos = 64;
    kc_time(b, "1 query, 64 positions", call, &j, 1, 4.0 * 64 * D, 4.0 * 64 * D);
    j.a.n_pos = N_POS;
    j.a.n_head = GROUP;
    kc_time(b, "3 queries, 1024 positions", call, &j, 1, 4.0 * N_POS * D, 4.0 * GROUP * N_POS * D);
    if (k->level == KERN_C)
        return;
    j.a.n_pos = N_POS - MOST;
    j.a.n_tok = MOST;
    kc_time(b, "96 queries, 1024 positions", call, &j, 1, 4.0 * N_POS * D, 4.0 * MOST * GROUP * N_POS * D);
}

KC_CASE(attn, attn_compare, attn_oracle, attn_bench);
