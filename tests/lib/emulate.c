#include "emulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulate_num.h"

enum { MAX_BUFFERS = 256 };

struct emu {
    const struct gguf *g;
    const struct model_config *c;
    size_t n;          /* tokens */
    bool rows_f32;     /* all matrices are F32: keys and values stay f32 */
    void *buffer[MAX_BUFFERS];
    size_t n_buffer;
};

static float *rows(struct emu *m, size_t n, size_t cols)
{
    if (m->n_buffer == MAX_BUFFERS || !(m->buffer[m->n_buffer] = calloc(n * cols + 1, sizeof(float)))) {
        fputs("Bail out! emulation: no memory\n", stdout);
        exit(1);
    }
    return m->buffer[m->n_buffer++];
}

static const struct gguf_tensor *find(const struct emu *m, const char *fmt, size_t layer)
{
    char name[64];
    snprintf(name, sizeof name, fmt, layer);
    return gguf_tensor(m->g, name);
}

static const struct gguf_tensor *need(const struct emu *m, const char *fmt, size_t layer)
{
    const struct gguf_tensor *t = find(m, fmt, layer);
    if (!t) {
        printf("Bail out! emulation: no tensor %s\n", fmt);
        exit(1);
    }
    return t;
}

/* ---- Vectors and products ---- */

/* y = W x for every token. */
static void product(struct emu *m, const struct gguf_tensor *w, const float *x, size_t stride, float *y)
{
    enum kern_type type;
    size_t cols = (size_t)w->ne[0], n_rows = (size_t)w->ne[1];
    float *plain = rows(m, 1, cols);
    kern_type_from_gguf(w->type, &type);
    for (size_t r = 0; r < n_rows; r++) {
        const unsigned char *row = w->data + r * (w->bytes / n_rows);
        for (size_t k = 0; kern_types[type].block == 1 && k < cols; k++)
            plain[k] = emu_plain_value(type, row, k);
        for (size_t t = 0; t < m->n; t++) {
            const float *in = x + t * stride;
            y[t * n_rows + r] = kern_types[type].block == 1   ? emu_dot(plain, in, cols)
                                : kern_types[type].block == 32 ? emu_product32(type, row, in, cols)
                                                               : emu_product256(type, row, in, cols);
        }
    }
}

static float *linear(struct emu *m, const char *fmt, size_t layer, const float *x, size_t stride)
{
    const struct gguf_tensor *w = need(m, fmt, layer);
    size_t n = (size_t)w->ne[1];
    float *y = rows(m, m->n, n);
    product(m, w, x, stride, y);
    char bias[64]; /* "...weight" to "...bias" */
    snprintf(bias, sizeof bias, "%.*sbias", (int)(strlen(fmt) - strlen("weight")), fmt);
    const struct gguf_tensor *b = find(m, bias, layer);
    for (size_t i = 0; b && strcmp(fmt, "blk.%zu.ssm_dt.weight") && i < m->n * n; i++)
        y[i] = y[i] + emu_f32_value(b->data + 4 * (i % n));
    return y;
}

static float *vector(struct emu *m, const char *fmt, size_t layer)
{
    const struct gguf_tensor *t = need(m, fmt, layer);
    size_t n = t->bytes / 4;
    float *v = rows(m, 1, n);
    memcpy(v, t->data, n * 4); /* F32, as the fixtures have it */
    return v;
}

static void rms(float *y, const float *x, const float *w, size_t n, float eps)
{
    float r = 1 / sqrtf(emu_dot(x, x, n) / (float)n + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = w ? x[i] * r * w[i] : x[i] * r;
}

static float *normed(struct emu *m, const char *fmt, size_t layer, const float *x)
{
    size_t e = m->c->n_embd;
    float *w = vector(m, fmt, layer), *h = rows(m, m->n, e);
    for (size_t t = 0; t < m->n; t++)
        rms(h + t * e, x + t * e, w, e, m->c->eps);
    return h;
}

/* ---- Mixers ---- */

/* silu of the convolution over n channels that stand at x, `stride` floats a token: [n_tok, n]. */
static float *conv(struct emu *m, size_t layer, const float *x, size_t stride, size_t n)
{
    float *w = vector(m, "blk.%zu.ssm_conv1d.weight", layer), *bias = vector(m, "blk.%zu.ssm_conv1d.bias", layer);
    float *y = rows(m, m->n, n);
    size_t taps = m->c->d_conv;
    for (size_t t = 0; t < m->n; t++)
        for (size_t i = 0; i < n; i++) {
            float v = bias[i];
            for (size_t k = 0; k < taps; k++)
                v = fmaf(w[i * taps + k], t + k + 1 < taps ? 0 : x[(t + k + 1 - taps) * stride + i], v);
            y[t * n + i] = kern_siluf(v);
        }
    return y;
}

/* One step of one channel's states: returns sum16(S C). */
static float step(float *s, const float *b, const float *c, size_t n, float dtx, const float *decay, size_t decay_step)
{
    for (size_t i = 0; i < n; i++)
        s[i] = fmaf(decay[i * decay_step], s[i], dtx * b[i]);
    return emu_dot(s, c, n);
}

static float *mamba1(struct emu *m, size_t layer, const float *h)
{
    const struct model_config *c = m->c;
    size_t n = c->d_inner, st = c->d_state, p_cols = c->dt_rank + 2 * st;
    float *xz = linear(m, "blk.%zu.ssm_in.weight", layer, h, c->n_embd), *x = conv(m, layer, xz, 2 * n, n);
    float *p = linear(m, "blk.%zu.ssm_x.weight", layer, x, n);
    for (size_t t = 0; c->dt_b_c_rms && t < m->n; t++) {
        float *q = p + t * p_cols;
        rms(q, q, NULL, c->dt_rank, c->eps);
        rms(q + c->dt_rank, q + c->dt_rank, NULL, st, c->eps);
        rms(q + c->dt_rank + st, q + c->dt_rank + st, NULL, st, c->eps);
    }
    float *dt = linear(m, "blk.%zu.ssm_dt.weight", layer, p, p_cols), *bias = vector(m, "blk.%zu.ssm_dt.bias", layer);
    float *a = vector(m, "blk.%zu.ssm_a", layer), *d = vector(m, "blk.%zu.ssm_d", layer), *s = rows(m, n, st);
    float *decay = rows(m, 1, st);
    for (size_t t = 0; t < m->n; t++)
        for (size_t i = 0; i < n; i++) {
            float *xi = &x[t * n + i], delta = kern_softplusf(dt[t * n + i] + bias[i]), *b = p + t * p_cols + c->dt_rank;
            for (size_t j = 0; j < st; j++)
                decay[j] = kern_expf(delta * a[i * st + j]);
            float y = step(s + i * st, b, b + st, st, delta * *xi, decay, 1);
            *xi = fmaf(d[i], *xi, y) * kern_siluf(xz[t * 2 * n + n + i]);
        }
    return linear(m, "blk.%zu.ssm_out.weight", layer, x, n);
}

static float *mamba2(struct emu *m, size_t layer, const float *h)
{
    const struct model_config *c = m->c;
    size_t n = c->d_inner, st = c->d_state, heads = c->n_ssm_head, p = n / heads, cd = n + 2 * c->n_group * st;
    size_t in = n + cd + heads, each = n / c->n_group;
    float *zx = linear(m, "blk.%zu.ssm_in.weight", layer, h, c->n_embd), *x = conv(m, layer, zx + n, in, cd);
    float *a = vector(m, "blk.%zu.ssm_a", layer), *d = vector(m, "blk.%zu.ssm_d", layer), *s = rows(m, n, st);
    float *bias = vector(m, "blk.%zu.ssm_dt.bias", layer), *norm = vector(m, "blk.%zu.ssm_norm.weight", layer);
    for (size_t t = 0; t < m->n; t++) {
        float *y = x + t * cd;
        for (size_t i = 0; i < n; i++) {
            size_t head = i / p, group = head / (heads / c->n_group);
            float delta = kern_softplusf(zx[t * in + n + cd + head] + bias[head]), decay = kern_expf(delta * a[head]);
            const float *b = y + n + group * st;
            y[i] = fmaf(d[head], y[i], step(s + i * st, b, b + c->n_group * st, st, delta * y[i], &decay, 0));
        }
        for (size_t i = 0; i < n; i++)
            y[i] = y[i] * kern_siluf(zx[t * in + i]);
        for (size_t i = 0; i < n; i += each)
            rms(y + i, y + i, norm + i, each, c->eps);
    }
    return linear(m, "blk.%zu.ssm_out.weight", layer, x, cd);
}

static void turn(struct emu *m, float *x, size_t heads)
{
    const struct model_config *c = m->c;
    const struct gguf_tensor *f = find(m, "rope_freqs.weight", 0);
    for (size_t t = 0; t < m->n; t++)
        for (size_t i = 0; i < heads * c->n_rot / 2; i++) {
            size_t j = i % (c->n_rot / 2);
            float *p = x + (t * heads + i / (c->n_rot / 2)) * c->d_head + 2 * j;
            double s, co, freq = kern_pow(c->rope_base, -2.0 * (double)j / (double)c->n_rot);
            freq = freq / (f ? (double)emu_f32_value(f->data + 4 * j) : 1) * c->rope_scale;
            kern_sincos((double)t * freq, &s, &co);
            float u = fmaf(p[0], (float)co, -(p[1] * (float)s)), v = fmaf(p[0], (float)s, p[1] * (float)co);
            p[0] = u, p[1] = v;
        }
}

/* Softmax over positions 0 to t in blocks of 64, rescaled from block to block. */
static void attend(struct emu *m, const float *q, const float *k, const float *v, size_t stride, size_t t, float *out)
{
    size_t d = m->c->d_head;
    float top = -INFINITY, sum = 0, p[64];
    for (size_t i = 0; i < d; i++)
        out[i] = 0;
    for (size_t from = 0; from <= t; from += 64) {
        size_t n = t + 1 - from < 64 ? t + 1 - from : 64;
        float was = top, lane[16] = { 0 };
        for (size_t j = 0; j < n; j++) {
            p[j] = m->c->attn_scale * emu_dot(q, k + (from + j) * stride, d);
            top = p[j] > top ? p[j] : top;
        }
        float fade = kern_expf(was - top);
        for (size_t j = 0; j < n; j++) {
            p[j] = kern_expf(p[j] - top);
            lane[j % 16] += p[j];
        }
        sum = fmaf(sum, fade, emu_tree(lane));
        for (size_t i = 0; i < d; i++) {
            out[i] *= fade;
            for (size_t j = 0; j < n; j++)
                out[i] = fmaf(p[j], v[(from + j) * stride + i], out[i]);
        }
    }
    for (size_t i = 0; i < d; i++)
        out[i] = out[i] / sum;
}

static float *attention(struct emu *m, size_t layer, const float *h)
{
    const struct model_config *c = m->c;
    size_t qn = c->n_head * c->d_head, kn = c->n_head_kv * c->d_head;
    float *q = linear(m, "blk.%zu.attn_q.weight", layer, h, c->n_embd);
    float *k = linear(m, "blk.%zu.attn_k.weight", layer, h, c->n_embd);
    float *v = linear(m, "blk.%zu.attn_v.weight", layer, h, c->n_embd), *o = rows(m, m->n, qn);
    if (c->use_rope) {
        turn(m, q, c->n_head);
        turn(m, k, c->n_head_kv);
    }
    for (size_t i = 0; !m->rows_f32 && i < m->n * kn; i++) {
        k[i] = emu_f16_round(k[i]);
        v[i] = emu_f16_round(v[i]);
    }
    for (size_t t = 0; t < m->n; t++)
        for (size_t i = 0; i < c->n_head; i++) {
            size_t kv = i / (c->n_head / c->n_head_kv) * c->d_head;
            attend(m, q + t * qn + i * c->d_head, k + kv, v + kv, kn, t, o + t * qn + i * c->d_head);
        }
    return linear(m, "blk.%zu.attn_output.weight", layer, o, qn);
}

static float *mlp(struct emu *m, size_t layer, const float *h)
{
    float *gate = linear(m, "blk.%zu.ffn_gate.weight", layer, h, m->c->n_embd);
    float *up = linear(m, "blk.%zu.ffn_up.weight", layer, h, m->c->n_embd);
    for (size_t i = 0; i < m->n * m->c->n_ff; i++)
        up[i] = up[i] * kern_siluf(gate[i]);
    return linear(m, "blk.%zu.ffn_down.weight", layer, up, m->c->n_ff);
}

static void add(struct emu *m, float *x, const float *y)
{
    for (size_t i = 0; i < m->n * m->c->n_embd; i++)
        x[i] = x[i] + (m->c->residual_scale != 1 ? y[i] * m->c->residual_scale : y[i]);
}

static bool all_f32(const struct gguf *g)
{
    for (size_t i = 0; i < gguf_n_tensors(g); i++)
        if (gguf_tensor_at(g, i)->type != 0)
            return false;
    return true;
}

void emulate(const struct gguf *g, const struct model_config *c, const int32_t *ids, size_t n, float *logits)
{
    struct emu m = { .g = g, .c = c, .n = n, .rows_f32 = all_f32(g) };
    const struct gguf_tensor *embd = need(&m, "token_embd.weight", 0), *out = find(&m, "output.weight", 0);
    enum kern_type type;
    float *x = rows(&m, n, c->n_embd);
    kern_type_from_gguf(embd->type, &type);
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < c->n_embd; i++) {
            float v = emu_weight_value(type, embd->data + (size_t)ids[t] * (embd->bytes / c->n_vocab), i);
            x[t * c->n_embd + i] = c->embedding_scale != 1 ? v * c->embedding_scale : v;
        }
    for (size_t i = 0; i < c->n_layer; i++) {
        float *h = normed(&m, "blk.%zu.attn_norm.weight", i, x);
        add(&m, x, c->mixer[i] == MIXER_MAMBA1   ? mamba1(&m, i, h)
                   : c->mixer[i] == MIXER_MAMBA2 ? mamba2(&m, i, h)
                                                 : attention(&m, i, h));
        if (c->n_ff)
            add(&m, x, mlp(&m, i, normed(&m, "blk.%zu.ffn_norm.weight", i, x)));
    }
    product(&m, out ? out : embd, normed(&m, "output_norm.weight", 0, x), c->n_embd, logits);
    for (size_t i = 0; c->logit_scale != 1 && i < n * c->n_vocab; i++)
        logits[i] = logits[i] * (1 / c->logit_scale);
    for (size_t i = 0; i < m.n_buffer; i++)
        free(m.buffer[i]);
}
