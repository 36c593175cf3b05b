#include "impl.h"
#include "x86/avx2.h"

#include <math.h>

/* Two chains, lanes 0-7 and 8-15: more would be another order. */
KERN_INLINE float dot(const float *x, const float *y, size_t n)
{
    __m256 lo = _mm256_setzero_ps(), hi = lo;
    size_t k = 0;
    for (; k + 16 <= n; k += 16) {
        lo = _mm256_fmadd_ps(_mm256_loadu_ps(x + k), _mm256_loadu_ps(y + k), lo);
        hi = _mm256_fmadd_ps(_mm256_loadu_ps(x + k + 8), _mm256_loadu_ps(y + k + 8), hi);
    }
    if (k < n) {
        size_t left = n - k, more = left > 8 ? left - 8 : 0;
        lo = _mm256_fmadd_ps(v_load(x + k, left), v_load(y + k, left), lo);
        hi = _mm256_fmadd_ps(v_load(x + k + 8, more), v_load(y + k + 8, more), hi);
    }
    return v_sum(_mm256_add_ps(lo, hi));
}

void kern_rms_norm_avx2(float *y, const float *x, const float *w, size_t n, float eps)
{
    float r1 = 1.0f / sqrtf(dot(x, x, n) / (float)n + eps);
    __m256 r = _mm256_set1_ps(r1);
    for (size_t i = 0; i < n; i += 8) {
        __m256 v = _mm256_mul_ps(v_load(x + i, n - i), r);
        if (w)
            v = _mm256_mul_ps(v, v_load(w + i, n - i));
        v_store(y + i, n - i, v);
    }
}

float kern_dot_avx2(const float *x, const float *y, size_t n)
{
    return dot(x, y, n);
}

float kern_max_avx2(const float *x, size_t n)
{
    const __m256 low = _mm256_set1_ps(-INFINITY);
    __m256 top = low, top2 = low, nan = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 v = _mm256_loadu_ps(x + i), u = _mm256_loadu_ps(x + i + 8);
        nan = _mm256_or_ps(nan, _mm256_cmp_ps(v, u, _CMP_UNORD_Q)); /* either is NaN */
        top = _mm256_max_ps(top, v);
        top2 = _mm256_max_ps(top2, u);
    }
    float lane[8], m = -INFINITY;
    _mm256_storeu_ps(lane, _mm256_max_ps(top, top2));
    for (int j = 0; j < 8; j++)
        m = lane[j] > m ? lane[j] : m;
    for (; i < n; i++)
        m = x[i] > m || x[i] != x[i] ? x[i] : m;
    return _mm256_movemask_ps(nan) ? NAN : m + 0.0f;
}
