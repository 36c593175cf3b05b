/* Matrix products over a batch: inputs prepared once for all matrices that share them, rows cut into parts. */
#include "model/forward.h"

enum {
    PARTS_A_MEMBER = 4,      /* so that a member that lost its core holds up a quarter of its share */
    PART_WORK = 1 << 14,     /* multiplications: below it a part costs less than handing it out */
};

unsigned linear_needs(const struct linear *w)
{
    return w->rows ? 1u << kern_types[w->type].act : 0;
}

void input_prepare(struct forward *f, const struct input *in, size_t t0, size_t t1)
{
    for (int act = KERN_ACT_Q8; act <= KERN_ACT_Q8K; act++) {
        if (!(in->needs & 1u << act))
            continue;
        size_t bytes = kern_act_size((enum kern_act)act, in->cols);
        kern_act_rows(f->k, (enum kern_act)act, in->x + t0 * in->stride, in->stride, t1 - t0, in->cols,
                      f->acts[act] + t0 * bytes, bytes);
    }
}

static void prepare_tokens(struct forward *f, const void *arg, size_t t0, size_t t1)
{
    input_prepare(f, arg, t0, t1);
}

void input_prepare_all(struct forward *f, const struct input *in)
{
    if (in->needs & ~(1u << KERN_ACT_F32))
        forward_tokens(f, prepare_tokens, in);
}

/* The kernel's view of matrix w over rows [t0, t0 + n) of an input. */
static struct kern_linear view(const struct forward *f, const struct linear *w, const struct input *in, size_t t0, size_t n,
                               float *y, size_t y_stride)
{
    enum kern_act act = kern_types[w->type].act;
    struct kern_linear a = { .w = w->w, .rows = w->rows, .cols = w->cols, .n_tok = n, .y = y, .y_stride = y_stride,
                             .ahead = f->k->ahead };
    a.x_stride = act == KERN_ACT_F32 ? in->stride * sizeof(float) : kern_act_size(act, in->cols);
    a.x = act == KERN_ACT_F32 ? (const void *)(in->x + t0 * in->stride) : f->acts[act] + t0 * a.x_stride;
    return a;
}

static size_t n_groups(const struct linear *w)
{
    return (w->rows + KERN_GROUP - 1) / KERN_GROUP;
}

/* How many groups make a part. */
static size_t groups_a_part(const struct forward *f, size_t groups, size_t cols, size_t n_tok)
{
    if (f->members == 1)
        return groups;
    size_t even = groups / (f->members * PARTS_A_MEMBER), least = PART_WORK / (KERN_GROUP * cols * (n_tok ? n_tok : 1));
    size_t n = even > least ? even : least;
    return n ? n : 1;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- Several matrices, one input ---- */

struct shared {
    struct forward *f;
    const struct input *in;
    const struct product *p;
    size_t n, groups, per_part;
};

static void run_groups(struct forward *f, const struct input *in, const struct product *p, size_t g0, size_t g1)
{
    const struct linear *w = p->w;
    struct kern_linear a = view(f, w, in, 0, f->n_tok, p->y, p->stride);
    w->run(&a, g0, g1);
    if (!w->bias)
        return;
    size_t r0 = g0 * KERN_GROUP, r1 = min(g1 * KERN_GROUP, w->rows);
    for (size_t t = 0; t < f->n_tok; t++)
        f->k->add(p->y + t * p->stride + r0, w->bias + r0, r1 - r0);
}

/* A part is a range of the groups of all matrices, counted through. */
static void shared_part(void *arg, size_t part, unsigned member)
{
    const struct shared *s = arg;
    size_t from = part * s->per_part, to = min(from + s->per_part, s->groups), base = 0;
    (void)member;
    for (size_t i = 0; i < s->n && base < to; i++) {
        size_t n = n_groups(s->p[i].w);
        if (base + n > from)
            run_groups(s->f, s->in, &s->p[i], from > base ? from - base : 0, min(to - base, n));
        base += n;
    }
}

void linear_run(struct forward *f, const struct input *in, const struct product *p, size_t n)
{
    struct shared s = { f, in, p, n, 0, 0 };
    for (size_t i = 0; i < n; i++)
        s.groups += n_groups(p[i].w);
    s.per_part = groups_a_part(f, s.groups, in->cols, f->n_tok);
    forward_run(f, (s.groups + s.per_part - 1) / s.per_part, shared_part, &s);
}

/* ---- Logits: one matrix, one place a sequence ---- */

struct logits {
    struct forward *f;
    const struct input *in;
    const struct linear *w;
    float scale;
    size_t per_part;
};

static void logits_part(void *arg, size_t part, unsigned member)
{
    const struct logits *l = arg;
    size_t g0 = part * l->per_part, g1 = min(g0 + l->per_part, n_groups(l->w)), row = 0;
    size_t r0 = g0 * KERN_GROUP, r1 = min(g1 * KERN_GROUP, l->w->rows);
    (void)member;
    for (size_t i = 0; i < l->f->n_seqs; i++) {
        const struct model_seq *q = &l->f->seqs[i];
        if (!q->n_logits)
            continue;
        struct kern_linear a = view(l->f, l->w, l->in, row, q->n_logits, q->logits, l->w->rows);
        l->w->run(&a, g0, g1);
        row += q->n_logits;
        for (size_t t = 0; t < q->n_logits; t++) {
            float *y = q->logits + t * l->w->rows;
            if (l->w->bias)
                l->f->k->add(y + r0, l->w->bias + r0, r1 - r0);
            if (l->scale != 1)
                l->f->k->scale(y + r0, l->scale, r1 - r0);
        }
    }
}

void linear_logits(struct forward *f, const struct input *in, const struct linear *w, float scale)
{
    struct logits l = { f, in, w, scale, 0 };
    size_t groups = n_groups(w), rows = 0;
    for (size_t i = 0; i < f->n_seqs; i++)
        rows += f->seqs[i].n_logits;
    if (!rows)
        return;
    l.per_part = groups_a_part(f, groups, w->cols, rows);
    /* several sequences: parts small enough that a part's weights stay in the second-level cache between them */
    enum { CACHED_COLS = 1 << 14 };
    if (f->n_seqs > 1 && l.per_part > CACHED_COLS / w->cols + 1)
        l.per_part = CACHED_COLS / w->cols + 1;
    forward_run(f, (groups + l.per_part - 1) / l.per_part, logits_part, &l);
}
