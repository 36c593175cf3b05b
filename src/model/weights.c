/* From tensors to weights: every tensor a layer needs is found, checked and bound here, before anything runs. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/layer.h"

enum { NAME_BYTES = 64 };

size_t config_conv_dim(const struct model_config *c)
{
    return c->d_inner + 2 * c->n_group * c->d_state;
}

size_t config_in_dim(const struct model_config *c)
{
    return c->d_inner + config_conv_dim(c) + c->n_ssm_head;
}

struct binder {
    struct model *m;
    struct err *e;
    size_t layer;
    const char *prefix; /* "blk.N." or "" by in_layer */
    char block[32];
};

static void in_layer(struct binder *b, size_t layer)
{
    b->layer = layer;
    snprintf(b->block, sizeof b->block, "blk.%zu.", layer);
    b->prefix = b->block;
}

static const struct gguf_tensor *find(const struct binder *b, const char *name)
{
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", b->prefix, name);
    return gguf_tensor(b->m->g, full);
}

static int missing(struct binder *b, const char *name)
{
    return err_set(b->e, ERR_FORMAT, "%s has no tensor %s%s, which a %s model needs; fetch it again or convert it anew",
                   gguf_path(b->m->g), b->prefix, name, b->m->c.arch_name);
}

static int bad_shape(struct binder *b, const char *name, const struct gguf_tensor *t, size_t ne0, size_t ne1)
{
    return err_set(b->e, ERR_FORMAT,
                   "%s: the tensor %s%s is {%" PRIu64 ", %" PRIu64 "} where its metadata asks for {%zu, %zu}; convert it anew",
                   gguf_path(b->m->g), b->prefix, name, t->ne[0], t->ne[1], ne0, ne1);
}

static int type_of(struct binder *b, const char *name, const struct gguf_tensor *t, enum kern_type *type)
{
    if (kern_type_from_gguf(t->type, type))
        return 0;
    return err_set(b->e, ERR_UNSUPPORTED,
                   "%s: the tensor %s%s is of type %s, for which hiss has no kernel; take a Q4_K_M, Q8_0 or F16 file",
                   gguf_path(b->m->g), b->prefix, name, gguf_type_name(t->type));
}

/* {cols, rows} in the file's order of dimensions. */
static int matrix(struct binder *b, struct linear *w, const char *name, size_t rows, size_t cols)
{
    const struct gguf_tensor *t = find(b, name);
    if (!t)
        return missing(b, name);
    if (t->ne[0] != cols || t->ne[1] != rows || t->ne[2] != 1 || t->ne[3] != 1)
        return bad_shape(b, name, t, cols, rows);
    *w = (struct linear){ .rows = rows, .cols = cols, .w = t->data, .tensor = t };
    if (type_of(b, name, t, &w->type))
        return -1;
    w->run = kern_linear_of(&b->m->k, w->type);
    return 0;
}

/* Memory of the model's own, freed at close. */
static float *own(struct binder *b, size_t n)
{
    struct model *m = b->m;
    float *p = mem_alloc_aligned(n * sizeof *p);
    if (!p || mem_grow(&m->owned, &m->cap_owned, m->n_owned + 1, sizeof *m->owned)) {
        mem_free_aligned(p);
        err_nomem(b->e, "the model's weights");
        return NULL;
    }
    return m->owned[m->n_owned++] = p;
}

/* A small tensor as f32 [ne1, ne0]. Where one of the two is 1 the file may hold them in any such shape. */
static int vector(struct binder *b, const float **out, const char *name, size_t ne0, size_t ne1)
{
    const struct gguf_tensor *t = find(b, name);
    enum kern_type type;
    if (!t)
        return missing(b, name);
    bool flat = (ne0 == 1 || ne1 == 1) && (t->ne[0] == 1 || t->ne[1] == 1) && t->ne[0] * t->ne[1] == ne0 * ne1;
    if ((!flat && (t->ne[0] != ne0 || t->ne[1] != ne1)) || t->ne[2] != 1 || t->ne[3] != 1)
        return bad_shape(b, name, t, ne0, ne1);
    if (type_of(b, name, t, &type))
        return -1;
    if (kern_types[type].block != 1)
        return err_set(b->e, ERR_UNSUPPORTED, "%s: the tensor %s%s is quantised, which it must not be; convert it anew",
                       gguf_path(b->m->g), b->prefix, name);
    float *v = own(b, ne0 * ne1);
    if (!v)
        return -1;
    kern_dequant_row(type, t->data, ne0 * ne1, v);
    *out = v;
    return 0;
}

static int opt_bias(struct binder *b, struct linear *w, const char *name)
{
    return find(b, name) ? vector(b, &w->bias, name, w->rows, 1) : 0;
}

/* ---- Mixers ---- */

/* The convolution's weights, tap-major: [d_conv, n] from the file's {d_conv, n}. */
static int conv(struct binder *b, const float **w, const float **bias, size_t n)
{
    size_t taps = b->m->c.d_conv;
    const float *file;
    if (vector(b, &file, "ssm_conv1d.weight", taps, n) || vector(b, bias, "ssm_conv1d.bias", n, 1))
        return -1;
    float *v = own(b, taps * n);
    if (!v)
        return -1;
    for (size_t k = 0; k < taps; k++)
        for (size_t i = 0; i < n; i++)
            v[k * n + i] = file[i * taps + k];
    *w = v;
    return 0;
}

/* A of mamba-1: [groups, d_state, 16] from the file's {d_state, d_inner}; channels past the last are zero. */
static int scan_a(struct binder *b, const float **out)
{
    size_t n = b->m->c.d_inner, states = b->m->c.d_state, groups = (n + KERN_GROUP - 1) / KERN_GROUP;
    const float *file;
    if (vector(b, &file, "ssm_a", states, n))
        return -1;
    float *v = own(b, groups * states * KERN_GROUP);
    if (!v)
        return -1;
    memset(v, 0, groups * states * KERN_GROUP * sizeof *v);
    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < states; s++)
            v[(i / KERN_GROUP * states + s) * KERN_GROUP + i % KERN_GROUP] = file[i * states + s];
    *out = v;
    return 0;
}

static int bind_mamba1(struct binder *b, struct mamba1_weights *w)
{
    const struct model_config *c = &b->m->c;
    return matrix(b, &w->in, "ssm_in.weight", 2 * c->d_inner, c->n_embd) ||
           conv(b, &w->conv_w, &w->conv_b, c->d_inner) ||
           matrix(b, &w->x, "ssm_x.weight", c->dt_rank + 2 * c->d_state, c->d_inner) ||
           matrix(b, &w->dt, "ssm_dt.weight", c->d_inner, c->dt_rank) ||
           vector(b, &w->dt_bias, "ssm_dt.bias", c->d_inner, 1) || scan_a(b, &w->a) ||
           vector(b, &w->d, "ssm_d", c->d_inner, 1) || matrix(b, &w->out, "ssm_out.weight", c->n_embd, c->d_inner)
               ? -1 : 0;
}

static int bind_mamba2(struct binder *b, struct mamba2_weights *w)
{
    const struct model_config *c = &b->m->c;
    return matrix(b, &w->in, "ssm_in.weight", config_in_dim(c), c->n_embd) ||
           conv(b, &w->conv_w, &w->conv_b, config_conv_dim(c)) ||
           vector(b, &w->dt_bias, "ssm_dt.bias", c->n_ssm_head, 1) || vector(b, &w->a, "ssm_a", 1, c->n_ssm_head) ||
           vector(b, &w->d, "ssm_d", 1, c->n_ssm_head) ||
           vector(b, &w->norm, "ssm_norm.weight", c->d_inner / c->n_group, c->n_group) ||
           matrix(b, &w->out, "ssm_out.weight", c->n_embd, c->d_inner)
               ? -1 : 0;
}

static int bind_attention(struct binder *b, struct attn_weights *w)
{
    static const char *const names[3] = { "attn_q.weight", "attn_k.weight", "attn_v.weight" };
    static const char *const biases[3] = { "attn_q.bias", "attn_k.bias", "attn_v.bias" };
    const struct model_config *c = &b->m->c;
    size_t q = c->n_head * c->d_head, kv = c->n_head_kv * c->d_head;
    size_t rows[3] = { q, kv, kv };
    w->n_in = find(b, "attn_qkv.weight") ? 1 : 3;
    if (w->n_in == 1 && (matrix(b, &w->in[0], "attn_qkv.weight", q + 2 * kv, c->n_embd) ||
                         opt_bias(b, &w->in[0], "attn_qkv.bias")))
        return -1;
    for (size_t i = 0; w->n_in == 3 && i < 3; i++)
        if (matrix(b, &w->in[i], names[i], rows[i], c->n_embd) || opt_bias(b, &w->in[i], biases[i]))
            return -1;
    return matrix(b, &w->out, "attn_output.weight", c->n_embd, q) || opt_bias(b, &w->out, "attn_output.bias") ? -1 : 0;
}

static int bind_mlp(struct binder *b, struct mlp_weights *w)
{
    const struct model_config *c = &b->m->c;
    return matrix(b, &w->gate, "ffn_gate.weight", c->n_ff, c->n_embd) || opt_bias(b, &w->gate, "ffn_gate.bias") ||
           matrix(b, &w->up, "ffn_up.weight", c->n_ff, c->n_embd) || opt_bias(b, &w->up, "ffn_up.bias") ||
           matrix(b, &w->down, "ffn_down.weight", c->n_embd, c->n_ff) || opt_bias(b, &w->down, "ffn_down.bias")
               ? -1 : 0;
}

static int bind_layer(struct binder *b, struct layer *l)
{
    const struct model_config *c = &b->m->c;
    int r = 0;
    if (l->mixer == MIXER_NULL)
        return 0;
    if (vector(b, &l->norm, "attn_norm.weight", c->n_embd, 1))
        return -1;
    if (l->mixer == MIXER_MAMBA1)
        r = bind_mamba1(b, &l->mamba1);
    else if (l->mixer == MIXER_MAMBA2)
        r = bind_mamba2(b, &l->mamba2);
    else
        r = bind_attention(b, &l->attn);
    if (r || !c->n_ff)
        return r;
    return vector(b, &l->mlp_norm, "ffn_norm.weight", c->n_embd, 1) || bind_mlp(b, &l->mlp) ? -1 : 0;
}

/* ---- The whole ---- */

/* Radians a position for each pair: base^(-2j/n_rot) / factor_j * scale, in double (Su et al. 2021, section 3.2.2). */
static int bind_rope(struct binder *b)
{
    struct model *m = b->m;
    size_t n = m->c.n_rot / 2;
    const float *factor = NULL;
    if (!m->c.use_rope || !n)
        return 0;
    if (find(b, "rope_freqs.weight") && vector(b, &factor, "rope_freqs.weight", n, 1))
        return -1;
    m->rope_freq = mem_alloc(n, sizeof *m->rope_freq);
    if (!m->rope_freq)
        return err_nomem(b->e, "the rope table");
    for (size_t j = 0; j < n; j++)
        m->rope_freq[j] = kern_pow(m->c.rope_base, -2.0 * (double)j / (double)m->c.n_rot) /
                          (factor ? (double)factor[j] : 1) * m->c.rope_scale;
    return 0;
}

int weights_bind(struct model *m, struct err *e)
{
    struct binder b = { .m = m, .e = e, .prefix = "" };
    const struct model_config *c = &m->c;
    struct linear embd;
    m->layer = mem_zalloc(c->n_layer, sizeof *m->layer);
    if (!m->layer)
        return err_nomem(e, "the model's layers");
    if (matrix(&b, &embd, "token_embd.weight", c->n_vocab, c->n_embd) ||
        vector(&b, &m->output_norm, "output_norm.weight", c->n_embd, 1) || bind_rope(&b))
        return -1;
    m->embd = embd.tensor;
    m->embd_type = embd.type;
    m->output = embd; /* tied, unless it has its own */
    if (find(&b, "output.weight") && matrix(&b, &m->output, "output.weight", c->n_vocab, c->n_embd))
        return -1;
    for (size_t i = 0; i < c->n_layer; i++) {
        in_layer(&b, i);
        m->layer[i].mixer = (enum mixer)c->mixer[i];
        if (bind_layer(&b, &m->layer[i]))
            return -1;
    }
    return 0;
}
