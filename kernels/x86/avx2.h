/* Eight lanes at a time: the curves of c/math.c and the tree of sum16, operation by operation. The sixteen lanes of a
 * sum are two registers; the first level of its tree adds them. */
#ifndef KERN_AVX2_H
#define KERN_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "curve.h"

#define LEVEL(name) kern_##name##_avx2

typedef __m256 vec;
enum { LANES = 8 };

#include "vec.h"

#define v_zero _mm256_setzero_ps
#define v_set1 _mm256_set1_ps
#define v_add _mm256_add_ps
#define v_mul _mm256_mul_ps
#define v_div _mm256_div_ps
#define v_fma _mm256_fmadd_ps
#define v_pin(v) __asm__("" : "+x"(v))

/* The first n of eight lanes (all of them for n > 8). */
KERN_INLINE __m256i mask8(size_t n)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n > 8 ? 8 : (int)n), lane);
}

/* n floats (all eight for n > 8), zeros behind them. */
KERN_INLINE __m256 v_load(const float *p, size_t n)
{
    return n >= 8 ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, mask8(n));
}

KERN_INLINE void v_store(float *p, size_t n, __m256 v)
{
    if (n >= 8)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, mask8(n), v);
}

/* n 16-bit values (all eight for n > 8), zeros behind them. */
KERN_INLINE __m128i load_h8(const void *p, size_t n)
{
    uint16_t part[8] = { 0 };
    if (n >= 8)
        return _mm_loadu_si128(p);
    memcpy(part, p, 2 * n);
    return _mm_loadu_si128((const __m128i *)(const void *)part);
}

KERN_INLINE __m256 v_load_h(const void *p, size_t n)
{
    return _mm256_cvtph_ps(load_h8(p, n));
}

/* The same from bf16. */
KERN_INLINE __m256 v_load_b(const void *p, size_t n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load_h8(p, n)), 16));
}

#define EACH _Pragma("GCC unroll 8") for (int i = 0; i < N; i++)

/* x = exp(x) of N <= 8 registers step by step, so that operations that wait for one another stand apart (the CPU looks
 * only so far ahead). For x <= HI; a NaN need not stay one. */
KERN_INLINE void v_exp_low(__m256 *x, const int N)
{
    const __m256 magic = _mm256_set1_ps(CURVE_MAGIC);
    __m256 t[8], n[8], q[8], keep[8];
    EACH t[i] = _mm256_fmadd_ps(x[i], _mm256_set1_ps(CURVE_LOG2E), magic);
    EACH n[i] = _mm256_sub_ps(t[i], magic);
    EACH keep[i] = _mm256_cmp_ps(x[i], _mm256_set1_ps(CURVE_EXP_LO), _CMP_NLT_UQ);
    EACH x[i] = _mm256_fmadd_ps(n[i], _mm256_set1_ps(-CURVE_LN2_HI), x[i]);
    EACH x[i] = _mm256_fmadd_ps(n[i], _mm256_set1_ps(-CURVE_LN2_LO), x[i]);
    EACH q[i] = _mm256_fmadd_ps(_mm256_set1_ps(CURVE_E4), x[i], _mm256_set1_ps(CURVE_E3));
    EACH q[i] = _mm256_fmadd_ps(q[i], x[i], _mm256_set1_ps(CURVE_E2));
    EACH q[i] = _mm256_fmadd_ps(q[i], x[i], _mm256_set1_ps(CURVE_E1));
    EACH q[i] = _mm256_fmadd_ps(q[i], x[i], _mm256_set1_ps(CURVE_E0));
    EACH q[i] = _mm256_add_ps(_mm256_set1_ps(1.0f), _mm256_fmadd_ps(q[i], _mm256_mul_ps(x[i], x[i]), x[i]));
    EACH { /* the shift drops the bits of the magic number */
        __m256i power = _mm256_slli_epi32(_mm256_castps_si256(t[i]), 23);
        x[i] = _mm256_and_ps(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(q[i]), power)), keep[i]);
    }
}

#undef EACH

KERN_INLINE __m256 v_exp(__m256 x)
{
    __m256 over = _mm256_cmp_ps(x, _mm256_set1_ps(CURVE_EXP_HI), _CMP_NLE_UQ); /* or NaN */
    __m256 high = _mm256_add_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7f800000)));
    v_exp_low(&x, 1);
    return _mm256_blendv_ps(x, high, over);
}

KERN_INLINE __m256 v_silu(__m256 x)
{
    __m256 c = _mm256_max_ps(_mm256_set1_ps(CURVE_SILU_LO), x); /* the second operand if either is NaN */
    __m256 e = v_exp(_mm256_xor_ps(c, _mm256_set1_ps(-0.0f)));
    return _mm256_div_ps(c, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
}

KERN_INLINE __m256 v_softplus(__m256 x)
{
    __m256 t = v_exp(_mm256_or_ps(x, _mm256_set1_ps(-0.0f)));
    __m256 s = _mm256_div_ps(t, _mm256_add_ps(_mm256_set1_ps(2.0f), t));
    __m256 z = _mm256_mul_ps(s, s), s2 = _mm256_add_ps(s, s);
    __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(CURVE_L4), z, _mm256_set1_ps(CURVE_L3));
    p = _mm256_fmadd_ps(p, z, _mm256_set1_ps(CURVE_L2));
    p = _mm256_fmadd_ps(p, z, _mm256_set1_ps(CURVE_L1));
    p = _mm256_fmadd_ps(p, z, _mm256_set1_ps(CURVE_L0));
    __m256 log1p = _mm256_fmadd_ps(_mm256_mul_ps(s2, z), p, s2);
    return _mm256_add_ps(_mm256_max_ps(x, _mm256_setzero_ps()), log1p); /* max: 0 if x is NaN */
}

#define v_fold(s) _mm256_add_ps((s)[0], (s)[1])

/* The tree of one sum after its first level: (i, i+4), (i, i+2), (i, i+1). */
KERN_INLINE float v_sum(__m256 v)
{
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

KERN_INLINE __m256 tree_halves(__m256 a, __m256 b)
{
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

KERN_INLINE __m256 tree_pairs(__m256 a, __m256 b)
{
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee));
}

/* Eight trees after their first level: lane j of the result is the sum of v[j]. */
KERN_INLINE __m256 v_turn(const __m256 *v)
{
    __m256 a = tree_pairs(tree_halves(v[0], v[4]), tree_halves(v[1], v[5]));
    __m256 b = tree_pairs(tree_halves(v[2], v[6]), tree_halves(v[3], v[7]));
    return _mm256_add_ps(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd));
}

#endif
