/* The scan of Mamba-2, sixteen lanes. For the usual numbers of states a few rows stay in registers while the tokens pass,
 * and the sums of sixteen (row, token) pairs are turned at once. */
#include "x86/avx512.h"

#include <string.h>

enum { ROWS = 2, ROWS_ONCE = 1 };

#include "scan2.h"

/* Rows p0 .. p0+P-1, V vectors each, n_state = 16 V; P V <= 16. */
KERN_INLINE void rows_kept(const struct chunk *ck, size_t p0, const int P, const int V)
{
    const struct kern_scan2 *a = ck->a;
    float *state = a->s + p0 * a->n_state;
    const int T = 16 / P; /* tokens whose sums are turned at once */
    __m512 s[16], sum[16];
    float xs[16] = { 0 }, ys[16];
#pragma GCC unroll 16
    for (int i = 0; i < P * V; i++)
        s[i] = _mm512_loadu_ps(state + 16 * i);
    for (size_t t0 = 0; t0 < ck->n_tok; t0 += (size_t)T) {
        size_t n = ck->n_tok - t0 < (size_t)T ? ck->n_tok - t0 : (size_t)T;
        for (size_t j = 0; j < n; j++) {
            size_t t = ck->t0 + t0 + j;
            const float *x = a->x + t * a->x_stride + p0, *b = a->b + t * a->bc_stride, *c = a->c + t * a->bc_stride;
            __m512 decay = _mm512_set1_ps(ck->decay[t0 + j]), dtx[4], acc[4];
#pragma GCC unroll 4
            for (int p = 0; p < P; p++) {
                dtx[p] = _mm512_set1_ps(ck->dt[t0 + j] * x[p]);
                acc[p] = _mm512_setzero_ps();
            }
#pragma GCC unroll 16
            for (int v = 0; v < V; v++) {
                __m512 bv = _mm512_loadu_ps(b + 16 * v), cv = _mm512_loadu_ps(c + 16 * v);
#pragma GCC unroll 4
                for (int p = 0; p < P; p++) {
                    s[p * V + v] = _mm512_fmadd_ps(decay, s[p * V + v], _mm512_mul_ps(dtx[p], bv));
                    acc[p] = _mm512_fmadd_ps(s[p * V + v], cv, acc[p]);
                }
            }
#pragma GCC unroll 4
            for (int p = 0; p < P; p++)
                sum[j * (size_t)P + (size_t)p] = acc[p];
            memcpy(xs + j * (size_t)P, x, (size_t)P * sizeof *xs);
        }
        for (size_t j = n * (size_t)P; j < 16; j++)
            sum[j] = _mm512_setzero_ps();
        _mm512_storeu_ps(ys, _mm512_fmadd_ps(_mm512_set1_ps(a->d), _mm512_loadu_ps(xs), v_turn(sum)));
        for (size_t j = 0; j < n; j++)
            memcpy(a->y + (ck->t0 + t0 + j) * a->y_stride + p0, ys + j * (size_t)P, (size_t)P * sizeof *ys);
    }
#pragma GCC unroll 16
    for (int i = 0; i < P * V; i++)
        _mm512_storeu_ps(state + 16 * i, s[i]);
}

void kern_scan2_avx512(const struct kern_scan2 *a)
{
    struct chunk ck;
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        size_t p = 0;
        chunk_begin(&ck, a, t0);
        if (ck.n_tok >= 4) {
            for (; a->n_state == 128 && p + 2 <= a->n_p; p += 2)
                rows_kept(&ck, p, 2, 8);
            for (; a->n_state == 64 && p + 4 <= a->n_p; p += 4)
                rows_kept(&ck, p, 4, 4);
            for (; a->n_state == 256 && p < a->n_p; p++)
                rows_kept(&ck, p, 1, 16);
            for (; a->n_state == 16 && p + 4 <= a->n_p; p += 4)
                rows_kept(&ck, p, 4, 1);
        }
        rows_streamed(&ck, p);
    }
}
