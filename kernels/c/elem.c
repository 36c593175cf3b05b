/* Elementwise kernels. */
#include "impl.h"

#include <string.h>

void kern_add_c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] + x[i];
}

void kern_scale_c(float *y, float s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] * s;
}

void kern_mul_silu_c(float *y, const float *x, const float *z, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * kern_siluf(z[i]);
}

void kern_softplus_bias_c(float *y, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = kern_softplusf(y[i] + bias[i]);
}

void kern_exp_c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = kern_expf(x[i]);
}

void kern_to_f16_c(void *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h = kern_f32_to_f16(x[i]);
        memcpy((unsigned char *)y + 2 * i, &h, sizeof h);
    }
}

void kern_from_f16_c(float *y, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, (const unsigned char *)x + 2 * i, sizeof h);
        y[i] = kern_f16_to_f32(h);
    }
}
