/* What the products at 256 bits share: loads, and sums of a group of 16 rows in two halves of 8. */
#ifndef KERN_X86_HALF_H
#define KERN_X86_HALF_H

#include "tile.h"

#include <immintrin.h>

enum {
    TOKENS = 16, /* of a tile at most: their sums lie in the first cache, registers hold the opened codes */
    FETCH = 4    /* for more tokens of a tile, weights come as fast as they are needed without being asked for */
};

ALWAYS __m256i load32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

ALWAYS __m128i load16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

ALWAYS __m256 load_f16(const uint8_t *p)
{
    return _mm256_cvtph_ps(load16(p));
}

ALWAYS __m256i broadcast4(const uint8_t *p)
{
    return _mm256_set1_epi32(*(const int32_t *)p);
}

/* fma(scale d_x, (float)sum, acc) */
ALWAYS __m256 add_scaled(__m256 acc, __m256 scale, const uint8_t *d_x, __m256i sum)
{
    __m256 dd = _mm256_mul_ps(scale, _mm256_broadcast_ss((const float *)d_x));
    return _mm256_fmadd_ps(dd, _mm256_cvtepi32_ps(sum), acc);
}

ALWAYS void store_half(float *y, int n_rows, __m256 acc)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (n_rows >= 8)
        _mm256_storeu_ps(y, acc);
    else if (n_rows > 0)
        _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32(n_rows), lane), acc);
}

/* The first n_rows of 16 sums. */
ALWAYS void store_halves(float *y, unsigned n_rows, __m256 first, __m256 second)
{
    store_half(y, (int)n_rows, first);
    store_half(y + 8, (int)n_rows - 8, second);
}

#endif
