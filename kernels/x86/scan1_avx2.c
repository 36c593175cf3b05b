/* Eight channels in the lanes, the states n in the inner loop: no sum crosses lanes. The states stay in the
 * first-level cache over the chunk. */
#include "impl.h"
#include "x86/avx2.h"

struct half {
    const float *a, *d; /* of eight channels: a and s step by 16 floats a state */
    float *s;
    size_t at, n;       /* first channel, how many of the eight exist */
};

/* Moves state n on and gives its new value. */
KERN_INLINE __m256 step(const struct half *h, const float *b, size_t n, __m256 dt, __m256 dtx)
{
    __m256 e = exp_x8(_mm256_mul_ps(dt, _mm256_loadu_ps(h->a + 16 * n)));
    __m256 s = _mm256_fmadd_ps(e, _mm256_loadu_ps(h->s + 16 * n), _mm256_mul_ps(dtx, _mm256_set1_ps(b[n])));
    _mm256_storeu_ps(h->s + 16 * n, s);
    return s;
}

/* sum16 of sixteen states, terms made in the order of the tree so that few live at once. */
KERN_INLINE __m256 sum_16(const struct half *h, const float *b, const float *c, __m256 dt, __m256 dtx)
{
    __m256 p[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        __m256 lo = _mm256_fmadd_ps(step(h, b, i, dt, dtx), _mm256_set1_ps(c[i]), _mm256_setzero_ps());
        __m256 hi = _mm256_fmadd_ps(step(h, b, i + 8, dt, dtx), _mm256_set1_ps(c[i + 8]), _mm256_setzero_ps());
        p[i] = _mm256_add_ps(lo, hi);
    }
    __m256 y0 = _mm256_add_ps(_mm256_add_ps(p[0], p[4]), _mm256_add_ps(p[2], p[6]));
    __m256 y1 = _mm256_add_ps(_mm256_add_ps(p[1], p[5]), _mm256_add_ps(p[3], p[7]));
    return _mm256_add_ps(y0, y1);
}

static __m256 sum_any(const struct half *h, const float *b, const float *c, size_t n_state, __m256 dt, __m256 dtx)
{
    __m256 lane[16];
    for (int i = 0; i < 16; i++)
        lane[i] = _mm256_setzero_ps();
    for (size_t n = 0; n < (n_state + 15) / 16 * 16; n++) {
        __m256 s = _mm256_setzero_ps(), cn = s;
        if (n < n_state) {
            s = step(h, b, n, dt, dtx);
            cn = _mm256_set1_ps(c[n]);
        }
        lane[n % 16] = _mm256_fmadd_ps(s, cn, lane[n % 16]);
    }
    for (int w = 8; w; w /= 2)
        for (int i = 0; i < w; i++)
            lane[i] = _mm256_add_ps(lane[i], lane[i + w]);
    return lane[0];
}

static void scan_half(const struct kern_scan1 *v, const struct half *h)
{
    __m256 d = load_x8(h->d, h->n);
    for (size_t t = 0; t < v->n_tok; t++) {
        __m256 x = load_x8(v->x + t * v->x_stride + h->at, h->n), dt = load_x8(v->dt + t * v->dt_stride + h->at, h->n);
        __m256 dtx = _mm256_mul_ps(dt, x);
        const float *b = v->b + t * v->bc_stride, *c = v->c + t * v->bc_stride;
        __m256 y = v->n_state == 16 ? sum_16(h, b, c, dt, dtx) : sum_any(h, b, c, v->n_state, dt, dtx);
        store_x8(v->y + t * v->y_stride + h->at, h->n, _mm256_fmadd_ps(d, x, y));
    }
}

void kern_scan1_avx2(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    for (size_t c = g0 * 16; c < g1 * 16 && c < v->n_chan; c += 8) {
        size_t off = c / 16 * v->n_state * 16 + c % 16;
        struct half h = { v->a + off, v->d + c, v->s + off, c, v->n_chan - c };
        scan_half(v, &h);
    }
}
