/* Causal depthwise convolution, then SiLU, channel by channel. */
#include "impl.h"

#include <math.h>

/* Input of channel c at time t; times before 0 come from the state. */
static float input_at(const struct kern_conv *a, ptrdiff_t t, size_t c)
{
    if (t >= 0)
        return a->x[(size_t)t * a->x_stride + c];
    return a->s[(size_t)(t + (ptrdiff_t)a->n_k - 1) * a->n_chan + c];
}

void kern_conv_silu_c(const struct kern_conv *a, size_t c0, size_t c1)
{
    ptrdiff_t past = (ptrdiff_t)a->n_k - 1;
    for (size_t c = c0; c < c1; c++) {
        for (size_t t = 0; t < a->n_tok; t++) {
            float v = a->bias[c];
            for (size_t k = 0; k < a->n_k; k++)
                v = fmaf(a->w[k * a->n_chan + c], input_at(a, (ptrdiff_t)(t + k) - past, c), v);
            a->y[t * a->y_stride + c] = kern_siluf(v);
        }
        for (ptrdiff_t i = 0; i < past; i++) /* ascending: an entry is read before it is overwritten */
            a->s[(size_t)i * a->n_chan + c] = input_at(a, (ptrdiff_t)a->n_tok + i - past, c);
    }
}
