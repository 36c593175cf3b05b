/* Elementwise kernels at every SIMD level, in the words of vec.h. */
#ifndef KERN_ELEM_H
#define KERN_ELEM_H

#include "impl.h"

void LEVEL(add)(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store(y + i, n - i, v_add(v_load(y + i, n - i), v_load(x + i, n - i)));
}

void LEVEL(scale)(float *y, float s, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store(y + i, n - i, v_mul(v_load(y + i, n - i), v_set1(s)));
}

void LEVEL(mul_silu)(float *y, const float *x, const float *z, size_t n)
{
    for (size_t i = 0; i < n; i += LANES) {
        vec g = v_silu(v_load(z + i, n - i));
        v_store(y + i, n - i, v_mul(v_load(x + i, n - i), g));
    }
}

void LEVEL(softplus_bias)(float *y, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store(y + i, n - i, v_softplus(v_add(v_load(y + i, n - i), v_load(bias + i, n - i))));
}

void LEVEL(exp)(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store(y + i, n - i, v_exp(v_load(x + i, n - i)));
}

void LEVEL(from_f16)(float *y, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i += LANES)
        v_store(y + i, n - i, v_load_h((const unsigned char *)x + 2 * i, n - i));
}

#endif
