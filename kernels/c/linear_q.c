/* Products of quantised weights: the reference. A block of 16 rows is opened to plain codes, the integer sums are
 * taken, and each output has one accumulator:
 *   acc = fma(d_w d_x, (float)isum, acc), blocks ascending; then, where the type has minima, acc = fma(m, s, acc). */
#include "impl.h"
#include "layout.h"

#include <math.h>
#include <string.h>

enum { TOKENS = 16 }; /* tokens that share one opened block */

static void load_f16(const uint8_t *src, float dst[Q_LANES])
{
    for (size_t r = 0; r < Q_LANES; r++) {
        uint16_t h;
        memcpy(&h, src + 2 * r, 2);
        dst[r] = kern_f16_to_f32(h);
    }
}

/* ---- Blocks of 32 --------------------------------------------------------------------------------------------- */

/* Codes of a block as whole numbers, [k][row]; d and m are the rows' scales and minima. */
struct block32 {
    int16_t q[Q_BLOCK][Q_LANES];
    float d[Q_LANES], m[Q_LANES];
};

static void open_q8(const struct q_block *w, struct block32 *o)
{
    for (size_t k = 0; k < Q_BLOCK; k++)
        for (size_t r = 0; r < Q_LANES; r++)
            o->q[k][r] = (int16_t)(w->codes[k / 4 * Q_VEC + 4 * r + k % 4] - 128);
    load_f16(w->scale, o->d);
}

/* Nibbles, with fifth bits where high is not NULL, and the offset of the type. */
static void open_nibbles(const uint8_t *c, const uint8_t *high, int bias, struct block32 *o)
{
    for (size_t k = 0; k < Q_BLOCK; k++)
        for (size_t r = 0; r < Q_LANES; r++) {
            uint8_t byte = c[k % 16 / 4 * Q_VEC + 4 * r + k % 4];
            int q = k < 16 ? byte & 15 : byte >> 4;
            if (high)
                q |= (high[4 * r + k % 4] >> k / 4 & 1) << 4;
            o->q[k][r] = (int16_t)(q + bias);
        }
}

static void open_q4_0(const struct q_block *w, struct block32 *o)
{
    open_nibbles(w->codes, NULL, -8, o);
    load_f16(w->scale, o->d);
}

static void open_q4_1(const struct q_block *w, struct block32 *o)
{
    open_nibbles(w->codes, NULL, 0, o);
    load_f16(w->scale, o->d);
    load_f16(w->scale + 32, o->m);
}

static void open_q5_0(const struct q_block *w, struct block32 *o)
{
    open_nibbles(w->codes, w->high, -16, o);
    load_f16(w->scale, o->d);
}

static void open_q5_1(const struct q_block *w, struct block32 *o)
{
    open_nibbles(w->codes, w->high, 0, o);
    load_f16(w->scale, o->d);
    load_f16(w->scale + 32, o->m);
}

static void add_block32(const struct block32 *o, const struct q8_row *x, size_t b, bool has_min, float acc[Q_LANES])
{
    int32_t isum[Q_LANES] = { 0 };
    for (size_t k = 0; k < Q_BLOCK; k++) {
        int16_t v = x->code[b * Q_BLOCK + k];
        for (size_t r = 0; r < Q_LANES; r++)
            isum[r] += o->q[k][r] * v;
    }
    for (size_t r = 0; r < Q_LANES; r++) {
        acc[r] = fmaf(o->d[r] * x->d[b], (float)isum[r], acc[r]);
        if (has_min)
            acc[r] = fmaf(o->m[r], x->s[b], acc[r]);
    }
}

/* Sums of token t to y, as far as the matrix has rows. */
static void put_out(const struct kern_linear *a, size_t g, size_t t, const float acc[Q_LANES])
{
    size_t r0 = g * KERN_GROUP, n = a->rows - r0 < KERN_GROUP ? a->rows - r0 : KERN_GROUP;
    memcpy(a->y + t * a->y_stride + r0, acc, n * sizeof *acc);
}

typedef void (*open32_fn)(const struct q_block *w, struct block32 *o);

static void product32(const struct kern_linear *a, size_t g0, size_t g1, enum kern_type type, open32_fn open)
{
    struct q_layout l = q_layout(type);
    size_t nb = a->cols / Q_BLOCK;
    bool has_min = type == KERN_Q4_1 || type == KERN_Q5_1;
    for (size_t g = g0; g < g1; g++) {
        const uint8_t *group = (const uint8_t *)a->w + g * q_group_size(l, nb);
        for (size_t t0 = 0; t0 < a->n_tok; t0 += TOKENS) {
            size_t nt = a->n_tok - t0 < TOKENS ? a->n_tok - t0 : TOKENS;
            struct q8_row x[TOKENS];
            float acc[TOKENS][Q_LANES] = { { 0 } };
            for (size_t t = 0; t < nt; t++)
                x[t] = q8_row((const uint8_t *)a->x + (t0 + t) * a->x_stride, a->cols);
            for (size_t b = 0; b < nb; b++) {
                struct q_block w = q_block(group, l, b);
                struct block32 o;
                open(&w, &o);
                for (size_t t = 0; t < nt; t++)
                    add_block32(&o, &x[t], b, has_min, acc[t]);
            }
            for (size_t t = 0; t < nt; t++)
                put_out(a, g, t0 + t, acc[t]);
        }
    }
}

/* ---- Blocks of 256 -------------------------------------------------------------------------------------------- */

struct block256 {
    int16_t q[QK_BLOCK][Q_LANES];
    int16_t sc[16][Q_LANES];  /* the scale of each 16 elements */
    int16_t min[8][Q_LANES];  /* Q4_K: the minimum of each 32 */
    float d[Q_LANES], dmin[Q_LANES];
};

static void open_q4k(const struct q_block *w, struct block256 *o)
{
    const uint8_t *c = w->codes, *s = w->scale;
    for (size_t k = 0; k < QK_BLOCK; k++)
        for (size_t r = 0; r < Q_LANES; r++) {
            uint8_t byte = c[(k / 64 * 8 + k % 32 / 4) * Q_VEC + 4 * r + k % 4];
            o->q[k][r] = k % 64 < 32 ? byte & 15 : byte >> 4;
        }
    for (size_t j = 0; j < 16; j++)
        for (size_t r = 0; r < Q_LANES; r++)
            o->sc[j][r] = s[j / 2 * Q_LANES + r];
    for (size_t j = 0; j < 8; j++)
        for (size_t r = 0; r < Q_LANES; r++)
            o->min[j][r] = s[Q4K_MIN + (j / 2 * Q_LANES + r) * 2 + j % 2];
    load_f16(s + Q4K_D, o->d);
    load_f16(s + Q4K_D + 32, o->dmin);
}

static void open_q6k(const struct q_block *w, struct block256 *o)
{
    const uint8_t *s = w->scale;
    for (size_t k = 0; k < QK_BLOCK; k++)
        for (size_t r = 0; r < Q_LANES; r++) {
            size_t part = k % 128 / 32, at = k % 16 / 4 * Q_VEC + 4 * r + k % 4;
            const uint8_t *unit = w->codes + (k / 128 * 2 + k % 32 / 16) * Q6K_UNIT;
            uint8_t byte = unit[4 * Q_VEC * (1 + (part & 1)) + at];
            int lo = part < 2 ? byte & 15 : byte >> 4, hi = unit[at] >> 2 * part & 3;
            o->q[k][r] = (int16_t)((lo | hi << 4) - 32);
        }
    for (size_t j = 0; j < 16; j++)
        for (size_t r = 0; r < Q_LANES; r++)
            o->sc[j][r] = (int8_t)s[(j / 2 * Q_LANES + r) * 2 + j % 2];
    load_f16(s + Q6K_D, o->d);
}

static void add_block256(const struct block256 *o, const struct q8k_row *x, size_t b, bool has_min, float acc[Q_LANES])
{
    int32_t isum[Q_LANES] = { 0 }, msum[Q_LANES] = { 0 };
    for (size_t j = 0; j < 16; j++) {
        int32_t sub[Q_LANES] = { 0 };
        for (size_t k = 16 * j; k < 16 * j + 16; k++) {
            int16_t v = x->code[b * QK_BLOCK + k];
            for (size_t r = 0; r < Q_LANES; r++)
                sub[r] += o->q[k][r] * v;
        }
        for (size_t r = 0; r < Q_LANES; r++)
            isum[r] += o->sc[j][r] * sub[r];
    }
    for (size_t r = 0; r < Q_LANES; r++)
        acc[r] = fmaf(o->d[r] * x->d[b], (float)isum[r], acc[r]);
    if (!has_min)
        return;
    for (size_t j = 0; j < 8; j++)
        for (size_t r = 0; r < Q_LANES; r++)
            msum[r] += o->min[j][r] * x->sum32[8 * b + j];
    for (size_t r = 0; r < Q_LANES; r++)
        acc[r] = fmaf(-(o->dmin[r] * x->d[b]), (float)msum[r], acc[r]);
}

typedef void (*open256_fn)(const struct q_block *w, struct block256 *o);

static void product256(const struct kern_linear *a, size_t g0, size_t g1, enum kern_type type, open256_fn open)
{
    struct q_layout l = q_layout(type);
    size_t nb = a->cols / QK_BLOCK;
    for (size_t g = g0; g < g1; g++) {
        const uint8_t *group = (const uint8_t *)a->w + g * q_group_size(l, nb);
        for (size_t t0 = 0; t0 < a->n_tok; t0 += TOKENS) {
            size_t nt = a->n_tok - t0 < TOKENS ? a->n_tok - t0 : TOKENS;
            struct q8k_row x[TOKENS];
            float acc[TOKENS][Q_LANES] = { { 0 } };
            for (size_t t = 0; t < nt; t++)
                x[t] = q8k_row((const uint8_t *)a->x + (t0 + t) * a->x_stride, a->cols);
            for (size_t b = 0; b < nb; b++) {
                struct q_block w = q_block(group, l, b);
                struct block256 o;
                open(&w, &o);
                for (size_t t = 0; t < nt; t++)
                    add_block256(&o, &x[t], b, type == KERN_Q4_K, acc[t]);
            }
            for (size_t t = 0; t < nt; t++)
                put_out(a, g, t0 + t, acc[t]);
        }
    }
}

/* ---- The kernels ---------------------------------------------------------------------------------------------- */

void kern_linear_q4_0_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product32(a, g0, g1, KERN_Q4_0, open_q4_0);
}

void kern_linear_q4_1_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product32(a, g0, g1, KERN_Q4_1, open_q4_1);
}

void kern_linear_q5_0_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product32(a, g0, g1, KERN_Q5_0, open_q5_0);
}

void kern_linear_q5_1_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product32(a, g0, g1, KERN_Q5_1, open_q5_1);
}

void kern_linear_q8_0_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product32(a, g0, g1, KERN_Q8_0, open_q8);
}

void kern_linear_q4_k_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product256(a, g0, g1, KERN_Q4_K, open_q4k);
}

void kern_linear_q6_k_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product256(a, g0, g1, KERN_Q6_K, open_q6k);
}
