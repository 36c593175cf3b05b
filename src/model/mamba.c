/* Mamba-1 (Gu, Dao 2023): in-projection, short convolution, selective scan, gate, out-projection. */
#include "model/forward.h"

enum { CONV_WORK = 16, SCAN_WORK = 8 /* operations a state */ };

static const struct mamba1_weights *weights(const struct layer *l)
{
    return &l->mamba1;
}

static void conv_channels(struct forward *f, const struct layer *l, size_t i, size_t c0, size_t c1)
{
    const struct model_config *c = &f->m->c;
    size_t t = f->first[i];
    struct kern_conv a = {
        .x = f->wide + t * f->wide_stride, .x_stride = f->wide_stride,
        .y = f->mid + t * f->mid_stride, .y_stride = f->mid_stride,
        .w = weights(l)->conv_w, .bias = weights(l)->conv_b, .s = f->seqs[i].s->rec + l->conv_at,
        .n_tok = f->seqs[i].n, .n_chan = c->d_inner, .n_k = c->d_conv,
    };
    f->k->conv_silu(&a, c0, c1);
}

/* dt_rank, B and C through an RMS norm without weights: Falcon-Mamba. Then the input of the dt projection. */
static void split_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct model_config *c = &f->m->c;
    for (size_t t = t0; c->dt_b_c_rms && t < t1; t++) {
        float *p = f->dt + t * f->dt_stride, *b = p + c->dt_rank;
        f->k->rms_norm(p, p, NULL, c->dt_rank, c->eps);
        f->k->rms_norm(b, b, NULL, c->d_state, c->eps);
        f->k->rms_norm(b + c->d_state, b + c->d_state, NULL, c->d_state, c->eps);
    }
    input_prepare(f, arg, t0, t1);
}

/* Groups [g0, g1) of 16 channels of one sequence: dt = softplus(dt + bias), the scan, the gate. */
static void scan_groups(struct forward *f, const struct layer *l, size_t i, size_t g0, size_t g1)
{
    const struct model_config *c = &f->m->c;
    const struct mamba1_weights *w = weights(l);
    size_t t0 = f->first[i], n = f->seqs[i].n, c0 = g0 * KERN_GROUP, c1 = g1 * KERN_GROUP;
    float *y = f->mid + t0 * f->mid_stride, *p = f->dt + t0 * f->dt_stride;
    const float *z = f->wide + t0 * f->wide_stride + c->d_inner;
    if (c1 > c->d_inner)
        c1 = c->d_inner;
    for (size_t t = 0; t < n; t++)
        f->k->softplus_bias(p + t * f->dt_stride + f->dt_at + c0, w->dt_bias + c0, c1 - c0);
    struct kern_scan1 a = {
        .x = y, .x_stride = f->mid_stride, .y = y, .y_stride = f->mid_stride,
        .dt = p + f->dt_at, .dt_stride = f->dt_stride,
        .b = p + c->dt_rank, .c = p + c->dt_rank + c->d_state, .bc_stride = f->dt_stride,
        .a = w->a, .d = w->d, .s = f->seqs[i].s->rec + l->scan_at,
        .n_tok = n, .n_chan = c->d_inner, .n_state = c->d_state,
    };
    f->k->scan1(&a, g0, g1);
    for (size_t t = 0; t < n; t++) {
        float *row = y + t * f->mid_stride + c0;
        f->k->mul_silu(row, row, z + t * f->wide_stride + c0, c1 - c0);
    }
}

void mamba1_forward(struct forward *f, const struct layer *l)
{
    const struct model_config *c = &f->m->c;
    const struct mamba1_weights *w = weights(l);
    struct input normed = forward_normed(f, linear_needs(&w->in));
    struct input mid = { f->mid, f->mid_stride, c->d_inner, linear_needs(&w->x) };
    struct input rank = { f->dt, f->dt_stride, c->dt_rank, linear_needs(&w->dt) };
    size_t groups = (c->d_inner + KERN_GROUP - 1) / KERN_GROUP;

    forward_norm(f, l->norm, normed.needs);
    linear_run(f, &normed, &(struct product){ &w->in, f->wide, f->wide_stride }, 1);
    forward_units(f, l, c->d_inner, CONV_WORK, conv_channels);
    input_prepare_all(f, &mid);
    linear_run(f, &mid, &(struct product){ &w->x, f->dt, f->dt_stride }, 1);
    forward_tokens(f, split_tokens, &rank);
    linear_run(f, &rank, &(struct product){ &w->dt, f->dt + f->dt_at, f->dt_stride }, 1);
    forward_units(f, l, groups, KERN_GROUP * c->d_state * SCAN_WORK, scan_groups);
    mid.needs = linear_needs(&w->out);
    input_prepare_all(f, &mid);
    linear_run(f, &mid, &(struct product){ &w->out, f->h, f->x_stride }, 1);
    f->pending = true;
}
