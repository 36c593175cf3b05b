/* The limits of the avx2 level. Twelve chains hide the latency of an fma; the empty asm keeps the compiler from taking
 * the work out of the loop. */
#include "impl.h"

#include <immintrin.h>

enum { CHAINS = 12 };

double kern_peak_fma_avx2(size_t rounds)
{
    __m256 acc[CHAINS], half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1.0f);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        acc[i] = one;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = _mm256_fmadd_ps(acc[i], half, one);
            __asm__ volatile("" : "+x"(acc[i]));
        }
    return 2.0 * 8 * CHAINS * (double)rounds;
}

/* Products of bytes to 16 bits, to 32, added: 32 multiplications in three instructions. */
double kern_peak_int8_avx2(size_t rounds)
{
    __m256i acc[CHAINS], x = _mm256_set1_epi8(3), one = _mm256_set1_epi16(1);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        acc[i] = x;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            __asm__ volatile("" : "+x"(x));
            acc[i] = _mm256_add_epi32(acc[i], _mm256_madd_epi16(_mm256_maddubs_epi16(x, x), one));
            __asm__ volatile("" : "+x"(acc[i]));
        }
    return 2.0 * 32 * CHAINS * (double)rounds;
}

void kern_peak_read_avx2(const void *p, size_t n)
{
    const __m256i *q = p;
    for (size_t i = 0; i < n / sizeof *q; i += 2) {
        __m256i a = _mm256_loadu_si256(q + i), b = _mm256_loadu_si256(q + i + 1);
        __asm__ volatile("" : : "x"(a), "x"(b));
    }
}
