/* Products of quantised weights. The oracle reads the file's own bytes (through dequantisation) and is itself written
 * twice: as the definition, to be met bit for bit, and in double, within the bound of a sum. */
#include "kcheck.h"
#include "impl.h"
#include "layout.h"

#include <math.h>
#include <string.h>

enum { MAX_BLOCK = 256 };

static bool has_min(enum kern_type type)
{
    return type == KERN_Q4_1 || type == KERN_Q5_1 || type == KERN_Q4_K;
}

/* Where a block keeps its f16 scale; the minimum follows right behind. */
static size_t scale_at(enum kern_type type)
{
    return type == KERN_Q6_K ? 208 : 0;
}

static void put_f16(unsigned char *at, uint16_t h)
{
    memcpy(at, &h, 2);
}

static uint16_t get_f16(const unsigned char *at)
{
    uint16_t h;
    memcpy(&h, at, 2);
    return h;
}

/* Random bytes, all extremes of codes in some blocks, and finite scales of every size. */
static unsigned char *weights(struct kc *kc, enum kern_type type, size_t n_blocks)
{
    size_t bytes = kern_types[type].bytes;
    unsigned char *w = kc_out(kc, n_blocks * bytes);
    static const unsigned char fill[] = { 0x80, 0x7f, 0xff, 0x00 };
    for (size_t b = 0; b < n_blocks; b++) {
        unsigned char *blk = w + b * bytes;
        size_t how = kc_below(kc, 12);
        for (size_t i = 0; i < bytes; i++)
            blk[i] = how < 4 ? fill[how] : (unsigned char)kc_u64(kc);
        put_f16(blk + scale_at(type), kern_f32_to_f16(how == 5 ? 0x1p-24f : kc_float(kc, -0.1f, 0.1f)));
        if (has_min(type))
            put_f16(blk + 2, kern_f32_to_f16(kc_float(kc, -0.2f, 0.2f)));
    }
    kc_seal(kc, w);
    return w;
}

/* One product: the file's bytes, packed weights, prepared activations, with strides of its own. */
struct product {
    enum kern_type type;
    struct kern_linear a;
    const unsigned char *file;
    size_t nb;
};

static void *prepare(struct kc *kc, const struct product *p, const float *x)
{
    enum kern_act act = kern_types[p->type].act;
    size_t stride = p->a.x_stride, cols = p->a.cols;
    size_t bytes = p->a.n_tok ? (p->a.n_tok - 1) * stride + kern_act_size(act, cols) : 0;
    void *rows = kc_out_aligned(kc, bytes);
    kern_act_rows(kc->c, act, x, cols, p->a.n_tok, cols, rows, stride);
    kc_seal(kc, rows);
    return rows;
}

static struct product make(struct kc *kc, enum kern_type type, size_t rows, size_t nb, size_t n_tok)
{
    const struct kern_type_info *info = &kern_types[type];
    size_t cols = nb * info->block;
    struct product p = { .type = type, .nb = nb };
    p.a = (struct kern_linear){ .rows = rows, .cols = cols, .n_tok = n_tok, .y_stride = rows + kc_below(kc, 20) };
    p.a.x_stride = kern_act_size(info->act, cols) + 64 * kc_below(kc, 3);
    kc_begin(kc, "%zu rows, %zu blocks, %zu tokens, strides %zu and %zu", rows, nb, n_tok, p.a.x_stride, p.a.y_stride);
    p.file = weights(kc, type, rows * nb);
    p.a.w = kc_packed(kc, type, p.file, rows, cols);
    const float *x = kc_in(kc, n_tok * cols, -3, 3);
    p.a.x = prepare(kc, &p, x);
    return p;
}

static size_t y_size(const struct kern_linear *a)
{
    return a->n_tok ? (a->n_tok - 1) * a->y_stride + a->rows : 0;
}

static bool compare_one(struct kc *kc, const struct product *p, size_t g0, size_t g1)
{
    struct kern_linear a = p->a, b = p->a;
    size_t n = y_size(&a);
    a.y = kc_out(kc, n * 4);
    b.y = kc_out(kc, n * 4);
    kern_linear_of(kc->c, p->type)(&a, g0, g1);
    kern_linear_of(kc->k, p->type)(&b, g0, g1);
    kc_same(kc, "y", a.y, b.y, n);
    return kc_end(kc);
}

static void compare(struct kc *kc, enum kern_type type)
{
    size_t wide = kern_types[type].block == 32 ? 34 : 5;
    for (size_t i = 0; i < 71; i++) { /* every height */
        struct product p = make(kc, type, kc_size(i), 1 + kc_below(kc, 4), i % 18);
        if (!compare_one(kc, &p, 0, (p.a.rows + 15) / 16))
            return;
    }
    for (size_t i = 0; i <= wide; i++) { /* every width */
        struct product p = make(kc, type, 1 + kc_below(kc, 50), i, i % 2 ? 1 : 1 + kc_below(kc, 20));
        if (!compare_one(kc, &p, 0, (p.a.rows + 15) / 16))
            return;
    }
    for (size_t i = 0; i <= 67; i++) { /* every number of tokens, some of the groups */
        struct product p = make(kc, type, 1 + kc_below(kc, 80), 1 + kc_below(kc, wide / 2), i);
        size_t groups = (p.a.rows + 15) / 16, g0 = kc_below(kc, groups + 1), g1 = g0 + kc_below(kc, groups - g0 + 1);
        if (!compare_one(kc, &p, g0, g1))
            return;
    }
}

/* ---- The oracle ------------------------------------------------------------------------------------------------ */

/* A block's codes times sub-scales (d = 1, minimum 0), or minus its minima (d = 0, minimum 1): whole numbers. */
static void opened(enum kern_type type, const unsigned char *blk, bool minima, float *out)
{
    unsigned char copy[MAX_BLOCK];
    memcpy(copy, blk, kern_types[type].bytes);
    put_f16(copy + scale_at(type), minima ? 0 : 0x3c00);
    if (has_min(type))
        put_f16(copy + 2, minima ? 0x3c00 : 0);
    kern_dequant_row(type, copy, kern_types[type].block, out);
}

struct sum {
    float acc;
    double exact, magnitude;
};

static void add_term(struct sum *s, float scale, double exact_scale, double isum)
{
    s->acc = fmaf(scale, (float)isum, s->acc);
    s->exact += exact_scale * isum;
    s->magnitude += fabs(exact_scale * isum);
}

static void add_block(const struct product *p, const unsigned char *blk, const void *x, size_t b, struct sum *s)
{
    size_t n = kern_types[p->type].block;
    bool q8 = kern_types[p->type].act == KERN_ACT_Q8;
    const int8_t *code = (const int8_t *)x + b * n;
    float dx = q8 ? q8_row(x, p->a.cols).d[b] : q8k_row(x, p->a.cols).d[b];
    float d = kern_f16_to_f32(get_f16(blk + scale_at(p->type))), q[MAX_BLOCK];
    double isum = 0, msum = 0;
    opened(p->type, blk, false, q);
    for (size_t k = 0; k < n; k++)
        isum += (double)q[k] * code[k];
    add_term(s, d * dx, (double)d * dx, isum);
    if (!has_min(p->type))
        return;
    float m = kern_f16_to_f32(get_f16(blk + 2));
    if (q8) {
        float sx = q8_row(x, p->a.cols).s[b];
        s->acc = fmaf(m, sx, s->acc);
        s->exact += (double)m * sx;
        s->magnitude += fabs((double)m * sx);
        return;
    }
    opened(p->type, blk, true, q);
    for (size_t k = 0; k < n; k++)
        msum -= (double)q[k] * code[k];
    add_term(s, -(m * dx), -(double)m * dx, msum);
}

static void check_output(struct kc *kc, const struct product *p, size_t t, size_t r)
{
    const void *x = (const unsigned char *)p->a.x + t * p->a.x_stride;
    const unsigned char *row = p->file + r * p->nb * kern_types[p->type].bytes;
    struct sum s = { 0 };
    for (size_t b = 0; b < p->nb; b++)
        add_block(p, row + b * kern_types[p->type].bytes, x, b, &s);
    float got = p->a.y[t * p->a.y_stride + r];
    kc_same(kc, "y beside the definition", &s.acc, &got, 1);
    kc_near(kc, "y", r, got, s.exact, kc_sum_bound(2 * p->nb, s.magnitude));
}

static void oracle(struct kc *kc, enum kern_type type)
{
    for (size_t i = 0; i < 40; i++) {
        struct product p = make(kc, type, 1 + kc_below(kc, 40), i % 9, 1 + i % 19);
        p.a.y = kc_out(kc, y_size(&p.a) * 4);
        kern_linear_of(kc->c, type)(&p.a, 0, (p.a.rows + 15) / 16);
        for (size_t t = 0; t < p.a.n_tok; t++)
            for (size_t r = 0; r < p.a.rows; r++)
                check_output(kc, &p, t, r);
        if (!kc_end(kc))
            return;
    }
}

/* ---- Bench ------------------------------------------------------------------------------------------------------ */

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

static void bench_shape(struct kc_bench *b, const struct kern *k, enum kern_type type, size_t rows, size_t cols,
                        size_t n_tok, const char *what)
{
    enum kern_act act = kern_types[type].act;
    size_t w_bytes = kern_pack_size(type, rows, cols), stride = kern_act_size(act, cols);
    size_t copies = n_tok == 1 ? kc_bench_copies((double)w_bytes) : 1;
    struct job j = { kern_linear_of(k, type), { 0 }, NULL, w_bytes };
    j.w = (const unsigned char *)kc_bench_floats(b, copies * w_bytes / 4, -1, 1);
    void *x = kc_bench_floats(b, n_tok * stride / 4, -1, 1);
    kern_act_rows(k, act, kc_bench_floats(b, n_tok * cols, -1, 1), cols, n_tok, cols, x, stride);
    j.a = (struct kern_linear){ .rows = rows, .cols = cols, .x = x, .x_stride = stride, .n_tok = n_tok, .y_stride = rows,
                                 .ahead = k->ahead };
    j.a.y = kc_bench_floats(b, n_tok * rows, -1, 1);
    kc_time(b, what, call, &j, copies, (double)w_bytes, 2.0 * (double)(rows * cols * n_tok));
}

static void bench(struct kc_bench *b, const struct kern *k, enum kern_type type)
{
    bench_shape(b, k, type, 3072, 768, 1, "3072x768, 1 token");
    bench_shape(b, k, type, 768, 1536, 1, "768x1536, 1 token");
    bench_shape(b, k, type, 768, 768, 8, "768x768, 8 tokens");
    if (k->level != KERN_C)
        bench_shape(b, k, type, 768, 768, 512, "768x768, 512 tokens");
}

#define TYPE(name, id)                                                  \
    static void name##_compare(struct kc *kc)                           \
    {                                                                   \
        compare(kc, id);                                                \
    }                                                                   \
    static void name##_oracle(struct kc *kc)                            \
    {                                                                   \
        oracle(kc, id);                                                 \
    }                                                                   \
    static void name##_bench(struct kc_bench *b, const struct kern *k)  \
    {                                                                   \
        bench(b, k, id);                                                \
    }                                                                   \
    KC_CASE(linear_##name, name##_compare, name##_oracle, name##_bench)
TYPE(q4_0, KERN_Q4_0);
TYPE(q4_1, KERN_Q4_1);
TYPE(q5_0, KERN_Q5_0);
TYPE(q5_1, KERN_Q5_1);
TYPE(q8_0, KERN_Q8_0);
TYPE(q4_k, KERN_Q4_K);
TYPE(q6_k, KERN_Q6_K);

/* ---- Instructions that this CPU may lack, in C ------------------------------------------------------------------ */

#if defined(__x86_64__)
#define EMULATED(level)                                             \
    static struct kern k; /* outlives the trials */                 \
    k = *kc->c;                                                     \
    kc->k = &k;                                                     \
    k.linear_q4_0 = kern_linear_q4_0_##level##_emulated;            \
    k.linear_q4_1 = kern_linear_q4_1_##level##_emulated;            \
    k.linear_q5_0 = kern_linear_q5_0_##level##_emulated;            \
    k.linear_q5_1 = kern_linear_q5_1_##level##_emulated;            \
    k.linear_q8_0 = kern_linear_q8_0_##level##_emulated;            \
    k.linear_q4_k = kern_linear_q4_k_##level##_emulated;            \
    k.linear_q6_k = kern_linear_q6_k_##level##_emulated;            \
    for (int type = KERN_Q4_0; type <= KERN_Q6_K; type++)           \
        compare(kc, (enum kern_type)type);
#endif

/* The AMX kernels' own code on a CPU without AMX: all but the tile instructions (kernels/x86/amx.h). */
static void amx_oracle(struct kc *kc)
{
#if defined(__x86_64__)
    if (!kern_level_usable(KERN_AVX512))
        return;
    EMULATED(amx)
#else
    (void)kc;
#endif
}
KC_EXTRA(amx_emulated, amx_oracle);

/* The same of AVX-VNNI: all but vpdpbusd (kernels/x86/vnni256.h). */
static void avxvnni_oracle(struct kc *kc)
{
#if defined(__x86_64__)
    if (!kern_level_usable(KERN_AVX2))
        return;
    EMULATED(avxvnni)
#else
    (void)kc;
#endif
}
KC_EXTRA(avxvnni_emulated, avxvnni_oracle);
