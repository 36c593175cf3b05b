/* The states n of a row p in the lanes, eight rows at a time: their states stay in the first-level cache while the
 * tokens pass, and their eight sums are turned at once. */
#include "impl.h"
#include "x86/avx2.h"

enum { CHUNK = 64 }; /* tokens whose decays are made ahead */

/* One row at one time; its sum after the first level of the tree. */
KERN_INLINE __m256 row_once(float *s, const float *b, const float *c, size_t n_state, __m256 decay, __m256 dtx)
{
    __m256 acc[2] = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    size_t n = 0;
    for (; n + 16 <= n_state; n += 16) {
#pragma GCC unroll 2
        for (size_t h = 0; h < 2; h++) {
            size_t i = n + 8 * h;
            __m256 v = _mm256_fmadd_ps(decay, _mm256_loadu_ps(s + i), _mm256_mul_ps(dtx, _mm256_loadu_ps(b + i)));
            _mm256_storeu_ps(s + i, v);
            acc[h] = _mm256_fmadd_ps(v, _mm256_loadu_ps(c + i), acc[h]);
        }
    }
    for (size_t h = 0; n < n_state && h < 2; h++) {
        size_t i = n + 8 * h, left = i < n_state ? n_state - i : 0;
        __m256 v = _mm256_fmadd_ps(decay, load_x8(s + i, left), _mm256_mul_ps(dtx, load_x8(b + i, left)));
        store_x8(s + i, left, v);
        acc[h] = _mm256_fmadd_ps(load_x8(s + i, left), load_x8(c + i, left), acc[h]);
    }
    return _mm256_add_ps(acc[0], acc[1]);
}

/* Tokens [t0, t0 + n) of rows p .. p+7. */
static void rows(const struct kern_scan2 *a, size_t p, size_t t0, size_t n, const float *decay)
{
    for (size_t j = 0; j < n; j++) {
        size_t t = t0 + j;
        const float *x = a->x + t * a->x_stride, *b = a->b + t * a->bc_stride, *c = a->c + t * a->bc_stride;
        float dt = a->dt[t * a->dt_stride];
        __m256 sum[8];
        for (size_t i = 0; i < 8; i++) {
            sum[i] = _mm256_setzero_ps();
            if (p + i < a->n_p)
                sum[i] = row_once(a->s + (p + i) * a->n_state, b, c, a->n_state, _mm256_set1_ps(decay[j]),
                                  _mm256_set1_ps(dt * x[p + i]));
        }
        __m256 y = _mm256_fmadd_ps(_mm256_set1_ps(a->d), load_x8(x + p, a->n_p - p), tree_8x8(sum));
        store_x8(a->y + t * a->y_stride + p, a->n_p - p, y);
    }
}

void kern_scan2_avx2(const struct kern_scan2 *a)
{
    float decay[CHUNK];
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        size_t n = a->n_tok - t0 < CHUNK ? a->n_tok - t0 : CHUNK;
        for (size_t j = 0; j < n; j++)
            decay[j] = a->dt[(t0 + j) * a->dt_stride] * a->a;
        for (size_t j = 0; j < n; j += 8)
            store_x8(decay + j, n - j, exp_x8(load_x8(decay + j, n - j)));
        for (size_t p = 0; p < a->n_p; p += 8)
            rows(a, p, t0, n, decay);
    }
}
