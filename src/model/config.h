/* What a GGUF file says about its model, read once and checked: sizes, layer kinds, constants. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct gguf;

enum arch { ARCH_MAMBA, ARCH_MAMBA2, ARCH_LLAMA, ARCH_GRANITE_HYBRID, ARCH_N };

enum mixer { MIXER_MAMBA1, MIXER_MAMBA2, MIXER_ATTENTION, MIXER_NULL /* a layer that passes its input through */ };

enum { CONFIG_MAX_LAYERS = 512 };

struct model_config {
    enum arch arch;
    const char *arch_name; /* static */
    size_t n_layer, n_embd, n_vocab, n_ff;
    size_t n_ctx_train;    /* context length of training; a hard limit only where attention remains */
    unsigned char mixer[CONFIG_MAX_LAYERS]; /* enum mixer */
    size_t n_attn, n_recurrent;             /* layers of each */
    float eps;
    /* attention */
    size_t n_head, n_head_kv, d_head, n_rot;
    double rope_base, rope_scale; /* theta = pos * rope_scale * base^(-2j/n_rot) */
    bool use_rope, rope_neox;
    float attn_scale;
    /* state space */
    size_t d_conv, d_inner, d_state, dt_rank, n_ssm_head, n_group;
    bool dt_b_c_rms;
    /* multipliers of the granite family; 1 when absent */
    float embedding_scale, residual_scale, logit_scale;
    size_t n_params; /* all weights */
};

/* Reads and checks every key this architecture needs. ERR_UNSUPPORTED names what hiss cannot run. */
int config_read(struct model_config *c, const struct gguf *g, struct err *e);

#endif
