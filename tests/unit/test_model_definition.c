/* definition: if these fail, a kernel level, the packing or the forward pass computes other bits than the arithmetic
 * that docs/ARCHITECTURE.md defines, and a reply can no longer be replayed elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "emulate.h"
#include "fixture.h"
#include "model/model.h"

enum { V = FIXTURE_VOCAB, MOST = 80 };

static char path[] = "/tmp/hiss-definition-XXXXXX";

static void first_difference(const char *fixture, enum kern_type type, enum kern_level level, const float *got,
                             const float *want, size_t n)
{
    for (size_t i = 0; i < n * V; i++)
        if (memcmp(&got[i], &want[i], sizeof *got))
            fail_msg("%s in %s at level %s (ids of seed 5): logit %zu of token %zu is %a, the definition says %a", fixture,
                     kern_types[type].name, kern_level_name(level), i % V, i / V, (double)got[i], (double)want[i]);
}

static void levels_equal_the_definition(const char *fixture, enum kern_type type, bool wide, size_t n)
{
    static float want[MOST * V], got[MOST * V];
    int32_t ids[MOST];
    struct gguf_writer w;
    struct err e = ERR_INIT;
    struct model_scratch *scratch = model_scratch_new();
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)(rng_u64(5, i) % V);
    gw_init(&w);
    assert_true(wide ? fixture_build_wide(&w, fixture, type) : fixture_build(&w, fixture, type));
    assert_int_equal(gw_save(&w, path), 0);
    gw_release(&w);
    for (int level = KERN_C, first = 1; level < KERN_N_LEVELS; level++) {
        if (!kern_level_usable((enum kern_level)level))
            continue;
        struct model *m = model_open(path, &(struct model_opts){ .level = (enum kern_level)level }, &e);
        if (!m)
            fail_msg("%s", e.msg);
        if (first)
            emulate(model_gguf(m), model_config(m), ids, n, want);
        first = 0;
        struct mstate s;
        assert_int_equal(mstate_init(&s, m, &e), 0);
        struct model_seq q = { &s, ids, n, got, n };
        memset(got, 0xFF, sizeof got);
        assert_int_equal(model_forward(m, NULL, scratch, &q, 1, &e), 0);
        first_difference(fixture, type, (enum kern_level)level, got, want, n);
        mstate_release(&s);
        model_close(m);
    }
    model_scratch_free(scratch);
}

static void every_architecture_equals_the_definition(void **state)
{
    static const char *const names[] = { "mamba", "falcon-mamba", "mamba2", "llama", "granitehybrid" };
    (void)state;
    for (int i = 0; i < 5; i++) {
        levels_equal_the_definition(names[i], KERN_F32, false, MOST);
        levels_equal_the_definition(names[i], KERN_Q4_1, false, MOST);
    }
    levels_equal_the_definition("llama-biased", KERN_Q8_0, false, MOST);
}

static void every_weight_type_equals_the_definition(void **state)
{
    (void)state;
    for (int type = 0; type < KERN_N_TYPES; type++) {
        levels_equal_the_definition("granitehybrid", (enum kern_type)type, true, 3);
        levels_equal_the_definition("mamba", (enum kern_type)type, true, 2);
    }
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
        cmocka_unit_test(every_architecture_equals_the_definition),
        cmocka_unit_test(every_weight_type_equals_the_definition),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
