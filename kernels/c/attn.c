/* Query heads against the rows of their key/value head, each alone, in blocks of 64 positions counted from position 0
 * (Dao et al. 2022, algorithm 1):
 *   s_j  = scale * sum16(q, k_j)
 *   m'   = max(m, s_j of the block);  corr = exp(m - m')          (m starts at -inf)
 *   p_j  = exp(s_j - m')
 *   l    = fma(l, corr, sum16_j p_j)                              (l starts at 0; the sum over the block's positions)
 *   acc  = acc * corr, then for j ascending acc = fma(p_j, v_j, acc)   (acc starts at 0)
 *   m    = m'
 * and at the end out = acc / l. The last block may be short: its missing positions are zeros in sum16 and are left out
 * of the rest. */
#include "impl.h"
#include "c/sum16.h"

#include <string.h>

enum { BLOCK = KERN_ATTN_BLOCK };

static float element(const struct kern_attn *a, const unsigned char *block, size_t i)
{
    if (a->f32_rows) {
        float x;
        memcpy(&x, block + 4 * i, sizeof x);
        return x;
    }
    uint16_t h;
    memcpy(&h, block + 2 * i, sizeof h);
    return kern_f16_to_f32(h);
}

static float key_at(const struct kern_attn *a, size_t p, size_t i)
{
    return element(a, (const unsigned char *)a->k + p / BLOCK * a->stride, i * BLOCK + p % BLOCK);
}

static float value_at(const struct kern_attn *a, size_t p, size_t i)
{
    return element(a, (const unsigned char *)a->v + p / BLOCK * a->stride, p % BLOCK * a->d + i);
}

static float score(const struct kern_attn *a, const float *q, size_t p)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < a->d; k += 16)
        for (size_t i = 0; i < 16; i++) {
            float x = k + i < a->d ? q[k + i] : 0.0f, y = k + i < a->d ? key_at(a, p, k + i) : 0.0f;
            lane[i] = fmaf(x, y, lane[i]);
        }
    return a->scale * sum16_tree(lane);
}

static void one_query(const struct kern_attn *a, const float *q, size_t n_pos, float *out)
{
    float m = -INFINITY, l = 0.0f, p[BLOCK];
    for (size_t i = 0; i < a->d; i++)
        out[i] = 0.0f;
    for (size_t p0 = 0; p0 < n_pos; p0 += BLOCK) {
        size_t n = n_pos - p0 < BLOCK ? n_pos - p0 : BLOCK;
        float top = m, lane[16] = { 0 };
        for (size_t j = 0; j < n; j++) {
            p[j] = score(a, q, p0 + j);
            top = p[j] > top ? p[j] : top;
        }
        float corr = kern_expf(m - top);
        for (size_t j = 0; j < n; j++) {
            p[j] = kern_expf(p[j] - top);
            lane[j % 16] = lane[j % 16] + p[j];
        }
        l = fmaf(l, corr, sum16_tree(lane));
        for (size_t i = 0; i < a->d; i++) {
            float acc = out[i] * corr;
            for (size_t j = 0; j < n; j++)
                acc = fmaf(p[j], value_at(a, p0 + j, i), acc);
            out[i] = acc;
        }
        m = top;
    }
    for (size_t i = 0; i < a->d; i++)
        out[i] = out[i] / l;
}

void kern_attn_c(const struct kern_attn *a)
{
    for (size_t t = 0; t < a->n_tok; t++)
        for (size_t h = 0; h < a->n_head; h++)
            one_query(a, a->q + t * a->q_stride + h * a->d, a->n_pos + t, a->out + t * a->out_stride + h * a->d);
}
