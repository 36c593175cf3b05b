/* Activation rows to 8 bits by AVX2: kernels/c/quant.c, operation by operation. */
#include "impl.h"
#include "layout.h"

#include <immintrin.h>
#include <string.h>

static const float f16_max = 65504.0f, f32_max = 0x1.fffffep127f;

static float round_f16(float x)
{
    x = x > f16_max ? f16_max : x < -f16_max ? -f16_max : x;
    return _cvtsh_ss(_cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT));
}

static __m256 abs_at(const float *x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), _mm256_loadu_ps(x));
}

static float largest(__m256 m)
{
    __m128 h = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_max_ss(h, _mm_shuffle_ps(h, h, 1)));
}

/* 16 codes of x * scale to out; gives their sum. */
static int put_codes(const float *x, __m256 scale, int8_t *out)
{
    __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), scale));
    __m256i b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8), scale));
    __m256i w = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
    __m128i q = _mm_packs_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
    _mm_storeu_si128((__m128i *)out, q);
    __m256i s = _mm256_add_epi32(a, b);
    __m128i h = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
    h = _mm_add_epi32(h, _mm_shuffle_epi32(h, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(h, _mm_shuffle_epi32(h, 0xb1)));
}

void kern_act_q8_avx2(const float *x, size_t n, void *out)
{
    size_t nb = n / Q_BLOCK;
    int8_t *code = out;
    float *d_out = (float *)((uint8_t *)out + n), *s_out = d_out + nb;
    int32_t *off = (int32_t *)(s_out + nb);
    for (size_t b = 0; b < nb; b++, x += Q_BLOCK, code += Q_BLOCK) {
        __m256 m = _mm256_max_ps(_mm256_max_ps(abs_at(x), abs_at(x + 8)), _mm256_max_ps(abs_at(x + 16), abs_at(x + 24)));
        float d = largest(m) / 127.0f, id = 1.0f / d;
        if (!(id <= f32_max))
            d = id = 0;
        __m256 scale = _mm256_set1_ps(id);
        int sum = put_codes(x, scale, code) + put_codes(x + 16, scale, code + 16);
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
    __m256 m = abs_at(x);
    for (size_t i = 8; i < QK_BLOCK; i += 8)
        m = _mm256_max_ps(m, abs_at(x + i));
    __m256 amax = _mm256_set1_ps(largest(m));
    for (size_t i = 0; i < QK_BLOCK; i += 8) {
        unsigned at = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(abs_at(x + i), amax, _CMP_EQ_OQ));
        if (at)
            return x[i + (unsigned)__builtin_ctz(at)];
    }
    return 0;
}

void kern_act_q8k_avx2(const float *x, size_t n, void *out)
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
        __m256 scale = _mm256_set1_ps(finite ? iscale : 0);
        for (size_t j = 0; j < 16; j++)
            sum16[j] = (int16_t)put_codes(x + 16 * j, scale, code + 16 * j);
        for (size_t j = 0; j < 8; j++)
            sum32[j] = (int16_t)(sum16[2 * j] + sum16[2 * j + 1]);
    }
    memset(end, 0, (size_t)((uint8_t *)out + kern_act_size(KERN_ACT_Q8K, n) - end));
}
