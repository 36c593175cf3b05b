/* opening: if these fail, a model that cannot run is opened all the same, a refusal does not say why, or two models are
 * taken for one and their states mixed up. */
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
#include "model/model.h"

static char path[] = "/tmp/hiss-open-XXXXXX";

static struct model *open_fixture(const char *name, enum kern_type type, enum kern_level level)
{
    struct gguf_writer w;
    struct err e = ERR_INIT;
    gw_init(&w);
    assert_true(fixture_build(&w, name, type));
    unlink(path); /* a new file: an open model may have the old one mapped */
    assert_int_equal(gw_save(&w, path), 0);
    gw_release(&w);
    struct model *m = model_open(path, &(struct model_opts){ .level = level }, &e);
    if (!m)
        fail_msg("%s", e.msg);
    return m;
}

/* The logits of the fixture's ids, all at once. */
static void feed(const struct model *m, struct mstate *s, float *logits)
{
    struct err e = ERR_INIT;
    struct model_scratch *w = model_scratch_new();
    struct model_seq q = { s, fixture_ids, FIXTURE_N_IDS, logits, FIXTURE_N_IDS };
    assert_int_equal(model_forward(m, NULL, w, &q, 1, &e), 0);
    model_scratch_free(w);
}

static bool stop_at_once(void *arg, double fraction)
{
    double *seen = arg;
    *seen = fraction;
    return true;
}

static void a_load_can_be_stopped(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct gguf_writer w;
    double seen = -1;
    gw_init(&w);
    fixture_build(&w, "mamba2", KERN_Q8_0);
    gw_save(&w, path);
    gw_release(&w);
    struct model_opts o = { .level = KERN_C, .progress = stop_at_once, .progress_arg = &seen };
    assert_null(model_open(path, &o, &e));
    assert_int_equal(e.code, ERR_CANCELLED);
    assert_true(seen > 0 && seen < 1);
}

/* Opens the mamba2 fixture with one tensor renamed, typed or shaped otherwise; the refusal must say `says`. */
static void refused_with(const char *from, const char *to, const char *says)
{
    struct err e = ERR_INIT;
    struct gguf_writer w;
    gw_init(&w);
    fixture_build(&w, "mamba2", KERN_F32);
    size_t n = strlen(from);
    for (size_t i = 0; i + n <= w.info.len; i++)
        if (!memcmp(w.info.p + i, from, n))
            memcpy(w.info.p + i, to, n);
    assert_int_equal(gw_save(&w, path), 0);
    gw_release(&w);
    assert_null(model_open(path, &(struct model_opts){ .level = KERN_C }, &e));
    if (!strstr(e.msg, says) || !strstr(e.msg, path))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, says);
}

static void wrong_tensors_are_named(void **state)
{
    (void)state;
    refused_with("blk.1.ssm_out", "blk.1.ssm_oux", "no tensor blk.1.ssm_out.weight");
    refused_with("token_embd", "token_embx", "no tensor token_embd.weight");
    struct err e = ERR_INIT;
    struct gguf_writer w;
    struct model_opts o = { .level = KERN_C };
    gw_init(&w);
    fixture_build(&w, "llama", KERN_F32);
    float v[32 * 64] = { 0 };
    gw_values(&w, "output.weight", KERN_F32, (uint64_t[]){ 32, 39 }, 2, v);
    gw_save(&w, path);
    assert_null(model_open(path, &o, &e));
    assert_non_null(strstr(e.msg, "output.weight is {32, 39} where its metadata asks for {32, 40}"));
    gw_release(&w);
    gw_init(&w);
    fixture_build(&w, "llama", KERN_F32);
    gw_tensor(&w, "output.weight", 20, (uint64_t[]){ 32, 40 }, 2, v, 40 * 18); /* IQ4_NL */
    gw_save(&w, path);
    assert_null(model_open(path, &o, &e));
    assert_non_null(strstr(e.msg, "output.weight is of type IQ4_NL"));
    gw_release(&w);
}

static void the_hash_tells_models_apart(void **state)
{
    (void)state;
    static const char *const names[] = { "mamba", "falcon-mamba", "mamba2", "llama", "granitehybrid" };
    struct hash128 seen[10];
    size_t n = 0;
    for (int i = 0; i < 5; i++) {
        for (int type = KERN_F32; type <= KERN_Q4_0; type += KERN_Q4_0) {
            struct model *m = open_fixture(names[i], (enum kern_type)type, KERN_C);
            struct model *again = open_fixture(names[i], (enum kern_type)type, KERN_N_LEVELS);
            seen[n] = model_hash(m);
            assert_true(hash128_equal(seen[n], model_hash(again)));
            for (size_t j = 0; j < n; j++)
                assert_false(hash128_equal(seen[n], seen[j]));
            n++;
            model_close(m);
            model_close(again);
        }
    }
}

/* Part `no` of two of the model g, whose keys `kv` go into the first. */
static void save_half(const struct gguf *g, const struct gguf_writer *whole, unsigned no, const char *name)
{
    struct gguf_writer w;
    size_t n = gguf_n_tensors(g);
    gw_init(&w);
    if (!no) {
        str_add(&w.kv, whole->kv.p, whole->kv.len);
        w.n_kv = whole->n_kv;
    }
    gw_u32(&w, "split.no", no);
    gw_u32(&w, "split.count", 2);
    gw_u32(&w, "split.tensors.count", (uint32_t)n);
    for (size_t i = no ? n / 2 : 0; i < (no ? n : n / 2); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        char tensor[64];
        snprintf(tensor, sizeof tensor, "%.*s", (int)t->name.n, t->name.p);
        gw_tensor(&w, tensor, t->type, t->ne, t->n_dims, t->data, t->bytes);
    }
    assert_int_equal(gw_save(&w, name), 0);
    gw_release(&w);
}

static void a_split_model_is_the_same_model(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct gguf_writer w;
    struct model_opts o = { .level = KERN_N_LEVELS };
    char half[2][64];
    gw_init(&w);
    assert_true(fixture_build(&w, "granitehybrid", KERN_Q8_0));
    assert_int_equal(gw_save(&w, path), 0);
    struct model *whole = model_open(path, &o, &e);
    assert_non_null(whole);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(half[i], sizeof half[i], "%s-%05u-of-00002.gguf", path, i + 1);
        save_half(model_gguf(whole), &w, i, half[i]);
    }
    struct model *split = model_open(half[0], &o, &e);
    if (!split)
        fail_msg("%s", e.msg);
    assert_true(hash128_equal(model_hash(whole), model_hash(split)));
    static float a[FIXTURE_N_IDS * FIXTURE_VOCAB], b[FIXTURE_N_IDS * FIXTURE_VOCAB];
    struct mstate s, t;
    assert_int_equal(mstate_init(&s, whole, &e) | mstate_init(&t, split, &e), 0);
    feed(whole, &s, a);
    feed(split, &t, b);
    assert_memory_equal(a, b, sizeof a);
    mstate_release(&s);
    mstate_release(&t);
    model_close(whole);
    model_close(split);
    unlink(half[0]);
    unlink(half[1]);
    gw_release(&w);
}

/* The two fixtures are the same function, written differently. */
static void same_function(const char *one, const char *other)
{
    static float a[FIXTURE_N_IDS * FIXTURE_VOCAB], b[FIXTURE_N_IDS * FIXTURE_VOCAB];
    struct err e = ERR_INIT;
    struct mstate s, t;
    struct model *m = open_fixture(one, KERN_F32, KERN_N_LEVELS), *n = open_fixture(other, KERN_F32, KERN_N_LEVELS);
    assert_int_equal(mstate_init(&s, m, &e) | mstate_init(&t, n, &e), 0);
    feed(m, &s, a);
    feed(n, &t, b);
    assert_memory_equal(a, b, sizeof a);
    assert_true(hash128_equal(mstate_hash(&s, m), mstate_hash(&t, n)));
    mstate_release(&s);
    mstate_release(&t);
    model_close(m);
    model_close(n);
}

static void fused_projections_and_null_layers_change_nothing(void **state)
{
    (void)state;
    same_function("llama", "llama-fused");
    same_function("granitehybrid", "granitehybrid-null");
}

/* One flipped bit of a weight is found out by a file that knows its hash. */
static void a_sealed_file_is_refused_when_damaged(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct gguf_writer w;
    struct str bytes = STR_INIT;
    char hex[HASH128_HEX];
    struct model_opts o = { .level = KERN_C };
    struct model *m = open_fixture("mamba2", KERN_Q8_0, KERN_C);
    hash128_hex(model_hash(m), hex);
    model_close(m);
    gw_init(&w);
    fixture_build(&w, "mamba2", KERN_Q8_0);
    gw_string(&w, MODEL_HASH_KEY, hex);
    gw_save(&w, path);
    m = model_open(path, &o, &e);
    assert_non_null(m);
    model_close(m);
    gw_bytes(&w, &bytes);
    bytes.p[bytes.len - w.data.len / 2] ^= 4;
    FILE *f = fopen(path, "wb");
    assert_true(f && fwrite(bytes.p, 1, bytes.len, f) == bytes.len && !fclose(f));
    assert_null(model_open(path, &o, &e));
    assert_non_null(strstr(e.msg, "is damaged"));
    assert_non_null(strstr(e.msg, path));
    str_release(&bytes);
    gw_release(&w);
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
        cmocka_unit_test(a_load_can_be_stopped),
        cmocka_unit_test(wrong_tensors_are_named),
        cmocka_unit_test(the_hash_tells_models_apart),
        cmocka_unit_test(a_sealed_file_is_refused_when_damaged),
        cmocka_unit_test(a_split_model_is_the_same_model),
        cmocka_unit_test(fused_projections_and_null_layers_change_nothing),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
