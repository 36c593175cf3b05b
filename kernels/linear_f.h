/* Products of F32, F16 and BF16 weights: what is not in the level's tiles, in the words of vec.h. The level's file gives
 * before inclusion:
 *   CACHE            bytes of the second-level cache that tokens' rows may take while the weights pass
 *   NARROW_TOKENS    tokens taken together with a narrow matrix, at most 4; 0: such a matrix has no form of its own
 * and after it tokens(), its tiles. */
#ifndef KERN_LINEAR_F_H
#define KERN_LINEAR_F_H

#include "impl.h"
#include "layout.h"

enum wtype { W_F32, W_F16, W_BF16 };

KERN_INLINE size_t width(enum wtype w)
{
    return w == W_F32 ? 4 : 2;
}

/* LANES weights. */
KERN_INLINE vec load_w(const unsigned char *p, enum wtype w)
{
    if (w == W_F32)
        return v_load((const float *)(const void *)p, LANES);
    return w == W_F16 ? v_load_h(p, LANES) : v_load_b(p, LANES);
}

/* From a row to the next of its quarter, and from its 16 columns to the next 16. */
KERN_INLINE size_t row_bytes(enum wtype w)
{
    return F_STEP * width(w);
}

KERN_INLINE size_t step_bytes(enum wtype w)
{
    return F_ROWS * row_bytes(w);
}

KERN_INLINE const unsigned char *w_row(const struct kern_linear *a, enum wtype w, size_t r)
{
    return (const unsigned char *)a->w + r / F_ROWS * f_quarter_size(width(w), a->cols) + r % F_ROWS * row_bytes(w);
}

/* How far a tile of T tokens asks for weights: several tokens pass a group more than once, while the next one comes. */
KERN_INLINE size_t ahead_bytes(const struct kern_linear *a, enum wtype w, const int T)
{
    return T == 1 ? a->ahead : f_group_size(width(w), a->cols);
}

KERN_INLINE const float *x_row(const struct kern_linear *a, size_t t)
{
    return (const float *)(const void *)((const unsigned char *)a->x + t * a->x_stride);
}

/* Tokens [t0, t1) of rows r .. r+LANES-1. */
KERN_INLINE void tokens(const struct kern_linear *a, enum wtype w, size_t r, size_t t0, size_t t1);

/* ---- Narrow matrices (the dt projection of Mamba): trees would cost more than the products ------------------------ */

enum { NARROW = 64 };

/* Lane i of sum16 for T tokens from t on, rows in the lanes: wt[k] holds column k of LANES of them. */
KERN_INLINE void narrow_1(const struct kern_linear *a, const float (*wt)[LANES], size_t t, const int T,
                          const size_t cols, const size_t i, vec *sum)
{
#pragma GCC unroll 4
    for (int j = 0; j < T; j++)
        sum[j] = v_zero();
#pragma GCC unroll 4
    for (size_t k = i; k < cols; k += 16) {
        vec wv = v_load(wt[k], LANES);
#pragma GCC unroll 4
        for (int j = 0; j < T; j++)
            sum[j] = v_fma(wv, v_set1(x_row(a, t + (size_t)j)[k]), sum[j]);
    }
}

/* A level of the tree, which adds whole registers: lanes i and i + apart with what is below them. Lanes are made in the
 * order of the tree, so that few are there at once. */
#define NARROW_SUM(name, below, apart)                                                                                \
    KERN_INLINE void name(const struct kern_linear *a, const float (*wt)[LANES], size_t t, const int T,               \
                          const size_t cols, const size_t i, vec *sum)                                                \
    {                                                                                                                 \
        vec more[4];                                                                                                  \
        below(a, wt, t, T, cols, i, sum);                                                                             \
        below(a, wt, t, T, cols, i + apart, more);                                                                    \
        _Pragma("GCC unroll 4") for (int j = 0; j < T; j++) sum[j] = v_add(sum[j], more[j]);                          \
    }
NARROW_SUM(narrow_2, narrow_1, 8)
NARROW_SUM(narrow_4, narrow_2, 4)
NARROW_SUM(narrow_8, narrow_4, 2)
NARROW_SUM(narrow_16, narrow_8, 1)

KERN_INLINE void narrow_tile(const struct kern_linear *a, const float (*wt)[LANES], size_t r, size_t t, const int T,
                             const size_t cols)
{
    vec sum[4];
    narrow_16(a, wt, t, T, cols, 0, sum);
#pragma GCC unroll 4
    for (int j = 0; j < T; j++)
        v_store(a->y + (t + (size_t)j) * a->y_stride + r, a->rows - r, sum[j]);
}

KERN_INLINE void narrow_tokens(const struct kern_linear *a, const float (*wt)[LANES], size_t r, const size_t cols)
{
    size_t t = 0;
    for (; t + NARROW_TOKENS <= a->n_tok; t += NARROW_TOKENS)
        narrow_tile(a, wt, r, t, NARROW_TOKENS, cols);
    for (; NARROW_TOKENS > 1 && t < a->n_tok; t++)
        narrow_tile(a, wt, r, t, 1, cols);
}

/* Rows r .. r+LANES-1; cols a multiple of 16 up to NARROW. Not inlined: beside it gcc spills the wide tiles. */
static __attribute__((noinline)) void narrow_rows(const struct kern_linear *a, enum wtype w, size_t r)
{
    _Alignas(64) float wt[NARROW][LANES];
    for (size_t i = 0; i < LANES; i++)
        for (size_t k = 0; k < a->cols; k += LANES) {
            float row[LANES];
            v_store(row, LANES, load_w(w_row(a, w, r + i) + k / F_STEP * step_bytes(w) + k % F_STEP * width(w), w));
            for (size_t j = 0; j < LANES; j++)
                wt[k + j][i] = row[j];
        }
    switch (a->cols) {
    case 16: narrow_tokens(a, wt, r, 16); break;
    case 32: narrow_tokens(a, wt, r, 32); break;
    case 48: narrow_tokens(a, wt, r, 48); break;
    default: narrow_tokens(a, wt, r, 64); break;
    }
}

/* ---- All rows ----------------------------------------------------------------------------------------------------- */

/* Tokens are taken in blocks whose rows stay in the second-level cache while the weights pass. */
KERN_INLINE void product(const struct kern_linear *a, size_t g0, size_t g1, enum wtype w)
{
    size_t fit = CACHE / (a->cols * 4 + 1) / 6 * 6, block = fit < 6 ? 6 : fit;
    size_t r1 = g1 * 16 < a->rows ? g1 * 16 : a->rows;
    bool narrow = NARROW_TOKENS && a->n_tok >= 16 && a->cols && a->cols <= NARROW && a->cols % 16 == 0;
    for (size_t r = g0 * 16; narrow && r < r1; r += LANES)
        narrow_rows(a, w, r);
    for (size_t t = 0; !narrow && t < a->n_tok; t += block)
        for (size_t r = g0 * 16; r < r1; r += LANES)
            tokens(a, w, r, t, a->n_tok - t < block ? a->n_tok : t + block);
}

void LEVEL(linear_f32)(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F32);
}

void LEVEL(linear_f16)(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F16);
}

void LEVEL(linear_bf16)(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_BF16);
}

#endif
