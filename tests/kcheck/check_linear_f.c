/* linear_f32, linear_f16, linear_bf16 */
#include "kcheck.h"

#include <math.h>
#include <string.h>

struct type {
    enum kern_type id;
    size_t bytes;
};
static const struct type f32 = { KERN_F32, 4 }, f16 = { KERN_F16, 2 }, bf16 = { KERN_BF16, 2 };

static void store(const struct type *ty, unsigned char *at, float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    uint16_t h = ty->id == KERN_F16 ? kern_f32_to_f16(x) : (uint16_t)(u >> 16);
    if (ty->bytes == 4)
        memcpy(at, &x, 4);
    else
        memcpy(at, &h, 2);
}

static double value(const struct type *ty, const unsigned char *at)
{
    float x;
    uint16_t h;
    uint32_t u;
    memcpy(&x, at, ty->bytes == 4 ? 4 : 0 * sizeof x + 2);
    if (ty->bytes == 4)
        return x;
    memcpy(&h, at, 2);
    u = (uint32_t)h << 16;
    memcpy(&x, &u, sizeof x);
    return ty->id == KERN_F16 ? kern_f16_to_f32(h) : x;
}

static unsigned char *weights(struct kc *kc, const struct type *ty, size_t n)
{
    unsigned char *w = kc_out(kc, n * ty->bytes);
    for (size_t i = 0; i < n; i++)
        store(ty, w + i * ty->bytes, kc_float(kc, -1, 1));
    kc_seal(kc, w);
    return w;
}

struct product {
    struct kern_linear a;
    const unsigned char *file; /* its rows */
};

/* With strides of its own; y holds n_tok rows of y_stride floats. */
static struct product make(struct kc *kc, const struct type *ty, size_t rows, size_t cols, size_t n_tok)
{
    size_t xs = cols + kc_below(kc, 20), ys = rows + kc_below(kc, 20);
    struct product p = { .a = { .rows = rows, .cols = cols, .n_tok = n_tok, .x_stride = xs * 4, .y_stride = ys } };
    kc_begin(kc, "%zu rows, %zu columns, %zu tokens, strides %zu and %zu", rows, cols, n_tok, xs, ys);
    p.file = weights(kc, ty, rows * cols);
    p.a.w = kc_packed(kc, ty->id, p.file, rows, cols);
    p.a.x = kc_in(kc, n_tok ? (n_tok - 1) * xs + cols : 0, -2, 2);
    return p;
}

static size_t y_size(const struct kern_linear *a)
{
    return a->n_tok ? (a->n_tok - 1) * a->y_stride + a->rows : 0;
}

static bool compare_one(struct kc *kc, const struct type *ty, struct kern_linear a, size_t g0, size_t g1)
{
    struct kern_linear b = a;
    size_t n = y_size(&a);
    a.y = kc_out(kc, n * 4);
    b.y = kc_out(kc, n * 4);
    kern_linear_of(kc->c, ty->id)(&a, g0, g1);
    kern_linear_of(kc->k, ty->id)(&b, g0, g1);
    kc_same(kc, "y", a.y, b.y, n);
    return kc_end(kc);
}

static void compare(struct kc *kc, const struct type *ty)
{
    static const size_t tok[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 33 };
    for (size_t i = 0; i < KC_N_SIZES; i++) { /* every width, as GEMV and as a small GEMM */
        struct kern_linear a = make(kc, ty, 1 + kc_below(kc, 33), kc_size(i), 1).a;
        if (!compare_one(kc, ty, a, 0, (a.rows + 15) / 16))
            return;
        a = make(kc, ty, 1 + kc_below(kc, 33), kc_size(i), tok[1 + i % 11]).a;
        if (!compare_one(kc, ty, a, 0, (a.rows + 15) / 16))
            return;
    }
    for (size_t i = 0; i < 100; i++) { /* every height and count, some of the groups */
        struct kern_linear a = make(kc, ty, i % 68, 1 + kc_below(kc, 80), i < 12 ? tok[i] : kc_below(kc, 36)).a;
        size_t groups = (a.rows + 15) / 16, g0 = kc_below(kc, groups + 1), g1 = g0 + kc_below(kc, groups - g0 + 1);
        if (!compare_one(kc, ty, a, g0, g1))
            return;
    }
}

static void oracle(struct kc *kc, const struct type *ty)
{
    for (size_t i = 0; i < KC_N_SIZES; i++) {
        struct product made = make(kc, ty, 17, kc_size(i), 2);
        struct kern_linear a = made.a;
        a.y = kc_out(kc, y_size(&a) * 4);
        kern_linear_of(kc->c, ty->id)(&a, 0, 2);
        for (size_t r = 0; r < 34; r++) {
            const float *x = (const float *)a.x + r / 17 * (a.x_stride / 4);
            const unsigned char *w = made.file + r % 17 * a.cols * ty->bytes;
            double want = 0, mag = 0;
            for (size_t k = 0; k < a.cols; k++) {
                double p = value(ty, w + k * ty->bytes) * x[k];
                want += p;
                mag += fabs(p);
            }
            kc_near(kc, "y", r, a.y[r / 17 * a.y_stride + r % 17], want, kc_sum_bound(a.cols, mag));
        }
        if (!kc_end(kc))
            return;
    }
}

/* ---- Bench: decode over a matrix of mamba-130m's in_proj, prefill of 512 ----------------------------------------- */

struct job {
    kern_linear_fn fn;
    struct kern_linear a;
    const unsigned char *w;
    size_t w_bytes;
};

static void call(void *ctx, size_t i)
{
    struct job *j = ctx;
    j->a.w = j->w + i * j->w_bytes;
    j->fn(&j->a, 0, (j->a.rows + 15) / 16);
}

static void bench_shape(struct kc_bench *b, const struct kern *k, const struct type *ty, size_t rows, size_t cols,
                        size_t n_tok, const char *what)
{
    size_t w_bytes = kern_pack_size(ty->id, rows, cols), copies = n_tok <= 8 ? kc_bench_copies((double)w_bytes) : 1;
    unsigned char *w = (unsigned char *)kc_bench_floats(b, copies * w_bytes / 4, -1, 1);
    if (ty->bytes == 2)
        for (size_t i = 0; i < copies * w_bytes / 2; i++)
            store(ty, w + 2 * i, (float)((double)(i * 2654435761u % 65536) / 65536 - 0.5));
    struct job j = { kern_linear_of(k, ty->id), { 0 }, w, w_bytes };
    j.a = (struct kern_linear){ .rows = rows, .cols = cols, .n_tok = n_tok, .x_stride = cols * 4, .y_stride = rows,
                                .ahead = k->ahead };
    j.a.x = kc_bench_floats(b, n_tok * cols, -1, 1);
    j.a.y = kc_bench_floats(b, n_tok * rows, -1, 1);
    kc_time(b, what, call, &j, copies, (double)w_bytes, 2.0 * (double)(rows * cols * n_tok));
}

static void bench(struct kc_bench *b, const struct kern *k, const struct type *ty)
{
    bench_shape(b, k, ty, 3072, 768, 1, "3072x768, 1 token");
    bench_shape(b, k, ty, 768, 1536, 1, "768x1536, 1 token");
    bench_shape(b, k, ty, 1536, 48, 1, "1536x48, 1 token");
    if (k->level == KERN_C)
        return;
    bench_shape(b, k, ty, 3072, 768, 8, "3072x768, 8 tokens");
    bench_shape(b, k, ty, 1536, 48, 512, "1536x48, 512 tokens");
    bench_shape(b, k, ty, 768, 768, 512, "768x768, 512 tokens");
    bench_shape(b, k, ty, 768, 1536, 512, "768x1536, 512 tokens");
}

#define TYPE(ty)                                                            \
    static void ty##_compare(struct kc *kc)                                 \
    {                                                                       \
        compare(kc, &ty);                                                   \
    }                                                                       \
    static void ty##_oracle(struct kc *kc)                                  \
    {                                                                       \
        oracle(kc, &ty);                                                    \
    }                                                                       \
    static void ty##_bench(struct kc_bench *b, const struct kern *k)        \
    {                                                                       \
        bench(b, k, &ty);                                                   \
    }                                                                       \
    KC_CASE(linear_##ty, ty##_compare, ty##_oracle, ty##_bench)
TYPE(f32);
TYPE(f16);
TYPE(bf16);
