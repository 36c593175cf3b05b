/* Four channels in the lanes, the states n in the inner loop: no sum crosses lanes. The states stay in the first-level
 * cache over the chunk. */
#include "arm/neon.h"
#include "impl.h"

struct quarter {
    const float *a, *d; /* of four channels: a and s step by 16 floats a state */
    float *s;
    size_t at, n;       /* first channel, how many of the four exist */
};

/* Moves state n on and gives its new value. */
KERN_INLINE float32x4_t step(const struct quarter *q, const float *b, size_t n, float32x4_t dt, float32x4_t dtx)
{
    float32x4_t e = exp_x4(vmulq_f32(dt, vld1q_f32(q->a + 16 * n)));
    float32x4_t s = vfmaq_f32(vmulq_n_f32(dtx, b[n]), e, vld1q_f32(q->s + 16 * n));
    vst1q_f32(q->s + 16 * n, s);
    return s;
}

/* sum16 of sixteen states, terms made in the order of the tree so that few live at once. */
KERN_INLINE float32x4_t sum_16(const struct quarter *q, const float *b, const float *c, float32x4_t dt, float32x4_t dtx)
{
    const float32x4_t zero = vdupq_n_f32(0);
    float32x4_t p[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) {
        float32x4_t lo = vfmaq_n_f32(zero, step(q, b, i, dt, dtx), c[i]);
        float32x4_t hi = vfmaq_n_f32(zero, step(q, b, i + 8, dt, dtx), c[i + 8]);
        p[i] = vaddq_f32(lo, hi);
    }
    float32x4_t y0 = vaddq_f32(vaddq_f32(p[0], p[4]), vaddq_f32(p[2], p[6]));
    float32x4_t y1 = vaddq_f32(vaddq_f32(p[1], p[5]), vaddq_f32(p[3], p[7]));
    return vaddq_f32(y0, y1);
}

static float32x4_t sum_any(const struct quarter *q, const float *b, const float *c, size_t n_state, float32x4_t dt,
                           float32x4_t dtx)
{
    float32x4_t lane[16];
    for (int i = 0; i < 16; i++)
        lane[i] = vdupq_n_f32(0);
    for (size_t n = 0; n < (n_state + 15) / 16 * 16; n++) {
        float32x4_t s = vdupq_n_f32(0);
        float cn = 0;
        if (n < n_state) {
            s = step(q, b, n, dt, dtx);
            cn = c[n];
        }
        lane[n % 16] = vfmaq_n_f32(lane[n % 16], s, cn);
    }
    for (int w = 8; w; w /= 2)
        for (int i = 0; i < w; i++)
            lane[i] = vaddq_f32(lane[i], lane[i + w]);
    return lane[0];
}

static void scan_quarter(const struct kern_scan1 *v, const struct quarter *q)
{
    float32x4_t d = load_x4(q->d, q->n);
    for (size_t t = 0; t < v->n_tok; t++) {
        float32x4_t x = load_x4(v->x + t * v->x_stride + q->at, q->n), dt = load_x4(v->dt + t * v->dt_stride + q->at, q->n);
        float32x4_t dtx = vmulq_f32(dt, x);
        const float *b = v->b + t * v->bc_stride, *c = v->c + t * v->bc_stride;
        float32x4_t y = v->n_state == 16 ? sum_16(q, b, c, dt, dtx) : sum_any(q, b, c, v->n_state, dt, dtx);
        store_x4(v->y + t * v->y_stride + q->at, q->n, vfmaq_f32(y, d, x));
    }
}

void kern_scan1_neon(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    for (size_t c = g0 * 16; c < g1 * 16 && c < v->n_chan; c += 4) {
        size_t off = c / 16 * v->n_state * 16 + c % 16;
        struct quarter q = { v->a + off, v->d + c, v->s + off, c, v->n_chan - c };
        scan_quarter(v, &q);
    }
}
