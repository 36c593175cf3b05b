/* The limit of the avxvnni level's 8-bit products. Twelve chains hide the latency; the empty asm keeps the compiler from
 * taking the work out of the loop. */
#include "impl.h"

#include <immintrin.h>

enum { CHAINS = 12 };

double kern_peak_int8_avxvnni(size_t rounds)
{
    __m256i acc[CHAINS], x = _mm256_set1_epi8(3);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        acc[i] = x;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = _mm256_dpbusd_avx_epi32(acc[i], x, x);
            __asm__ volatile("" : "+x"(acc[i]));
        }
    return 2.0 * 32 * CHAINS * (double)rounds;
}
