/* Products of weights used as they lie in the file. An output is sixteen lanes of one accumulator; a tile of R rows
 * and T tokens keeps R T of them in registers, and their trees are made sixteen at a time. Rows and tokens past the
 * end are read as copies of the last ones and not written. */
#include "x86/avx512.h"

enum { CACHE = 384 << 10, NARROW_TOKENS = 1 };

#include "linear_f.h"

/* Sums of rows r .. r+R-1 and tokens t .. t+T-1 into acc[token * R + row]. */
KERN_INLINE void tile_sums(const struct kern_linear *a, enum wtype w, size_t r, size_t t, const int R, const int T,
                           __m512 *acc)
{
    const unsigned char *wr[16], *base = a->w;
    const float *xt[8];
    size_t k = 0;
#pragma GCC unroll 16
    for (int i = 0; i < R; i++)
        wr[i] = base + (r + (size_t)i < a->rows ? r + (size_t)i : a->rows - 1) * a->cols * width(w);
#pragma GCC unroll 8
    for (int i = 0; i < T; i++)
        xt[i] = x_row(a, t + (size_t)i);
    __m512 s[24];
#pragma GCC unroll 24
    for (int i = 0; i < R * T; i++)
        s[i] = _mm512_setzero_ps();
    /* The rows of the next tile, into the second-level cache: the CPU's own prefetcher does not follow 16 rows. */
    const char *ahead = (const char *)wr[0] + (size_t)R * a->cols * width(w);
    for (; k + 16 <= a->cols; k += 16, ahead += 16 * (size_t)R * width(w)) {
        __m512 xv[8];
#pragma GCC unroll 16
        for (size_t i = 0; i < 16 * (size_t)R * width(w); i += 64)
            _mm_prefetch(ahead + i, _MM_HINT_T1);
#pragma GCC unroll 8
        for (int j = 0; j < T; j++)
            xv[j] = _mm512_loadu_ps(xt[j] + k);
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) {
            __m512 wv = load_w(wr[i] + k * width(w), 16, w);
#pragma GCC unroll 8
            for (int j = 0; j < T; j++)
                s[j * R + i] = _mm512_fmadd_ps(wv, xv[j], s[j * R + i]);
        }
    }
    if (k < a->cols) {
        size_t left = a->cols - k;
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) {
            __m512 wv = load_w(wr[i] + k * width(w), left, w);
#pragma GCC unroll 8
            for (int j = 0; j < T; j++)
                s[j * R + i] = _mm512_fmadd_ps(wv, v_load(xt[j] + k, left), s[j * R + i]);
        }
    }
#pragma GCC unroll 24
    for (int i = 0; i < R * T; i++)
        acc[i] = s[i];
}

/* Writes n rows of one token from the first lanes of v. */
KERN_INLINE void put(const struct kern_linear *a, size_t r, size_t t, __m512 v, int n)
{
    size_t left = a->rows - r < (size_t)n ? a->rows - r : (size_t)n;
    _mm512_mask_storeu_ps(a->y + t * a->y_stride + r, mask_at(0, left), v);
}

/* Sixteen rows, one token. */
KERN_INLINE void tile_16x1(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[16];
    tile_sums(a, w, r, t, 16, 1, acc);
    put(a, r, t, v_turn(acc), 16);
}

/* Eight rows, two tokens. */
KERN_INLINE void tile_8x2(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[16];
    tile_sums(a, w, r, t, 8, 2, acc);
    __m512 y = v_turn(acc);
    put(a, r, t, y, 8);
    put(a, r, t + 1, _mm512_shuffle_f32x4(y, y, 0xee), 8);
}

/* Four rows, four tokens (acc laid out token by token). */
KERN_INLINE void put_4x4(const struct kern_linear *a, size_t r, size_t t, const __m512 *acc)
{
    __m512 y = v_turn(acc);
    put(a, r, t, y, 4);
    put(a, r, t + 1, _mm512_shuffle_f32x4(y, y, 0x55), 4);
    put(a, r, t + 2, _mm512_shuffle_f32x4(y, y, 0xaa), 4);
    put(a, r, t + 3, _mm512_shuffle_f32x4(y, y, 0xff), 4);
}

KERN_INLINE void tile_4x4(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[16];
    tile_sums(a, w, r, t, 4, 4, acc);
    put_4x4(a, r, t, acc);
}

KERN_INLINE void tile_4x6(const struct kern_linear *a, enum wtype w, size_t r, size_t t)
{
    __m512 acc[24];
    tile_sums(a, w, r, t, 4, 6, acc);
    put_4x4(a, r, t, acc);
    __m512 y = _mm512_castps256_ps512(tree_8x16(acc + 16));
    put(a, r, t + 4, y, 4);
    put(a, r, t + 5, _mm512_shuffle_f32x4(y, y, 0x55), 4);
}

KERN_INLINE void tokens(const struct kern_linear *a, enum wtype w, size_t r0, size_t t0, size_t t1)
{
    size_t r1 = r0 + 16 < a->rows ? r0 + 16 : a->rows, t = t0;
    while (t < t1) {
        size_t left = t1 - t, step = left >= 10 || left == 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        if (step == 6)
            for (size_t r = r0; r < r1; r += 4)
                tile_4x6(a, w, r, t);
        else if (step == 4)
            for (size_t r = r0; r < r1; r += 4)
                tile_4x4(a, w, r, t);
        else if (step == 2)
            for (size_t r = r0; r < r1; r += 8)
                tile_8x2(a, w, r, t);
        else
            tile_16x1(a, w, r0, t);
        t += step;
    }
}
