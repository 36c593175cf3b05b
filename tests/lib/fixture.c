#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int32_t fixture_ids[FIXTURE_N_IDS] = { 3, 7, 1, 22, 39, 5, 5, 0, 17, 30, 2 };

/* A model being built: every width is a multiple of `k`. */
struct build {
    struct gguf_writer *w;
    const char *arch;
    enum kern_type type;
    uint32_t k;
    bool biased, fused, null_layer; /* variants of llama and granitehybrid */
};

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && !strcmp(s + n - m, tail);
}

void fixture_values(const char *name, float *v, size_t n)
{
    uint32_t s = 0x811C9DC5u; /* FNV-1a of the name */
    for (const char *c = name; *c; c++)
        s = (s ^ (unsigned char)*c) * 0x01000193u;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        double u = (double)(s >> 8 & 0xFFFF) / 32768 - 1;
        if (ends(name, "ssm_a"))
            v[i] = (float)-exp(0.5 * u);
        else if (strstr(name, "norm"))
            v[i] = (float)(1 + 0.5 * u);
        else if (!strcmp(name, "token_embd.weight"))
            v[i] = (float)(2 * u);
        else if (!strcmp(name, "rope_freqs.weight"))
            v[i] = (float)(1.5 + 0.5 * u);
        else
            v[i] = (float)(0.5 * u);
    }
}

/* blk.LAYER.NAME, or NAME for layer < 0; ne1 = 0 makes a vector. */
static void tensor(struct build *b, int layer, const char *what, uint64_t ne0, uint64_t ne1)
{
    char name[64];
    if (layer < 0)
        snprintf(name, sizeof name, "%s", what);
    else
        snprintf(name, sizeof name, "blk.%d.%s", layer, what);
    bool matrix = ne1 && ends(name, ".weight") && !strstr(name, "norm") && !strstr(name, "ssm_conv1d");
    size_t n = (size_t)(ne0 * (ne1 ? ne1 : 1));
    float *v = malloc(n * sizeof *v);
    if (!v)
        exit(1);
    fixture_values(name, v, n);
    if (b->k > 1 && matrix) /* wide rows add up: keep the logits of the size of the narrow model's */
        for (size_t i = 0; i < n; i++)
            v[i] /= sqrtf((float)b->k);
    bool fits = matrix && ne0 % kern_types[b->type].block == 0;
    gw_values(b->w, name, fits ? b->type : KERN_F32, (uint64_t[]){ ne0, ne1 }, ne1 ? 2 : 1, v);
    free(v);
}

static void key(struct build *b, const char *suffix, uint32_t v)
{
    char k[80];
    snprintf(k, sizeof k, "%s.%s", b->arch, suffix);
    gw_u32(b->w, k, v);
}

static void key_f32(struct build *b, const char *suffix, float v)
{
    char k[80];
    snprintf(k, sizeof k, "%s.%s", b->arch, suffix);
    gw_f32(b->w, k, v);
}

static void common(struct build *b, uint32_t layers, bool tied)
{
    uint32_t e = FIXTURE_EMBD * b->k;
    gw_string(b->w, "general.architecture", b->arch);
    gw_string(b->w, "tokenizer.ggml.model", "no_vocab");
    key(b, "vocab_size", FIXTURE_VOCAB);
    key(b, "context_length", 512);
    key(b, "embedding_length", e);
    key(b, "block_count", layers);
    key_f32(b, "attention.layer_norm_rms_epsilon", 1e-5f);
    tensor(b, -1, "token_embd.weight", e, FIXTURE_VOCAB);
    tensor(b, -1, "output_norm.weight", e, 0);
    if (!tied)
        tensor(b, -1, "output.weight", e, FIXTURE_VOCAB);
}

static void ssm_keys(struct build *b, uint32_t rank, uint32_t groups)
{
    key(b, "ssm.conv_kernel", 4);
    key(b, "ssm.inner_size", 2 * FIXTURE_EMBD * b->k);
    key(b, "ssm.state_size", 16);
    key(b, "ssm.time_step_rank", rank);
    if (groups)
        key(b, "ssm.group_count", groups);
}

static void mamba(struct build *b)
{
    enum { N = 16 };
    uint32_t e = FIXTURE_EMBD * b->k, inner = 2 * e, rank = b->k > 1 ? 256 : 4;
    common(b, 2, true);
    key(b, "feed_forward_length", 0);
    key(b, "attention.head_count", 0);
    ssm_keys(b, rank, 0);
    for (int i = 0; i < 2; i++) {
        tensor(b, i, "attn_norm.weight", e, 0);
        tensor(b, i, "ssm_in.weight", e, 2 * inner);
        tensor(b, i, "ssm_conv1d.weight", 4, inner);
        tensor(b, i, "ssm_conv1d.bias", inner, 0);
        tensor(b, i, "ssm_x.weight", inner, rank + 2 * N);
        tensor(b, i, "ssm_dt.weight", rank, inner);
        tensor(b, i, "ssm_dt.bias", inner, 0);
        tensor(b, i, "ssm_a", N, inner);
        tensor(b, i, "ssm_d", inner, 0);
        tensor(b, i, "ssm_out.weight", inner, e);
    }
}

static void falcon_mamba(struct build *b)
{
    mamba(b);
    gw_bool(b->w, "mamba.ssm.dt_b_c_rms", true);
}

static void mamba2_mixer(struct build *b, int i, uint32_t groups)
{
    enum { N = 16, H = 4 };
    uint32_t e = FIXTURE_EMBD * b->k, inner = 2 * e, conv = inner + 2 * groups * N;
    tensor(b, i, "ssm_in.weight", e, inner + conv + H);
    tensor(b, i, "ssm_conv1d.weight", 4, conv);
    tensor(b, i, "ssm_conv1d.bias", conv, 0);
    tensor(b, i, "ssm_dt.bias", H, 0);
    tensor(b, i, "ssm_a", 1, H);
    tensor(b, i, "ssm_d", 1, H);
    tensor(b, i, "ssm_norm.weight", inner / groups, groups);
    tensor(b, i, "ssm_out.weight", inner, e);
}

static void mamba2(struct build *b)
{
    common(b, 2, false);
    key(b, "feed_forward_length", 0);
    key(b, "attention.head_count", 0);
    ssm_keys(b, 4, 2);
    for (int i = 0; i < 2; i++) {
        tensor(b, i, "attn_norm.weight", FIXTURE_EMBD * b->k, 0);
        mamba2_mixer(b, i, 2);
    }
}

/* q, k and v of layer i as one tensor: the same rows, one under the other. */
static void fused(struct build *b, int i)
{
    static const char *const parts[3] = { "q", "k", "v" };
    uint32_t e = FIXTURE_EMBD * b->k;
    float *v = malloc((size_t)2 * e * e * sizeof *v), *at = v;
    char name[64];
    if (!v)
        exit(1);
    for (int p = 0; p < 3; p++) {
        size_t n = (size_t)e * (p ? e / 2 : e);
        snprintf(name, sizeof name, "blk.%d.attn_%s.weight", i, parts[p]);
        fixture_values(name, at, n);
        at += n;
    }
    snprintf(name, sizeof name, "blk.%d.attn_qkv.weight", i);
    gw_values(b->w, name, b->type, (uint64_t[]){ e, 2 * e }, 2, v);
    free(v);
}

static void attention(struct build *b, int i)
{
    uint32_t e = FIXTURE_EMBD * b->k;
    if (b->fused) {
        fused(b, i);
    } else {
        tensor(b, i, "attn_q.weight", e, e);
        tensor(b, i, "attn_k.weight", e, e / 2);
        tensor(b, i, "attn_v.weight", e, e / 2);
    }
    tensor(b, i, "attn_output.weight", e, e);
    if (!b->biased)
        return;
    tensor(b, i, "attn_q.bias", e, 0);
    tensor(b, i, "attn_k.bias", e / 2, 0);
    tensor(b, i, "attn_v.bias", e / 2, 0);
    tensor(b, i, "attn_output.bias", e, 0);
}

static void mlp(struct build *b, int i)
{
    uint32_t e = FIXTURE_EMBD * b->k, f = b->k > 1 ? 512 : 48;
    tensor(b, i, "ffn_norm.weight", e, 0);
    tensor(b, i, "ffn_gate.weight", e, f);
    tensor(b, i, "ffn_up.weight", e, f);
    tensor(b, i, "ffn_down.weight", f, e);
    if (!b->biased)
        return;
    tensor(b, i, "ffn_gate.bias", f, 0);
    tensor(b, i, "ffn_up.bias", f, 0);
    tensor(b, i, "ffn_down.bias", e, 0);
}

/* What other programs want of a purely recurrent granitehybrid: an attention layer that adds nothing. */
static void null_layer(struct build *b, int i)
{
    uint32_t e = FIXTURE_EMBD * b->k, f = b->k > 1 ? 512 : 48;
    float *zeros = calloc((size_t)e * f, sizeof *zeros);
    char name[64];
    if (!zeros)
        exit(1);
    snprintf(name, sizeof name, "blk.%d.attn_output.weight", i);
    gw_values(b->w, name, KERN_F32, (uint64_t[]){ e, e }, 2, zeros);
    snprintf(name, sizeof name, "blk.%d.ffn_down.weight", i);
    gw_values(b->w, name, KERN_F32, (uint64_t[]){ f, e }, 2, zeros);
    free(zeros);
}

static void llama(struct build *b)
{
    common(b, 2, true);
    key(b, "feed_forward_length", b->k > 1 ? 512 : 48);
    key(b, "attention.head_count", 4);
    key(b, "attention.head_count_kv", 2);
    key_f32(b, "rope.freq_base", 5000);
    key(b, "rope.dimension_count", 8 * b->k);
    tensor(b, -1, "rope_freqs.weight", 4 * b->k, 0);
    for (int i = 0; i < 2; i++) {
        tensor(b, i, "attn_norm.weight", FIXTURE_EMBD * b->k, 0);
        attention(b, i);
        mlp(b, i);
    }
}

static void granitehybrid(struct build *b)
{
    common(b, b->null_layer ? 4 : 3, true);
    key(b, "feed_forward_length", b->k > 1 ? 512 : 48);
    key(b, "attention.head_count", 4);
    gw_i32s(b->w, "granitehybrid.attention.head_count_kv", (int32_t[]){ 0, 2, 0, 2 }, b->null_layer ? 4 : 3);
    ssm_keys(b, 4, 1);
    key_f32(b, "embedding_scale", 12);
    key_f32(b, "residual_scale", 0.22f);
    key_f32(b, "logit_scale", 6);
    key_f32(b, "attention.scale", 0.0156f);
    gw_bool(b->w, "granitehybrid.rope.scaling.finetuned", false);
    for (int i = 0; i < 3; i++) {
        tensor(b, i, "attn_norm.weight", FIXTURE_EMBD * b->k, 0);
        if (i == 1)
            attention(b, i);
        else
            mamba2_mixer(b, i, 1);
        mlp(b, i);
    }
    if (b->null_layer)
        null_layer(b, 3);
}

static bool build(struct build *b, const char *name)
{
    static const struct {
        const char *name, *arch;
        void (*make)(struct build *b);
        bool biased, fused, null_layer;
    } all[] = {
        { "mamba", "mamba", mamba, false, false, false },
        { "falcon-mamba", "mamba", falcon_mamba, false, false, false },
        { "mamba2", "mamba2", mamba2, false, false, false },
        { "llama", "llama", llama, false, false, false },
        { "llama-biased", "llama", llama, true, false, false },
        { "llama-fused", "llama", llama, false, true, false },
        { "granitehybrid", "granitehybrid", granitehybrid, false, false, false },
        { "granitehybrid-null", "granitehybrid", granitehybrid, false, false, true },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].name, name))
            continue;
        b->arch = all[i].arch;
        b->biased = all[i].biased;
        b->fused = all[i].fused;
        b->null_layer = all[i].null_layer;
        all[i].make(b);
        return true;
    }
    return false;
}

bool fixture_build(struct gguf_writer *w, const char *name, enum kern_type type)
{
    return build(&(struct build){ .w = w, .type = type, .k = 1 }, name);
}

bool fixture_build_wide(struct gguf_writer *w, const char *name, enum kern_type type)
{
    return build(&(struct build){ .w = w, .type = type, .k = 8 }, name);
}
