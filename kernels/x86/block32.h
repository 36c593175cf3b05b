/* Blocks of 32 at AVX-512: opening packed codes and adding a block's integer sum. For AVX-512 VNNI and AMX. */
#ifndef KERN_X86_BLOCK32_H
#define KERN_X86_BLOCK32_H

#include "tile.h"

#include <immintrin.h>

/* The 8 vectors of unsigned codes of a block; vector v holds k = 4v..4v+3 of 16 rows. */
ALWAYS void open_block(enum kern_type type, const struct q_block *w, __m512i q[8])
{
    if (type == KERN_Q8_0) {
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = _mm512_load_si512(w->codes + v * Q_VEC);
        return;
    }
    const __m512i low = _mm512_set1_epi8(15), fifth = _mm512_set1_epi8(16);
    UNROLL for (int v = 0; v < 4; v++) {
        __m512i c = _mm512_load_si512(w->codes + v * Q_VEC);
        q[v] = _mm512_and_si512(c, low);
        q[v + 4] = _mm512_and_si512(_mm512_srli_epi16(c, 4), low);
    }
    if (type == KERN_Q4_0 || type == KERN_Q4_1)
        return;
    __m512i h = _mm512_load_si512(w->high);
    UNROLL for (int v = 0; v < 8; v++) { /* bit v of each byte to bit 4 */
        __m512i bit = v < 4 ? _mm512_slli_epi16(h, 4 - v) : _mm512_srli_epi16(h, v - 4);
        q[v] = _mm512_ternarylogic_epi32(q[v], bit, fifth, 0xf8); /* q | (bit & fifth) */
    }
}

ALWAYS __m512 load_f16(const uint8_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/* Where a sum begins: -128, -16 or -8 times the sum of the activations' codes, or 0. */
ALWAYS __m512i first_sum(enum kern_type type, int32_t off)
{
    __m512i o = _mm512_set1_epi32(off);
    switch (type) {
    case KERN_Q8_0: return o;
    case KERN_Q5_0: return _mm512_srai_epi32(o, 3);
    case KERN_Q4_0: return _mm512_srai_epi32(o, 4);
    default: return _mm512_setzero_si512();
    }
}

ALWAYS __m512i broadcast4(const uint8_t *p)
{
    return _mm512_set1_epi32(*(const int32_t *)p);
}

/* acc = fma(d d_x, (float)sum, acc), then acc = fma(m, s, acc) where the type has minima: block b of the row at x. */
ALWAYS __m512 add_block(const struct tile *t, bool has_min, const uint8_t *x, size_t b, const uint8_t *scale, __m512i sum,
                        __m512 acc)
{
    const uint8_t *d_x = x + t->cols + 4 * b, *s_x = d_x + 4 * t->nb;
    __m512 dd = _mm512_mul_ps(load_f16(scale), _mm512_set1_ps(*(const float *)d_x));
    acc = _mm512_fmadd_ps(dd, _mm512_cvtepi32_ps(sum), acc);
    return has_min ? _mm512_fmadd_ps(load_f16(scale + 32), _mm512_set1_ps(*(const float *)s_x), acc) : acc;
}

#endif
