/* Sixteen channels in the lanes, time in the loop; with four taps the window of inputs stays in registers. */
#include "impl.h"
#include "x86/avx512.h"

static void conv4(const struct kern_conv *a, size_t c, __mmask16 m)
{
    size_t n = a->n_chan;
    __m512 w0 = _mm512_maskz_loadu_ps(m, a->w + c), w1 = _mm512_maskz_loadu_ps(m, a->w + n + c);
    __m512 w2 = _mm512_maskz_loadu_ps(m, a->w + 2 * n + c), w3 = _mm512_maskz_loadu_ps(m, a->w + 3 * n + c);
    __m512 x0 = _mm512_maskz_loadu_ps(m, a->s + c), x1 = _mm512_maskz_loadu_ps(m, a->s + n + c);
    __m512 x2 = _mm512_maskz_loadu_ps(m, a->s + 2 * n + c), bias = _mm512_maskz_loadu_ps(m, a->bias + c);
    for (size_t t = 0; t < a->n_tok; t++) {
        __m512 x3 = _mm512_maskz_loadu_ps(m, a->x + t * a->x_stride + c);
        __m512 v = _mm512_fmadd_ps(w0, x0, bias);
        v = _mm512_fmadd_ps(w1, x1, v);
        v = _mm512_fmadd_ps(w2, x2, v);
        v = _mm512_fmadd_ps(w3, x3, v);
        _mm512_mask_storeu_ps(a->y + t * a->y_stride + c, m, v_silu(v));
        x0 = x1, x1 = x2, x2 = x3;
    }
    _mm512_mask_storeu_ps(a->s + c, m, x0);
    _mm512_mask_storeu_ps(a->s + n + c, m, x1);
    _mm512_mask_storeu_ps(a->s + 2 * n + c, m, x2);
}

/* The input at row i of state and inputs together. */
static const float *input_row(const struct kern_conv *a, size_t i)
{
    size_t past = a->n_k - 1;
    return i < past ? a->s + i * a->n_chan : a->x + (i - past) * a->x_stride;
}

static void conv_any(const struct kern_conv *a, size_t c, __mmask16 m)
{
    for (size_t t = 0; t < a->n_tok; t++) {
        __m512 v = _mm512_maskz_loadu_ps(m, a->bias + c);
        for (size_t k = 0; k < a->n_k; k++)
            v = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, a->w + k * a->n_chan + c),
                                _mm512_maskz_loadu_ps(m, input_row(a, t + k) + c), v);
        _mm512_mask_storeu_ps(a->y + t * a->y_stride + c, m, v_silu(v));
    }
    for (size_t i = 0; i + 1 < a->n_k; i++)
        _mm512_mask_storeu_ps(a->s + i * a->n_chan + c, m, _mm512_maskz_loadu_ps(m, input_row(a, a->n_tok + i) + c));
}

void kern_conv_silu_avx512(const struct kern_conv *a, size_t c0, size_t c1)
{
    for (size_t c = c0; c < c1; c += 16)
        if (a->n_k == 4)
            conv4(a, c, mask_at(c, c1));
        else
            conv_any(a, c, mask_at(c, c1));
}
