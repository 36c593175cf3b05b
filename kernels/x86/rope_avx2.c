/* Rotary position embedding, eight lanes. */
#include "x86/avx2.h"

#define v_fms _mm256_fmsub_ps

KERN_INLINE vec v_even(vec a, vec b)
{
    return _mm256_shuffle_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31), 0x88);
}

KERN_INLINE vec v_odd(vec a, vec b)
{
    return _mm256_shuffle_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31), 0xdd);
}

/* Even lanes a cos - b sin, odd lanes a sin + b cos. */
KERN_INLINE vec v_turned(vec v, vec t)
{
    vec bsc = _mm256_mul_ps(_mm256_movehdup_ps(v), _mm256_permute_ps(t, 0xb1));
    return _mm256_fmaddsub_ps(_mm256_moveldup_ps(v), t, bsc);
}

#include "rope.h"
