/* Attention with grouped key heads (Ainslie et al. 2023) and rotary positions (Su et al. 2021). A position's keys and
 * values go into its sequence's blocks and never change after. */
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

/* Turns q and k of each token; its k and v go into its row and into the blocks of its sequence. */
static void store_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct model *m = f->m;
    const struct model_config *c = &m->c;
    const struct layer *l = arg;
    size_t q_dim = c->n_head * c->d_head, kv = c->n_head_kv * c->d_head;
    for (size_t t = t0; t < t1; t++) {
        float *q = f->wide + t * f->wide_stride, *k = q + q_dim;
        unsigned char *row = f->row + t * m->row_bytes;
        if (m->rope_freq) /* q and k are adjacent: one call turns the heads of both */
            f->k->rope(q, f->rope + t * c->n_rot, c->n_head + c->n_head_kv, c->d_head, c->n_rot, c->rope_neox);
        if (m->rows_f32)
            memcpy(row + l->row_at, k, 2 * kv * sizeof *k); /* v follows k in both */
        else
            f->k->to_f16(row + l->row_at, k, 2 * kv);
        state_put_row(m, l, f->tok[t].s, f->tok[t].pos, row);
    }
}

/* ---- Parts: SPAN tokens of a sequence and the query heads of one key/value head, or some of them ---- */

enum { SPAN = 32 };

struct heads {
    struct forward *f;
    const struct layer *l;
    size_t spans;          /* of all sequences */
    size_t cuts;           /* of a group of query heads */
    size_t units, per_part;
};

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The sequence that span s of the batch belongs to; *s becomes its own span. */
static size_t sequence_of(const struct forward *f, size_t *s)
{
    size_t i = 0;
    for (size_t n; n = (f->seqs[i].n + SPAN - 1) / SPAN, *s >= n; i++)
        *s -= n;
    return i;
}

static void attend_unit(const struct heads *a, size_t unit)
{
    struct forward *f = a->f;
    const struct model *m = f->m;
    const struct model_config *c = &m->c;
    size_t span = unit % a->spans, cut = unit / a->spans % a->cuts, kv = unit / a->spans / a->cuts;
    size_t i = sequence_of(f, &span), group = c->n_head / c->n_head_kv;
    size_t t = f->first[i] + span * SPAN, h0 = group * cut / a->cuts, h1 = group * (cut + 1) / a->cuts, h = kv * group + h0;
    struct kern_attn one = {
        .q = f->wide + t * f->wide_stride + h * c->d_head, .q_stride = f->wide_stride,
        .n_tok = min(SPAN, f->seqs[i].n - span * SPAN), .n_head = h1 - h0, .d = c->d_head,
        .n_pos = f->tok[t].pos + 1, .scale = c->attn_scale, .f32_rows = m->rows_f32,
        .out = f->mid + t * f->mid_stride + h * c->d_head, .out_stride = f->mid_stride,
    };
    state_blocks(m, a->l, f->seqs[i].s, kv, &one);
    f->k->attn(&one);
}

static void heads_part(void *arg, size_t part, unsigned member)
{
    const struct heads *a = arg;
    (void)member;
    for (size_t u = part * a->per_part; u < min((part + 1) * a->per_part, a->units); u++)
        attend_unit(a, u);
}

/* One head's rows stay in cache while all spans pass. A group of query heads is only cut where there would be too few
 * units for the members: together they read each row once. */
static void attend(struct forward *f, const struct layer *l)
{
    const struct model_config *c = &f->m->c;
    struct heads h = { .f = f, .l = l, .cuts = 1 };
    size_t group = c->n_head / c->n_head_kv, work = 0;
    for (size_t i = 0; i < f->n_seqs; i++)
        h.spans += (f->seqs[i].n + SPAN - 1) / SPAN;
    for (size_t t = 0; t < f->n_tok; t++)
        work += (f->tok[t].pos + 1) * c->n_head * c->d_head * 2;
    if (h.spans * c->n_head_kv < f->members)
        h.cuts = min(group, (f->members + h.spans * c->n_head_kv - 1) / (h.spans * c->n_head_kv));
    h.units = h.spans * h.cuts * c->n_head_kv;
    size_t parts = f->members == 1 ? 1 : min(work / PART_WORK + 1, h.units);
    h.per_part = (h.units + parts - 1) / parts;
    forward_run(f, (h.units + h.per_part - 1) / h.per_part, heads_part, &h);
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
