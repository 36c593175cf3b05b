/* Attention with grouped key heads (Ainslie et al. 2023) and rotary positions (Su et al. 2021). A position's keys and
 * values go into its sequence's rows and never change after. */
#include <string.h>

#include "model/forward.h"

enum { PART_WORK = 1 << 15 /* operations below which a part costs less than handing it out */ };

void attn_rope_table(struct forward *f)
{
    size_t n = f->m->c.n_rot / 2;
    for (size_t t = 0; f->m->rope_freq && t < f->n_tok; t++) {
        float *cs = f->rope + t * 2 * n;
        for (size_t j = 0; j < n; j++) {
            double s, c;
            kern_sincos((double)f->tok[t].pos * f->m->rope_freq[j], &s, &c);
            cs[2 * j] = (float)c;
            cs[2 * j + 1] = (float)s;
        }
    }
}

static size_t element_bytes(const struct model *m)
{
    return m->rows_f32 ? sizeof(float) : sizeof(uint16_t);
}

/* Turns q and k of each token and stores its k and v as one position's row. */
static void store_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct model *m = f->m;
    const struct model_config *c = &m->c;
    const struct layer *l = arg;
    size_t q_dim = c->n_head * c->d_head, kv = c->n_head_kv * c->d_head;
    for (size_t t = t0; t < t1; t++) {
        float *q = f->wide + t * f->wide_stride, *k = q + q_dim;
        unsigned char *row = f->tok[t].s->rows + f->tok[t].pos * m->row_bytes + l->row_at;
        if (m->rope_freq) /* q and k are adjacent: one call turns the heads of both */
            f->k->rope(q, f->rope + t * c->n_rot, c->n_head + c->n_head_kv, c->d_head, c->n_rot, c->rope_neox);
        if (m->rows_f32)
            memcpy(row, k, 2 * kv * sizeof *k); /* v follows k in both */
        else
            f->k->to_f16(row, k, 2 * kv);
    }
}

struct heads {
    struct forward *f;
    const struct layer *l;
    size_t per_part; /* of n_tok * n_head */
};

static void heads_part(void *arg, size_t part, unsigned member)
{
    const struct heads *a = arg;
    struct forward *f = a->f;
    const struct model_config *c = &f->m->c;
    size_t bytes = element_bytes(f->m), end = f->n_tok * c->n_head;
    (void)member;
    for (size_t i = part * a->per_part; i < (part + 1) * a->per_part && i < end; i++) {
        size_t h = i / f->n_tok, t = i % f->n_tok, kv = h / (c->n_head / c->n_head_kv); /* one head's rows stay in cache */
        const unsigned char *k = f->tok[t].s->rows + a->l->row_at + kv * c->d_head * bytes;
        struct kern_attn one = {
            .q = f->wide + t * f->wide_stride + h * c->d_head,
            .k = k, .v = k + c->n_head_kv * c->d_head * bytes, .stride = f->m->row_bytes,
            .n_pos = f->tok[t].pos + 1, .d = c->d_head, .scale = c->attn_scale, .f32_rows = f->m->rows_f32,
            .out = f->mid + t * f->mid_stride + h * c->d_head,
        };
        f->k->attn(&one);
    }
}

static void attend(struct forward *f, const struct layer *l)
{
    size_t all = f->n_tok * f->m->c.n_head, work = 0;
    for (size_t t = 0; t < f->n_tok; t++)
        work += (f->tok[t].pos + 1) * f->m->c.n_head * f->m->c.d_head * 2;
    size_t parts = work / PART_WORK + 1, most = f->members == 1 ? 1 : all;
    if (parts > most)
        parts = most;
    struct heads h = { f, l, (all + parts - 1) / parts };
    forward_run(f, (all + h.per_part - 1) / h.per_part, heads_part, &h);
}

void attn_forward(struct forward *f, const struct layer *l)
{
    const struct model_config *c = &f->m->c;
    const struct attn_weights *w = &l->attn;
    struct product in[3];
    unsigned needs = 0;
    size_t at = 0;
    for (size_t i = 0; i < w->n_in; i++) { /* q, k and v side by side in one row */
        in[i] = (struct product){ &w->in[i], f->wide + at, f->wide_stride };
        at += w->in[i].rows;
        needs |= linear_needs(&w->in[i]);
    }
    struct input normed = forward_normed(f, needs);
    struct input out = { f->mid, f->mid_stride, c->n_head * c->d_head, linear_needs(&w->out) };

    forward_norm(f, l->norm, needs);
    linear_run(f, &normed, in, w->n_in);
    forward_tokens(f, store_tokens, l);
    attend(f, l);
    input_prepare_all(f, &out);
    linear_run(f, &out, &(struct product){ &w->out, f->h, f->x_stride }, 1);
    f->pending = true;
}
