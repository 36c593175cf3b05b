/* What the products by smmla share. It multiplies two rows of eight codes with two tokens of eight activations; a
 * quarter's sums for two tokens are two squares, [row][token], and stay so from the first block to the last. */
#ifndef KERN_ARM_MMLA_H
#define KERN_ARM_MMLA_H

#include "arm/dot.h"

enum { PAIRS = 4 }; /* pairs of tokens of a tile */

/* Rows 0, 1 and rows 2, 3 of a quarter: n registers of eight codes of each row from 2 n of four. */
ALWAYS void pair_rows(const int8x16_t *q, const int n, int8x16_t (*rows)[4])
{
    UNROLL for (int v = 0; v < n; v++) {
        int32x4_t a = vreinterpretq_s32_s8(q[2 * v]), b = vreinterpretq_s32_s8(q[2 * v + 1]);
        rows[0][v] = vreinterpretq_s8_s32(vzip1q_s32(a, b));
        rows[1][v] = vreinterpretq_s8_s32(vzip2q_s32(a, b));
    }
}

/* 8 n activations at x and y, eight of each side by side. */
ALWAYS void pair_tokens(const uint8_t *x, const uint8_t *y, const int n, int8x16_t *p)
{
    UNROLL for (int v = 0; v < n; v += 2) {
        int64x2_t a = vreinterpretq_s64_u8(vld1q_u8(x + 8 * v)), b = vreinterpretq_s64_u8(vld1q_u8(y + 8 * v));
        p[v] = vreinterpretq_s8_s64(vzip1q_s64(a, b));
        p[v + 1] = vreinterpretq_s8_s64(vzip2q_s64(a, b));
    }
}

/* The numbers of two tokens beside the squares. */
ALWAYS float32x4_t both_floats(const uint8_t *x, const uint8_t *y)
{
    float32x2_t p = { load_float(x), load_float(y) };
    return vcombine_f32(p, p);
}

ALWAYS int32x4_t both_ints(int32_t x, int32_t y)
{
    int32x2_t p = { x, y };
    return vcombine_s32(p, p);
}

/* The numbers of a quarter's four rows beside their two squares. */
ALWAYS void beside_squares(float32x4_t d, float32x4_t out[2])
{
    out[0] = vzip1q_f32(d, d);
    out[1] = vzip2q_f32(d, d);
}

ALWAYS int32x4_t dot_square(int32x4_t sum, const int8x16_t *rows, const int8x16_t *tokens, const int n)
{
    UNROLL for (int v = 0; v < n; v++)
        sum = vmmlaq_s32(sum, rows[v], tokens[v]);
    return sum;
}

/* acc = fma(d d_x, (float)sum, acc) */
ALWAYS float32x4_t add_square(float32x4_t acc, float32x4_t d, float32x4_t d_x, int32x4_t sum)
{
    return vfmaq_f32(acc, vmulq_f32(d, d_x), vcvtq_f32_s32(sum));
}

ALWAYS void store_squares(const struct tile *t, float32x4_t (*acc)[PAIRS][2])
{
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < PAIRS; i++) {
            store_quarter(t, 2 * i, j, vuzp1q_f32(acc[j][i][0], acc[j][i][1]));
            store_quarter(t, 2 * i + 1, j, vuzp2q_f32(acc[j][i][0], acc[j][i][1]));
        }
}

/* Tiles of eight tokens by fn, what is left by the product of the level below: for fewer there is little to win. */
ALWAYS void walk_eights(const struct kern_linear *a, size_t g0, size_t g1, enum kern_type type, tile_fn fn,
                        void (*rest)(const struct kern_linear *a, size_t g0, size_t g1))
{
    struct kern_linear eights = *a, left = *a;
    eights.n_tok = a->n_tok / (2 * PAIRS) * (2 * PAIRS);
    walk(&eights, g0, g1, type, 2 * PAIRS, fn);
    left.n_tok = a->n_tok - eights.n_tok;
    left.x = (const uint8_t *)a->x + eights.n_tok * a->x_stride;
    left.y = a->y + eights.n_tok * a->y_stride;
    if (left.n_tok)
        rest(&left, g0, g1);
}

#define LINEAR(name, tile_name, type)                                                       \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        (void)n_tok;                                                                        \
        tile_name(type, t);                                                                 \
    }                                                                                       \
    void kern_linear_##name##_i8mm(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                       \
        walk_eights(a, g0, g1, type, name##_tile, kern_linear_##name##_neon);               \
    }

#endif
