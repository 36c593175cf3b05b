/* Scan of Mamba-2, one head, time ascending. */
#include "impl.h"
#include "c/sum16.h"

void kern_scan2_c(const struct kern_scan2 *a)
{
    for (size_t t = 0; t < a->n_tok; t++) {
        float dt = a->dt[t * a->dt_stride], decay = kern_expf(dt * a->a);
        const float *x = a->x + t * a->x_stride, *b = a->b + t * a->bc_stride, *c = a->c + t * a->bc_stride;
        for (size_t p = 0; p < a->n_p; p++) {
            float *s = a->s + p * a->n_state, dtx = dt * x[p];
            for (size_t n = 0; n < a->n_state; n++)
                s[n] = fmaf(decay, s[n], dtx * b[n]);
            a->y[t * a->y_stride + p] = fmaf(a->d, x[p], sum16_dot(s, c, a->n_state));
        }
    }
}
