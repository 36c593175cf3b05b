/* Products of K-quants at 256 bits, in two halves of 8 rows. The file that includes this has the level's own way to
 * multiply codes by activations and a sub-block's scale. */
#ifndef KERN_X86_HALF256_H
#define KERN_X86_HALF256_H

#include "x86/half.h"

/* A sub-block's scales, one a lane, in the form that scaled takes. */
ALWAYS __m256i as_scale(__m256i sc);

/* sc times the dot product of n vectors of unsigned codes and the activations at x; the products of `together` vectors
 * fit in 16 bits. */
ALWAYS __m256i scaled(const __m256i *q, const int n, const int together, __m256i sc, const uint8_t *x);

/* ---- Q4_K ------------------------------------------------------------------------------------------------------- */

/* Adds to the sums of n_tok tokens what half of block b gives, codes by scales. */
ALWAYS void sums_q4k(const struct tile *t, const unsigned n_tok, size_t b, const struct q_block *w, const int half,
                     __m256i *sum)
{
    const __m256i low = _mm256_set1_epi8(15);
    for (size_t p = 0; p < 4; p++) { /* low nibbles are sub-block 2p, high ones 2p + 1 */
        const uint8_t *c = w->codes + p * 512, *sc = w->scale + 2 * p * Q_LANES + 8 * half;
        if (n_tok <= FETCH && half == 0)
            fetch_ahead(c, t->ahead, 512 + 80); /* a quarter of the block, its scales included */
        UNROLL for (int high = 0; high < 2; high++) {
            const uint8_t *x = t->x + 256 * b + 64 * p + (size_t)(32 * high);
            const __m256i s = as_scale(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(sc + high * Q_LANES))));
            __m256i q[8];
            UNROLL for (int v = 0; v < 8; v++) {
                q[v] = load32(c + v * Q_VEC + 32 * half);
                q[v] = _mm256_and_si256(high ? _mm256_srli_epi16(q[v], 4) : q[v], low);
            }
            for (unsigned i = 0; i < n_tok; i++, x += t->x_stride)
                sum[i] = _mm256_add_epi32(sum[i], scaled(q, 8, 8, s, x));
        }
    }
}

ALWAYS void half_q4k(const struct tile *t, const unsigned n_tok, size_t b, const int half, __m256 *acc)
{
    const struct q_block w = q_block(t->w, q_layout(KERN_Q4_K), b);
    const size_t at_d = t->cols + 4 * b, at_sum32 = t->cols + 36 * t->nb + 16 * b;
    const __m256 d = load_f16(w.scale + Q4K_D + 16 * half);
    const __m256 dmin = _mm256_xor_ps(load_f16(w.scale + Q4K_D + 32 + 16 * half), _mm256_set1_ps(-0.0f));
    __m256i sum[TOKENS], mn[4];
    for (unsigned i = 0; i < n_tok; i++)
        sum[i] = _mm256_setzero_si256();
    sums_q4k(t, n_tok, b, &w, half, sum);
    UNROLL for (int j = 0; j < 4; j++)
        mn[j] = _mm256_cvtepu8_epi16(load16(w.scale + Q4K_MIN + 32 * j + 16 * half));
    const uint8_t *x = t->x;
    for (unsigned i = 0; i < n_tok; i++, x += t->x_stride) {
        __m256i min = _mm256_madd_epi16(mn[0], broadcast4(x + at_sum32));
        UNROLL for (int j = 1; j < 4; j++)
            min = _mm256_add_epi32(min, _mm256_madd_epi16(mn[j], broadcast4(x + at_sum32 + 4 * j)));
        acc[i] = add_scaled(add_scaled(acc[i], d, x + at_d, sum[i]), dmin, x + at_d, min);
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

/* Sums of codes by scales, codes still 32 too large, and in off those of scales by the activations' sums of 16. */
ALWAYS void sums_q6k(const struct tile *t, const unsigned n_tok, size_t b, const struct q_block *w, const int half,
                     __m256i *sum, __m256i *off)
{
    const size_t at_sum16 = t->cols + 4 * t->nb + 32 * b;
    for (size_t c = 0; c < 2; c++)
        UNROLL for (int g = 0; g < 4; g++) {
            const size_t pair = 4 * c + (size_t)g; /* sub-blocks 2 pair and 2 pair + 1, of 16 */
            const __m256i sc = _mm256_cvtepi8_epi16(load16(w->scale + 32 * pair + 16 * half));
            const __m256i even = as_scale(_mm256_srai_epi32(_mm256_slli_epi32(sc, 16), 16));
            const __m256i odd = as_scale(_mm256_srai_epi32(sc, 16));
            const uint8_t *unit = w->codes + 2 * c * Q6K_UNIT + 32 * half, *x = t->x;
            if (n_tok <= FETCH && half == 0)
                fetch_ahead(w->codes + pair * (Q6K_UNIT / 2), t->ahead, Q6K_UNIT / 2 + 40);
            __m256i q[8];
            open_q6k(unit, g, q);
            open_q6k(unit + Q6K_UNIT, g, q + 4);
            for (unsigned i = 0; i < n_tok; i++, x += t->x_stride) {
                const uint8_t *codes = x + 256 * b + 32 * pair;
                __m256i s = _mm256_add_epi32(scaled(q, 4, 2, even, codes), scaled(q + 4, 4, 2, odd, codes + 16));
                sum[i] = _mm256_add_epi32(sum[i], s);
                off[i] = _mm256_add_epi32(off[i], _mm256_madd_epi16(sc, broadcast4(x + at_sum16 + 4 * pair)));
            }
        }
}

ALWAYS void half_q6k(const struct tile *t, const unsigned n_tok, size_t b, const int half, __m256 *acc)
{
    const struct q_block w = q_block(t->w, q_layout(KERN_Q6_K), b);
    const __m256 d = load_f16(w.scale + Q6K_D + 16 * half);
    __m256i sum[TOKENS], off[TOKENS];
    for (unsigned i = 0; i < n_tok; i++)
        sum[i] = off[i] = _mm256_setzero_si256();
    sums_q6k(t, n_tok, b, &w, half, sum, off);
    const uint8_t *d_x = t->x + t->cols + 4 * b;
    for (unsigned i = 0; i < n_tok; i++, d_x += t->x_stride)
        acc[i] = add_scaled(acc[i], d, d_x, _mm256_sub_epi32(sum[i], _mm256_slli_epi32(off[i], 5)));
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------ */

#define LINEAR256_TYPE(name, type, entry)                                                   \
    ALWAYS void name##_tokens(const struct tile *t, const unsigned n_tok)                   \
    {                                                                                       \
        __m256 acc[2][TOKENS];                                                              \
        for (unsigned i = 0; i < n_tok; i++)                                                \
            acc[0][i] = acc[1][i] = _mm256_setzero_ps();                                    \
        for (size_t b = 0; b < t->nb; b++) {                                                \
            half_##name(t, n_tok, b, 0, acc[0]);                                            \
            half_##name(t, n_tok, b, 1, acc[1]);                                            \
        }                                                                                   \
        for (unsigned i = 0; i < n_tok; i++)                                                \
            store_halves(t->y + (size_t)i * t->y_stride, t->n_rows, acc[0][i], acc[1][i]);  \
    }                                                                                       \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        if (n_tok == 1)                                                                     \
            name##_tokens(t, 1);                                                            \
        else                                                                                \
            name##_tokens(t, n_tok);                                                        \
    }                                                                                       \
    void entry(const struct kern_linear *a, size_t g0, size_t g1)                           \
    {                                                                                       \
        walk(a, g0, g1, type, TOKENS, name##_tile);                                         \
    }
#define LINEAR256(level) LINEAR256_LEVEL(level)
#define LINEAR256_LEVEL(level)                                  \
    LINEAR256_TYPE(q4k, KERN_Q4_K, kern_linear_q4_k_##level)    \
    LINEAR256_TYPE(q6k, KERN_Q6_K, kern_linear_q6_k_##level)

#endif
