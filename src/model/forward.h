/* Inside the model room: one batch on its way through the layers.
 *
 * A batch is the tokens of all its sequences, one after the other: every matrix product runs over all of them at once,
 * every recurrence runs per sequence. Work is cut into parts for the pool in four ways: by rows of a matrix
 * (linear_run), by tokens (forward_tokens), by channels or heads of each sequence (forward_units), and by tokens and
 * heads (attention). No cut changes a bit of the result. Buffers are borrowed from a struct model_scratch. */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H

#include "model/layer.h"

struct token {
    struct mstate *s;
    size_t pos; /* in its sequence, from 0 */
};

/* Rows of f32 that a matrix product reads; `acts` holds them in the forms other than f32 that products want. */
struct input {
    const float *x; /* [n_tok, cols] */
    size_t stride, cols;
    unsigned needs; /* bit (1 << enum kern_act) for each form */
};

struct forward {
    const struct model *m;
    const struct kern *k;
    struct pool *pool;
    unsigned members;
    struct model_seq *seqs;
    size_t n_seqs;
    size_t *first;         /* [n_seqs]: each sequence's first token in the batch */
    size_t n_tok;
    struct token *tok;     /* [n_tok] */
    float *x;              /* [n_tok, x_stride] the residual stream */
    float *h;              /* [n_tok, x_stride] a normed copy of it; after a mixer its output, not yet added */
    float *wide;           /* [n_tok, wide_stride] in-projections */
    float *mid;            /* [n_tok, mid_stride] what goes into out-projections */
    float *dt;             /* [n_tok, dt_stride] mamba-1: dt_rank, B and C; then, from dt_at on, dt of each channel */
    float *rope;           /* [n_tok, n_rot] cosines and sines */
    unsigned char *row;    /* [n_tok, row_bytes] each position's keys and values as they are hashed and kept */
    size_t x_stride, wide_stride, mid_stride, dt_stride, dt_at;
    unsigned char *acts[KERN_ACT_Q8K + 1];
    bool pending;          /* h is still to be added to x */
};

/* Runs fn for parts [0, parts) on the pool, each thread with its floating-point state checked. */
void forward_run(struct forward *f, size_t parts, pool_fn fn, void *arg);

/* Tokens [t0, t1) of the batch. */
typedef void (*token_fn)(struct forward *f, const void *arg, size_t t0, size_t t1);
void forward_tokens(struct forward *f, token_fn fn, const void *arg);

/* Units [u0, u1) of sequence i: channels, groups of channels, heads. work: operations a unit and token. */
typedef void (*unit_fn)(struct forward *f, const struct layer *l, size_t i, size_t u0, size_t u1);
void forward_units(struct forward *f, const struct layer *l, size_t units, size_t work, unit_fn fn);

/* x += residual_scale h if that is pending; h = rms(x, w), prepared as input of products in the given forms. */
void forward_norm(struct forward *f, const float *w, unsigned needs);

/* h as input of products. */
struct input forward_normed(const struct forward *f, unsigned needs);

/* ---- linear.c ---- */

struct product {
    const struct linear *w;
    float *y; /* [n_tok, stride] */
    size_t stride;
};

unsigned linear_needs(const struct linear *w);

/* Turns tokens [t0, t1) of an input into the forms it needs. */
void input_prepare(struct forward *f, const struct input *in, size_t t0, size_t t1);
void input_prepare_all(struct forward *f, const struct input *in);

/* y = W x + bias for up to four matrices that share a prepared input: one join. */
enum { LINEAR_MAX = 4 };
void linear_run(struct forward *f, const struct input *in, const struct product *p, size_t n);

/* The output matrix over rows of `in`: each sequence's last n_logits tokens, one after the other, to its own place,
 * times scale. */
void linear_logits(struct forward *f, const struct input *in, const struct linear *w, float scale);

/* ---- The layers; each leaves its output in h, pending ---- */

void mamba1_forward(struct forward *f, const struct layer *l);
void mamba2_forward(struct forward *f, const struct layer *l);
void attn_forward(struct forward *f, const struct layer *l);
void attn_rope_table(struct forward *f);
void mlp_forward(struct forward *f, const struct layer *l);

#endif
