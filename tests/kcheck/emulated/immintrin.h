/* AVX-512 on CPUs without it: the intrinsics of the kernels' 512-bit files (kernels/x86) written in terms of AVX2 and
 * plain C, as Intel's guide defines them. This folder stands in front of the compiler's own headers when
 * tests/kcheck/avx512.sh builds kcheck. It is about bits; its speed says nothing. */
#ifndef EMULATED_IMMINTRIN_H
#define EMULATED_IMMINTRIN_H

#include_next <immintrin.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EMU static inline __attribute__((always_inline, unused))

typedef float emu_f32 __attribute__((vector_size(64)));
typedef int32_t emu_i32 __attribute__((vector_size(64)));
typedef uint32_t emu_u32 __attribute__((vector_size(64)));
typedef uint16_t emu_mask;

/* The compiler's header has names of its own for these; they need AVX-512 and are not used. */
#define __m512 emu_f32
#define __m512i emu_i32
#define __mmask16 emu_mask
#define __mmask64 uint64_t

EMU emu_f32 emu_as_f32(emu_i32 v) { return (emu_f32)v; }
EMU emu_i32 emu_as_i32(emu_f32 v) { return (emu_i32)v; }

EMU emu_f32 emu_join(__m256 lo, __m256 hi)
{
    emu_f32 v;
    memcpy(&v, &lo, 32);
    memcpy((char *)&v + 32, &hi, 32);
    return v;
}

EMU __m256 emu_half(emu_f32 v, int i)
{
    __m256 h;
    memcpy(&h, (const char *)&v + 32 * i, 32);
    return h;
}

#define EMU_HALVES1(name, op) \
    EMU emu_f32 name(emu_f32 a) { return emu_join(op(emu_half(a, 0)), op(emu_half(a, 1))); }
#define EMU_HALVES2(name, op) \
    EMU emu_f32 name(emu_f32 a, emu_f32 b) { return emu_join(op(emu_half(a, 0), emu_half(b, 0)), op(emu_half(a, 1), emu_half(b, 1))); }
#define EMU_HALVES3(name, op)                                                                   \
    EMU emu_f32 name(emu_f32 a, emu_f32 b, emu_f32 c)                                            \
    {                                                                                           \
        return emu_join(op(emu_half(a, 0), emu_half(b, 0), emu_half(c, 0)),                      \
                        op(emu_half(a, 1), emu_half(b, 1), emu_half(c, 1)));                     \
    }

EMU_HALVES2(emu_add, _mm256_add_ps)
EMU_HALVES2(emu_sub, _mm256_sub_ps)
EMU_HALVES2(emu_mul, _mm256_mul_ps)
EMU_HALVES2(emu_div, _mm256_div_ps)
EMU_HALVES2(emu_max, _mm256_max_ps)
EMU_HALVES2(emu_min, _mm256_min_ps)
EMU_HALVES2(emu_or, _mm256_or_ps)
EMU_HALVES2(emu_xor, _mm256_xor_ps)
EMU_HALVES3(emu_fmadd, _mm256_fmadd_ps)
EMU_HALVES3(emu_fmsub, _mm256_fmsub_ps)
EMU_HALVES3(emu_fmaddsub, _mm256_fmaddsub_ps)
EMU_HALVES1(emu_movehdup, _mm256_movehdup_ps)
EMU_HALVES1(emu_moveldup, _mm256_moveldup_ps)

EMU emu_f32 emu_set1(float x) { return emu_join(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
EMU emu_i32 emu_set1_i32(int32_t x) { return emu_as_i32(emu_join(_mm256_castsi256_ps(_mm256_set1_epi32(x)), _mm256_castsi256_ps(_mm256_set1_epi32(x)))); }

/* ---- Memory: a lane whose bit is clear is not touched ---- */

EMU emu_f32 emu_load(const void *p) { emu_f32 v; memcpy(&v, p, 64); return v; }
EMU void emu_store(void *p, emu_f32 v) { memcpy(p, &v, 64); }

EMU emu_f32 emu_mask_load(emu_f32 v, emu_mask m, const void *p)
{
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            memcpy((char *)&v + 4 * i, (const char *)p + 4 * i, 4);
    return v;
}

EMU void emu_mask_store(void *p, emu_mask m, emu_f32 v)
{
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            memcpy((char *)p + 4 * i, (const char *)&v + 4 * i, 4);
}

EMU __m256i emu_maskz_load16(emu_mask m, const void *p)
{
    __m256i v = _mm256_setzero_si256();
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            memcpy((char *)&v + 2 * i, (const char *)p + 2 * i, 2);
    return v;
}

/* ---- By lane ---- */

EMU emu_f32 emu_mask_mov(emu_f32 src, emu_mask m, emu_f32 v)
{
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            src[i] = v[i];
    return src;
}

EMU emu_mask emu_cmp_mask(emu_f32 a, emu_f32 b, int op)
{
    emu_mask m = 0;
    for (int i = 0; i < 16; i++) {
        bool yes = op == _CMP_NLT_UQ ? !(a[i] < b[i]) : op == _CMP_NLE_UQ ? !(a[i] <= b[i]) : op == _CMP_EQ_OQ ? a[i] == b[i] :
                   op == _CMP_LT_OQ || op == _CMP_LT_OS ? a[i] < b[i] : op == _CMP_LE_OQ || op == _CMP_LE_OS ? a[i] <= b[i] :
                   op == _CMP_GT_OQ ? a[i] > b[i] : op == _CMP_UNORD_Q ? a[i] != a[i] || b[i] != b[i] : (__builtin_trap(), false);
        m = (emu_mask)(m | (unsigned)yes << i);
    }
    return m;
}

/* a 2^floor(b) */
EMU emu_f32 emu_scalef(emu_f32 a, emu_f32 b)
{
    emu_f32 v = a;
    for (int i = 0; i < 16; i++)
        v[i] = a[i] != a[i] || b[i] != b[i] ? a[i] + b[i] : ldexpf(a[i], (int)fmaxf(-300.0f, fminf(floorf(b[i]), 300.0f)));
    return v;
}

EMU emu_i32 emu_shift_left(emu_i32 v, unsigned n) { return (emu_i32)((emu_u32)v << n); }
EMU emu_i32 emu_shift_right(emu_i32 v, unsigned n) { return v >> (int)n; }

EMU emu_i32 emu_widen16(__m256i h)
{
    return emu_as_i32(emu_join(_mm256_castsi256_ps(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(h))),
                               _mm256_castsi256_ps(_mm256_cvtepu16_epi32(_mm256_extracti128_si256(h, 1)))));
}

EMU emu_f32 emu_from_f16(__m256i h)
{
    return emu_join(_mm256_cvtph_ps(_mm256_castsi256_si128(h)), _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1)));
}

/* ---- Across lanes ---- */

EMU emu_f32 emu_shuffle_quarters(emu_f32 a, emu_f32 b, int sel)
{
    emu_f32 v = a;
    for (int q = 0; q < 4; q++) {
        int from = sel >> 2 * q & 3;
        for (int i = 0; i < 4; i++)
            v[4 * q + i] = q < 2 ? a[4 * from + i] : b[4 * from + i];
    }
    return v;
}

EMU emu_f32 emu_shuffle(emu_f32 a, emu_f32 b, int sel)
{
    emu_f32 v = a;
    for (int i = 0; i < 16; i++) {
        int from = (i & ~3) + (sel >> 2 * (i & 3) & 3);
        v[i] = (i & 3) < 2 ? a[from] : b[from];
    }
    return v;
}

EMU emu_i32 emu_permute_var(emu_i32 at, emu_i32 v)
{
    emu_i32 r = v;
    for (int i = 0; i < 16; i++)
        r[i] = v[at[i] & 15];
    return r;
}

EMU emu_f32 emu_permute2(emu_f32 a, emu_i32 at, emu_f32 b)
{
    emu_f32 r = a;
    for (int i = 0; i < 16; i++)
        r[i] = at[i] & 16 ? b[at[i] & 15] : a[at[i] & 15];
    return r;
}

EMU float emu_reduce_max(emu_f32 v)
{
    for (int n = 8; n; n /= 2) /* as the compiler's header does */
        for (int i = 0; i < n; i++)
            v[i] = v[i] > v[i + n] ? v[i] : v[i + n];
    return v[0];
}

/* ---- The names ---- */

#undef _mm512_setr_epi32

#define _mm512_add_ps emu_add
#define _mm512_sub_ps emu_sub
#define _mm512_mul_ps emu_mul
#define _mm512_div_ps emu_div
#define _mm512_max_ps emu_max
#define _mm512_min_ps emu_min
#define _mm512_or_ps emu_or
#define _mm512_xor_ps emu_xor
#define _mm512_fmadd_ps emu_fmadd
#define _mm512_fmsub_ps emu_fmsub
#define _mm512_fmaddsub_ps emu_fmaddsub
#define _mm512_movehdup_ps emu_movehdup
#define _mm512_moveldup_ps emu_moveldup
#define _mm512_set1_ps emu_set1
#define _mm512_set1_epi32 emu_set1_i32
#define _mm512_setr_epi32(...) ((emu_i32){ __VA_ARGS__ })
#define _mm512_setzero_ps() emu_set1(0.0f)
#define _mm512_load_ps emu_load
#define _mm512_loadu_ps emu_load
#define _mm512_loadu_si512(p) emu_as_i32(emu_load(p))
#define _mm512_storeu_ps emu_store
#define _mm512_store_ps emu_store
#define _mm512_mask_loadu_ps emu_mask_load
#define _mm512_maskz_loadu_ps(m, p) emu_mask_load(emu_set1(0.0f), m, p)
#define _mm512_mask_storeu_ps emu_mask_store
#define _mm256_maskz_loadu_epi16 emu_maskz_load16
#define _mm512_mask_mov_ps emu_mask_mov
#define _mm512_maskz_mov_ps(m, v) emu_mask_mov(emu_set1(0.0f), m, v)
#define _mm512_mask_add_ps(src, m, a, b) emu_mask_mov(src, m, emu_add(a, b))
#define _mm512_maskz_scalef_ps(m, a, b) emu_mask_mov(emu_set1(0.0f), m, emu_scalef(a, b))
#define _mm512_cmp_ps_mask emu_cmp_mask
#define _mm512_slli_epi32 emu_shift_left
#define _mm512_srai_epi32 emu_shift_right
#define _mm512_cvtepu16_epi32 emu_widen16
#define _mm512_cvtph_ps emu_from_f16
#define _mm512_cvtss_f32(v) ((v)[0])
#define _mm512_castps_si512 emu_as_i32
#define _mm512_castsi512_ps emu_as_f32
#define _mm512_castps512_ps256(v) emu_half(v, 0)
#define _mm512_castps256_ps512(v) emu_join(v, v)
#define _mm512_extractf32x8_ps emu_half
#define _mm512_shuffle_f32x4 emu_shuffle_quarters
#define _mm512_shuffle_ps emu_shuffle
#define _mm512_permute_ps(v, sel) emu_shuffle(v, v, sel)
#define _mm512_permutexvar_epi32 emu_permute_var
#define _mm512_permutex2var_ps emu_permute2
#define _mm512_reduce_max_ps emu_reduce_max

#endif
