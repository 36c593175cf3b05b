/* One query head against its rows, in blocks of 64 positions counted from position 0 (Dao et al. 2022, algorithm 1):
 *   s_j  = scale * sum16(q, k_j)
 *   m'   = max(m, s_j of the block);  corr = exp(m - m')          (m starts at -inf)
 *   p_j  = exp(s_j - m')
 *   l    = fma(l, corr, sum16_j p_j)                              (l starts at 0; the sum over the block's positions)
 *   acc  = acc * corr, then for j ascending acc = fma(p_j, v_j, acc)   (acc starts at 0)
 *   m    = m'
 * and at the end out = acc / l. The last block may be short: its missing positions are zeros in sum16 and are left out
 * of the rest. Needs n_pos >= 1. */
#include "impl.h"
#include "c/sum16.h"

#include <string.h>

enum { BLOCK = 64 };

static float row_at(const struct kern_attn *a, const void *rows, size_t p, size_t i)
{
    const unsigned char *row = (const unsigned char *)rows + p * a->stride;
    if (a->f32_rows) {
        float x;
        memcpy(&x, row + 4 * i, sizeof x);
        return x;
    }
    uint16_t h;
    memcpy(&h, row + 2 * i, sizeof h);
    return kern_f16_to_f32(h);
}

static float score(const struct kern_attn *a, size_t p)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < a->d; k += 16)
        for (size_t i = 0; i < 16; i++) {
            float q = k + i < a->d ? a->q[k + i] : 0.0f, x = k + i < a->d ? row_at(a, a->k, p, k + i) : 0.0f;
            lane[i] = fmaf(q, x, lane[i]);
        }
    return a->scale * sum16_tree(lane);
}

void kern_attn_c(const struct kern_attn *a)
{
    float m = -INFINITY, l = 0.0f, p[BLOCK];
    for (size_t i = 0; i < a->d; i++)
        a->out[i] = 0.0f;
    for (size_t p0 = 0; p0 < a->n_pos; p0 += BLOCK) {
        size_t n = a->n_pos - p0 < BLOCK ? a->n_pos - p0 : BLOCK;
        float top = m, lane[16] = { 0 };
        for (size_t j = 0; j < n; j++) {
            p[j] = score(a, p0 + j);
            top = p[j] > top ? p[j] : top;
        }
        float corr = kern_expf(m - top);
        for (size_t j = 0; j < n; j++) {
            p[j] = kern_expf(p[j] - top);
            lane[j % 16] = lane[j % 16] + p[j];
        }
        l = fmaf(l, corr, sum16_tree(lane));
        for (size_t i = 0; i < a->d; i++) {
            float acc = a->out[i] * corr;
            for (size_t j = 0; j < n; j++)
                acc = fmaf(p[j], row_at(a, a->v, p0 + j, i), acc);
            a->out[i] = acc;
        }
        m = top;
    }
    for (size_t i = 0; i < a->d; i++)
        a->out[i] = a->out[i] / l;
}
