/* Rotary position embedding, four lanes. */
#include "arm/neon.h"

#define v_even vuzp1q_f32
#define v_odd vuzp2q_f32
#define v_fms(a, b, c) vfmaq_f32(vnegq_f32(c), a, b)

/* Even lanes a cos - b sin, odd lanes a sin + b cos. */
KERN_INLINE vec v_turned(vec v, vec t)
{
    const uint32x4_t minus = vreinterpretq_u32_u64(vdupq_n_u64(0x80000000)); /* in even lanes */
    uint32x4_t bsc = vreinterpretq_u32_f32(vmulq_f32(vtrn2q_f32(v, v), vrev64q_f32(t)));
    return vfmaq_f32(vreinterpretq_f32_u32(veorq_u32(bsc, minus)), vtrn1q_f32(v, v), t);
}

#include "rope.h"
