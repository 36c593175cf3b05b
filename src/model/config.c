#include "model/config.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "kern.h"
#include "model/gguf.h"

/* No size of a real model comes near: larger ones are damage, and products of two of them still fit 64 bits. */
enum { MAX_SIZE = 1 << 24, KEY_BYTES = 128 };

static const char *const arch_names[ARCH_N] = {
    [ARCH_MAMBA] = "mamba", [ARCH_MAMBA2] = "mamba2", [ARCH_LLAMA] = "llama", [ARCH_GRANITE_HYBRID] = "granitehybrid",
};

struct reader {
    const struct gguf *g;
    struct model_config *c;
    struct err *e;
    char key[KEY_BYTES]; /* the key last asked for, for messages */
};

static const char *key_of(struct reader *r, const char *suffix)
{
    snprintf(r->key, sizeof r->key, "%s.%s", r->c->arch_name, suffix);
    return r->key;
}

static int bad_key(struct reader *r, const char *why)
{
    return err_set(r->e, ERR_FORMAT, "%s: the key %s %s; the file is damaged or was converted badly", gguf_path(r->g),
                   r->key, why);
}

static int unsupported(struct reader *r, const char *what)
{
    return err_set(r->e, ERR_UNSUPPORTED, "%s: %s, which hiss cannot run; take another model", gguf_path(r->g), what);
}

static int opt_size(struct reader *r, const char *suffix, size_t absent, size_t *out)
{
    uint64_t v;
    *out = absent;
    if (!gguf_has(r->g, key_of(r, suffix)))
        return 0;
    if (!gguf_u64(r->g, r->key, &v) || v > MAX_SIZE)
        return bad_key(r, "is no size");
    *out = (size_t)v;
    return 0;
}

static int need_size(struct reader *r, const char *suffix, size_t *out)
{
    if (opt_size(r, suffix, 0, out))
        return -1;
    return *out ? 0 : bad_key(r, "is missing or zero");
}

static int opt_float(struct reader *r, const char *suffix, double absent, double *out)
{
    *out = absent;
    if (!gguf_has(r->g, key_of(r, suffix)))
        return 0;
    if (!gguf_f64(r->g, r->key, out) || !isfinite(*out) || fabs(*out) > 1e30)
        return bad_key(r, "is no finite number");
    return 0;
}

/* "0 or absent" means: not applied. */
static int opt_multiplier(struct reader *r, const char *suffix, float absent, float *out)
{
    double v;
    if (opt_float(r, suffix, 0, &v))
        return -1;
    *out = v != 0 ? (float)v : absent;
    return 0;
}

static int opt_flag(struct reader *r, const char *suffix, bool absent, bool *out)
{
    *out = absent;
    if (gguf_has(r->g, key_of(r, suffix)) && !gguf_bool(r->g, r->key, out))
        return bad_key(r, "is neither true nor false");
    return 0;
}

/* A value a layer: an array with one entry for each, or one number for all. Absent: all `absent`. */
static int layer_sizes(struct reader *r, const char *suffix, size_t absent, size_t out[CONFIG_MAX_LAYERS])
{
    enum gguf_kind kind;
    size_t n;
    if (!gguf_array(r->g, key_of(r, suffix), &kind, &n)) {
        size_t all;
        if (opt_size(r, suffix, absent, &all))
            return -1;
        for (size_t i = 0; i < r->c->n_layer; i++)
            out[i] = all;
        return 0;
    }
    if (n != r->c->n_layer)
        return bad_key(r, "has not one entry a layer");
    for (size_t i = 0; i < n; i++) {
        int64_t v;
        if (!gguf_array_i64(r->g, r->key, i, &v) || v < 0 || v > MAX_SIZE)
            return bad_key(r, "has an entry that is no size");
        out[i] = (size_t)v;
    }
    return 0;
}

/* The one size that all layers with any share; 0 when none has one. */
static int common_size(struct reader *r, const size_t sizes[CONFIG_MAX_LAYERS], const char *what, size_t *out)
{
    *out = 0;
    for (size_t i = 0; i < r->c->n_layer; i++) {
        if (*out && sizes[i] && sizes[i] != *out)
            return unsupported(r, what);
        if (sizes[i])
            *out = sizes[i];
    }
    return 0;
}

/* ---- The parts of a model ---- */

static int read_arch(struct reader *r)
{
    struct gguf_str name;
    if (!gguf_string(r->g, "general.architecture", &name))
        return err_set(r->e, ERR_FORMAT, "%s does not say its architecture (general.architecture); it is no language model",
                       gguf_path(r->g));
    for (int i = 0; i < ARCH_N; i++) {
        if (strlen(arch_names[i]) == name.n && !memcmp(arch_names[i], name.p, name.n)) {
            r->c->arch = (enum arch)i;
            r->c->arch_name = arch_names[i];
            return 0;
        }
    }
    char shown[33] = "";
    for (size_t i = 0; i < name.n && i < sizeof shown - 1; i++)
        shown[i] = name.p[i] > 0x20 && name.p[i] < 0x7F ? name.p[i] : '?';
    struct str known = STR_INIT;
    for (int i = 0; i < ARCH_N; i++)
        str_addf(&known, "%s%s", i == 0 ? "" : i == ARCH_N - 1 ? " and " : ", ", arch_names[i]);
    err_set(r->e, ERR_UNSUPPORTED, "%s is of architecture \"%s\"; hiss runs %s", gguf_path(r->g), shown, str_z(&known));
    str_release(&known);
    return -1;
}

static int read_common(struct reader *r)
{
    struct model_config *c = r->c;
    double eps;
    size_t experts;
    if (need_size(r, "block_count", &c->n_layer) || need_size(r, "embedding_length", &c->n_embd) ||
        need_size(r, "context_length", &c->n_ctx_train) || opt_size(r, "expert_count", 0, &experts))
        return -1;
    if (c->n_layer > CONFIG_MAX_LAYERS)
        return err_set(r->e, ERR_FORMAT, "%s claims %zu layers, more than %d; the file is damaged", gguf_path(r->g),
                       c->n_layer, CONFIG_MAX_LAYERS);
    if (experts)
        return unsupported(r, "the model is a mixture of experts");
    if (opt_float(r, "attention.layer_norm_rms_epsilon", -1, &eps))
        return -1;
    if (eps < 0)
        return bad_key(r, "is missing or negative");
    c->eps = (float)eps;
    return 0;
}

static int read_vocab(struct reader *r)
{
    const struct gguf_tensor *t = gguf_tensor(r->g, "token_embd.weight");
    enum gguf_kind kind;
    size_t n;
    if (!t)
        return err_set(r->e, ERR_FORMAT, "%s has no tensor token_embd.weight; it is no whole model, fetch it again",
                       gguf_path(r->g));
    if (t->ne[1] > MAX_SIZE || t->ne[2] != 1 || t->ne[3] != 1)
        return err_set(r->e, ERR_FORMAT, "%s: token_embd.weight has an impossible shape; the file is damaged",
                       gguf_path(r->g));
    r->c->n_vocab = (size_t)t->ne[1];
    if (gguf_array(r->g, "tokenizer.ggml.tokens", &kind, &n) && n != r->c->n_vocab)
        return err_set(r->e, ERR_FORMAT, "%s names %zu tokens, but token_embd.weight has %zu rows; the file was converted badly",
                       gguf_path(r->g), n, r->c->n_vocab);
    return 0;
}

static int read_rope(struct reader *r)
{
    struct model_config *c = r->c;
    double factor;
    struct gguf_str type;
    if (opt_size(r, "rope.dimension_count", c->d_head, &c->n_rot) || opt_float(r, "rope.freq_base", 10000, &c->rope_base) ||
        opt_float(r, "rope.scale_linear", 0, &factor) || opt_float(r, "rope.scaling.factor", factor, &factor))
        return -1;
    if (c->n_rot % 2 || c->n_rot > c->d_head || c->rope_base <= 0 || factor < 0)
        return err_set(r->e, ERR_FORMAT, "%s: its rope keys are out of range; the file was converted badly", gguf_path(r->g));
    c->rope_scale = factor != 0 ? 1 / factor : 1;
    if (!gguf_string(r->g, key_of(r, "rope.scaling.type"), &type) || (type.n == 6 && !memcmp(type.p, "linear", 6)))
        return 0;
    if (type.n != 4 || memcmp(type.p, "none", 4))
        return unsupported(r, "its positions are scaled by yarn or longrope");
    c->rope_scale = 1;
    return 0;
}

static int read_attention(struct reader *r, const size_t heads_kv[CONFIG_MAX_LAYERS])
{
    struct model_config *c = r->c;
    size_t heads[CONFIG_MAX_LAYERS], d_value;
    if (layer_sizes(r, "attention.head_count", 0, heads))
        return -1;
    for (size_t i = 0; i < c->n_layer; i++)
        if (c->mixer[i] != MIXER_ATTENTION)
            heads[i] = 0;
    if (common_size(r, heads, "its layers have different numbers of heads", &c->n_head) ||
        common_size(r, heads_kv, "its layers have different numbers of key heads", &c->n_head_kv))
        return -1;
    if (!c->n_head || c->n_head % c->n_head_kv)
        return bad_key(r, "is missing, zero or no multiple of the key heads");
    if (opt_size(r, "attention.key_length", c->n_embd / c->n_head, &c->d_head) ||
        opt_size(r, "attention.value_length", c->d_head, &d_value))
        return -1;
    if (!c->d_head)
        return bad_key(r, "is zero");
    if (d_value != c->d_head)
        return unsupported(r, "its keys and values are of different length");
    if (opt_multiplier(r, "attention.scale", 1.0f / sqrtf((float)c->d_head), &c->attn_scale))
        return -1;
    return read_rope(r);
}

static int read_ssm(struct reader *r)
{
    struct model_config *c = r->c;
    bool second = c->arch != ARCH_MAMBA;
    if (need_size(r, "ssm.conv_kernel", &c->d_conv) || need_size(r, "ssm.inner_size", &c->d_inner) ||
        need_size(r, "ssm.state_size", &c->d_state) ||
        need_size(r, "ssm.time_step_rank", second ? &c->n_ssm_head : &c->dt_rank) ||
        (second && need_size(r, "ssm.group_count", &c->n_group)) || opt_flag(r, "ssm.dt_b_c_rms", false, &c->dt_b_c_rms))
        return -1;
    if (c->d_conv < 2)
        return err_set(r->e, ERR_FORMAT, "%s: ssm.conv_kernel is below 2; the file was converted badly", gguf_path(r->g));
    if (second && (c->d_inner % c->n_ssm_head || c->n_ssm_head % c->n_group))
        return err_set(r->e, ERR_FORMAT,
                       "%s: %zu channels in %zu heads in %zu groups do not divide evenly; the file was converted badly",
                       gguf_path(r->g), c->d_inner, c->n_ssm_head, c->n_group);
    return 0;
}

/* ---- Layers ---- */

static bool all_zero(const struct gguf *g, const char *name)
{
    const struct gguf_tensor *t = gguf_tensor(g, name);
    enum kern_type type;
    if (!t || !kern_type_from_gguf(t->type, &type))
        return false;
    size_t cols = (size_t)t->ne[0], rows = (size_t)(t->ne[1] * t->ne[2] * t->ne[3]);
    float *y = mem_alloc(cols, sizeof *y);
    bool zero = y != NULL;
    for (size_t i = 0; zero && i < rows; i++) {
        kern_dequant_row(type, t->data + i * (t->bytes / rows), cols, y);
        for (size_t k = 0; zero && k < cols; k++)
            zero = y[k] == 0;
    }
    free(y);
    return zero;
}

/* A layer that adds nothing: pure recurrent models are written as granitehybrid with one such attention layer, since
 * other programs want one. */
static bool is_null(const struct gguf *g, size_t layer, bool attention)
{
    char mix[48], down[48];
    snprintf(mix, sizeof mix, "blk.%zu.%s.weight", layer, attention ? "attn_output" : "ssm_out");
    snprintf(down, sizeof down, "blk.%zu.ffn_down.weight", layer);
    return all_zero(g, mix) && all_zero(g, down);
}

static int read_layers(struct reader *r, size_t heads_kv[CONFIG_MAX_LAYERS])
{
    static const enum mixer fixed[ARCH_N] = {
        [ARCH_MAMBA] = MIXER_MAMBA1, [ARCH_MAMBA2] = MIXER_MAMBA2, [ARCH_LLAMA] = MIXER_ATTENTION,
    };
    struct model_config *c = r->c;
    size_t heads[CONFIG_MAX_LAYERS];
    if (layer_sizes(r, "attention.head_count", 0, heads) ||
        layer_sizes(r, "attention.head_count_kv", SIZE_MAX, heads_kv))
        return -1;
    for (size_t i = 0; i < c->n_layer; i++) {
        if (heads_kv[i] == SIZE_MAX)
            heads_kv[i] = heads[i];
        c->mixer[i] = (unsigned char)fixed[c->arch];
        if (c->arch == ARCH_GRANITE_HYBRID) {
            c->mixer[i] = heads_kv[i] ? MIXER_ATTENTION : MIXER_MAMBA2;
            if (is_null(r->g, i, heads_kv[i] != 0))
                c->mixer[i] = MIXER_NULL;
        }
        if (c->mixer[i] != MIXER_ATTENTION)
            heads_kv[i] = 0;
        else if (!heads_kv[i])
            return bad_key(r, "is zero in an attention layer");
        c->n_attn += c->mixer[i] == MIXER_ATTENTION;
        c->n_recurrent += c->mixer[i] == MIXER_MAMBA1 || c->mixer[i] == MIXER_MAMBA2;
    }
    return 0;
}

static int read_mlp(struct reader *r)
{
    size_t n_ff[CONFIG_MAX_LAYERS];
    if (r->c->arch == ARCH_MAMBA || r->c->arch == ARCH_MAMBA2)
        return 0;
    if (layer_sizes(r, "feed_forward_length", 0, n_ff) ||
        common_size(r, n_ff, "its layers have MLPs of different width", &r->c->n_ff))
        return -1;
    return r->c->n_ff ? 0 : bad_key(r, "is missing or zero");
}

int config_read(struct model_config *c, const struct gguf *g, struct err *e)
{
    struct reader r = { g, c, e, "" };
    size_t heads_kv[CONFIG_MAX_LAYERS];
    *c = (struct model_config){ .embedding_scale = 1, .residual_scale = 1, .logit_scale = 1 };
    if (read_arch(&r) || read_common(&r) || read_vocab(&r) || read_layers(&r, heads_kv) || read_mlp(&r))
        return -1;
    if ((c->n_attn && read_attention(&r, heads_kv)) || (c->n_recurrent && read_ssm(&r)))
        return -1;
    c->use_rope = c->n_attn > 0;
    if (c->arch == ARCH_GRANITE_HYBRID) {
        bool rope;
        if (opt_multiplier(&r, "embedding_scale", 1, &c->embedding_scale) ||
            opt_multiplier(&r, "residual_scale", 1, &c->residual_scale) ||
            opt_multiplier(&r, "logit_scale", 1, &c->logit_scale) || opt_flag(&r, "rope.scaling.finetuned", true, &rope))
            return -1;
        c->use_rope = c->use_rope && rope;
    }
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        c->n_params += (size_t)(t->ne[0] * t->ne[1] * t->ne[2] * t->ne[3]);
    }
    return 0;
}
