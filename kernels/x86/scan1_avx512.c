/* Sixteen channels in the lanes, the states n in the inner loop: no sum crosses lanes. With sixteen states they stay
 * in registers over the whole chunk. */
#include "impl.h"
#include "x86/avx512.h"

/* Moves state n on and gives S[n] C[n] (by fma from zero, as the first term of a lane). */
KERN_INLINE __m512 step(__m512 *s, const float *a, const float *b, const float *c, size_t n, __m512 dt, __m512 dtx)
{
    __m512 e = exp_low_x16(_mm512_mul_ps(dt, _mm512_loadu_ps(a + 16 * n)));
    *s = _mm512_fmadd_ps(e, *s, _mm512_mul_ps(dtx, _mm512_set1_ps(b[n])));
    return _mm512_fmadd_ps(*s, _mm512_set1_ps(c[n]), _mm512_setzero_ps());
}

static void scan_16(const struct kern_scan1 *v, size_t g, __mmask16 m)
{
    const float *a = v->a + g * 256;
    float *state = v->s + g * 256;
    __m512 s[16], d = _mm512_maskz_loadu_ps(m, v->d + g * 16);
#pragma GCC unroll 16
    for (int n = 0; n < 16; n++)
        s[n] = _mm512_loadu_ps(state + 16 * n);
    for (size_t t = 0; t < v->n_tok; t++) {
        __m512 x = _mm512_maskz_loadu_ps(m, v->x + t * v->x_stride + g * 16);
        __m512 dt = _mm512_maskz_loadu_ps(m, v->dt + t * v->dt_stride + g * 16), dtx = _mm512_mul_ps(dt, x);
        const float *b = v->b + t * v->bc_stride, *c = v->c + t * v->bc_stride;
        __m512 p[8];
#pragma GCC unroll 8
        for (int n = 0; n < 8; n++) {
            __m512 lo = step(&s[n], a, b, c, (size_t)n, dt, dtx), hi = step(&s[n + 8], a, b, c, (size_t)n + 8, dt, dtx);
            p[n] = _mm512_add_ps(lo, hi);
        }
        __m512 y0 = _mm512_add_ps(_mm512_add_ps(p[0], p[4]), _mm512_add_ps(p[2], p[6]));
        __m512 y1 = _mm512_add_ps(_mm512_add_ps(p[1], p[5]), _mm512_add_ps(p[3], p[7]));
        __m512 y = _mm512_fmadd_ps(d, x, _mm512_add_ps(y0, y1));
        _mm512_mask_storeu_ps(v->y + t * v->y_stride + g * 16, m, y);
    }
#pragma GCC unroll 16
    for (int n = 0; n < 16; n++)
        _mm512_storeu_ps(state + 16 * n, s[n]);
}

static void scan_any(const struct kern_scan1 *v, size_t g, __mmask16 m)
{
    size_t n_state = v->n_state;
    const float *a = v->a + g * n_state * 16;
    float *state = v->s + g * n_state * 16;
    for (size_t t = 0; t < v->n_tok; t++) {
        __m512 x = _mm512_maskz_loadu_ps(m, v->x + t * v->x_stride + g * 16);
        __m512 dt = _mm512_maskz_loadu_ps(m, v->dt + t * v->dt_stride + g * 16), dtx = _mm512_mul_ps(dt, x);
        const float *b = v->b + t * v->bc_stride, *c = v->c + t * v->bc_stride;
        __m512 lane[16];
        for (int i = 0; i < 16; i++)
            lane[i] = _mm512_setzero_ps();
        for (size_t n = 0; n < (n_state + 15) / 16 * 16; n++) {
            __m512 s = _mm512_setzero_ps(), cn = s;
            if (n < n_state) {
                s = _mm512_loadu_ps(state + 16 * n);
                cn = _mm512_set1_ps(c[n]);
                step(&s, a, b, c, n, dt, dtx);
                _mm512_storeu_ps(state + 16 * n, s);
            }
            lane[n % 16] = _mm512_fmadd_ps(s, cn, lane[n % 16]);
        }
        for (int h = 8; h; h /= 2)
            for (int i = 0; i < h; i++)
                lane[i] = _mm512_add_ps(lane[i], lane[i + h]);
        __m512 y = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, v->d + g * 16), x, lane[0]);
        _mm512_mask_storeu_ps(v->y + t * v->y_stride + g * 16, m, y);
    }
}

void kern_scan1_avx512(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    for (size_t g = g0; g < g1 && g * 16 < v->n_chan; g++)
        if (v->n_state == 16)
            scan_16(v, g, mask_at(g * 16, v->n_chan));
        else
            scan_any(v, g, mask_at(g * 16, v->n_chan));
}
