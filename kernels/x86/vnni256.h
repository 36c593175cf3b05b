/* vpdpbusd at 256 bits with its VEX encoding (Intel SDM volume 2, VPDPBUSD), or, with KERN_AVXVNNI_EMULATED, the same in
 * C, so that the kernels around it can be tested on any CPU with AVX2. */
#ifndef KERN_X86_VNNI256_H
#define KERN_X86_VNNI256_H

#include "tile.h"

#include <immintrin.h>

#if !defined(KERN_AVXVNNI_EMULATED)

#define AVXVNNI avxvnni

/* sum + the products of four unsigned bytes of q and four signed ones of x, in each lane of 32 bits */
ALWAYS __m256i dot4(__m256i sum, __m256i q, __m256i x)
{
    return _mm256_dpbusd_avx_epi32(sum, q, x);
}

#else

#define AVXVNNI avxvnni_emulated

static inline __m256i dot4(__m256i sum, __m256i q, __m256i x)
{
    uint8_t a[32];
    int8_t b[32];
    int32_t s[8];
    _mm256_storeu_si256((__m256i *)a, q);
    _mm256_storeu_si256((__m256i *)b, x);
    _mm256_storeu_si256((__m256i *)s, sum);
    for (int i = 0; i < 32; i++)
        s[i / 4] += a[i] * b[i];
    return _mm256_loadu_si256((const __m256i *)s);
}

#endif
#endif
