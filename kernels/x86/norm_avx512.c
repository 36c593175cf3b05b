/* max is AVX2's: reading is all it costs, and wider registers won nothing. */
#include "impl.h"
#include "x86/avx512.h"

#include <math.h>

/* One chain of sixteen lanes: more would be another order. */
KERN_INLINE float dot(const float *x, const float *y, size_t n)
{
    __m512 acc = _mm512_setzero_ps();
    size_t k = 0;
    for (; k + 16 <= n; k += 16)
        acc = _mm512_fmadd_ps(_mm512_loadu_ps(x + k), _mm512_loadu_ps(y + k), acc);
    if (k < n) {
        __mmask16 m = mask16(n - k);
        acc = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, x + k), _mm512_maskz_loadu_ps(m, y + k), acc);
    }
    return v_sum(acc);
}

void kern_rms_norm_avx512(float *y, const float *x, const float *w, size_t n, float eps)
{
    float r1 = 1.0f / sqrtf(dot(x, x, n) / (float)n + eps);
    __m512 r = _mm512_set1_ps(r1);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_at(i, n);
        __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), r);
        if (w)
            v = _mm512_mul_ps(v, _mm512_maskz_loadu_ps(m, w + i));
        _mm512_mask_storeu_ps(y + i, m, v);
    }
}

float kern_dot_avx512(const float *x, const float *y, size_t n)
{
    return dot(x, y, n);
}
