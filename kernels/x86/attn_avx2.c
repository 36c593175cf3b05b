/* Eight keys at a time for the scores, eight of the d values in a lane row for the sum over values. */
#include "impl.h"
#include "x86/avx2.h"

#include <math.h>

enum { BLOCK = 64 };

/* Up to eight values of a row from element i; left of them exist. */
KERN_INLINE __m256 load_row(const unsigned char *row, size_t i, size_t left, bool f32_rows)
{
    return f32_rows ? load_x8((const float *)(const void *)row + i, left) : _mm256_cvtph_ps(load_h8(row + 2 * i, left));
}

/* Sum of q and one key after the first level of the tree. */
KERN_INLINE __m256 key_sum(const struct kern_attn *a, const unsigned char *row, bool f32_rows)
{
    __m256 lo = _mm256_setzero_ps(), hi = lo;
    size_t e = 0;
    for (; e + 16 <= a->d; e += 16) {
        lo = _mm256_fmadd_ps(_mm256_loadu_ps(a->q + e), load_row(row, e, 8, f32_rows), lo);
        hi = _mm256_fmadd_ps(_mm256_loadu_ps(a->q + e + 8), load_row(row, e + 8, 8, f32_rows), hi);
    }
    if (e < a->d) {
        size_t left = a->d - e, more = left > 8 ? left - 8 : 0;
        lo = _mm256_fmadd_ps(load_x8(a->q + e, left), load_row(row, e, left, f32_rows), lo);
        hi = _mm256_fmadd_ps(load_x8(a->q + e + 8, more), load_row(row, e + 8, more, f32_rows), hi);
    }
    return _mm256_add_ps(lo, hi);
}

/* s[j] = scale * sum16(q, k_j) for n positions from p0; the rest of s is -inf. */
KERN_INLINE void scores(const struct kern_attn *a, size_t p0, size_t n, float *s, bool f32_rows)
{
    const unsigned char *k = (const unsigned char *)a->k + p0 * a->stride;
    for (size_t j = 0; j < BLOCK; j++)
        s[j] = -INFINITY;
    for (size_t j = 0; j < n; j += 8) {
        __m256 sum[8];
        for (size_t i = 0; i < 8; i++) {
            size_t at = j + i < n ? j + i : n - 1;
            sum[i] = key_sum(a, k + at * a->stride, f32_rows);
        }
        store_x8(s + j, n - j, _mm256_mul_ps(_mm256_set1_ps(a->scale), tree_8x8(sum)));
    }
}

/* out = out * corr, then fma over the block's positions ascending; V vectors of 8 from column e. */
KERN_INLINE void values(const struct kern_attn *a, size_t p0, size_t n, const float *p, float corr, size_t e, const int V,
                        bool f32_rows)
{
    const unsigned char *v = (const unsigned char *)a->v + p0 * a->stride;
    size_t left = V == 1 ? a->d - e : 8; /* only the last vector can be short, and it comes alone */
    __m256 acc[8];
#pragma GCC unroll 8
    for (int i = 0; i < V; i++)
        acc[i] = _mm256_mul_ps(load_x8(a->out + e + 8 * i, left), _mm256_set1_ps(corr));
    for (size_t j = 0; j < n; j++, v += a->stride) {
        __m256 pj = _mm256_set1_ps(p[j]);
#pragma GCC unroll 8
        for (int i = 0; i < V; i++)
            acc[i] = _mm256_fmadd_ps(pj, load_row(v, e + 8 * (size_t)i, left, f32_rows), acc[i]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < V; i++)
        store_x8(a->out + e + 8 * i, left, acc[i]);
}

KERN_INLINE void attend(const struct kern_attn *a, bool f32_rows)
{
    float m = -INFINITY, l = 0.0f, p[BLOCK];
    for (size_t e = 0; e < a->d; e++)
        a->out[e] = 0.0f;
    for (size_t p0 = 0; p0 < a->n_pos; p0 += BLOCK) {
        size_t n = a->n_pos - p0 < BLOCK ? a->n_pos - p0 : BLOCK;
        scores(a, p0, n, p, f32_rows);
        float top = m;
        for (size_t j = 0; j < n; j++)
            top = p[j] > top ? p[j] : top;
        float corr = _mm256_cvtss_f32(exp_x8(_mm256_set1_ps(m - top)));
        __m256 lo = _mm256_setzero_ps(), hi = lo;
        for (size_t j = 0; j < BLOCK; j += 16) { /* missing positions: exp(-inf) = 0 */
            __m256 p_lo = exp_x8(_mm256_sub_ps(_mm256_loadu_ps(p + j), _mm256_set1_ps(top)));
            __m256 p_hi = exp_x8(_mm256_sub_ps(_mm256_loadu_ps(p + j + 8), _mm256_set1_ps(top)));
            lo = _mm256_add_ps(lo, p_lo);
            hi = _mm256_add_ps(hi, p_hi);
            _mm256_storeu_ps(p + j, p_lo);
            _mm256_storeu_ps(p + j + 8, p_hi);
        }
        l = fmaf(l, corr, tree_x8(_mm256_add_ps(lo, hi)));
        size_t e = 0;
        for (; e + 64 <= a->d; e += 64)
            values(a, p0, n, p, corr, e, 8, f32_rows);
        for (; e + 32 <= a->d; e += 32)
            values(a, p0, n, p, corr, e, 4, f32_rows);
        for (; e < a->d; e += 8)
            values(a, p0, n, p, corr, e, 1, f32_rows);
        m = top;
    }
    for (size_t e = 0; e < a->d; e += 8)
        store_x8(a->out + e, a->d - e, _mm256_div_ps(load_x8(a->out + e, a->d - e), _mm256_set1_ps(l)));
}

void kern_attn_avx2(const struct kern_attn *a)
{
    if (a->f32_rows)
        attend(a, true);
    else
        attend(a, false);
}
