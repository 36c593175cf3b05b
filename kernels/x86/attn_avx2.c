/* Attention, eight lanes: 8 keys for the scores, 8 elements for the sum over values; tiles of 2 queries hold 8
 * accumulators. */
#include "x86/avx2.h"

#include <math.h>

enum { TILE = 3, KEYS = 2 };

KERN_INLINE float max_x8(__m256 v)
{
    __m128 a = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    a = _mm_max_ps(a, _mm_movehl_ps(a, a));
    return _mm_cvtss_f32(_mm_max_ss(a, _mm_movehdup_ps(a)));
}

KERN_INLINE float softmax(float *p, size_t n, float *m, float *l)
{
    for (size_t j = n; j < 64; j++)
        p[j] = -INFINITY;
    __m256 most = _mm256_set1_ps(*m);
    for (size_t j = 0; j < 64; j += 8)
        most = _mm256_max_ps(_mm256_loadu_ps(p + j), most);
    float top = max_x8(most);
    float corr = _mm256_cvtss_f32(v_exp(_mm256_set1_ps(*m - top)));
    __m256 lo = _mm256_setzero_ps(), hi = lo;
    for (size_t j = 0; j < 64; j += 16) { /* missing positions: exp(-inf) = 0 */
        __m256 p_lo = v_exp(_mm256_sub_ps(_mm256_loadu_ps(p + j), _mm256_set1_ps(top)));
        __m256 p_hi = v_exp(_mm256_sub_ps(_mm256_loadu_ps(p + j + 8), _mm256_set1_ps(top)));
        lo = _mm256_add_ps(lo, p_lo);
        hi = _mm256_add_ps(hi, p_hi);
        _mm256_storeu_ps(p + j, p_lo);
        _mm256_storeu_ps(p + j + 8, p_hi);
    }
    *l = fmaf(*l, corr, v_sum(_mm256_add_ps(lo, hi)));
    *m = top;
    return corr;
}

#include "attn.h"

void kern_attn_avx2(const struct kern_attn *a)
{
    attend(a);
}
