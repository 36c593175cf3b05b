/* Attention, four lanes: 4 keys for the scores, 4 elements for the sum over values; tiles of 4 queries hold 16
 * accumulators. */
#include "arm/neon.h"

#include <math.h>

enum { TILE = 4, KEYS = 1 };

KERN_INLINE float softmax(float *p, size_t n, float *m, float *l)
{
    for (size_t j = n; j < 64; j++)
        p[j] = -INFINITY;
    float32x4_t most = vdupq_n_f32(*m), lane[4];
    for (size_t j = 0; j < 64; j += 4)
        most = vmaxq_f32(most, vld1q_f32(p + j));
    float top = vmaxvq_f32(most), corr = vgetq_lane_f32(v_exp(vdupq_n_f32(*m - top)), 0);
    lane[0] = lane[1] = lane[2] = lane[3] = vdupq_n_f32(0);
    for (size_t j = 0; j < 64; j += 16) /* missing positions: exp(-inf) = 0 */
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            float32x4_t e = v_exp(vsubq_f32(vld1q_f32(p + j + 4 * i), vdupq_n_f32(top)));
            lane[i] = vaddq_f32(lane[i], e);
            vst1q_f32(p + j + 4 * i, e);
        }
    *l = fmaf(*l, corr, v_sum(v_fold(lane)));
    *m = top;
    return corr;
}

#include "attn.h"

void kern_attn_neon(const struct kern_attn *a)
{
    attend(a);
}
