/* Activation rows to 8 bits by AVX-512: kernels/c/quant.c, operation by operation. */
#include "impl.h"
#include "layout.h"

#include <immintrin.h>
#include <string.h>

static const float f16_max = 65504.0f, f32_max = 0x1.fffffep127f;

/* x rounded to f16, saturating. */
static __m512 round_f16(__m512 x)
{
    x = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(f16_max)), _mm512_set1_ps(-f16_max));
    return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}

/* 16 codes of x * scale to out; gives them as 32 bits. */
static __m512i put_codes(const float *x, __m512 scale, int8_t *out)
{
    __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), scale));
    _mm_storeu_si128((__m128i *)out, _mm512_cvtsepi32_epi8(q));
    return q;
}

static __m512 abs_at(const float *x)
{
    return _mm512_abs_ps(_mm512_loadu_ps(x));
}

/* Up to 16 blocks at a time, so that the two divisions of each are taken side by side. */
void kern_act_q8_avx512(const float *x, size_t n, void *out)
{
    size_t nb = n / Q_BLOCK;
    int8_t *code = out;
    float *d_out = (float *)((uint8_t *)out + n), *s_out = d_out + nb;
    int32_t *off = (int32_t *)(s_out + nb);
    for (size_t b0 = 0; b0 < nb; b0 += 16) {
        size_t k = nb - b0 < 16 ? nb - b0 : 16;
        __mmask16 some = (__mmask16)((1u << k) - 1);
        float amax[16] = { 0 }, id[16];
        int32_t sum[16] = { 0 };
        for (size_t b = 0; b < k; b++) {
            const float *v = x + (b0 + b) * Q_BLOCK;
            amax[b] = _mm512_reduce_max_ps(_mm512_max_ps(abs_at(v), abs_at(v + 16)));
        }
        __m512 d = _mm512_div_ps(_mm512_loadu_ps(amax), _mm512_set1_ps(127.0f));
        __m512 r = _mm512_div_ps(_mm512_set1_ps(1.0f), d);
        __mmask16 finite = _mm512_cmp_ps_mask(r, _mm512_set1_ps(f32_max), _CMP_LE_OQ);
        d = _mm512_maskz_mov_ps(finite, d);
        _mm512_storeu_ps(id, _mm512_maskz_mov_ps(finite, r));
        for (size_t b = 0; b < k; b++) {
            const float *v = x + (b0 + b) * Q_BLOCK;
            int8_t *c = code + (b0 + b) * Q_BLOCK;
            __m512 scale = _mm512_set1_ps(id[b]);
            sum[b] = _mm512_reduce_add_epi32(_mm512_add_epi32(put_codes(v, scale, c), put_codes(v + 16, scale, c + 16)));
        }
        __m512i total = _mm512_loadu_si512(sum);
        _mm512_mask_storeu_ps(d_out + b0, some, round_f16(d));
        _mm512_mask_storeu_ps(s_out + b0, some, round_f16(_mm512_mul_ps(d, _mm512_cvtepi32_ps(total))));
        _mm512_mask_storeu_epi32(off + b0, some, _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(total, 7)));
    }
    uint8_t *end = (uint8_t *)(off + nb);
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8, n) - end));
}

/* The first element of the largest magnitude, with its sign. */
static float first_largest(const float *x)
{
    __m512 m = abs_at(x);
    for (size_t i = 16; i < QK_BLOCK; i += 16)
        m = _mm512_max_ps(m, abs_at(x + i));
    __m512 amax = _mm512_set1_ps(_mm512_reduce_max_ps(m));
    for (size_t i = 0; i < QK_BLOCK; i += 16) {
        unsigned at = _mm512_cmp_ps_mask(abs_at(x + i), amax, _CMP_EQ_OQ);
        if (at)
            return x[i + (unsigned)__builtin_ctz(at)];
    }
    return 0;
}

void kern_act_q8k_avx512(const float *x, size_t n, void *out)
{
    size_t nb = n / QK_BLOCK;
    int8_t *code = out;
    float *d = (float *)((uint8_t *)out + n);
    int16_t *sum16 = (int16_t *)(d + nb), *sum32 = sum16 + 16 * nb;
    uint8_t *end = (uint8_t *)(sum32 + 8 * nb);
    for (size_t b = 0; b < nb; b++, x += QK_BLOCK, code += QK_BLOCK, sum16 += 16, sum32 += 8) {
        float iscale = -127.0f / first_largest(x);
        bool finite = __builtin_fabsf(iscale) <= f32_max;
        d[b] = finite ? 1.0f / iscale : 0;
        __m512 scale = _mm512_set1_ps(finite ? iscale : 0);
        for (size_t j = 0; j < 16; j++)
            sum16[j] = (int16_t)_mm512_reduce_add_epi32(put_codes(x + 16 * j, scale, code + 16 * j));
        for (size_t j = 0; j < 8; j++)
            sum32[j] = (int16_t)(sum16[2 * j] + sum16[2 * j + 1]);
    }
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8K, n) - end));
}
