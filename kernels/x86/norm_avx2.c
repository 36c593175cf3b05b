/* Norm and sum, eight lanes. */
#include "x86/avx2.h"

#include "norm.h"

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
