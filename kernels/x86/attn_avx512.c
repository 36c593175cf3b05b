/* Attention, sixteen lanes: 16 keys for the scores, 16 elements for the sum over values; tiles of 4 queries hold 16
 * accumulators. */
#include "x86/avx512.h"

#include <math.h>

typedef __m512 vec;
enum { LANES = 16, TILE = 4, KEYS = 1 };

#define v_pin(v) (void)(v)
#define v_zero _mm512_setzero_ps
#define v_set1 _mm512_set1_ps
#define v_add _mm512_add_ps
#define v_mul _mm512_mul_ps
#define v_div _mm512_div_ps
#define v_fma _mm512_fmadd_ps
#define v_load load_x16
#define v_store store_x16

KERN_INLINE __m512 v_load_h(const void *p, size_t n)
{
    return n >= 16 ? _mm512_cvtph_ps(_mm256_loadu_si256(p)) : load_f16x16(mask16(n), p);
}

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
    *l = fmaf(*l, corr, tree_x16(sum));
    *m = top;
    return corr;
}

#include "attn.h"

void kern_attn_avx512(const struct kern_attn *a)
{
    attend(a);
}
