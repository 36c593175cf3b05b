/* Products of weights in blocks of 32 at 256 bits: a row a lane as at AVX-512, in two halves of 8 rows. The file that
 * includes this has dot_block, the level's own way to multiply a block's codes by a token's activations. */
#ifndef KERN_X86_HALF32_H
#define KERN_X86_HALF32_H

#include "tile.h"
#include "x86/half.h"



/* The 8 vectors of unsigned codes of half of a block. */
ALWAYS void open_block(enum kern_type type, const struct q_block *w, const int half, __m256i q[8])
{
    const uint8_t *codes = w->codes + 32 * half;
    if (type == KERN_Q8_0) {
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = load32(codes + v * Q_VEC);
        return;
    }
    const __m256i low = _mm256_set1_epi8(15), fifth = _mm256_set1_epi8(16);
    UNROLL for (int v = 0; v < 4; v++) {
        __m256i c = load32(codes + v * Q_VEC);
        q[v] = _mm256_and_si256(c, low);
        q[v + 4] = _mm256_and_si256(_mm256_srli_epi16(c, 4), low);
    }
    if (type == KERN_Q4_0 || type == KERN_Q4_1)
        return;
    __m256i h = load32(w->high + 32 * half);
    UNROLL for (int v = 0; v < 8; v++) { /* bit v of each byte to bit 4 */
        __m256i bit = v < 4 ? _mm256_slli_epi16(h, 4 - v) : _mm256_srli_epi16(h, v - 4);
        q[v] = _mm256_or_si256(q[v], _mm256_and_si256(bit, fifth));
    }
}

/* -128, -16 or -8 times the sum of the activations' codes, or 0: the share of codes that are too large by as much. off is
 * -128 times the sum. */
ALWAYS __m256i offset(enum kern_type type, const uint8_t *off)
{
    switch (type) {
    case KERN_Q8_0: return broadcast4(off);
    case KERN_Q5_0: return _mm256_srai_epi32(broadcast4(off), 3);
    case KERN_Q4_0: return _mm256_srai_epi32(broadcast4(off), 4);
    default: return _mm256_setzero_si256();
    }
}

/* Codes by activations, with the offset taken off. */
ALWAYS __m256i dot_block(enum kern_type type, const __m256i q[8], const uint8_t *x, const uint8_t *off);

/* Adds half of block b to the sums of n_tok tokens, `few` (1 or 2) at a time. */
ALWAYS void half32(enum kern_type type, const struct tile *t, const unsigned n_tok, const unsigned few, size_t b,
                   const int half, __m256 *acc)
{
    const struct q_layout l = q_layout(type);
    const struct q_block w = q_block(t->w, l, b);
    const uint8_t *x = t->x;
    const size_t at_d = t->cols + 4 * b, at_s = at_d + 4 * t->nb, at_off = at_s + 4 * t->nb, stride = t->x_stride;
    const __m256 d = load_f16(w.scale + 16 * half);
    __m256i q[8];
    open_block(type, &w, half, q);
    for (unsigned i = 0; i < n_tok; i += few, x += few * stride) {
        __m256i sum[2];
        UNROLL for (unsigned k = 0; k < few; k++)
            sum[k] = dot_block(type, q, x + k * stride + Q_BLOCK * b, x + k * stride + at_off);
        UNROLL for (unsigned k = 0; k < few; k++) {
            __m256 a = add_scaled(acc[i + k], d, x + k * stride + at_d, sum[k]);
            if (l.scale == 64)
                a = _mm256_fmadd_ps(load_f16(w.scale + 32 + 16 * half),
                                    _mm256_broadcast_ss((const float *)(x + k * stride + at_s)), a);
            acc[i + k] = a;
        }
    }
}

ALWAYS void tile32(enum kern_type type, const struct tile *t, const unsigned n_tok, const unsigned few)
{
    const struct q_layout l = q_layout(type);
    __m256 acc[2][TOKENS];
    for (unsigned i = 0; i < n_tok; i++)
        acc[0][i] = acc[1][i] = _mm256_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        if (n_tok <= FETCH)
            fetch_ahead(q_block(t->w, l, b).codes, t->ahead, l.scale + l.high + l.codes);
        half32(type, t, n_tok, few, b, 0, acc[0]);
        half32(type, t, n_tok, few, b, 1, acc[1]);
    }
    for (unsigned i = 0; i < n_tok; i++)
        store_halves(t->y + (size_t)i * t->y_stride, t->n_rows, acc[0][i], acc[1][i]);
}

#define LINEAR32_TYPE(name, type, entry)                                                    \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        if (n_tok == 1)                                                                     \
            tile32(type, t, 1, 1);                                                          \
        else                                                                                \
            tile32(type, t, n_tok, 2);                                                      \
    }                                                                                       \
    void entry(const struct kern_linear *a, size_t g0, size_t g1)                           \
    {                                                                                       \
        walk(a, g0, g1, type, TOKENS, name##_tile);                                         \
    }
#define LINEAR32(level) LINEAR32_LEVEL(level)
#define LINEAR32_LEVEL(level)                               \
    LINEAR32_TYPE(q4_0, KERN_Q4_0, kern_linear_q4_0_##level) \
    LINEAR32_TYPE(q4_1, KERN_Q4_1, kern_linear_q4_1_##level) \
    LINEAR32_TYPE(q5_0, KERN_Q5_0, kern_linear_q5_0_##level) \
    LINEAR32_TYPE(q5_1, KERN_Q5_1, kern_linear_q5_1_##level) \
    LINEAR32_TYPE(q8_0, KERN_Q8_0, kern_linear_q8_0_##level)

#endif
