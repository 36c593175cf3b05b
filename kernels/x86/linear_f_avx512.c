/* Products of weights used as they lie in the file. An output is sixteen lanes of one accumulator; a tile of R rows
 * and T tokens keeps R T of them in registers, and their trees are made sixteen at a time. Rows and tokens past the
 * end are read as copies of the last ones and not written. */
#include "impl.h"
#include "x86/avx512.h"

enum wtype { W_F32, W_F16, W_BF16 };

KERN_INLINE size_t width(enum wtype w)
{
    return w == W_F32 ? 4 : 2;
}

KERN_INLINE __m512 load_w(const unsigned char *p, enum wtype w)
{
    if (w == W_F32)
        return _mm512_loadu_ps(p);
    __m256i h = _mm256_loadu_si256((const __m256i *)(const void *)p);
    if (w == W_F16)
        return _mm512_cvtph_ps(h);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

KERN_INLINE __m512 load_w_tail(const unsigned char *p, __mmask16 m, enum wtype w)
{
    if (w == W_F32)
        return _mm512_maskz_loadu_ps(m, p);
    if (w == W_F16)
        return load_f16x16(m, p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, p)), 16));
}

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
        xt[i] = (const float *)(const void *)((const unsigned char *)a->x + (t + (size_t)i) * a->x_stride);
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
            __m512 wv = load_w(wr[i] + k * width(w), w);
#pragma GCC unroll 8
            for (int j = 0; j < T; j++)
                s[j * R + i] = _mm512_fmadd_ps(wv, xv[j], s[j * R + i]);
        }
    }
    if (k < a->cols) {
        __mmask16 m = mask16(a->cols - k);
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) {
            __m512 wv = load_w_tail(wr[i] + k * width(w), m, w);
#pragma GCC unroll 8
            for (int j = 0; j < T; j++)
                s[j * R + i] = _mm512_fmadd_ps(wv, _mm512_maskz_loadu_ps(m, xt[j] + k), s[j * R + i]);
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

/* Tokens [t0, t1) of one group of sixteen rows. */
KERN_INLINE void group(const struct kern_linear *a, enum wtype w, size_t r0, size_t t0, size_t t1)
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

/* ---- Narrow matrices (the dt projection of Mamba): trees would cost more than the products ------------------------ */

enum { NARROW = 64 };

/* Sixteen rows in the lanes: wt[k] holds column k of them. The tree then adds whole registers. */
KERN_INLINE __m512 narrow_term(const float (*wt)[16], const float *x, size_t cols, size_t i)
{
    __m512 s = _mm512_setzero_ps();
    for (size_t k = i; k < cols; k += 16)
        s = _mm512_fmadd_ps(_mm512_load_ps(wt[k]), _mm512_set1_ps(x[k]), s);
    return s;
}

KERN_INLINE __m512 narrow_tree(const float (*wt)[16], const float *x, size_t cols)
{
    __m512 p[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        p[i] = _mm512_add_ps(narrow_term(wt, x, cols, i), narrow_term(wt, x, cols, i + 8));
    __m512 y0 = _mm512_add_ps(_mm512_add_ps(p[0], p[4]), _mm512_add_ps(p[2], p[6]));
    __m512 y1 = _mm512_add_ps(_mm512_add_ps(p[1], p[5]), _mm512_add_ps(p[3], p[7]));
    return _mm512_add_ps(y0, y1);
}

KERN_INLINE void narrow_tokens(const struct kern_linear *a, const float (*wt)[16], size_t r, const size_t cols)
{
    for (size_t t = 0; t < a->n_tok; t++) {
        const float *x = (const float *)(const void *)((const unsigned char *)a->x + t * a->x_stride);
        put(a, r, t, narrow_tree(wt, x, cols), 16);
    }
}

/* One group of sixteen rows; cols a multiple of 16 up to NARROW. Not inlined: beside it gcc spills the wide tiles. */
static __attribute__((noinline)) void narrow_group(const struct kern_linear *a, enum wtype w, size_t r0)
{
    _Alignas(64) float wt[NARROW][16] = { { 0 } };
    for (size_t i = 0; i < 16 && r0 + i < a->rows; i++)
        for (size_t k = 0; k < a->cols; k += 16) {
            float row[16];
            _mm512_storeu_ps(row, load_w((const unsigned char *)a->w + ((r0 + i) * a->cols + k) * width(w), w));
            for (size_t j = 0; j < 16; j++)
                wt[k + j][i] = row[j];
        }
    switch (a->cols) {
    case 16: narrow_tokens(a, wt, r0, 16); break;
    case 32: narrow_tokens(a, wt, r0, 32); break;
    case 48: narrow_tokens(a, wt, r0, 48); break;
    default: narrow_tokens(a, wt, r0, 64); break;
    }
}

/* Tokens are taken in blocks whose rows stay in the second-level cache while the weights pass. */
KERN_INLINE void product(const struct kern_linear *a, size_t g0, size_t g1, enum wtype w)
{
    const size_t cache = 384 * 1024;
    size_t fit = cache / (a->cols * 4 + 1) / 6 * 6, block = fit < 6 ? 6 : fit;
    bool narrow = a->n_tok >= 16 && a->cols && a->cols <= NARROW && a->cols % 16 == 0;
    for (size_t g = g0; narrow && g < g1 && g * 16 < a->rows; g++)
        narrow_group(a, w, g * 16);
    for (size_t t = 0; !narrow && t < a->n_tok; t += block)
        for (size_t g = g0; g < g1 && g * 16 < a->rows; g++)
            group(a, w, g * 16, t, a->n_tok - t < block ? a->n_tok : t + block);
}

void kern_linear_f32_avx512(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F32);
}

void kern_linear_f16_avx512(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_F16);
}

void kern_linear_bf16_avx512(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, W_BF16);
}
