/* Convolution and SiLU at every SIMD level, in the words of vec.h: channels in the lanes, time in the loop; with four
 * taps the window of inputs stays in registers. */
#ifndef KERN_CONV_H
#define KERN_CONV_H

#include "impl.h"

/* Channels c .. c+LANES-1, of which m exist. */
KERN_INLINE void conv4(const struct kern_conv *a, size_t c, size_t m)
{
    size_t n = a->n_chan;
    vec w0 = v_load(a->w + c, m), w1 = v_load(a->w + n + c, m);
    vec w2 = v_load(a->w + 2 * n + c, m), w3 = v_load(a->w + 3 * n + c, m);
    vec x0 = v_load(a->s + c, m), x1 = v_load(a->s + n + c, m), x2 = v_load(a->s + 2 * n + c, m);
    vec bias = v_load(a->bias + c, m);
    for (size_t t = 0; t < a->n_tok; t++) {
        vec x3 = v_load(a->x + t * a->x_stride + c, m);
        vec v = v_fma(w3, x3, v_fma(w2, x2, v_fma(w1, x1, v_fma(w0, x0, bias))));
        v_store(a->y + t * a->y_stride + c, m, v_silu(v));
        x0 = x1, x1 = x2, x2 = x3;
    }
    v_store(a->s + c, m, x0);
    v_store(a->s + n + c, m, x1);
    v_store(a->s + 2 * n + c, m, x2);
}

/* The input at row i of state and inputs together. */
static const float *input_row(const struct kern_conv *a, size_t i)
{
    size_t past = a->n_k - 1;
    return i < past ? a->s + i * a->n_chan : a->x + (i - past) * a->x_stride;
}

static void conv_any(const struct kern_conv *a, size_t c, size_t m)
{
    for (size_t t = 0; t < a->n_tok; t++) {
        vec v = v_load(a->bias + c, m);
        for (size_t k = 0; k < a->n_k; k++)
            v = v_fma(v_load(a->w + k * a->n_chan + c, m), v_load(input_row(a, t + k) + c, m), v);
        v_store(a->y + t * a->y_stride + c, m, v_silu(v));
    }
    for (size_t i = 0; i + 1 < a->n_k; i++)
        v_store(a->s + i * a->n_chan + c, m, v_load(input_row(a, a->n_tok + i) + c, m));
}

void LEVEL(conv_silu)(const struct kern_conv *a, size_t c0, size_t c1)
{
    for (size_t c = c0; c < c1; c += LANES)
        if (a->n_k != 4)
            conv_any(a, c, c1 - c);
        else if (c1 - c >= LANES)
            conv4(a, c, LANES);
        else
            conv4(a, c, c1 - c);
}

#endif
