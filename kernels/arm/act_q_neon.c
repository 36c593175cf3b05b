/* Activation rows to 8 bits: kernels/c/quant.c, operation by operation. */
#include "impl.h"
#include "layout.h"

#include <arm_neon.h>
#include <math.h>
#include <string.h>

static const float f16_max = 65504.0f, f32_max = 0x1.fffffep127f;

static float round_f16(float x)
{
    x = x > f16_max ? f16_max : x < -f16_max ? -f16_max : x;
    return vgetq_lane_f32(vcvt_f32_f16(vcvt_f16_f32(vdupq_n_f32(x))), 0);
}

/* The largest magnitude of n elements, a multiple of 8. */
static float largest(const float *x, size_t n)
{
    float32x4_t a = vdupq_n_f32(0), b = a;
    for (size_t i = 0; i < n; i += 8) {
        a = vmaxq_f32(a, vabsq_f32(vld1q_f32(x + i)));
        b = vmaxq_f32(b, vabsq_f32(vld1q_f32(x + i + 4)));
    }
    return vmaxvq_f32(vmaxq_f32(a, b));
}

/* 16 codes of x * scale to out; gives their sum. */
static int put_codes(const float *x, float scale, int8_t *out)
{
    int32x4_t a = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x), scale));
    int32x4_t b = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4), scale));
    int32x4_t c = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 8), scale));
    int32x4_t d = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 12), scale));
    int16x8_t ab = vqmovn_high_s32(vqmovn_s32(a), b), cd = vqmovn_high_s32(vqmovn_s32(c), d);
    int8x16_t q = vqmovn_high_s16(vqmovn_s16(ab), cd);
    vst1q_s8(out, q);
    return vaddlvq_s8(q);
}

void kern_act_q8_neon(const float *x, size_t n, void *out)
{
    size_t nb = n / Q_BLOCK;
    int8_t *code = out;
    float *d_out = (float *)((uint8_t *)out + n), *s_out = d_out + nb;
    int32_t *off = (int32_t *)(s_out + nb);
    for (size_t b = 0; b < nb; b++, x += Q_BLOCK, code += Q_BLOCK) {
        float d = largest(x, Q_BLOCK) / 127.0f, id = 1.0f / d;
        if (!(id <= f32_max))
            d = id = 0;
        int sum = put_codes(x, id, code) + put_codes(x + 16, id, code + 16);
        d_out[b] = round_f16(d);
        s_out[b] = round_f16(d * (float)sum);
        off[b] = -128 * sum;
    }
    uint8_t *end = (uint8_t *)(off + nb);
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8, n) - end));
}

/* The first element of the largest magnitude, with its sign. */
static float first_largest(const float *x)
{
    float amax = largest(x, QK_BLOCK);
    for (size_t i = 0; i < QK_BLOCK; i += 4)
        if (vmaxvq_u32(vceqq_f32(vabsq_f32(vld1q_f32(x + i)), vdupq_n_f32(amax))))
            for (size_t j = i; j < i + 4; j++)
                if (fabsf(x[j]) == amax)
                    return x[j];
    return 0;
}

void kern_act_q8k_neon(const float *x, size_t n, void *out)
{
    size_t nb = n / QK_BLOCK;
    int8_t *code = out;
    float *d = (float *)((uint8_t *)out + n);
    int16_t *sum16 = (int16_t *)(d + nb), *sum32 = sum16 + 16 * nb;
    uint8_t *end = (uint8_t *)(sum32 + 8 * nb);
    for (size_t b = 0; b < nb; b++, x += QK_BLOCK, code += QK_BLOCK, sum16 += 16, sum32 += 8) {
        float iscale = -127.0f / first_largest(x);
        bool finite = fabsf(iscale) <= f32_max;
        d[b] = finite ? 1.0f / iscale : 0;
        for (size_t j = 0; j < 16; j++)
            sum16[j] = (int16_t)put_codes(x + 16 * j, finite ? iscale : 0, code + 16 * j);
        for (size_t j = 0; j < 8; j++)
            sum32[j] = (int16_t)(sum16[2 * j] + sum16[2 * j + 1]);
    }
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8K, n) - end));
}
