/* Attention, sixteen lanes: 16 keys for the scores, 16 elements for the sum over values; tiles of 4 queries hold 16
 * accumulators. */
#include "x86/avx512.h"

#include <math.h>

enum { TILE = 4, KEYS = 1 };

KERN_INLINE float softmax(float *p, size_t n, float *m, float *l)
{
    __m512 s[4], sum = _mm512_setzero_ps();
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        s[i] = _mm512_mask_loadu_ps(_mm512_set1_ps(-INFINITY), 16 * i < n ? mask_at(16 * i, n) : 0, p + 16 * i);
    float block = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(s[0], s[1]), _mm512_max_ps(s[2], s[3])));
    float top = block > *m ? block : *m, corr = _mm512_cvtss_f32(exp_low_x16(_mm512_set1_ps(*m - top)));
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) { /* missing positions: exp(-inf) = 0 */
        s[i] = exp_low_x16(_mm512_sub_ps(s[i], _mm512_set1_ps(top)));
        sum = _mm512_add_ps(sum, s[i]);
        _mm512_storeu_ps(p + 16 * i, s[i]);
    }
    *l = fmaf(*l, corr, v_sum(sum));
    *m = top;
    return corr;
}

#include "attn.h"

void kern_attn_avx512(const struct kern_attn *a)
{
    attend(a);
}
