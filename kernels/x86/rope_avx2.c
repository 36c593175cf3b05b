#include "impl.h"
#include "x86/avx2.h"

/* Pairs (2j, 2j+1): cs lies as (cos, sin) beside them. Even lanes a cos - b sin, odd lanes a sin + b cos. */
static void turn_adjacent(float *x, const float *cs, size_t n_rot)
{
    for (size_t i = 0; i < n_rot; i += 8) {
        __m256 v = v_load(x + i, n_rot - i), t = v_load(cs + i, n_rot - i);
        __m256 bsc = _mm256_mul_ps(_mm256_movehdup_ps(v), _mm256_permute_ps(t, 0xb1));
        v_store(x + i, n_rot - i, _mm256_fmaddsub_ps(_mm256_moveldup_ps(v), t, bsc));
    }
}

/* Pairs (j, j + half). */
static void turn_halves(float *x, const float *cs, size_t half)
{
    for (size_t j = 0; j < half; j += 8) {
        size_t n = half - j;
        __m256 t0 = v_load(cs + 2 * j, 2 * n), t1 = n > 4 ? v_load(cs + 2 * j + 8, 2 * n - 8) : t0;
        __m256 even = _mm256_permute2f128_ps(t0, t1, 0x20), odd = _mm256_permute2f128_ps(t0, t1, 0x31);
        /* quarters are now 0 2 | 1 3 of the sixteen values: shuffling pairs them up in order */
        __m256 co = _mm256_shuffle_ps(even, odd, 0x88), si = _mm256_shuffle_ps(even, odd, 0xdd);
        __m256 a = v_load(x + j, n), b = v_load(x + half + j, n);
        v_store(x + j, n, _mm256_fmsub_ps(a, co, _mm256_mul_ps(b, si)));
        v_store(x + half + j, n, _mm256_fmadd_ps(a, si, _mm256_mul_ps(b, co)));
    }
}

void kern_rope_avx2(float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox)
{
    for (size_t h = 0; h < n_head; h++)
        if (neox)
            turn_halves(x + h * d, cs, n_rot / 2);
        else
            turn_adjacent(x + h * d, cs, n_rot);
}
