/* Products of float weights. An output is sixteen lanes of one accumulator; a tile of a quarter's four rows and T tokens
 * keeps 4 T of them in registers, and their trees are made sixteen at a time. */
#include "x86/avx512.h"

enum { CACHE = 384 << 10, NARROW_TOKENS = 1 };

#include "linear_f.h"

/* Sums of rows r .. r+3 and tokens t .. t+T-1 into acc[token * 4 + row]. */
KERN_INLINE void tile_sums(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int T, __m512 *acc)
{
    const unsigned char *at = w_row(a, w, r);
    const float *xt[6];
    const size_t ahead = ahead_bytes(a, w, T);
    size_t k = 0;
    __m512 s[24];
#pragma GCC unroll 6
    for (int j = 0; j < T; j++)
        xt[j] = x_row(a, t + (size_t)j);
#pragma GCC unroll 24
    for (int i = 0; i < F_ROWS * T; i++)
        s[i] = _mm512_setzero_ps();
    for (; k + 16 <= a->cols; k += 16, at += step_bytes(w)) {
        __m512 xv[6];
#pragma GCC unroll 4
        for (size_t i = 0; i < step_bytes(w); i += 64)
            _mm_prefetch((const char *)at + ahead + i, _MM_HINT_T1);
#pragma GCC unroll 6
        for (int j = 0; j < T; j++)
            xv[j] = _mm512_loadu_ps(xt[j] + k);
#pragma GCC unroll 4
        for (int i = 0; i < F_ROWS; i++) {
            __m512 wv = load_w(at + (size_t)i * row_bytes(w), w);
#pragma GCC unroll 6
            for (int j = 0; j < T; j++)
                s[j * F_ROWS + i] = _mm512_fmadd_ps(wv, xv[j], s[j * F_ROWS + i]);
        }
    }
    if (k < a->cols) {
        __mmask16 m = mask16(a->cols - k);
#pragma GCC unroll 4
        for (int i = 0; i < F_ROWS; i++) {
            __m512 wv = load_w(at + (size_t)i * row_bytes(w), w);
#pragma GCC unroll 6
            for (int j = 0; j < T; j++)
                s[j * F_ROWS + i] = _mm512_fmadd_ps(wv, _mm512_maskz_loadu_ps(m, xt[j] + k), s[j * F_ROWS + i]);
        }
    }
#pragma GCC unroll 24
    for (int i = 0; i < F_ROWS * T; i++)
        acc[i] = s[i];
}

/* Writes n rows of one token from the first lanes of v. */
KERN_INLINE void put(const struct kern_linear *a, size_t r, size_t t, __m512 v, size_t n)
{
    size_t left = r < a->rows ? a->rows - r : 0;
    _mm512_mask_storeu_ps(a->y + t * a->y_stride + r, mask_at(0, left < n ? left : n), v);
}

/* Four rows of n tokens, 2 or 4, from a quarter of y each. */
KERN_INLINE void put_quarters(const struct kern_linear *a, size_t r, size_t t, __m512 y, const int n)
{
    put(a, r, t, y, 4);
    put(a, r, t + 1, _mm512_shuffle_f32x4(y, y, 0x55), 4);
    if (n == 2)
        return;
    put(a, r, t + 2, _mm512_shuffle_f32x4(y, y, 0xaa), 4);
    put(a, r, t + 3, _mm512_shuffle_f32x4(y, y, 0xff), 4);
}

/* Sixteen rows of one token. */
KERN_INLINE void tile_16x1(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[16];
#pragma GCC unroll 4
    for (size_t i = 0; i < 16; i += F_ROWS)
        tile_sums(a, w, r + i, t, 1, acc + i);
    put(a, r, t, v_turn(acc), 16);
}

/* Eight rows of two tokens. */
KERN_INLINE void tile_8x2(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[16];
    tile_sums(a, w, r, t, 2, acc);
    tile_sums(a, w, r + 4, t, 2, acc + 8);
    __m512 y = v_turn(acc);
    put_quarters(a, r, t, y, 2);
    put_quarters(a, r + 4, t, _mm512_shuffle_f32x4(y, y, 0xee), 2);
}

/* Four rows of T tokens, 4 or 6. */
KERN_INLINE void tile_4(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int T)
{
    __m512 acc[24];
    tile_sums(a, w, r, t, T, acc);
    put_quarters(a, r, t, v_turn(acc), 4);
    if (T == 6)
        put_quarters(a, r, t + 4, _mm512_castps256_ps512(tree_8x16(acc + 16)), 2);
}

KERN_INLINE void tokens(const struct kern_linear *a, enum wtype w, size_t r0, size_t t0, size_t t1)
{
    size_t r1 = r0 + 16 < a->rows ? r0 + 16 : a->rows, t = t0;
    while (t < t1) {
        size_t left = t1 - t, step = left >= 10 || left == 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        if (step == 6)
            for (size_t r = r0; r < r1; r += 4)
                tile_4(a, w, r, t, 6);
        else if (step == 4)
            for (size_t r = r0; r < r1; r += 4)
                tile_4(a, w, r, t, 4);
        else if (step == 2)
            for (size_t r = r0; r < r1; r += 8)
                tile_8x2(a, w, r, t);
        else
            tile_16x1(a, w, r0, t);
        t += step;
    }
}
