/* Sixteen lanes at a time: the curves of c/math.c and the tree of sum16, operation by operation. */
#ifndef KERN_AVX512_H
#define KERN_AVX512_H

#include <immintrin.h>
#include <stddef.h>

#include "curve.h"

#define LEVEL(name) kern_##name##_avx512

typedef __m512 vec;
enum { LANES = 16 };

#include "vec.h"

#define v_zero _mm512_setzero_ps
#define v_set1 _mm512_set1_ps
#define v_add _mm512_add_ps
#define v_mul _mm512_mul_ps
#define v_div _mm512_div_ps
#define v_fma _mm512_fmadd_ps
#define v_pin(v) (void)(v)

/* The lanes of a tail of n < 16. */
KERN_INLINE __mmask16 mask16(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

/* The lanes that a block of 16 beginning at i has of n. */
KERN_INLINE __mmask16 mask_at(size_t i, size_t n)
{
    return n - i >= 16 ? (__mmask16)0xffff : mask16(n - i);
}

/* n floats (all sixteen for n > 16), zeros behind them. */
KERN_INLINE __m512 v_load(const float *p, size_t n)
{
    return n >= 16 ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(mask16(n), p);
}

KERN_INLINE void v_store(float *p, size_t n, __m512 v)
{
    if (n >= 16)
        _mm512_storeu_ps(p, v);
    else
        _mm512_mask_storeu_ps(p, mask16(n), v);
}

/* n of sixteen halves, zeros behind them. */
KERN_INLINE __m256i load_halves(const void *p, size_t n)
{
    return n >= 16 ? _mm256_loadu_si256(p) : _mm256_maskz_loadu_epi16(mask16(n), p);
}

KERN_INLINE __m512 v_load_h(const void *p, size_t n)
{
    return _mm512_cvtph_ps(load_halves(p, n));
}

KERN_INLINE __m512 v_load_b(const void *p, size_t n)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load_halves(p, n)), 16));
}

/* exp for x <= HI or NaN. */
KERN_INLINE __m512 exp_low_x16(__m512 x)
{
    const __m512 magic = _mm512_set1_ps(CURVE_MAGIC);
    __m512 t = _mm512_fmadd_ps(x, _mm512_set1_ps(CURVE_LOG2E), magic);
    __m512 n = _mm512_sub_ps(t, magic);
    __m512 r = _mm512_fmadd_ps(n, _mm512_set1_ps(-CURVE_LN2_HI), x);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(-CURVE_LN2_LO), r);
    __m512 q = _mm512_fmadd_ps(_mm512_set1_ps(CURVE_E4), r, _mm512_set1_ps(CURVE_E3));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(CURVE_E2));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(CURVE_E1));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(CURVE_E0));
    __m512 e = _mm512_add_ps(_mm512_set1_ps(1.0f), _mm512_fmadd_ps(q, _mm512_mul_ps(r, r), r));
    __mmask16 keep = _mm512_cmp_ps_mask(x, _mm512_set1_ps(CURVE_EXP_LO), _CMP_NLT_UQ);
    return _mm512_maskz_scalef_ps(keep, e, n);
}

KERN_INLINE void v_exp_low(__m512 *x, const int n)
{
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
        x[i] = exp_low_x16(x[i]);
}

KERN_INLINE __m512 v_exp(__m512 x)
{
    __mmask16 over = _mm512_cmp_ps_mask(x, _mm512_set1_ps(CURVE_EXP_HI), _CMP_NLE_UQ); /* or NaN */
    return _mm512_mask_add_ps(exp_low_x16(x), over, x, _mm512_castsi512_ps(_mm512_set1_epi32(0x7f800000)));
}

KERN_INLINE __m512 neg_x16(__m512 x)
{
    return _mm512_xor_ps(x, _mm512_set1_ps(-0.0f));
}

KERN_INLINE __m512 v_silu(__m512 x)
{
    __m512 c = _mm512_max_ps(_mm512_set1_ps(CURVE_SILU_LO), x); /* the second operand if either is NaN */
    return _mm512_div_ps(c, _mm512_add_ps(_mm512_set1_ps(1.0f), v_exp(neg_x16(c))));
}

KERN_INLINE __m512 v_softplus(__m512 x)
{
    __m512 t = exp_low_x16(_mm512_or_ps(x, _mm512_set1_ps(-0.0f)));
    __m512 s = _mm512_div_ps(t, _mm512_add_ps(_mm512_set1_ps(2.0f), t));
    __m512 z = _mm512_mul_ps(s, s), s2 = _mm512_add_ps(s, s);
    __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(CURVE_L4), z, _mm512_set1_ps(CURVE_L3));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(CURVE_L2));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(CURVE_L1));
    p = _mm512_fmadd_ps(p, z, _mm512_set1_ps(CURVE_L0));
    __m512 log1p = _mm512_fmadd_ps(_mm512_mul_ps(s2, z), p, s2);
    return _mm512_add_ps(_mm512_max_ps(x, _mm512_setzero_ps()), log1p); /* max: 0 if x is NaN */
}

#define v_fold(s) (s)[0]

/* The tree of one sum: (i, i+8), (i, i+4), (i, i+2), (i, i+1). */
KERN_INLINE float v_sum(__m512 v)
{
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* One level of four trees at once: lane quarter L of the result holds four lanes of the sum of v[L]. */
KERN_INLINE __m512 tree_quarters(__m512 v0, __m512 v1, __m512 v2, __m512 v3)
{
    __m512 a = _mm512_add_ps(_mm512_shuffle_f32x4(v0, v1, 0x44), _mm512_shuffle_f32x4(v0, v1, 0xee));
    __m512 b = _mm512_add_ps(_mm512_shuffle_f32x4(v2, v3, 0x44), _mm512_shuffle_f32x4(v2, v3, 0xee));
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

KERN_INLINE __m512 tree_pairs(__m512 a, __m512 b)
{
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
}

/* The last two levels of sixteen trees: q[m] holds sums 4 L + m in its quarters L; lane j of the result is sum j. */
KERN_INLINE __m512 tree_close(const __m512 *q)
{
    __m512 a = tree_pairs(q[0], q[1]), b = tree_pairs(q[2], q[3]);
    return _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x88), _mm512_shuffle_ps(a, b, 0xdd));
}

/* Sixteen trees: lane j of the result is the sum of v[j]. */
KERN_INLINE __m512 v_turn(const __m512 *v)
{
    __m512 q[4];
#pragma GCC unroll 4
    for (int m = 0; m < 4; m++)
        q[m] = tree_quarters(v[m], v[m + 4], v[m + 8], v[m + 12]);
    return tree_close(q);
}

/* Eight trees: lane j of the result is the sum of v[j]. */
KERN_INLINE __m256 tree_8x16(const __m512 *v)
{
    __m512 a = tree_pairs(tree_quarters(v[0], v[2], v[4], v[6]), tree_quarters(v[1], v[3], v[5], v[7]));
    a = _mm512_add_ps(a, _mm512_movehdup_ps(a)); /* the sums stand in lanes 0 and 2 of each quarter */
    return _mm512_castps512_ps256(_mm512_castsi512_ps(_mm512_permutexvar_epi32(
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0), _mm512_castps_si512(a))));
}

#endif
