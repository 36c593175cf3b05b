#include "impl.h"
#include "x86/avx2.h"

void kern_add_avx2(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        v_store(y + i, n - i, _mm256_add_ps(v_load(y + i, n - i), v_load(x + i, n - i)));
}

void kern_scale_avx2(float *y, float s, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        v_store(y + i, n - i, _mm256_mul_ps(v_load(y + i, n - i), _mm256_set1_ps(s)));
}

void kern_mul_silu_avx2(float *y, const float *x, const float *z, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        __m256 g = v_silu(v_load(z + i, n - i));
        v_store(y + i, n - i, _mm256_mul_ps(v_load(x + i, n - i), g));
    }
}

void kern_softplus_bias_avx2(float *y, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        v_store(y + i, n - i, v_softplus(_mm256_add_ps(v_load(y + i, n - i), v_load(bias + i, n - i))));
}

void kern_exp_avx2(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        v_store(y + i, n - i, v_exp(v_load(x + i, n - i)));
}

void kern_to_f16_avx2(void *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        __m128i h = _mm256_cvtps_ph(v_load(x + i, n - i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        unsigned char *at = (unsigned char *)y + 2 * i;
        if (n - i >= 8)
            _mm_storeu_si128((__m128i *)(void *)at, h);
        else
            memcpy(at, &h, 2 * (n - i));
    }
}

void kern_from_f16_avx2(float *y, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8)
        v_store(y + i, n - i, _mm256_cvtph_ps(load_h8((const unsigned char *)x + 2 * i, n - i)));
}
