/* to_f16 is AVX2's: its conversion runs at the same speed in either width. */
#include "impl.h"
#include "x86/avx512.h"

void kern_add_avx512(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(m, y + i), _mm512_maskz_loadu_ps(m, x + i));
        _mm512_mask_storeu_ps(y + i, m, v);
    }
}

void kern_scale_avx512(float *y, float s, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(_mm512_maskz_loadu_ps(m, y + i), _mm512_set1_ps(s)));
    }
}

void kern_mul_silu_avx512(float *y, const float *x, const float *z, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        __m512 g = v_silu(_mm512_maskz_loadu_ps(m, z + i));
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), g));
    }
}

void kern_softplus_bias_avx512(float *y, const float *bias, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(m, y + i), _mm512_maskz_loadu_ps(m, bias + i));
        _mm512_mask_storeu_ps(y + i, m, v_softplus(v));
    }
}

void kern_exp_avx512(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        _mm512_mask_storeu_ps(y + i, m, v_exp(_mm512_maskz_loadu_ps(m, x + i)));
    }
}

void kern_from_f16_avx512(float *y, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        _mm512_mask_storeu_ps(y + i, m, load_f16x16(m, (const char *)x + 2 * i));
    }
}
