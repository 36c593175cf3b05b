/* One batch through the model: checked first, so that on error nothing has moved; then it cannot fail. */
#include "model/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { UNIT_WORK = 1 << 15, PARTS_A_MEMBER = 4, ALIGN = 64 };

struct model_scratch {
    unsigned char *block; /* all buffers of a forward pass, carved anew each time */
    size_t cap;
};

struct model_scratch *model_scratch_new(void)
{
    return mem_zalloc(1, sizeof(struct model_scratch));
}

void model_scratch_free(struct model_scratch *w)
{
    if (w)
        mem_free_aligned(w->block);
    free(w);
}

/* ---- Cutting work into parts ---- */

struct trampoline {
    pool_fn fn;
    void *arg;
};

static void checked_part(void *arg, size_t part, unsigned member)
{
    const struct trampoline *t = arg;
    kern_thread_init();
    t->fn(t->arg, part, member);
}

void forward_run(struct forward *f, size_t parts, pool_fn fn, void *arg)
{
    struct trampoline t = { fn, arg };
    if (parts == 1)
        fn(arg, 0, 0); /* the caller's own floating-point state was checked at the start */
    else
        pool_run(f->pool, parts, checked_part, &t);
}

struct token_stage {
    struct forward *f;
    token_fn fn;
    const void *arg;
    size_t per_part;
};

static void token_part(void *arg, size_t part, unsigned member)
{
    const struct token_stage *s = arg;
    size_t t0 = part * s->per_part, t1 = t0 + s->per_part;
    (void)member;
    s->fn(s->f, s->arg, t0, t1 < s->f->n_tok ? t1 : s->f->n_tok);
}

void forward_tokens(struct forward *f, token_fn fn, const void *arg)
{
    size_t parts = f->members == 1 ? 1 : f->members * PARTS_A_MEMBER;
    if (parts > f->n_tok)
        parts = f->n_tok;
    struct token_stage s = { f, fn, arg, (f->n_tok + parts - 1) / parts };
    forward_run(f, (f->n_tok + s.per_part - 1) / s.per_part, token_part, &s);
}

struct unit_stage {
    struct forward *f;
    const struct layer *l;
    unit_fn fn;
    size_t units, cuts; /* of each sequence */
};

static void unit_part(void *arg, size_t part, unsigned member)
{
    const struct unit_stage *s = arg;
    size_t i = part / s->cuts, cut = part % s->cuts;
    (void)member;
    if (s->f->seqs[i].n)
        s->fn(s->f, s->l, i, s->units * cut / s->cuts, s->units * (cut + 1) / s->cuts);
}

void forward_units(struct forward *f, const struct layer *l, size_t units, size_t work, unit_fn fn)
{
    size_t most = f->members == 1 ? 1 : f->members * PARTS_A_MEMBER;
    size_t cuts = f->n_tok * units * work / UNIT_WORK / f->n_seqs + 1;
    cuts = cuts < most ? cuts : most;
    cuts = cuts < units ? cuts : units;
    struct unit_stage s = { f, l, fn, units, cuts };
    forward_run(f, f->n_seqs * cuts, unit_part, &s);
}

/* ---- The residual stream ---- */

static void add_pending(struct forward *f, size_t t)
{
    const struct model_config *c = &f->m->c;
    float *h = f->h + t * f->x_stride;
    if (!f->pending)
        return;
    if (c->residual_scale != 1)
        f->k->scale(h, c->residual_scale, c->n_embd);
    f->k->add(f->x + t * f->x_stride, h, c->n_embd);
}

struct norm_stage {
    const float *w;
    struct input in;
};

static void norm_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct norm_stage *s = arg;
    for (size_t t = t0; t < t1; t++) {
        add_pending(f, t);
        f->k->rms_norm(f->h + t * f->x_stride, f->x + t * f->x_stride, s->w, f->m->c.n_embd, f->m->c.eps);
    }
    input_prepare(f, &s->in, t0, t1);
}

struct input forward_normed(const struct forward *f, unsigned needs)
{
    return (struct input){ f->h, f->x_stride, f->m->c.n_embd, needs };
}

void forward_norm(struct forward *f, const float *w, unsigned needs)
{
    struct norm_stage s = { w, forward_normed(f, needs) };
    forward_tokens(f, norm_tokens, &s);
    f->pending = false;
}

static void embed_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    const struct model *m = f->m;
    size_t row = m->embd->bytes / m->c.n_vocab;
    (void)arg;
    for (size_t i = 0; i < f->n_seqs; i++) {
        const struct model_seq *q = &f->seqs[i];
        for (size_t j = 0; j < q->n; j++) {
            size_t t = f->first[i] + j;
            if (t < t0 || t >= t1)
                continue;
            float *x = f->x + t * f->x_stride;
            kern_dequant_row(m->embd_type, m->embd->data + (size_t)q->ids[j] * row, m->c.n_embd, x);
            if (m->c.embedding_scale != 1)
                f->k->scale(x, m->c.embedding_scale, m->c.n_embd);
        }
    }
}

/* The residual stream of what is still looked at: the tokens that logits are wanted of, and each sequence's last, which
 * its state keeps. */
static void finish(struct forward *f)
{
    for (size_t i = 0; i < f->n_seqs; i++) {
        const struct model_seq *q = &f->seqs[i];
        if (!q->n)
            continue;
        size_t last = f->first[i] + q->n - 1;
        for (size_t t = last + 1 - (q->n_logits ? q->n_logits : 1); t <= last; t++)
            add_pending(f, t);
        memcpy(q->s->hidden, f->x + last * f->x_stride, f->m->c.n_embd * sizeof *f->x);
    }
}

/* The last n_logits tokens of each sequence: normed into mid, one after the other, and through the output matrix. */
static void logits(struct forward *f)
{
    const struct model_config *c = &f->m->c;
    struct input in = { f->mid, f->mid_stride, c->n_embd, linear_needs(&f->m->output) };
    size_t rows = 0;
    for (size_t i = 0; i < f->n_seqs; i++) {
        const struct model_seq *q = &f->seqs[i];
        for (size_t t = f->first[i] + q->n - q->n_logits; t < f->first[i] + q->n; t++, rows++)
            f->k->rms_norm(f->mid + rows * f->mid_stride, f->x + t * f->x_stride, f->m->output_norm, c->n_embd, c->eps);
    }
    input_prepare(f, &in, 0, rows);
    linear_logits(f, &in, &f->m->output, 1 / c->logit_scale);
}

/* ---- Buffers ---- */

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t rounded(size_t floats)
{
    return (floats + 31) / 32 * 32; /* halves are whole cache lines too: the MLP keeps two rows in one */
}

static void set_strides(struct forward *f)
{
    const struct model_config *c = &f->m->c;
    size_t attn = (c->n_head + 2 * c->n_head_kv) * c->d_head, ssm = max(2 * c->d_inner, c->n_ssm_head ? config_in_dim(c) : 0);
    f->x_stride = rounded(c->n_embd);
    f->wide_stride = rounded(max(max(attn, ssm), 2 * rounded(c->n_ff)));
    f->mid_stride = rounded(max(max(c->n_embd, c->n_head * c->d_head), c->n_ssm_head ? config_conv_dim(c) : c->d_inner));
    f->dt_at = rounded(c->dt_rank + 2 * c->d_state);
    f->dt_stride = c->dt_rank ? f->dt_at + rounded(c->d_inner) : 0;
}

/* Carves n things of `size` bytes from a block at *at; with block NULL it only counts. */
static void *carve(unsigned char *block, size_t *at, size_t n, size_t size)
{
    void *p = block ? block + *at : NULL;
    *at += (n * size + ALIGN - 1) / ALIGN * ALIGN;
    return p;
}

static size_t carve_all(struct forward *f, unsigned char *block)
{
    const struct model_config *c = &f->m->c;
    size_t at = 0, n = f->n_tok, cols = max(max(c->n_embd, c->n_ff), max(c->d_inner, max(c->dt_rank, c->n_head * c->d_head)));
    f->first = carve(block, &at, f->n_seqs, sizeof *f->first);
    f->tok = carve(block, &at, n, sizeof *f->tok);
    f->x = carve(block, &at, n * f->x_stride, sizeof(float));
    f->h = carve(block, &at, n * f->x_stride, sizeof(float));
    f->wide = carve(block, &at, n * f->wide_stride, sizeof(float));
    f->mid = carve(block, &at, n * f->mid_stride, sizeof(float));
    f->dt = carve(block, &at, n * f->dt_stride, sizeof(float));
    f->rope = carve(block, &at, n * c->n_rot, sizeof(float));
    f->row = carve(block, &at, n, f->m->row_bytes);
    for (int act = KERN_ACT_Q8; act <= KERN_ACT_Q8K; act++) {
        size_t block_cols = act == KERN_ACT_Q8 ? 32 : 256, whole = (cols + block_cols - 1) / block_cols * block_cols;
        f->acts[act] = carve(block, &at, n, kern_act_size((enum kern_act)act, whole));
    }
    return at;
}

static int take_buffers(struct forward *f, struct model_scratch *w, struct err *e)
{
    set_strides(f);
    size_t need = carve_all(f, NULL);
    if (need > w->cap) {
        mem_free_aligned(w->block);
        w->cap = 0;
        w->block = mem_alloc_aligned(need);
        if (!w->block)
            return err_nomem(e, "the buffers of a forward pass");
        w->cap = need;
    }
    carve_all(f, w->block);
    return 0;
}

/* ---- The whole ---- */

static int check_seq(const struct model *m, const struct model_seq *q, struct err *e)
{
    if (q->n_logits > q->n || (q->n_logits && !q->logits))
        return err_set(e, ERR_ARG, "logits were asked for %zu of %zu tokens", q->n_logits, q->n);
    for (size_t j = 0; j < q->n; j++)
        if (q->ids[j] < 0 || (size_t)q->ids[j] >= m->c.n_vocab)
            return err_set(e, ERR_ARG, "token id %ld is not in the model's vocabulary of %zu", (long)q->ids[j], m->c.n_vocab);
    if (m->c.n_attn && q->s->n_pos + q->n > m->c.n_ctx_train)
        return err_set(e, ERR_LIMIT, "the model's context of %zu tokens is full; begin a new conversation or fork this one",
                       m->c.n_ctx_train);
    return 0;
}

static int check(struct forward *f, struct err *e)
{
    for (size_t i = 0; i < f->n_seqs; i++) {
        f->n_tok += f->seqs[i].n;
        if (f->seqs[i].n > MODEL_MAX_BATCH || f->n_tok > MODEL_MAX_BATCH)
            return err_set(e, ERR_ARG, "a batch holds at most %d tokens; feed the rest in the next", MODEL_MAX_BATCH);
        for (size_t j = 0; j < i; j++)
            if (f->seqs[j].s == f->seqs[i].s)
                return err_set(e, ERR_ARG, "the same conversation stands twice in one batch");
        if (check_seq(f->m, &f->seqs[i], e))
            return -1;
    }
    return 0;
}

static int reserve_rows(struct forward *f, struct err *e)
{
    for (size_t i = 0; i < f->n_seqs; i++) {
        struct mstate *s = f->seqs[i].s;
        if (mstate_reserve(s, f->m, s->n_pos + f->seqs[i].n, e))
            return -1;
    }
    return 0;
}

static void list_tokens(struct forward *f)
{
    for (size_t i = 0, t = 0; i < f->n_seqs; i++) {
        f->first[i] = t;
        for (size_t j = 0; j < f->seqs[i].n; j++)
            f->tok[t++] = (struct token){ f->seqs[i].s, f->seqs[i].s->n_pos + j };
    }
}

static void advance(struct forward *f)
{
    size_t row = f->m->row_bytes;
    for (size_t i = 0; i < f->n_seqs; i++) {
        struct mstate *s = f->seqs[i].s;
        for (size_t j = 0; row && j < f->seqs[i].n; j++)
            s->rolled = hash128_roll(s->rolled, f->row + (f->first[i] + j) * row, row);
        s->n_pos += f->seqs[i].n;
    }
}

int model_forward(const struct model *m, struct pool *pool, struct model_scratch *w, struct model_seq *seqs, size_t n_seqs,
                  struct err *e)
{
    struct forward f = { .m = m, .k = &m->k, .pool = pool, .members = pool_size(pool), .seqs = seqs, .n_seqs = n_seqs };
    if (check(&f, e))
        return -1;
    if (!f.n_tok)
        return 0;
    if (take_buffers(&f, w, e) || reserve_rows(&f, e))
        return -1;
    kern_thread_init();
    list_tokens(&f);
    attn_rope_table(&f);
    forward_tokens(&f, embed_tokens, NULL);
    for (size_t i = 0; i < m->c.n_layer; i++) {
        const struct layer *l = &m->layer[i];
        switch (l->mixer) {
        case MIXER_MAMBA1: mamba1_forward(&f, l); break;
        case MIXER_MAMBA2: mamba2_forward(&f, l); break;
        case MIXER_ATTENTION: attn_forward(&f, l); break;
        case MIXER_NULL: continue;
        }
        if (l->mlp_norm)
            mlp_forward(&f, l);
    }
    finish(&f);
    logits(&f);
    advance(&f);
    return 0;
}

int model_logits(const struct model *m, struct pool *pool, struct model_scratch *w, const struct mstate *s, float *out,
                 struct err *e)
{
    struct model_seq one = { .n = 1, .logits = out, .n_logits = 1 };
    struct forward f = { .m = m, .k = &m->k, .pool = pool, .members = pool_size(pool), .seqs = &one, .n_seqs = 1, .n_tok = 1 };
    if (!s->n_pos)
        return err_set(e, ERR_ARG, "a state that has read nothing has no logits; feed it a token first");
    if (take_buffers(&f, w, e))
        return -1;
    kern_thread_init();
    f.first[0] = 0;
    memcpy(f.x, s->hidden, m->c.n_embd * sizeof *f.x);
    logits(&f);
    return 0;
}
