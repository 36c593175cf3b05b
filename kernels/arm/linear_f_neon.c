/* Products of float weights. An output's sixteen lanes are four accumulators; a tile of R rows and T tokens keeps
 * 4 R T <= 24 of them in registers. Four rows make a register of outputs. */
#include "arm/neon.h"

enum { CACHE = 256 << 10, NARROW_TOKENS = 0 };

#include "linear_f.h"

/* Sixteen weights of each row, the first one's at `at`, and as many activations of each token from k on, of which left exist. */
KERN_INLINE void add_16(const unsigned char *at, const float *const *xt, size_t k, size_t left, enum wtype w,
                        const int R, const int T, float32x4_t (*s)[4])
{
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        size_t from = 4 * i < left ? 4 * i : left;
        float32x4_t wv[4];
#pragma GCC unroll 4
        for (int r = 0; r < R; r++)
            wv[r] = load_w(at + (size_t)r * row_bytes(w) + 4 * i * width(w), w);
#pragma GCC unroll 3
        for (int t = 0; t < T; t++) {
            float32x4_t xv = v_load(xt[t] + k + from, left - from);
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
    const unsigned char *at = w_row(a, w, r);
    const float *xt[3];
    float32x4_t s[6][4];
    size_t k = 0;
#pragma GCC unroll 3
    for (int i = 0; i < T; i++)
        xt[i] = x_row(a, t + (size_t)i);
#pragma GCC unroll 6
    for (int i = 0; i < R * T; i++)
        s[i][0] = s[i][1] = s[i][2] = s[i][3] = vdupq_n_f32(0);
    for (; k + 16 <= a->cols; k += 16, at += step_bytes(w))
        add_16(at, xt, k, 16, w, R, T, s);
    if (k < a->cols)
        add_16(at, xt, k, a->cols - k, w, R, T, s);
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
