/* Products of K-quants by AVX-512 VNNI. Sub-blocks are summed by vpdpbusd, multiplied by their scales in integers, and
 * meet one fma for 256 elements; Q4_K's minima are a second integer sum and a second fma. */
#include "impl.h"
#include "x86/block256.h"

#include <immintrin.h>

ALWAYS __m512 load_f16(const uint8_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

ALWAYS __m512i broadcast4(const uint8_t *p)
{
    return _mm512_set1_epi32(*(const int32_t *)p);
}

ALWAYS void store_tile(const struct tile *t, const int n_tok, const __m512 *acc)
{
    __mmask16 rows = (__mmask16)((1u << t->n_rows) - 1);
    UNROLL for (int i = 0; i < n_tok; i++)
        _mm512_mask_storeu_ps(t->y + (size_t)i * t->y_stride, rows, acc[i]);
}

/* acc = fma(scale d_x, (float)sum, acc) for each token; d_x of block b at x + at_d. */
ALWAYS void add_scaled(const struct tile *t, const int n_tok, size_t at_d, __m512 scale, const __m512i *sum, __m512 *acc)
{
    const uint8_t *x = t->x;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
        __m512 dd = _mm512_mul_ps(scale, _mm512_set1_ps(*(const float *)(x + at_d)));
        acc[i] = _mm512_fmadd_ps(dd, _mm512_cvtepi32_ps(sum[i]), acc[i]);
    }
}

/* sum += sc times the dot product of n vectors of codes with the activations at x + at. */
ALWAYS void add_sub(const struct tile *t, const int n_tok, const int n, size_t at, const __m512i *q, __m512i sc,
                    __m512i *sum)
{
    const uint8_t *x = t->x;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
        __m512i s = _mm512_setzero_si512();
        UNROLL for (int v = 0; v < n; v++)
            s = _mm512_dpbusd_epi32(s, q[v], broadcast4(x + at + 4 * (size_t)v));
        sum[i] = _mm512_add_epi32(sum[i], _mm512_mullo_epi32(s, sc));
    }
}

/* ---- Q4_K ------------------------------------------------------------------------------------------------------- */

/* Sums of codes by scales of block b. */
ALWAYS void scales_q4k(const struct tile *t, const int n_tok, size_t b, const struct q_block *w, __m512i *sum)
{
    const __m512i low = _mm512_set1_epi8(15);
    const uint8_t *sc = w->scale;
    for (size_t j = 0; j < 8; j += 2) {
        const uint8_t *c = w->codes + j / 2 * 512;
        __m512i q[8];
        fetch_ahead(c, t->ahead, 512 + 80); /* a quarter of the block, its scales included */
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = _mm512_and_si512(_mm512_load_si512(c + v * Q_VEC), low);
        __m512i s = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(sc + j * Q_LANES)));
        add_sub(t, n_tok, 8, 256 * b + 32 * j, q, s, sum);
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = _mm512_and_si512(_mm512_srli_epi16(_mm512_load_si512(c + v * Q_VEC), 4), low);
        s = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(sc + (j + 1) * Q_LANES)));
        add_sub(t, n_tok, 8, 256 * b + 32 * (j + 1), q, s, sum);
    }
}

/* Sums of minima by the activations' sums of 32, at x + at. */
ALWAYS void minima_q4k(const struct tile *t, const int n_tok, const struct q_block *w, size_t at, __m512i *sum)
{
    __m512i mn[4];
    UNROLL for (int j = 0; j < 4; j++)
        mn[j] = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(w->scale + Q4K_MIN + j * 32)));
    const uint8_t *x = t->x + at;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
        sum[i] = _mm512_setzero_si512();
        UNROLL for (int j = 0; j < 4; j++)
            sum[i] = _mm512_dpwssd_epi32(sum[i], mn[j], broadcast4(x + 4 * j));
    }
}

ALWAYS void tile_q4k(const struct tile *t, const int n_tok)
{
    const size_t at_d = t->cols, at_sum32 = at_d + t->nb * (4 + 32);
    const __m512 sign = _mm512_set1_ps(-0.0f);
    __m512 acc[8];
    __m512i sum[8];
    UNROLL for (int i = 0; i < n_tok; i++)
        acc[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, q_layout(KERN_Q4_K), b);
        const uint8_t *scale = w.scale + Q4K_D;
        UNROLL for (int i = 0; i < n_tok; i++)
            sum[i] = _mm512_setzero_si512();
        scales_q4k(t, n_tok, b, &w, sum);
        add_scaled(t, n_tok, at_d + 4 * b, load_f16(scale), sum, acc);
        minima_q4k(t, n_tok, &w, at_sum32 + 16 * b, sum);
        add_scaled(t, n_tok, at_d + 4 * b, _mm512_xor_ps(load_f16(scale + 32), sign), sum, acc);
    }
    store_tile(t, n_tok, acc);
}

/* ---- Q6_K ------------------------------------------------------------------------------------------------------- */

/* Codes are 32 too large: -32 times the sum over sub-blocks of scale by the activations' sum of 16, at x + at. */
ALWAYS void first_sums_q6k(const struct tile *t, const int n_tok, const struct q_block *w, size_t at, __m512i *sum)
{
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = _mm512_setzero_si512();
    UNROLL for (int j = 0; j < 8; j++) {
        __m512i sc = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(w->scale + j * 32)));
        const uint8_t *x = t->x + at;
        UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride)
            sum[i] = _mm512_dpwssd_epi32(sum[i], sc, broadcast4(x + 4 * j));
    }
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(sum[i], 5));
}

ALWAYS void scales_q6k(const struct tile *t, const int n_tok, size_t b, const struct q_block *w, __m512i *sum)
{
    for (size_t u = 0; u < 4; u++) {
        fetch_ahead(w->codes + u * Q6K_UNIT, t->ahead, Q6K_UNIT + 80);
        UNROLL for (int g = 0; g < 4; g++) {
            size_t pair = u / 2 * 4 + (size_t)g; /* sub-blocks 2 pair and 2 pair + 1: the odd one in odd units */
            __m512i sc = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(w->scale + pair * 32)));
            sc = _mm512_srai_epi32(u % 2 ? sc : _mm512_slli_epi32(sc, 16), 16);
            __m512i q[4];
            open_q6k(w->codes + u * Q6K_UNIT, g, q);
            add_sub(t, n_tok, 4, 256 * b + 32 * pair + 16 * (u % 2), q, sc, sum);
        }
    }
}

ALWAYS void tile_q6k(const struct tile *t, const int n_tok)
{
    const size_t at_d = t->cols, at_sum16 = at_d + t->nb * 4;
    __m512 acc[8];
    __m512i sum[8];
    UNROLL for (int i = 0; i < n_tok; i++)
        acc[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, q_layout(KERN_Q6_K), b);
        first_sums_q6k(t, n_tok, &w, at_sum16 + 32 * b, sum);
        scales_q6k(t, n_tok, b, &w, sum);
        add_scaled(t, n_tok, at_d + 4 * b, load_f16(w.scale + Q6K_D), sum, acc);
    }
    store_tile(t, n_tok, acc);
}

#define LINEAR(name, tile_name, type)                                                     \
    static void name##_tile(const struct tile *t, unsigned n_tok)                         \
    {                                                                                     \
        switch (n_tok) {                                                                  \
        case 8: tile_name(t, 8); return;                                                  \
        case 4: tile_name(t, 4); return;                                                  \
        case 2: tile_name(t, 2); return;                                                  \
        default: tile_name(t, 1); return;                                                 \
        }                                                                                 \
    }                                                                                     \
    void kern_linear_##name##_avx512(const struct kern_linear *a, size_t g0, size_t g1)   \
    {                                                                                     \
        walk(a, g0, g1, type, 8, name##_tile);                                           \
    }
LINEAR(q4_k, tile_q4k, KERN_Q4_K)
LINEAR(q6_k, tile_q6k, KERN_Q6_K)
