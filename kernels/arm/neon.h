/* Four lanes at a time: the curves of c/math.c and the tree of sum16, operation by operation. The sixteen lanes of a
 * sum are four registers; the first two levels of its tree add them. */
#ifndef KERN_NEON_H
#define KERN_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "curve.h"

#define LEVEL(name) kern_##name##_neon

typedef float32x4_t vec;
enum { LANES = 4 };

#include "vec.h"

#define v_zero() vdupq_n_f32(0)
#define v_set1 vdupq_n_f32
#define v_add vaddq_f32
#define v_mul vmulq_f32
#define v_div vdivq_f32
#define v_fma(a, b, c) vfmaq_f32(c, a, b)
#define v_pin(v) (void)(v)

/* n floats (all four for n > 4), zeros behind them. */
KERN_INLINE float32x4_t v_load(const float *p, size_t n)
{
    float part[4] = { 0 };
    if (n >= 4)
        return vld1q_f32(p);
    memcpy(part, p, n * sizeof *p);
    return vld1q_f32(part);
}

KERN_INLINE void v_store(float *p, size_t n, float32x4_t v)
{
    float part[4];
    if (n >= 4) {
        vst1q_f32(p, v);
        return;
    }
    vst1q_f32(part, v);
    memcpy(p, part, n * sizeof *p);
}

/* n 16-bit values (all four for n > 4), zeros behind them. */
KERN_INLINE uint16x4_t load_h4(const void *p, size_t n)
{
    uint16_t part[4] = { 0 };
    memcpy(part, p, n >= 4 ? 8 : 2 * n);
    return vld1_u16(part);
}

KERN_INLINE float32x4_t f16_x4(uint16x4_t h)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(h));
}

KERN_INLINE float32x4_t v_load_h(const void *p, size_t n)
{
    return f16_x4(load_h4(p, n));
}

/* The same from bf16. */
KERN_INLINE float32x4_t v_load_b(const void *p, size_t n)
{
    return vreinterpretq_f32_u32(vshll_n_u16(load_h4(p, n), 16));
}

KERN_INLINE float32x4_t v_exp(float32x4_t x)
{
    const float32x4_t magic = vdupq_n_f32(CURVE_MAGIC), inf = vreinterpretq_f32_u32(vdupq_n_u32(0x7f800000));
    float32x4_t t = vfmaq_f32(magic, x, vdupq_n_f32(CURVE_LOG2E));
    float32x4_t n = vsubq_f32(t, magic);
    float32x4_t r = vfmaq_f32(x, n, vdupq_n_f32(-CURVE_LN2_HI));
    r = vfmaq_f32(r, n, vdupq_n_f32(-CURVE_LN2_LO));
    float32x4_t q = vfmaq_f32(vdupq_n_f32(CURVE_E3), vdupq_n_f32(CURVE_E4), r);
    q = vfmaq_f32(vdupq_n_f32(CURVE_E2), q, r);
    q = vfmaq_f32(vdupq_n_f32(CURVE_E1), q, r);
    q = vfmaq_f32(vdupq_n_f32(CURVE_E0), q, r);
    float32x4_t e = vaddq_f32(vdupq_n_f32(1.0f), vfmaq_f32(r, q, vmulq_f32(r, r)));
    /* the shift drops the bits of the magic number */
    uint32x4_t bits = vaddq_u32(vreinterpretq_u32_f32(e), vshlq_n_u32(vreinterpretq_u32_f32(t), 23));
    bits = vbicq_u32(bits, vcltq_f32(x, vdupq_n_f32(CURVE_EXP_LO)));
    uint32x4_t fits = vcleq_f32(x, vdupq_n_f32(CURVE_EXP_HI));
    return vbslq_f32(fits, vreinterpretq_f32_u32(bits), vaddq_f32(x, inf));
}

KERN_INLINE void v_exp_low(float32x4_t *x, const int n)
{
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
        x[i] = v_exp(x[i]);
}

KERN_INLINE float32x4_t v_silu(float32x4_t x)
{
    const float32x4_t low = vdupq_n_f32(CURVE_SILU_LO);
    float32x4_t c = vbslq_f32(vcltq_f32(x, low), low, x);
    return vdivq_f32(c, vaddq_f32(vdupq_n_f32(1.0f), v_exp(vnegq_f32(c))));
}

KERN_INLINE float32x4_t v_softplus(float32x4_t x)
{
    float32x4_t t = v_exp(vnegq_f32(vabsq_f32(x)));
    float32x4_t s = vdivq_f32(t, vaddq_f32(vdupq_n_f32(2.0f), t));
    float32x4_t z = vmulq_f32(s, s), s2 = vaddq_f32(s, s);
    float32x4_t p = vfmaq_f32(vdupq_n_f32(CURVE_L3), vdupq_n_f32(CURVE_L4), z);
    p = vfmaq_f32(vdupq_n_f32(CURVE_L2), p, z);
    p = vfmaq_f32(vdupq_n_f32(CURVE_L1), p, z);
    p = vfmaq_f32(vdupq_n_f32(CURVE_L0), p, z);
    float32x4_t log1p = vfmaq_f32(s2, vmulq_f32(s2, z), p);
    uint32x4_t over = vandq_u32(vreinterpretq_u32_f32(x), vcgtzq_f32(x)); /* max(x, 0), 0 if x is NaN */
    return vaddq_f32(vreinterpretq_f32_u32(over), log1p);
}

/* The first two levels of the tree, (i, i+8) and (i, i+4), of the sum whose lanes are s[0] to s[3]. */
KERN_INLINE float32x4_t v_fold(const float32x4_t *s)
{
    return vaddq_f32(vaddq_f32(s[0], s[2]), vaddq_f32(s[1], s[3]));
}

KERN_INLINE float32x4_t tree_pairs(float32x4_t a, float32x4_t b)
{
    float64x2_t x = vreinterpretq_f64_f32(a), y = vreinterpretq_f64_f32(b);
    return vaddq_f32(vreinterpretq_f32_f64(vzip1q_f64(x, y)), vreinterpretq_f32_f64(vzip2q_f64(x, y)));
}

/* Its other two levels, (i, i+2) and (i, i+1), for four trees: lane j of the result is the sum of v[j]. */
KERN_INLINE float32x4_t v_turn(const float32x4_t *v)
{
    return vpaddq_f32(tree_pairs(v[0], v[1]), tree_pairs(v[2], v[3]));
}

KERN_INLINE float v_sum(float32x4_t v)
{
    float32x2_t b = vadd_f32(vget_low_f32(v), vget_high_f32(v));
    return vpadds_f32(b);
}

#endif
