/* Products of K-quants by AVX2, in two halves of 8 rows. Sums of vpmaddubsw stay in 16 bits as far as they go (eight of
 * 15 * 127 * 2 = 30480 in all; two of 63 * 127 * 2 = 32004), then vpmaddwd multiplies them by the sub-block's scale and
 * widens at once. */
#include "impl.h"
#include "tile.h"

#include <immintrin.h>

ALWAYS __m256i load32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

ALWAYS __m128i load16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

ALWAYS __m256 load_f16(const uint8_t *p)
{
    return _mm256_cvtph_ps(load16(p));
}

ALWAYS __m256i broadcast4(const uint8_t *p)
{
    return _mm256_set1_epi32(*(const int32_t *)p);
}

ALWAYS __m256 add_scaled(__m256 acc, __m256 scale, const uint8_t *d_x, __m256i sum)
{
    __m256 dd = _mm256_mul_ps(scale, _mm256_broadcast_ss((const float *)d_x));
    return _mm256_fmadd_ps(dd, _mm256_cvtepi32_ps(sum), acc);
}

ALWAYS void store_half(float *y, unsigned n_rows, const int half, __m256 acc)
{
    int left = (int)n_rows - 8 * half;
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (left >= 8)
        _mm256_storeu_ps(y + 8 * half, acc);
    else if (left > 0)
        _mm256_maskstore_ps(y + 8 * half, _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lane), acc);
}

/* ---- Q4_K ------------------------------------------------------------------------------------------------------- */

/* Sums of codes by scales of one half of a block for one token, x at the block's codes. */
ALWAYS void add_sub_q4k(const __m256i q[8], __m256i sc, const uint8_t *x, __m256i *sum)
{
    __m256i part = _mm256_maddubs_epi16(q[0], broadcast4(x));
    UNROLL for (int v = 1; v < 8; v++)
        part = _mm256_add_epi16(part, _mm256_maddubs_epi16(q[v], broadcast4(x + 4 * v)));
    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(part, sc));
}

/* A row's scale in both words of its lane. */
ALWAYS __m256i scale_words(const uint8_t *sc)
{
    return _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)sc)), _mm256_set1_epi32(0x10001));
}

ALWAYS void half_q4k(const struct tile *t, const int n_tok, size_t b, const int half, __m256 *acc)
{
    const __m256i low = _mm256_set1_epi8(15);
    const size_t at_d = t->cols + 4 * b, at_sum32 = t->cols + 36 * t->nb + 16 * b;
    struct q_block w = q_block(t->w, q_layout(KERN_Q4_K), b);
    __m256i sum[4], q[8];
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = _mm256_setzero_si256();
    UNROLL for (size_t j = 0; j < 8; j++) {
        const uint8_t *c = w.codes + j / 2 * 512 + 32 * half;
        __m256i sc = scale_words(w.scale + j * Q_LANES + 8 * half);
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = _mm256_and_si256(j % 2 ? _mm256_srli_epi16(load32(c + v * Q_VEC), 4) : load32(c + v * Q_VEC), low);
        const uint8_t *x = t->x + 256 * b + 32 * j;
        UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride)
            add_sub_q4k(q, sc, x, &sum[i]);
    }
    __m256 d = load_f16(w.scale + Q4K_D + 16 * half), dmin = load_f16(w.scale + Q4K_D + 32 + 16 * half);
    const uint8_t *x = t->x;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
        __m256i min = _mm256_setzero_si256();
        UNROLL for (int j = 0; j < 4; j++) {
            __m256i mn = _mm256_cvtepu8_epi16(load16(w.scale + Q4K_MIN + 32 * j + 16 * half));
            min = _mm256_add_epi32(min, _mm256_madd_epi16(mn, broadcast4(x + at_sum32 + 4 * j)));
        }
        acc[i] = add_scaled(acc[i], d, x + at_d, sum[i]);
        acc[i] = add_scaled(acc[i], _mm256_xor_ps(dmin, _mm256_set1_ps(-0.0f)), x + at_d, min);
    }
}

/* ---- Q6_K ------------------------------------------------------------------------------------------------------- */

/* Four vectors of codes of part g of a unit: low nibbles or, from g = 2, high ones, and two bits. */
ALWAYS void open_q6k(const uint8_t *unit, const int g, __m256i q[4])
{
    const __m256i low = _mm256_set1_epi8(15), two = _mm256_set1_epi8(48);
    UNROLL for (int v = 0; v < 4; v++) {
        __m256i lo = load32(unit + (4 + 4 * (g & 1) + v) * Q_VEC), hi = load32(unit + v * Q_VEC);
        lo = _mm256_and_si256(g < 2 ? lo : _mm256_srli_epi16(lo, 4), low);
        hi = g == 0 ? _mm256_slli_epi16(hi, 4) : g == 1 ? _mm256_slli_epi16(hi, 2) : g == 2 ? hi : _mm256_srli_epi16(hi, 2);
        q[v] = _mm256_or_si256(lo, _mm256_and_si256(hi, two));
    }
}

ALWAYS void add_sub_q6k(const __m256i q[4], __m256i sc, const uint8_t *x, __m256i *sum)
{
    UNROLL for (int v = 0; v < 4; v += 2) {
        __m256i part = _mm256_add_epi16(_mm256_maddubs_epi16(q[v], broadcast4(x + 4 * v)),
                                        _mm256_maddubs_epi16(q[v + 1], broadcast4(x + 4 * v + 4)));
        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(part, sc));
    }
}

/* Words lo or hi of each lane in both words. */
ALWAYS __m256i both_words(__m256i pair, const bool hi)
{
    __m256i lo16 = _mm256_and_si256(pair, _mm256_set1_epi32(0xffff)), hi16 = _mm256_srli_epi32(pair, 16);
    return hi ? _mm256_or_si256(hi16, _mm256_slli_epi32(hi16, 16)) : _mm256_or_si256(lo16, _mm256_slli_epi32(lo16, 16));
}

ALWAYS void half_q6k(const struct tile *t, const int n_tok, size_t b, const int half, __m256 *acc)
{
    const size_t at_d = t->cols + 4 * b, at_sum16 = t->cols + 4 * t->nb + 32 * b;
    struct q_block w = q_block(t->w, q_layout(KERN_Q6_K), b);
    __m256i sum[4], off[4], q[4];
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = off[i] = _mm256_setzero_si256();
    UNROLL for (int i = 0; i < 16; i++) {
        const int u = i / 4, g = i % 4, pair = u / 2 * 4 + g, odd = u % 2; /* sub-block 2 pair + odd */
        __m256i sc = _mm256_cvtepi8_epi16(load16(w.scale + 32 * pair + 16 * half));
        open_q6k(w.codes + u * Q6K_UNIT + 32 * half, g, q);
        __m256i both = both_words(sc, odd);
        const uint8_t *x = t->x + 256 * b + (size_t)(32 * pair + 16 * odd);
        UNROLL for (int k = 0; k < n_tok; k++, x += t->x_stride)
            add_sub_q6k(q, both, x, &sum[k]);
        if (odd)
            continue;
        x = t->x + at_sum16 + 4 * pair;
        UNROLL for (int k = 0; k < n_tok; k++, x += t->x_stride)
            off[k] = _mm256_add_epi32(off[k], _mm256_madd_epi16(sc, broadcast4(x)));
    }
    const uint8_t *x = t->x + at_d;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride)
        acc[i] = add_scaled(acc[i], load_f16(w.scale + Q6K_D + 16 * half), x,
                            _mm256_sub_epi32(sum[i], _mm256_slli_epi32(off[i], 5)));
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------ */

#define LINEAR(name, half_fn, type)                                                         \
    ALWAYS void name##_halves(const struct tile *t, const int n_tok)                        \
    {                                                                                       \
        __m256 acc[2][4];                                                                   \
        UNROLL for (int i = 0; i < n_tok; i++)                                              \
            acc[0][i] = acc[1][i] = _mm256_setzero_ps();                                    \
        for (size_t b = 0; b < t->nb; b++) {                                                \
            half_fn(t, n_tok, b, 0, acc[0]);                                                \
            half_fn(t, n_tok, b, 1, acc[1]);                                                \
        }                                                                                   \
        UNROLL for (int i = 0; i < n_tok; i++) {                                            \
            store_half(t->y + (size_t)i * t->y_stride, t->n_rows, 0, acc[0][i]);            \
            store_half(t->y + (size_t)i * t->y_stride, t->n_rows, 1, acc[1][i]);            \
        }                                                                                   \
    }                                                                                       \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        switch (n_tok) {                                                                    \
        case 4: name##_halves(t, 4); return;                                                \
        case 2: name##_halves(t, 2); return;                                                \
        default: name##_halves(t, 1); return;                                               \
        }                                                                                   \
    }                                                                                       \
    void kern_linear_##name##_avx2(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                       \
        walk(a, g0, g1, type, 4, name##_tile);                                              \
    }
LINEAR(q4_k, half_q4k, KERN_Q4_K)
LINEAR(q6_k, half_q6k, KERN_Q6_K)
