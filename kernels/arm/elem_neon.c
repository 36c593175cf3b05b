#include "arm/neon.h"
#include "impl.h"

void kern_add_neon(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, vaddq_f32(v_load(y + i, n - i), v_load(x + i, n - i)));
}

void kern_scale_neon(float *y, float s, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, vmulq_n_f32(v_load(y + i, n - i), s));
}

void kern_mul_silu_neon(float *y, const float *x, const float *z, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, vmulq_f32(v_load(x + i, n - i), v_silu(v_load(z + i, n - i))));
}

void kern_softplus_bias_neon(float *y, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, v_softplus(vaddq_f32(v_load(y + i, n - i), v_load(bias + i, n - i))));
}

void kern_exp_neon(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, v_exp(v_load(x + i, n - i)));
}

void kern_to_f16_neon(void *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        float16x4_t h = vcvt_f16_f32(v_load(x + i, n - i));
        memcpy((unsigned char *)y + 2 * i, &h, n - i < 4 ? 2 * (n - i) : 8);
    }
}

void kern_from_f16_neon(float *y, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        v_store(y + i, n - i, f16_x4(load_h4((const unsigned char *)x + 2 * i, n - i)));
}
