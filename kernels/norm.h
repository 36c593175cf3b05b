/* The plain sum and the root mean square norm at every SIMD level, in the words of vec.h. */
#ifndef KERN_NORM_H
#define KERN_NORM_H

#include <math.h>

#include "impl.h"

/* PARTS chains, the sixteen lanes of the sum: more would be another order. */
KERN_INLINE float sum_of_products(const float *x, const float *y, size_t n)
{
    vec s[PARTS];
    size_t k = 0;
#pragma GCC unroll 4
    for (size_t i = 0; i < PARTS; i++)
        s[i] = v_zero();
    for (; k + 16 <= n; k += 16)
#pragma GCC unroll 4
        for (size_t i = 0; i < PARTS; i++)
            s[i] = v_fma(v_load(x + k + LANES * i, LANES), v_load(y + k + LANES * i, LANES), s[i]);
    if (k < n)
#pragma GCC unroll 4
        for (size_t i = 0; i < PARTS; i++) {
            size_t at = k + LANES * i < n ? k + LANES * i : n;
            s[i] = v_fma(v_load(x + at, n - at), v_load(y + at, n - at), s[i]);
        }
    return v_sum(v_fold(s));
}

void LEVEL(rms_norm)(float *y, const float *x, const float *w, size_t n, float eps)
{
    vec r = v_set1(1.0f / sqrtf(sum_of_products(x, x, n) / (float)n + eps));
    for (size_t i = 0; i < n; i += LANES) {
        vec v = v_mul(v_load(x + i, n - i), r);
        v_store(y + i, n - i, w ? v_mul(v, v_load(w + i, n - i)) : v);
    }
}

float LEVEL(dot)(const float *x, const float *y, size_t n)
{
    return sum_of_products(x, y, n);
}

#endif
