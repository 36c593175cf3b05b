/* Selective scan of Mamba-1, channel by channel, time ascending. */
#include "impl.h"
#include "c/sum16.h"

/* One channel at one time: moves its states on and returns sum16_n S[n] C[n]. a and s step by 16. */
static float step(float *s, const float *a, const float *b, const float *c, size_t n_state, float dt, float dtx)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < n_state; k += 16)
        for (size_t i = 0; i < 16; i++) {
            size_t n = k + i;
            if (n >= n_state) {
                lane[i] = fmaf(0.0f, 0.0f, lane[i]);
                continue;
            }
            float v = fmaf(kern_expf(dt * a[n * 16]), s[n * 16], dtx * b[n]);
            s[n * 16] = v;
            lane[i] = fmaf(v, c[n], lane[i]);
        }
    return sum16_tree(lane);
}

void kern_scan1_c(const struct kern_scan1 *a, size_t g0, size_t g1)
{
    size_t c1 = g1 * 16 < a->n_chan ? g1 * 16 : a->n_chan;
    for (size_t c = g0 * 16; c < c1; c++) {
        size_t at = c / 16 * a->n_state * 16 + c % 16;
        for (size_t t = 0; t < a->n_tok; t++) {
            float x = a->x[t * a->x_stride + c], dt = a->dt[t * a->dt_stride + c];
            float y = step(a->s + at, a->a + at, a->b + t * a->bc_stride, a->c + t * a->bc_stride, a->n_state, dt,
                           dt * x);
            a->y[t * a->y_stride + c] = fmaf(a->d[c], x, y);
        }
    }
}
