/* Products of float weights. An output's sixteen lanes are two accumulators; a tile of R rows and T tokens keeps
 * 2 R T <= 12 of them in registers, and trees are made eight rows at a time. */
#include "x86/avx2.h"

enum { CACHE = 256 << 10, NARROW_TOKENS = 2 };

#include "linear_f.h"

/* Sums of rows r .. r+R-1 and tokens t .. t+T-1, after the first level of the tree, into sum[token][row]. */
KERN_INLINE void tile_sums(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int R, const int T,
                           __m256 (*sum)[8])
{
    const unsigned char *at = w_row(a, w, r);
    const float *xt[3];
    __m256 s[2][12];
    const size_t ahead = ahead_bytes(a, w, T);
    size_t k = 0;
#pragma GCC unroll 3
    for (int i = 0; i < T; i++)
        xt[i] = x_row(a, t + (size_t)i);
#pragma GCC unroll 12
    for (int i = 0; i < R * T; i++)
        s[0][i] = s[1][i] = _mm256_setzero_ps();
    for (; k + 16 <= a->cols; k += 16, at += step_bytes(w)) {
#pragma GCC unroll 4
        for (size_t i = 0; i < (size_t)R * row_bytes(w); i += 64)
            _mm_prefetch((const char *)at + ahead + i, _MM_HINT_T1);
#pragma GCC unroll 2
        for (size_t h = 0; h < 2; h++) {
            __m256 wv[4];
#pragma GCC unroll 4
            for (int i = 0; i < R; i++)
                wv[i] = load_w(at + (size_t)i * row_bytes(w) + 8 * h * width(w), w);
#pragma GCC unroll 3
            for (int j = 0; j < T; j++) {
                __m256 xv = _mm256_loadu_ps(xt[j] + k + 8 * h);
                __asm__("" : "+x"(xv)); /* loaded once: gcc would load it again for each row */
#pragma GCC unroll 4
                for (int i = 0; i < R; i++)
                    s[h][j * R + i] = _mm256_fmadd_ps(wv[i], xv, s[h][j * R + i]);
            }
        }
    }
    for (size_t h = 0; k < a->cols && h < 2; h++) {
        size_t from = k + 8 * h < a->cols ? k + 8 * h : a->cols;
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) {
            __m256 wv = load_w(at + (size_t)i * row_bytes(w) + 8 * h * width(w), w);
#pragma GCC unroll 3
            for (int j = 0; j < T; j++) {
                __m256 v = _mm256_fmadd_ps(wv, v_load(xt[j] + from, a->cols - from), h ? s[1][j * R + i] : s[0][j * R + i]);
                if (h)
                    s[1][j * R + i] = v;
                else
                    s[0][j * R + i] = v;
            }
        }
    }
#pragma GCC unroll 3
    for (int j = 0; j < T; j++)
#pragma GCC unroll 4
        for (int i = 0; i < R; i++)
            sum[j][i] = _mm256_add_ps(s[0][j * R + i], s[1][j * R + i]);
}

/* Eight rows of T tokens in tiles of R rows. */
KERN_INLINE void rows_8(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int R, const int T)
{
    __m256 sum[3][8];
    for (int i = 0; i < 8; i += R) {
        __m256 part[3][8];
        tile_sums(a, w, r + (size_t)i, t, R, T, part);
        for (int j = 0; j < T; j++)
            memcpy(&sum[j][i], part[j], (size_t)R * sizeof(__m256));
    }
    for (int j = 0; j < T; j++)
        v_store(a->y + (t + (size_t)j) * a->y_stride + r, a->rows - r, v_turn(sum[j]));
}

KERN_INLINE void tokens(const struct kern_linear *a, enum wtype w, size_t r, size_t t0, size_t t1)
{
    size_t t = t0;
    for (; t1 - t >= 5 || t1 - t == 3; t += 3)
        rows_8(a, w, r, t, 2, 3);
    for (; t1 - t >= 2; t += 2)
        rows_8(a, w, r, t, 2, 2);
    if (t < t1)
        rows_8(a, w, r, t, 4, 1);
}
