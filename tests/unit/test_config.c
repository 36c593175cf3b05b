/* config: if these fail, a model runs with wrong sizes, or a person is not told why it does not run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "model/config.h"
#include "model/gguf.h"

static char path[] = "/tmp/hiss-config-XXXXXX";

/* Saves what the writer holds, reads its config; releases the writer. */
static int read_back(struct gguf_writer *w, struct model_config *c, struct err *e)
{
    assert_int_equal(gw_save(w, path), 0);
    gw_release(w);
    *e = (struct err)ERR_INIT;
    struct gguf *g = gguf_open(path, e);
    assert_non_null(g);
    int r = config_read(c, g, e);
    gguf_close(g);
    return r;
}

static void config_of(const char *fixture, struct model_config *c)
{
    struct gguf_writer w;
    struct err e;
    gw_init(&w);
    assert_true(fixture_build(&w, fixture, KERN_F32));
    if (read_back(&w, c, &e))
        fail_msg("%s", e.msg);
}

static void every_fixture_reads(void **state)
{
    (void)state;
    struct model_config c;
    config_of("mamba", &c);
    assert_true(c.arch == ARCH_MAMBA && c.n_layer == 2 && c.n_embd == 32 && c.n_vocab == 40 && c.n_recurrent == 2);
    assert_true(c.d_inner == 64 && c.d_state == 16 && c.dt_rank == 4 && c.d_conv == 4 && !c.dt_b_c_rms && !c.n_attn);
    config_of("falcon-mamba", &c);
    assert_true(c.arch == ARCH_MAMBA && c.dt_b_c_rms);
    config_of("mamba2", &c);
    assert_true(c.arch == ARCH_MAMBA2 && c.n_ssm_head == 4 && c.n_group == 2 && c.mixer[1] == MIXER_MAMBA2);
    config_of("llama", &c);
    assert_true(c.arch == ARCH_LLAMA && c.n_head == 4 && c.n_head_kv == 2 && c.d_head == 8 && c.n_rot == 8 && c.n_ff == 48);
    assert_true(c.use_rope && !c.rope_neox && c.rope_base == 5000 && c.rope_scale == 1 && c.n_attn == 2 && !c.n_recurrent);
    config_of("granitehybrid", &c);
    assert_true(c.mixer[0] == MIXER_MAMBA2 && c.mixer[1] == MIXER_ATTENTION && c.mixer[2] == MIXER_MAMBA2);
    assert_true(c.embedding_scale == 12 && c.residual_scale == 0.22f && c.logit_scale == 6 && c.attn_scale == 0.0156f);
    assert_true(!c.use_rope && c.n_attn == 1 && c.n_recurrent == 2 && c.n_head_kv == 2);
}

static void a_null_layer_is_none(void **state)
{
    (void)state;
    struct gguf_writer w;
    struct model_config c;
    struct err e;
    float zeros[48 * 32] = { 0 };
    gw_init(&w);
    gw_string(&w, "general.architecture", "granitehybrid");
    gw_u32(&w, "granitehybrid.block_count", 2);
    gw_u32(&w, "granitehybrid.embedding_length", 32);
    gw_u32(&w, "granitehybrid.context_length", 64);
    gw_u32(&w, "granitehybrid.feed_forward_length", 48);
    gw_f32(&w, "granitehybrid.attention.layer_norm_rms_epsilon", 1e-5f);
    gw_u32(&w, "granitehybrid.attention.head_count", 4);
    gw_i32s(&w, "granitehybrid.attention.head_count_kv", (int32_t[]){ 0, 1 }, 2);
    gw_u32(&w, "granitehybrid.ssm.conv_kernel", 4);
    gw_u32(&w, "granitehybrid.ssm.inner_size", 64);
    gw_u32(&w, "granitehybrid.ssm.state_size", 16);
    gw_u32(&w, "granitehybrid.ssm.time_step_rank", 4);
    gw_u32(&w, "granitehybrid.ssm.group_count", 1);
    gw_values(&w, "token_embd.weight", KERN_F32, (uint64_t[]){ 32, 2 }, 2, zeros);
    gw_values(&w, "blk.1.attn_output.weight", KERN_Q4_0, (uint64_t[]){ 32, 32 }, 2, zeros);
    gw_values(&w, "blk.1.ffn_down.weight", KERN_F32, (uint64_t[]){ 48, 32 }, 2, zeros);
    assert_int_equal(read_back(&w, &c, &e), 0);
    assert_true(c.mixer[0] == MIXER_MAMBA2 && c.mixer[1] == MIXER_NULL && c.n_attn == 0 && c.n_recurrent == 1);
}

/* A llama of only the keys, one of which `change` may spoil; the message must say `says`. */
static void refused(const char *arch, const char *skip, const char *key, uint32_t value, const char *says)
{
    static const struct {
        const char *suffix;
        uint32_t v;
    } keys[] = {
        { "block_count", 2 },          { "embedding_length", 32 },        { "context_length", 64 },
        { "feed_forward_length", 48 }, { "attention.head_count", 4 },     { "attention.head_count_kv", 2 },
        { "ssm.conv_kernel", 4 },      { "ssm.inner_size", 64 },          { "ssm.state_size", 16 },
        { "ssm.time_step_rank", 4 },   { "ssm.group_count", 1 },
    };
    struct gguf_writer w;
    struct model_config c;
    struct err e;
    char k[80];
    float zeros[64] = { 0 };
    gw_init(&w);
    gw_string(&w, "general.architecture", arch);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if ((skip && !strcmp(keys[i].suffix, skip)) || (key && !strcmp(keys[i].suffix, key)))
            continue;
        snprintf(k, sizeof k, "%s.%s", arch, keys[i].suffix);
        gw_u32(&w, k, keys[i].v);
    }
    if (key) {
        snprintf(k, sizeof k, "%s.%s", arch, key);
        gw_u32(&w, k, value);
    }
    snprintf(k, sizeof k, "%s.attention.layer_norm_rms_epsilon", arch);
    gw_f32(&w, k, 1e-5f);
    gw_values(&w, "token_embd.weight", KERN_F32, (uint64_t[]){ 32, 2 }, 2, zeros);
    assert_int_equal(read_back(&w, &c, &e), -1);
    if (!strstr(e.msg, says) || !strstr(e.msg, path))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

static void what_cannot_run_is_named(void **state)
{
    (void)state;
    refused("gemma\033[2J", NULL, NULL, 0, "architecture \"gemma?[2J\"; hiss runs mamba, mamba2, llama and granitehybrid");
    refused("llama", NULL, "expert_count", 8, "mixture of experts");
    refused("llama", "block_count", NULL, 0, "llama.block_count is missing");
    refused("llama", NULL, "block_count", 513, "more than 512");
    refused("llama", NULL, "embedding_length", 0, "llama.embedding_length is missing or zero");
    refused("llama", NULL, "embedding_length", 1u << 31, "is no size");
    refused("llama", NULL, "attention.head_count", 0, "head");
    refused("llama", NULL, "attention.head_count_kv", 3, "multiple of the key heads");
    refused("llama", NULL, "rope.dimension_count", 7, "rope keys");
    refused("llama", NULL, "rope.dimension_count", 10, "rope keys");
    refused("llama", NULL, "attention.value_length", 4, "different length");
    refused("mamba", NULL, "ssm.conv_kernel", 1, "below 2");
    refused("mamba", "ssm.inner_size", NULL, 0, "mamba.ssm.inner_size is missing");
    refused("mamba2", NULL, "ssm.time_step_rank", 5, "divide evenly");
    refused("mamba2", NULL, "ssm.group_count", 3, "divide evenly");
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture_reads),
        cmocka_unit_test(a_null_layer_is_none),
        cmocka_unit_test(what_cannot_run_is_named),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
