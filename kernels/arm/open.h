/* Opening a quarter's packed codes to signed bytes, a register for each four elements. */
#ifndef KERN_ARM_OPEN_H
#define KERN_ARM_OPEN_H

#include "arm/dot.h"

/* ---- Blocks of 32 ----------------------------------------------------------------------------------------------- */

/* The eight registers of a block. */
ALWAYS void open_block(enum kern_type type, const struct q_block *w, const int quarter, int8x16_t q[8])
{
    const uint8x16_t low = vdupq_n_u8(15), fifth = vdupq_n_u8(16);
    uint8x16_t u[8];
    if (type == KERN_Q8_0) {
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = vreinterpretq_s8_u8(veorq_u8(load_codes(w->codes, v, quarter), vdupq_n_u8(128)));
        return;
    }
    UNROLL for (int v = 0; v < 4; v++) {
        uint8x16_t c = load_codes(w->codes, v, quarter);
        u[v] = vandq_u8(c, low);
        u[v + 4] = vshrq_n_u8(c, 4);
    }
    if (type == KERN_Q5_0 || type == KERN_Q5_1) {
        uint8x16_t h = load_codes(w->high, 0, quarter);
        UNROLL for (int v = 0; v < 8; v++) /* bit v of each byte to bit 4 */
            u[v] = vorrq_u8(u[v], vandq_u8(vshlq_u8(h, vdupq_n_s8((int8_t)(4 - v))), fifth));
    }
    UNROLL for (int v = 0; v < 8; v++)
        q[v] = vreinterpretq_s8_u8(u[v]);
}

/* Where a sum begins: -16 or -8 times the sum of the activations' codes, or 0; off is -128 times it. */
ALWAYS int32_t first_sum(enum kern_type type, const uint8_t *off)
{
    int32_t o;
    memcpy(&o, off, sizeof o);
    return type == KERN_Q5_0 ? o >> 3 : type == KERN_Q4_0 ? o >> 4 : 0;
}

/* ---- K-quants --------------------------------------------------------------------------------------------------- */

/* Four of sixteen scales, widened. */
ALWAYS int32x4_t scales_u8(const uint8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}

/* Eight registers of 64 of Q4_K's elements: those of the low nibbles or of the high ones. */
ALWAYS void open_q4k(const uint8_t *codes, const bool high, const int quarter, int8x16_t q[8])
{
    UNROLL for (int v = 0; v < 8; v++) {
        uint8x16_t c = load_codes(codes, v, quarter);
        q[v] = vreinterpretq_s8_u8(high ? vshrq_n_u8(c, 4) : vandq_u8(c, vdupq_n_u8(15)));
    }
}

/* Four registers of codes of part g of a unit: low nibbles or, from g = 2, high ones, and two bits: 32 too large. */
ALWAYS void open_q6k(const uint8_t *unit, const int g, const int quarter, int8x16_t q[4])
{
    const uint8x16_t low = vdupq_n_u8(15), two = vdupq_n_u8(48);
    UNROLL for (int v = 0; v < 4; v++) {
        uint8x16_t lo = load_codes(unit, 4 + 4 * (g & 1) + v, quarter), hi = load_codes(unit, v, quarter);
        lo = g < 2 ? vandq_u8(lo, low) : vshrq_n_u8(lo, 4);
        hi = g == 0 ? vshlq_n_u8(hi, 4) : g == 1 ? vshlq_n_u8(hi, 2) : g == 2 ? hi : vshrq_n_u8(hi, 2);
        q[v] = vreinterpretq_s8_u8(vorrq_u8(lo, vandq_u8(hi, two)));
    }
}

#endif
