/* Blocks of 256 at AVX-512: opening packed codes. For AVX-512 VNNI and AMX. */
#ifndef KERN_X86_BLOCK256_H
#define KERN_X86_BLOCK256_H

#include "tile.h"

#include <immintrin.h>

/* Four vectors of codes of part g of a unit of Q6_K: low nibbles or, from g = 2, high ones, and two bits. */
ALWAYS void open_q6k(const uint8_t *unit, const int g, __m512i q[4])
{
    const __m512i low = _mm512_set1_epi8(15), two = _mm512_set1_epi8(48);
    UNROLL for (int v = 0; v < 4; v++) {
        __m512i lo = _mm512_load_si512(unit + (4 + 4 * (g & 1) + v) * Q_VEC), hi = _mm512_load_si512(unit + v * Q_VEC);
        lo = _mm512_and_si512(g < 2 ? lo : _mm512_srli_epi16(lo, 4), low);
        hi = g == 0 ? _mm512_slli_epi16(hi, 4) : g == 1 ? _mm512_slli_epi16(hi, 2) : g == 2 ? hi : _mm512_srli_epi16(hi, 2);
        q[v] = _mm512_ternarylogic_epi32(lo, hi, two, 0xf8); /* lo | (hi & two) */
    }
}

#endif
