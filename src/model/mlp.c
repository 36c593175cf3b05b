/* The gated MLP (SwiGLU: Shazeer 2020): down(silu(gate(h)) up(h)). */
#include "model/forward.h"

struct gated {
    size_t up_at;
    struct input down;
};

static void gate_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct gated *g = arg;
    for (size_t t = t0; t < t1; t++) {
        float *gate = f->wide + t * f->wide_stride;
        f->k->mul_silu(gate, gate + g->up_at, gate, g->down.cols);
    }
    input_prepare(f, &g->down, t0, t1);
}

void mlp_forward(struct forward *f, const struct layer *l)
{
    const struct mlp_weights *w = &l->mlp;
    size_t n = f->m->c.n_ff, up_at = f->wide_stride / 2;
    struct input normed = forward_normed(f, linear_needs(&w->gate) | linear_needs(&w->up));
    struct product in[2] = { { &w->gate, f->wide, f->wide_stride }, { &w->up, f->wide + up_at, f->wide_stride } };
    struct gated gated = { up_at, { f->wide, f->wide_stride, n, linear_needs(&w->down) } };

    forward_norm(f, l->mlp_norm, normed.needs);
    linear_run(f, &normed, in, 2);
    forward_tokens(f, gate_tokens, &gated);
    linear_run(f, &gated.down, &(struct product){ &w->down, f->h, f->x_stride }, 1);
    f->pending = true;
}
