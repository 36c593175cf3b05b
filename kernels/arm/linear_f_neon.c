/* Products of weights used as they lie in the file. An output's sixteen lanes are four accumulators; a tile of R rows
 * and T tokens keeps 4 R T <= 24 of them in registers. Four rows make a register of outputs. Rows past the end are read
 * as copies of the last one and not written. */
#include "arm/neon.h"
#include "impl.h"

enum wtype { W_F32, W_F16, W_BF16 };

KERN_INLINE size_t width(enum wtype w)
{
    return w == W_F32 ? 4 : 2;
}

/* Four weights, of which left exist. */
KERN_INLINE float32x4_t load_w(const unsigned char *p, size_t left, enum wtype w)
{
    if (w == W_F32)
        return v_load((const float *)(const void *)p, left);
    uint16x4_t h = load_h4(p, left);
    return w == W_F16 ? f16_x4(h) : bf16_x4(h);
}

/* Sixteen weights and activations of each row and token from k on, of which left exist. */
KERN_INLINE void add_16(const unsigned char *const *wr, const float *const *xt, size_t k, size_t left, enum wtype w,
                        const int R, const int T, float32x4_t (*s)[4])
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        size_t at = 4 * i < left ? 4 * i : left;
        float32x4_t wv[4];
#pragma GCC unroll 4
        for (int r = 0; r < R; r++)
            wv[r] = load_w(wr[r] + (k + at) * width(w), left - at, w);
#pragma GCC unroll 3
        for (int t = 0; t < T; t++) {
            float32x4_t xv = v_load(xt[t] + k + at, left - at);
#pragma GCC unroll 4
            for (int r = 0; r < R; r++)
                s[t * R + r][i] = vfmaq_f32(s[t * R + r][i], wv[r], xv);
        }
    }
}

/* Sums of rows r .. r+R-1 and tokens t .. t+T-1, after two levels of the tree, into sum[token][row]. */
KERN_INLINE void tile_sums(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int R, const int T,
                           float32x4_t (*sum)[4])
{
    const unsigned char *wr[4], *base = a->w;
    const float *xt[3];
    float32x4_t s[6][4];
    size_t k = 0;
#pragma GCC unroll 4
    for (int i = 0; i < R; i++)
        wr[i] = base + (r + (size_t)i < a->rows ? r + (size_t)i : a->rows - 1) * a->cols * width(w);
#pragma GCC unroll 3
    for (int i = 0; i < T; i++)
        xt[i] = (const float *)(const void *)((const unsigned char *)a->x + (t + (size_t)i) * a->x_stride);
#pragma GCC unroll 6
    for (int i = 0; i < R * T; i++)
        s[i][0] = s[i][1] = s[i][2] = s[i][3] = vdupq_n_f32(0);
    for (; k + 16 <= a->cols; k += 16)
        add_16(wr, xt, k, 16, w, R, T, s);
    if (k < a->cols)
        add_16(wr, xt, k, a->cols - k, w, R, T, s);
#pragma GCC unroll 3
    for (int j = 0; j < T; j++)
#pragma GCC unroll 4
        for (int i = 0; i < R; i++)
            sum[j][i] = v_fold(s[j * R + i]);
}

/* Four rows of T tokens in tiles of R rows. */
KERN_INLINE void rows_4(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int R, const int T)
{
    float32x4_t sum[3][4];
#pragma GCC unroll 2
    for (int i = 0; i < 4; i += R) {
        float32x4_t part[3][4];
        tile_sums(a, w, r + (size_t)i, t, R, T, part);
#pragma GCC unroll 3
        for (int j = 0; j < T; j++)
#pragma GCC unroll 4
            for (int x = 0; x < R; x++)
                sum[j][i + x] = part[j][x];
    }
#pragma GCC unroll 3
    for (int j = 0; j < T; j++)
        v_store(a->y + (t + (size_t)j) * a->y_stride + r, a->rows - r, v_turn(sum[j]));
}

/* Tokens [t0, t1) of rows r .. r+3. */
KERN_INLINE void tokens(const struct kern_linear *a, enum wtype w, size_t r, size_t t0, size_t t1)
{
    size_t t = t0;
    for (; t1 - t >= 5 || t1 - t == 3; t += 3)
        rows_4(a, w, r, t, 2, 3);
    for (; t1 - t >= 2; t += 2)
        rows_4(a, w, r, t, 2, 2);
    if (t < t1)
        rows_4(a, w, r, t, 4, 1);
}

/* Tokens are taken in blocks whose rows stay in the second-level cache while the weights pass. */
KERN_INLINE void product(const struct kern_linear *a, size_t g0, size_t g1, enum wtype w)
{
    const size_t cache = 256 * 1024;
    size_t fit = cache / (a->cols * 4 + 1) / 6 * 6, block = fit < 6 ? 6 : fit;
    size_t r1 = g1 * 16 < a->rows ? g1 * 16 : a->rows;
    for (size_t t = 0; t < a->n_tok; t += block)
        for (size_t r = g0 * 16; r < r1; r += 4)
            tokens(a, w, r, t, a->n_tok - t < block ? a->n_tok : t + block);
}

void kern_linear_f32_neon(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F32);
}

void kern_linear_f16_neon(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F16);
}

void kern_linear_bf16_neon(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_BF16);
}
