/* The limits of the avx512 level. Twelve chains hide the latency of an fma; the empty asm keeps the compiler from taking
 * the work out of the loop. */
#include "impl.h"

#include <immintrin.h>

enum { CHAINS = 12 };

double kern_peak_fma_avx512(size_t rounds)
{
    __m512 acc[CHAINS], half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1.0f);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        acc[i] = one;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = _mm512_fmadd_ps(acc[i], half, one);
            __asm__ volatile("" : "+v"(acc[i]));
        }
    return 2.0 * 16 * CHAINS * (double)rounds;
}

/* One vpdpbusd a chain: 64 multiplications. */
double kern_peak_int8_avx512(size_t rounds)
{
    __m512i acc[CHAINS], x = _mm512_set1_epi8(3);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        acc[i] = x;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            acc[i] = _mm512_dpbusd_epi32(acc[i], x, x);
            __asm__ volatile("" : "+v"(acc[i]));
        }
    return 2.0 * 64 * CHAINS * (double)rounds;
}

void kern_peak_read_avx512(const void *p, size_t n)
{
    const __m512i *q = p;
    for (size_t i = 0; i < n / sizeof *q; i += 1) {
        __m512i a = _mm512_loadu_si512(q + i);
        __asm__ volatile("" : : "v"(a));
    }
}
