/* Inside the model room: the weights of an open model as the forward pass wants them, and how they are loaded.
 * Everything here is immutable once model_open has returned. */
#ifndef MODEL_LAYER_H
#define MODEL_LAYER_H

#include "kern.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/model.h"

/* W [rows, cols]: packed, or a copy of the file's bytes for the types that need no packing. rows = 0: absent. */
struct linear {
    enum kern_type type;
    size_t rows, cols;
    const void *w;
    kern_linear_fn run;
    const float *bias; /* [rows], or NULL */
    const struct gguf_tensor *tensor;
};

struct mamba1_weights {
    struct linear in, x, dt, out;
    const float *conv_w;  /* [d_conv, d_inner]: transposed */
    const float *conv_b;  /* [d_inner] */
    const float *dt_bias; /* [d_inner] */
    const float *a;       /* [groups of 16 channels, d_state, 16], negative */
    const float *d;       /* [d_inner] */
};

struct mamba2_weights {
    struct linear in, out;
    const float *conv_w;  /* [d_conv, conv_dim]: transposed */
    const float *conv_b;  /* [conv_dim] */
    const float *dt_bias; /* [n_ssm_head] */
    const float *a, *d;   /* [n_ssm_head]; a negative */
    const float *norm;    /* [n_group, d_inner / n_group] */
};

struct attn_weights {
    struct linear in[3]; /* q, k, v; or all three in one */
    size_t n_in;
    struct linear out;
};

struct mlp_weights {
    struct linear gate, up, down;
};

struct layer {
    enum mixer mixer;
    const float *norm;     /* [n_embd] before the mixer */
    const float *mlp_norm; /* [n_embd] before the MLP; NULL: no MLP */
    union {
        struct mamba1_weights mamba1;
        struct mamba2_weights mamba2;
        struct attn_weights attn;
    };
    struct mlp_weights mlp;
    size_t conv_at, scan_at; /* where its state begins in mstate.rec, floats */
    size_t row_at;           /* where its K begins in a position's row, bytes; V follows. In a block of positions its
                              * heads begin at KERN_ATTN_BLOCK times that */
};

struct model {
    struct gguf *g;
    struct model_config c;
    struct kern k;
    struct layer *layer;                  /* [c.n_layer] */
    const struct gguf_tensor *embd;       /* rows are dequantised from the mapping */
    enum kern_type embd_type;
    struct linear output;
    const float *output_norm;
    double *rope_freq;                    /* [n_rot / 2] radians a position; NULL without rope */
    size_t rec_floats, row_bytes;
    bool rows_f32;
    void **owned;                         /* converted vectors, freed at close */
    size_t n_owned, cap_owned;
    void *packed;                         /* all packed matrices, one block */
    struct hash128 hash;
    size_t weight_bytes;
    struct model_ops ops;
    double load_seconds;
};

/* mamba-2's convolution runs over x, B and C together. */
size_t config_conv_dim(const struct model_config *c);
/* Rows of mamba-2's in-projection: z, x, B, C, dt. */
size_t config_in_dim(const struct model_config *c);

/* Finds every tensor the configuration asks for, checks shapes and types, converts the small ones. No big work. */
int weights_bind(struct model *m, struct err *e);

/* Repacks the matrices and takes the hash of everything that shapes a result, in parallel, with progress. */
int weights_pack(struct model *m, const struct model_opts *o, struct err *e);

/* Where each layer's state lies (docs/ARCHITECTURE.md, State layout). */
void state_layout(struct model *m);

/* The keys and values of one layer in a position's row to their places in the blocks. */
void state_put_row(const struct model *m, const struct layer *l, struct mstate *s, size_t pos, const unsigned char *row);

/* Where the blocks of a layer's key/value head begin, for the attention kernel: sets k, v and stride. */
void state_blocks(const struct model *m, const struct layer *l, const struct mstate *s, size_t head, struct kern_attn *a);

#endif
