#include "impl.h"
#include "x86/avx512.h"

/* Pairs (2j, 2j+1): cs lies as (cos, sin) beside them. Even lanes a cos - b sin, odd lanes a sin + b cos. */
static void turn_adjacent(float *x, const float *cs, size_t n_rot)
{
    for (size_t i = 0; i < n_rot; i += 16) {
        __mmask16 m = mask_at(i, n_rot);
        __m512 v = _mm512_maskz_loadu_ps(m, x + i), t = _mm512_maskz_loadu_ps(m, cs + i);
        __m512 bsc = _mm512_mul_ps(_mm512_movehdup_ps(v), _mm512_permute_ps(t, 0xb1));
        _mm512_mask_storeu_ps(x + i, m, _mm512_fmaddsub_ps(_mm512_moveldup_ps(v), t, bsc));
    }
}

/* Pairs (j, j + half). */
static void turn_halves(float *x, const float *cs, size_t half)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    for (size_t j = 0; j < half; j += 16) {
        __mmask16 m = mask_at(j, half);
        size_t left = 2 * (half - j);
        __m512 t0 = _mm512_maskz_loadu_ps(left >= 16 ? (__mmask16)0xffff : mask16(left), cs + 2 * j);
        __m512 t1 = left > 16 ? _mm512_maskz_loadu_ps(left >= 32 ? (__mmask16)0xffff : mask16(left - 16), cs + 2 * j + 16) : t0;
        __m512 co = _mm512_permutex2var_ps(t0, even, t1), si = _mm512_permutex2var_ps(t0, odd, t1);
        __m512 a = _mm512_maskz_loadu_ps(m, x + j), b = _mm512_maskz_loadu_ps(m, x + half + j);
        _mm512_mask_storeu_ps(x + j, m, _mm512_fmsub_ps(a, co, _mm512_mul_ps(b, si)));
        _mm512_mask_storeu_ps(x + half + j, m, _mm512_fmadd_ps(a, si, _mm512_mul_ps(b, co)));
    }
}

void kern_rope_avx512(float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox)
{
    for (size_t h = 0; h < n_head; h++)
        if (neox)
            turn_halves(x + h * d, cs, n_rot / 2);
        else
            turn_adjacent(x + h * d, cs, n_rot);
}
