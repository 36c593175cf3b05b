/* Sixteen keys at a time for the scores, sixteen of the d values in the lanes for the sum over values. */
#include "impl.h"
#include "x86/avx512.h"

#include <math.h>

enum { BLOCK = 64, WIDE = 8 }; /* WIDE: vectors of a value row that are kept in registers together */

KERN_INLINE __m512 load_row(const unsigned char *row, size_t i, __mmask16 m, bool f32_rows)
{
    return f32_rows ? _mm512_maskz_loadu_ps(m, row + 4 * i) : load_f16x16(m, row + 2 * i);
}

/* Sum of q and one key, sixteen lanes; V vectors of q in registers, or V = 0 and any d. */
KERN_INLINE __m512 key_sum(const struct kern_attn *a, const __m512 *q, const unsigned char *row, const int V, bool f32_rows)
{
    __m512 sum = _mm512_setzero_ps();
#pragma GCC unroll 8
    for (int i = 0; i < V; i++)
        sum = _mm512_fmadd_ps(q[i], load_row(row, 16 * (size_t)i, 0xffff, f32_rows), sum);
    for (size_t e = 0; V == 0 && e < a->d; e += 16) {
        __mmask16 m = mask_at(e, a->d);
        sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, a->q + e), load_row(row, e, m, f32_rows), sum);
    }
    return sum;
}

/* s[j] = scale * sum16(q, k_j) for n positions from p0; the rest of s is -inf. Positions past the end of a group of
 * sixteen read the last key again. */
KERN_INLINE void scores(const struct kern_attn *a, size_t p0, size_t n, float *s, const int V, bool f32_rows)
{
    const unsigned char *k = (const unsigned char *)a->k + p0 * a->stride;
    __m512 q[8];
#pragma GCC unroll 8
    for (int i = 0; i < V; i++)
        q[i] = _mm512_loadu_ps(a->q + 16 * i);
    for (size_t j = 0; j < BLOCK; j += 16) {
        __m512 v = _mm512_set1_ps(-INFINITY), part[4];
        if (j < n) {
#pragma GCC unroll 4
            for (size_t r = 0; r < 4; r++) {
                __m512 sum[4];
#pragma GCC unroll 4
                for (size_t i = 0; i < 4; i++) {
                    size_t at = j + 4 * i + r;
                    sum[i] = key_sum(a, q, k + (at < n ? at : n - 1) * a->stride, V, f32_rows);
                }
                part[r] = tree_quarters(sum[0], sum[1], sum[2], sum[3]);
            }
            v = _mm512_mask_mul_ps(v, mask_at(j, n), _mm512_set1_ps(a->scale), tree_close(part));
        }
        _mm512_storeu_ps(s + j, v);
    }
}

/* out = out * corr, then fma over the block's positions ascending; V vectors of 16 from column e. */
KERN_INLINE void values(const struct kern_attn *a, size_t p0, size_t n, const float *p, float corr, size_t e, const int V,
                        bool f32_rows)
{
    const unsigned char *v = (const unsigned char *)a->v + p0 * a->stride;
    __m512 acc[WIDE];
    __mmask16 m[WIDE];
#pragma GCC unroll 8
    for (int i = 0; i < V; i++) {
        m[i] = mask_at(e + 16 * (size_t)i, a->d);
        acc[i] = _mm512_mul_ps(_mm512_maskz_loadu_ps(m[i], a->out + e + 16 * i), _mm512_set1_ps(corr));
    }
    for (size_t j = 0; j < n; j++, v += a->stride) {
        __m512 pj = _mm512_set1_ps(p[j]);
#pragma GCC unroll 8
        for (int i = 0; i < V; i++)
            acc[i] = _mm512_fmadd_ps(pj, load_row(v, e + 16 * (size_t)i, m[i], f32_rows), acc[i]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < V; i++)
        _mm512_mask_storeu_ps(a->out + e + 16 * i, m[i], acc[i]);
}

KERN_INLINE void attend(const struct kern_attn *a, const int V, bool f32_rows)
{
    float m = -INFINITY, l = 0.0f, p[BLOCK];
    for (size_t e = 0; e < a->d; e += 16)
        _mm512_mask_storeu_ps(a->out + e, mask_at(e, a->d), _mm512_setzero_ps());
    for (size_t p0 = 0; p0 < a->n_pos; p0 += BLOCK) {
        size_t n = a->n_pos - p0 < BLOCK ? a->n_pos - p0 : BLOCK;
        scores(a, p0, n, p, V, f32_rows);
        __m512 s[4], sum = _mm512_setzero_ps();
        for (int i = 0; i < 4; i++)
            s[i] = _mm512_loadu_ps(p + 16 * i);
        float block = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(s[0], s[1]), _mm512_max_ps(s[2], s[3])));
        float top = block > m ? block : m, corr = _mm512_cvtss_f32(exp_low_x16(_mm512_set1_ps(m - top)));
        for (int i = 0; i < 4; i++) { /* missing positions: exp(-inf) = 0 */
            s[i] = exp_low_x16(_mm512_sub_ps(s[i], _mm512_set1_ps(top)));
            sum = _mm512_add_ps(sum, s[i]);
            _mm512_storeu_ps(p + 16 * i, s[i]);
        }
        l = fmaf(l, corr, tree_x16(sum));
        size_t e = 0;
        for (; e + 128 <= a->d; e += 128)
            values(a, p0, n, p, corr, e, 8, f32_rows);
        for (; e + 64 <= a->d; e += 64)
            values(a, p0, n, p, corr, e, 4, f32_rows);
        for (; e < a->d; e += 16)
            values(a, p0, n, p, corr, e, 1, f32_rows);
        m = top;
    }
    for (size_t e = 0; e < a->d; e += 16) {
        __mmask16 in = mask_at(e, a->d);
        _mm512_mask_storeu_ps(a->out + e, in, _mm512_div_ps(_mm512_maskz_loadu_ps(in, a->out + e), _mm512_set1_ps(l)));
    }
}

void kern_attn_avx512(const struct kern_attn *a)
{
    if (a->f32_rows)
        attend(a, 0, true);
    else if (a->d == 64)
        attend(a, 4, false);
    else if (a->d == 128)
        attend(a, 8, false);
    else
        attend(a, 0, false);
}
