/* The states n of a row p in the lanes, four rows at a time: they share B and C, their states stay in the first-level
 * cache while the tokens pass, and their four sums are turned at once. */
#include "arm/neon.h"
#include "impl.h"

enum { CHUNK = 64 }; /* tokens whose decays are made ahead */

/* Lanes 4i .. 4i+3 of sum16 of R rows at one time, n_state floats apart, from state n on: left of the four exist. */
KERN_INLINE void step(float *s, size_t n_state, const float *b, const float *c, size_t left, float decay,
                      const float *dtx, const int R, float32x4_t (*acc)[4], size_t i)
{
    float32x4_t bv = load_x4(b, left), cv = load_x4(c, left);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
        float *at = s + (size_t)r * n_state;
        float32x4_t v = vfmaq_n_f32(vmulq_n_f32(bv, dtx[r]), load_x4(at, left), decay);
        store_x4(at, left, v);
        if (left < 4)
            v = load_x4(at, left); /* zeros behind the last state */
        acc[r][i] = vfmaq_f32(acc[r][i], v, cv);
    }
}

/* Rows p .. p+R-1 at token t. */
KERN_INLINE void rows(const struct kern_scan2 *a, size_t p, size_t t, float decay, const int R)
{
    const float *x = a->x + t * a->x_stride + p, *b = a->b + t * a->bc_stride, *c = a->c + t * a->bc_stride;
    float *s = a->s + p * a->n_state, dtx[4];
    float32x4_t acc[4][4], sum[4];
    size_t n = 0;
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) {
        acc[r][0] = acc[r][1] = acc[r][2] = acc[r][3] = vdupq_n_f32(0);
        dtx[r] = r < R ? a->dt[t * a->dt_stride] * x[r] : 0;
    }
    for (; n + 16 <= a->n_state; n += 16)
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++)
            step(s + n + 4 * i, a->n_state, b + n + 4 * i, c + n + 4 * i, 4, decay, dtx, R, acc, i);
    for (size_t i = 0; n < a->n_state && i < 4; i++) {
        size_t at = n + 4 * i < a->n_state ? n + 4 * i : a->n_state;
        step(s + at, a->n_state, b + at, c + at, a->n_state - at, decay, dtx, R, acc, i);
    }
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++)
        sum[r] = tree_16(acc[r]);
    float32x4_t y = vfmaq_n_f32(tree_4x4(sum), load_x4(x, (size_t)R), a->d);
    store_x4(a->y + t * a->y_stride + p, (size_t)R, y);
}

void kern_scan2_neon(const struct kern_scan2 *a)
{
    float decay[CHUNK];
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        size_t n = a->n_tok - t0 < CHUNK ? a->n_tok - t0 : CHUNK;
        for (size_t j = 0; j < n; j++)
            decay[j] = a->dt[(t0 + j) * a->dt_stride] * a->a;
        for (size_t j = 0; j < n; j += 4)
            store_x4(decay + j, n - j, exp_x4(load_x4(decay + j, n - j)));
        size_t p = 0;
        for (; p + 4 <= a->n_p; p += 4)
            for (size_t j = 0; j < n; j++)
                rows(a, p, t0 + j, decay[j], 4);
        for (; p < a->n_p; p++)
            for (size_t j = 0; j < n; j++)
                rows(a, p, t0 + j, decay[j], 1);
    }
}
