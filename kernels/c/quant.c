/* Activation rows to 8-bit blocks (layout.h), as llama.cpp does it, made definite:
 *   Q8   d = max|x| / 127, code = x (1/d) rounded half to even, with d in f32; kept are d and s = d sum(code), both
 *        rounded to f16, saturating at 65504
 *   Q8K  iscale = -127 / m, m the first element of the largest magnitude; code = min(127, round(iscale x)),
 *        d = 1 / iscale, kept in f32
 * A block whose 1/d or iscale is not finite (all zeros, or below 3.8e-37) is all zeros. Infinite or NaN elements give
 * unspecified codes and scales, without a trap. */
#include "impl.h"
#include "layout.h"

#include <math.h>
#include <string.h>

#define F16_MAX 65504.0f
/* Adding 1.5 * 2^23 rounds to an integer, half to even, in the low bits. */
#define ROUND_MAGIC 0x1.8p23f

static int8_t round_code(float x)
{
    float r = x + ROUND_MAGIC;
    uint32_t u;
    memcpy(&u, &r, 4);
    return (int8_t)(uint8_t)u;
}

static float round_f16(float x)
{
    x = x > F16_MAX ? F16_MAX : x < -F16_MAX ? -F16_MAX : x;
    return kern_f16_to_f32(kern_f32_to_f16(x));
}

size_t kern_act_size(enum kern_act act, size_t cols)
{
    switch (act) {
    case KERN_ACT_Q8: return q_round64(cols + cols / Q_BLOCK * 12);
    case KERN_ACT_Q8K: return q_round64(cols + cols / QK_BLOCK * 52);
    default: return cols * sizeof(float);
    }
}

void kern_act_q8_c(const float *x, size_t n, void *out)
{
    size_t nb = n / Q_BLOCK;
    int8_t *code = out;
    float *d_out = (float *)((uint8_t *)out + n), *s_out = d_out + nb;
    int32_t *off = (int32_t *)(s_out + nb);
    for (size_t b = 0; b < nb; b++, x += Q_BLOCK, code += Q_BLOCK) {
        float amax = 0;
        for (size_t i = 0; i < Q_BLOCK; i++)
            amax = fabsf(x[i]) > amax ? fabsf(x[i]) : amax;
        float d = amax / 127.0f, id = 1.0f / d;
        if (!(id <= 0x1.fffffep127f))
            d = id = 0;
        int32_t sum = 0;
        for (size_t i = 0; i < Q_BLOCK; i++) {
            code[i] = round_code(x[i] * id);
            sum += code[i];
        }
        d_out[b] = round_f16(d);
        s_out[b] = round_f16(d * (float)sum);
        off[b] = -128 * sum;
    }
    uint8_t *end = (uint8_t *)(off + nb);
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8, n) - end));
}

static float first_largest(const float *x)
{
    float amax = 0, max = 0;
    for (size_t i = 0; i < QK_BLOCK; i++)
        if (fabsf(x[i]) > amax) {
            amax = fabsf(x[i]);
            max = x[i];
        }
    return max;
}

void kern_act_q8k_c(const float *x, size_t n, void *out)
{
    size_t nb = n / QK_BLOCK;
    int8_t *code = out;
    float *d = (float *)((uint8_t *)out + n);
    int16_t *sum16 = (int16_t *)(d + nb), *sum32 = sum16 + 16 * nb;
    uint8_t *end = (uint8_t *)(sum32 + 8 * nb);
    for (size_t b = 0; b < nb; b++, x += QK_BLOCK, code += QK_BLOCK, sum16 += 16, sum32 += 8) {
        float iscale = -127.0f / first_largest(x);
        bool zero = !(fabsf(iscale) <= 0x1.fffffep127f);
        d[b] = zero ? 0 : 1.0f / iscale;
        for (size_t i = 0; i < QK_BLOCK; i++)
            code[i] = zero ? 0 : round_code(iscale * x[i]); /* never above 127: |iscale x| < 127.5 */
        for (size_t j = 0; j < 16; j++) {
            int sum = 0;
            for (size_t i = 0; i < 16; i++)
                sum += code[16 * j + i];
            sum16[j] = (int16_t)sum;
        }
        for (size_t j = 0; j < 8; j++)
            sum32[j] = (int16_t)(sum16[2 * j] + sum16[2 * j + 1]);
    }
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8K, n) - end));
}
