#include "chatmodel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "ggufwrite.h"

enum { EMBD = 32, INNER = 64, STATE = 16, HEADS = 4, FF = 48, LAYERS = 2, MERGES = 8, VOCAB = CHATMODEL_FIRST_MERGE + MERGES };

struct build {
    struct gguf_writer w;
    const char *arch;
    uint64_t seed, counter;
    double loudness; /* of the end-of-turn tokens */
    const char *says; /* NULL: what the random weights say */
};

static const char *const merges[MERGES] = { "h e", "l l", "he ll", "hell o", "\xC4\xA0 a", "e r", "o n", "i n" };

static void key(struct build *b, const char *suffix, uint32_t v)
{
    char k[80];
    snprintf(k, sizeof k, "%s.%s", b->arch, suffix);
    gw_u32(&b->w, k, v);
}

static void key_f32(struct build *b, const char *suffix, float v)
{
    char k[80];
    snprintf(k, sizeof k, "%s.%s", b->arch, suffix);
    gw_f32(&b->w, k, v);
}

static bool has(const char *s, const char *part)
{
    return strstr(s, part) != NULL;
}

/* A model that says the bytes of `says` one after the other, over and over: a token's embedding is its place, the output
 * matrix has the next one's row there, and no layer adds anything. What is not of the text stands in the last column,
 * and the text's beginning follows it. */
static float value_saying(const struct build *b, const char *name, size_t row, size_t col)
{
    size_t n = strlen(b->says);
    const char *at = row < 256 ? memchr(b->says, (int)row, n) : NULL;
    size_t place = at ? (size_t)(at - b->says) : EMBD - 1;
    if (!strcmp(name, "token_embd.weight"))
        return col == place;
    if (!strcmp(name, "output.weight"))
        return at && (col == (place + n - 1) % n || (!place && col == EMBD - 1)) ? 10 : 0;
    return has(name, "norm");
}

/* The end-of-turn tokens speak louder than the rest, so that replies end now and then by themselves. */
static float value(struct build *b, const char *name, uint64_t ne0, size_t i)
{
    double u = 2 * rng_unit(b->seed, b->counter++) - 1;
    size_t row = i / (size_t)ne0;
    if (b->says && (has(name, "norm") || has(name, "_out.") || has(name, "output.") || has(name, "token_embd")))
        return value_saying(b, name, row, i % (size_t)ne0);
    if (has(name, "ssm_a"))
        return (float)-(0.5 + 0.4 * u);
    if (has(name, "norm"))
        return (float)(1 + 0.5 * u);
    if (!strcmp(name, "output.weight") || !strcmp(name, "token_embd.weight"))
        return (float)(u * (row == CHATMODEL_EOS || row == CHATMODEL_IM_END ? b->loudness : 1));
    return (float)(0.5 * u);
}

static void tensor(struct build *b, int layer, const char *what, uint64_t ne0, uint64_t ne1)
{
    char name[64];
    size_t n = (size_t)(ne0 * (ne1 ? ne1 : 1));
    float *v = malloc(n * sizeof *v);
    if (layer < 0)
        snprintf(name, sizeof name, "%s", what);
    else
        snprintf(name, sizeof name, "blk.%d.%s", layer, what);
    for (size_t i = 0; v && i < n; i++)
        v[i] = value(b, name, ne0, i);
    if (!v)
        abort();
    gw_values(&b->w, name, KERN_F32, (uint64_t[]){ ne0, ne1 }, ne1 ? 2 : 1, v);
    free(v);
}

static void ssm_keys(struct build *b, uint32_t rank, uint32_t groups)
{
    key(b, "ssm.conv_kernel", 4);
    key(b, "ssm.inner_size", INNER);
    key(b, "ssm.state_size", STATE);
    key(b, "ssm.time_step_rank", rank);
    if (groups)
        key(b, "ssm.group_count", groups);
}

static void mamba_layer(struct build *b, int i)
{
    tensor(b, i, "ssm_in.weight", EMBD, 2 * INNER);
    tensor(b, i, "ssm_conv1d.weight", 4, INNER);
    tensor(b, i, "ssm_conv1d.bias", INNER, 0);
    tensor(b, i, "ssm_x.weight", INNER, 4 + 2 * STATE);
    tensor(b, i, "ssm_dt.weight", 4, INNER);
    tensor(b, i, "ssm_dt.bias", INNER, 0);
    tensor(b, i, "ssm_a", STATE, INNER);
    tensor(b, i, "ssm_d", INNER, 0);
    tensor(b, i, "ssm_out.weight", INNER, EMBD);
}

static void mamba2_layer(struct build *b, int i)
{
    uint64_t conv = INNER + 2 * STATE;
    tensor(b, i, "ssm_in.weight", EMBD, INNER + conv + HEADS);
    tensor(b, i, "ssm_conv1d.weight", 4, conv);
    tensor(b, i, "ssm_conv1d.bias", conv, 0);
    tensor(b, i, "ssm_dt.bias", HEADS, 0);
    tensor(b, i, "ssm_a", 1, HEADS);
    tensor(b, i, "ssm_d", 1, HEADS);
    tensor(b, i, "ssm_norm.weight", INNER, 1);
    tensor(b, i, "ssm_out.weight", INNER, EMBD);
}

static void attention(struct build *b, int i)
{
    tensor(b, i, "attn_q.weight", EMBD, EMBD);
    tensor(b, i, "attn_k.weight", EMBD, EMBD / 2);
    tensor(b, i, "attn_v.weight", EMBD, EMBD / 2);
    tensor(b, i, "attn_output.weight", EMBD, EMBD);
}

static void mlp(struct build *b, int i)
{
    tensor(b, i, "ffn_norm.weight", EMBD, 0);
    tensor(b, i, "ffn_gate.weight", EMBD, FF);
    tensor(b, i, "ffn_up.weight", EMBD, FF);
    tensor(b, i, "ffn_down.weight", FF, EMBD);
}

static void arch_keys(struct build *b)
{
    if (!strcmp(b->arch, "mamba"))
        ssm_keys(b, 4, 0);
    if (!strcmp(b->arch, "mamba2") || !strcmp(b->arch, "granitehybrid"))
        ssm_keys(b, HEADS, 1);
    if (!strcmp(b->arch, "llama")) {
        key(b, "attention.head_count", HEADS);
        key(b, "attention.head_count_kv", 2);
        key_f32(b, "rope.freq_base", 5000);
        key(b, "rope.dimension_count", 8);
    } else if (!strcmp(b->arch, "granitehybrid")) {
        key(b, "attention.head_count", HEADS);
        gw_i32s(&b->w, "granitehybrid.attention.head_count_kv", (int32_t[]){ 0, 2 }, LAYERS);
        key_f32(b, "embedding_scale", 2);
        key_f32(b, "residual_scale", 0.5f);
        key_f32(b, "logit_scale", 2);
        key_f32(b, "attention.scale", 0.35f);
        gw_bool(&b->w, "granitehybrid.rope.scaling.finetuned", false);
    } else {
        key(b, "attention.head_count", 0);
    }
}

static void layer(struct build *b, int i)
{
    tensor(b, i, "attn_norm.weight", EMBD, 0);
    if (!strcmp(b->arch, "mamba"))
        mamba_layer(b, i);
    else if (!strcmp(b->arch, "llama") || (!strcmp(b->arch, "granitehybrid") && i == 1))
        attention(b, i);
    else
        mamba2_layer(b, i);
    if (!strcmp(b->arch, "llama") || !strcmp(b->arch, "granitehybrid"))
        mlp(b, i);
}

/* GPT-2's letters for bytes: printable ones stand for themselves, the others follow from U+0100. */
static void byte_letter(unsigned byte, char out[8])
{
    uint32_t cp = 0x100;
    bool plain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    for (unsigned i = 0; i < byte && !plain; i++)
        cp += !((i >= 33 && i <= 126) || (i >= 161 && i <= 172) || i >= 174);
    memset(out, 0, 8);
    utf8_encode(plain ? byte : cp, out);
}

static void vocabulary(struct build *b, const char *chat_template)
{
    static char text[VOCAB][16];
    const char *tokens[VOCAB];
    int32_t kinds[VOCAB];
    for (unsigned i = 0; i < VOCAB; i++) {
        tokens[i] = text[i];
        kinds[i] = i >= CHATMODEL_EOS && i < CHATMODEL_FIRST_MERGE ? 3 : 1; /* control, normal */
        if (i < 256)
            byte_letter(i, text[i]);
        else if (i >= CHATMODEL_FIRST_MERGE) {
            const char *m = merges[i - CHATMODEL_FIRST_MERGE], *gap = strchr(m, ' ');
            snprintf(text[i], sizeof text[i], "%.*s%s", (int)(gap - m), m, gap + 1);
        }
    }
    strcpy(text[CHATMODEL_EOS], "<|endoftext|>");
    strcpy(text[CHATMODEL_IM_START], "<|im_start|>");
    strcpy(text[CHATMODEL_IM_END], "<|im_end|>");
    gw_string(&b->w, "tokenizer.ggml.model", "gpt2");
    gw_string(&b->w, "tokenizer.ggml.pre", "gpt-2");
    gw_strings(&b->w, "tokenizer.ggml.tokens", tokens, VOCAB);
    gw_i32s(&b->w, "tokenizer.ggml.token_type", kinds, VOCAB);
    gw_strings(&b->w, "tokenizer.ggml.merges", merges, MERGES);
    gw_u32(&b->w, "tokenizer.ggml.eos_token_id", CHATMODEL_EOS);
    gw_u32(&b->w, "tokenizer.ggml.eot_token_id", CHATMODEL_IM_END);
    if (chat_template)
        gw_string(&b->w, "tokenizer.chat_template", chat_template);
}

static void write_model(const char *path, struct build b, const char *chat_template)
{
    const char *arch = b.arch;
    gw_init(&b.w);
    gw_string(&b.w, "general.architecture", arch);
    key(&b, "vocab_size", VOCAB);
    key(&b, "context_length", 4096);
    key(&b, "embedding_length", EMBD);
    key(&b, "block_count", LAYERS);
    key(&b, "feed_forward_length", !strcmp(arch, "llama") || !strcmp(arch, "granitehybrid") ? FF : 0);
    key_f32(&b, "attention.layer_norm_rms_epsilon", 1e-5f);
    arch_keys(&b);
    vocabulary(&b, chat_template);
    tensor(&b, -1, "token_embd.weight", EMBD, VOCAB);
    tensor(&b, -1, "output_norm.weight", EMBD, 0);
    tensor(&b, -1, "output.weight", EMBD, VOCAB);
    for (int i = 0; i < LAYERS; i++)
        layer(&b, i);
    if (gw_save(&b.w, path)) {
        perror(path);
        abort();
    }
    gw_release(&b.w);
}

void chatmodel_write(const char *path, const char *arch, uint64_t seed, const char *chat_template)
{
    write_model(path, (struct build){ .arch = arch, .seed = seed, .loudness = 2.5 }, chat_template);
}

void chatmodel_write_endless(const char *path, const char *arch, uint64_t seed)
{
    write_model(path, (struct build){ .arch = arch, .seed = seed }, NULL);
}

void chatmodel_write_saying(const char *path, const char *text)
{
    if (strlen(text) >= EMBD)
        abort();
    write_model(path, (struct build){ .arch = "mamba2", .seed = 1, .says = text }, NULL);
}
