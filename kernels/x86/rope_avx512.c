/* Rotary position embedding, sixteen lanes. */
#include "x86/avx512.h"

#define v_fms _mm512_fmsub_ps

KERN_INLINE vec v_even(vec a, vec b)
{
    const __m512i lane = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, lane, b);
}

KERN_INLINE vec v_odd(vec a, vec b)
{
    const __m512i lane = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, lane, b);
}

/* Even lanes a cos - b sin, odd lanes a sin + b cos. */
KERN_INLINE vec v_turned(vec v, vec t)
{
    vec bsc = _mm512_mul_ps(_mm512_movehdup_ps(v), _mm512_permute_ps(t, 0xb1));
    return _mm512_fmaddsub_ps(_mm512_moveldup_ps(v), t, bsc);
}

#include "rope.h"
