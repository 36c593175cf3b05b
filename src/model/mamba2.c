/* Mamba-2 (Dao, Gu 2024): in-projection to z, x, B, C, dt; convolution over x, B, C; one scan a head; gated, grouped
 * RMS norm; out-projection. */
#include "model/forward.h"

enum { CONV_WORK = 16, SCAN_WORK = 3 /* operations a state */ };

static void conv_channels(struct forward *f, const struct layer *l, size_t i, size_t c0, size_t c1)
{
    const struct model_config *c = &f->m->c;
    size_t t = f->first[i];
    struct kern_conv a = {
        .x = f->wide + t * f->wide_stride + c->d_inner, .x_stride = f->wide_stride, /* behind z */
        .y = f->mid + t * f->mid_stride, .y_stride = f->mid_stride,
        .w = l->mamba2.conv_w, .bias = l->mamba2.conv_b, .s = f->seqs[i].s->rec + l->conv_at,
        .n_tok = f->seqs[i].n, .n_chan = config_conv_dim(c), .n_k = c->d_conv,
    };
    f->k->conv_silu(&a, c0, c1);
}

/* Heads [h0, h1) of one sequence: dt = softplus(dt + bias), then the scan, in place of x. */
static void scan_heads(struct forward *f, const struct layer *l, size_t i, size_t h0, size_t h1)
{
    const struct model_config *c = &f->m->c;
    const struct mamba2_weights *w = &l->mamba2;
    size_t t0 = f->first[i], n = f->seqs[i].n, p = c->d_inner / c->n_ssm_head;
    float *row = f->mid + t0 * f->mid_stride;
    float *dt = f->wide + t0 * f->wide_stride + c->d_inner + config_conv_dim(c);
    for (size_t t = 0; t < n; t++)
        f->k->softplus_bias(dt + t * f->wide_stride + h0, w->dt_bias + h0, h1 - h0);
    for (size_t h = h0; h < h1; h++) {
        const float *b = row + c->d_inner + h / (c->n_ssm_head / c->n_group) * c->d_state;
        struct kern_scan2 a = {
            .x = row + h * p, .x_stride = f->mid_stride, .y = row + h * p, .y_stride = f->mid_stride,
            .dt = dt + h, .dt_stride = f->wide_stride,
            .b = b, .c = b + c->n_group * c->d_state, .bc_stride = f->mid_stride,
            .a = w->a[h], .d = w->d[h], .s = f->seqs[i].s->rec + l->scan_at + h * p * c->d_state,
            .n_tok = n, .n_p = p, .n_state = c->d_state,
        };
        f->k->scan2(&a);
    }
}

struct gate {
    const float *norm;
    struct input out;
};

/* y = rms of each group of (y silu(z)): gated first, as the released models were trained. */
static void gate_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct model_config *c = &f->m->c;
    const struct gate *g = arg;
    size_t n = c->d_inner / c->n_group;
    for (size_t t = t0; t < t1; t++) {
        float *y = f->mid + t * f->mid_stride;
        f->k->mul_silu(y, y, f->wide + t * f->wide_stride, c->d_inner);
        for (size_t i = 0; i < c->d_inner; i += n)
            f->k->rms_norm(y + i, y + i, g->norm + i, n, c->eps);
    }
    input_prepare(f, &g->out, t0, t1);
}

void mamba2_forward(struct forward *f, const struct layer *l)
{
    const struct model_config *c = &f->m->c;
    const struct mamba2_weights *w = &l->mamba2;
    struct input normed = forward_normed(f, linear_needs(&w->in));
    struct gate gate = { w->norm, { f->mid, f->mid_stride, c->d_inner, linear_needs(&w->out) } };

    forward_norm(f, l->norm, normed.needs);
    linear_run(f, &normed, &(struct product){ &w->in, f->wide, f->wide_stride }, 1);
    forward_units(f, l, config_conv_dim(c), CONV_WORK, conv_channels);
    forward_units(f, l, c->n_ssm_head, c->d_inner / c->n_ssm_head * c->d_state * SCAN_WORK, scan_heads);
    forward_tokens(f, gate_tokens, &gate);
    linear_run(f, &gate.out, &(struct product){ &w->out, f->h, f->x_stride }, 1);
    f->pending = true;
}
