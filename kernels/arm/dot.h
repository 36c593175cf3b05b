/* What the products of quantised weights share. Four rows of a group are one register (a quarter), sdot takes four
 * codes of each with four activations, which it picks itself out of a register of sixteen. */
#ifndef KERN_ARM_DOT_H
#define KERN_ARM_DOT_H

#include "tile.h"

#include <arm_neon.h>
#include <string.h>

/* From here on memory is read again: gcc would keep a tile's activations in registers that it does not have. */
ALWAYS void forget(void)
{
    __asm__ volatile("" : : : "memory");
}

/* Register `quarter` of vector v of codes. */
ALWAYS uint8x16_t load_codes(const uint8_t *codes, int v, int quarter)
{
    return vld1q_u8(codes + v * Q_VEC + 16 * quarter);
}

/* Four f16 scales of a quarter. */
ALWAYS float32x4_t load_scales(const uint8_t *p, int quarter)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p + 8 * quarter)));
}

ALWAYS float load_float(const uint8_t *p)
{
    float x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* sum += four registers of codes, k = 0 to 15 of four rows, times the sixteen activations at x. */
ALWAYS int32x4_t dot_16(int32x4_t sum, const int8x16_t q[4], const uint8_t *x)
{
    int8x16_t v = vld1q_s8((const int8_t *)x);
    sum = vdotq_laneq_s32(sum, q[0], v, 0);
    sum = vdotq_laneq_s32(sum, q[1], v, 1);
    sum = vdotq_laneq_s32(sum, q[2], v, 2);
    return vdotq_laneq_s32(sum, q[3], v, 3);
}

/* acc = fma(d d_x, (float)sum, acc) */
ALWAYS float32x4_t add_scaled(float32x4_t acc, float32x4_t d, float d_x, int32x4_t sum)
{
    return vfmaq_f32(acc, vmulq_n_f32(d, d_x), vcvtq_f32_s32(sum));
}

/* The rows of a quarter that exist, to y of the tile's token. */
ALWAYS void store_quarter(const struct tile *t, int token, int quarter, float32x4_t acc)
{
    float *y = t->y + (size_t)token * t->y_stride + 4 * quarter, part[4];
    int left = (int)t->n_rows - 4 * quarter;
    if (left >= 4) {
        vst1q_f32(y, acc);
        return;
    }
    vst1q_f32(part, acc);
    for (int i = 0; i < left; i++)
        y[i] = part[i];
}

#endif
