/* model: if these fail, hiss says something other than what the weights say, or says it differently depending on how a
 * prompt was cut, on the number of threads, on the machine, or on who shares the batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fixture.h"
#include "model/model.h"

enum { V = FIXTURE_VOCAB };

static char path[] = "/tmp/hiss-model-XXXXXX";
static const char *const all_fixtures[] = { "mamba", "falcon-mamba", "mamba2", "llama", "granitehybrid" };
enum { N_FIXTURES = sizeof all_fixtures / sizeof all_fixtures[0] };

static struct model *open_fixture(const char *name, enum kern_type type, enum kern_level level)
{
    struct gguf_writer w;
    struct err e = ERR_INIT;
    gw_init(&w);
    assert_true(fixture_build(&w, name, type));
    assert_int_equal(gw_save(&w, path), 0);
    gw_release(&w);
    struct model *m = model_open(path, &(struct model_opts){ .level = level }, &e);
    if (!m)
        fail_msg("%s", e.msg);
    return m;
}

/* Feeds n ids in chunks, wanting the logits of every token: [n, V]. Moves s. */
static void feed(const struct model *m, struct pool *pool, struct mstate *s, const int32_t *ids, size_t n, size_t chunk,
                 float *logits)
{
    struct err e = ERR_INIT;
    struct model_scratch *w = model_scratch_new();
    assert_non_null(w);
    for (size_t at = 0; at < n; at += chunk) {
        size_t k = n - at < chunk ? n - at : chunk;
        struct model_seq q = { s, ids + at, k, logits + at * V, k };
        if (model_forward(m, pool, w, &q, 1, &e))
            fail_msg("%s", e.msg);
    }
    model_scratch_free(w);
}

/* ---- What llama.cpp computed for the same weights ---- */

static const struct expected {
    const char *fixture;
    enum kern_type type;
    double tolerance;
    double last[5];
    int argmax; /* -1: not compared */
    double sum; /* of the last token's absolute logits; 0: not compared */
    double first[2];
} expected[] = {
    { "mamba", KERN_F32, 1e-3, { -5.50794, -6.23060, 14.15068, 0.09850, 0.46570 }, 2, 201.3047, { 4.9985, -15.9213 } },
    { "falcon-mamba", KERN_F32, 1e-3, { -2.14684, -5.07674, 6.22617, -1.02869, 0.35744 }, 39, 145.7665, { 4.6746, -15.2072 } },
    { "mamba2", KERN_F32, 1e-3, { -0.03214, -1.12366, 2.03193, 0.56104, 1.86698 }, 22, 57.0897, { 0.9283, -0.8172 } },
    { "llama", KERN_F32, 1e-3, { 3.97249, -5.45792, 18.24622, 15.80760, -9.63180 }, 2, 262.8495, { -12.4247, 4.5781 } },
    { "granitehybrid", KERN_F32, 1e-3, { 1.06072, -0.83537, 6.88542, 0.38137, -0.45786 }, 2, 42.1219, { 0.9997, -0.8270 } },
    /* weights dequantised, activations f32, as for these types hiss does too */
    { "mamba2", KERN_F16, 1e-3, { -0.0356, -1.1343, 2.0274, 0.5591, 1.8719 }, 22, 0, { 0.9293, -0.8177 } },
    { "mamba2", KERN_BF16, 1e-3, { -0.0504, -1.1558, 2.0100, 0.5508, 1.8802 }, 22, 0, { 0.9250, -0.8208 } },
    /* llama.cpp with its 8-bit activations: ours round ties and scales otherwise, so only nearby */
    { "mamba2", KERN_Q8_0, 0.1, { -0.05311, -1.26940, 1.94408, 0.52867, 1.90820 }, -1, 0, { 0.9053, -0.8284 } },
    { "mamba2", KERN_Q5_1, 0.1, { -0.17682, -1.05400, 2.18480, 0.81358, 1.48363 }, -1, 0, { 0.5175, -1.0903 } },
    { "mamba2", KERN_Q4_0, 0.1, { -0.52981, -1.20139, 1.96741, 0.22151, 1.47012 }, -1, 0, { 0.8655, -0.1277 } },
};

static void near(const struct expected *x, const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s in %s: %s is %.5f, llama.cpp has %.5f", x->fixture, kern_types[x->type].name, what, got, want);
}

static void logits_are_those_of_llama_cpp(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct expected *x = &expected[i];
        static float logits[FIXTURE_N_IDS * V];
        struct err e = ERR_INIT;
        struct mstate s;
        struct model *m = open_fixture(x->fixture, x->type, KERN_N_LEVELS);
        assert_int_equal(mstate_init(&s, m, &e), 0);
        feed(m, NULL, &s, fixture_ids, FIXTURE_N_IDS, FIXTURE_N_IDS, logits);
        const float *last = logits + (FIXTURE_N_IDS - 1) * V;
        double sum = 0;
        int best = 0;
        for (int j = 0; j < V; j++) {
            sum += fabs((double)last[j]);
            best = last[j] > last[best] ? j : best;
        }
        for (int j = 0; j < 5; j++)
            near(x, "a logit of the last token", last[j], x->last[j], x->tolerance);
        double coarse = x->tolerance > 5e-3 ? x->tolerance : x->type == KERN_BF16 || x->type == KERN_F16 ? 1e-2 : 1e-3;
        near(x, "logit 0 of the first token", logits[0], x->first[0], coarse);
        near(x, "logit 1 of the first token", logits[1], x->first[1], coarse);
        if (x->argmax >= 0)
            assert_int_equal(best, x->argmax);
        if (x->sum != 0)
            near(x, "the sum of absolute logits", sum, x->sum, 40 * x->tolerance);
        mstate_release(&s);
        model_close(m);
    }
}

/* ---- One arithmetic: however it is run, the same bits ---- */

static void make_ids(int32_t *ids, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)(rng_u64(seed, i) % V);
}

/* Feeds ids beside two others that are fed in odd pieces of their own. */
static void feed_in_company(const struct model *m, struct pool *pool, struct mstate *s, const int32_t *ids, size_t n,
                            float *logits)
{
    enum { MINE = 23 };
    struct err e = ERR_INIT;
    struct mstate other[2];
    int32_t theirs[64];
    float last[V];
    struct model_scratch *w = model_scratch_new();
    make_ids(theirs, 64, 99);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mstate_init(&other[i], m, &e), 0);
    for (size_t at = 0; at < n; at += MINE) {
        size_t k = n - at < MINE ? n - at : MINE, odd = at / MINE % 5;
        struct model_seq q[3] = {
            { &other[0], theirs, odd, NULL, 0 }, { s, ids + at, k, logits + at * V, k }, { &other[1], theirs + 7, 3, last, 1 },
        };
        if (model_forward(m, pool, w, q, 3, &e))
            fail_msg("%s", e.msg);
    }
    for (int i = 0; i < 2; i++)
        mstate_release(&other[i]);
    model_scratch_free(w);
}

struct trial {
    const struct model *m;
    const char *fixture;
    enum kern_type type;
    size_t n; /* tokens */
    int32_t ids[512];
};

/* Chunk 0: in company. */
static struct hash128 run(const struct trial *t, struct pool *pool, size_t chunk, float *logits)
{
    struct err e = ERR_INIT;
    struct mstate s;
    assert_int_equal(mstate_init(&s, t->m, &e), 0);
    if (chunk)
        feed(t->m, pool, &s, t->ids, t->n, chunk, logits);
    else
        feed_in_company(t->m, pool, &s, t->ids, t->n, logits);
    struct hash128 h = mstate_hash(&s, t->m);
    mstate_release(&s);
    return h;
}

static void same_bits(const struct trial *t, const size_t *chunks, size_t n_chunks, struct hash128 h, const float *want)
{
    static float got[512 * V];
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct err e = ERR_INIT;
        struct pool *pool = threads > 1 ? pool_new(threads, &e) : NULL;
        for (size_t i = 0; i < n_chunks; i++) {
            memset(got, 0xFF, sizeof got);
            struct hash128 g = run(t, pool, chunks[i], got);
            if (!hash128_equal(g, h) || memcmp(got, want, t->n * V * sizeof *got))
                fail_msg("%s in %s (ids of seed 7): level %s, %u threads, chunks of %zu give other bits", t->fixture,
                         kern_types[t->type].name, kern_level_name(model_kern(t->m)->level), threads, chunks[i]);
        }
        pool_free(pool);
    }
}

/* Every level, every chunk, 1 and 2 threads against the first: the C level, 1 thread, all at once. */
static void same_bits_however_run(const char *fixture, enum kern_type type, bool wide, size_t n, const size_t *chunks,
                                  size_t n_chunks)
{
    static float want[512 * V];
    struct trial t = { .fixture = fixture, .type = type, .n = n };
    struct hash128 h = { 0, 0 };
    struct gguf_writer w;
    struct err e = ERR_INIT;
    make_ids(t.ids, n, 7);
    gw_init(&w);
    assert_true(wide ? fixture_build_wide(&w, fixture, type) : fixture_build(&w, fixture, type));
    assert_int_equal(gw_save(&w, path), 0);
    gw_release(&w);
    for (int level = KERN_C; level < KERN_N_LEVELS; level++) {
        if (!kern_level_usable((enum kern_level)level))
            continue;
        struct model *m = model_open(path, &(struct model_opts){ .level = (enum kern_level)level }, &e);
        if (!m)
            fail_msg("%s", e.msg);
        t.m = m;
        if (level == KERN_C)
            h = run(&t, NULL, n, want);
        same_bits(&t, chunks, n_chunks, h, want);
        model_close(m);
    }
}

static void chunks_threads_levels_and_company_change_nothing(void **state)
{
    static const size_t chunks[] = { 1, 7, 64, 512, 0 };
    (void)state;
    for (int i = 0; i < N_FIXTURES; i++)
        same_bits_however_run(all_fixtures[i], i % 2 ? KERN_Q8_0 : KERN_F32, false, 70, chunks, 5);
    same_bits_however_run("granitehybrid", KERN_F16, false, 150, chunks, 5);
}

static void every_weight_type_keeps_its_bits(void **state)
{
    static const size_t chunks[] = { 2, 0 };
    (void)state;
    for (int type = 0; type < KERN_N_TYPES; type++) {
        same_bits_however_run("granitehybrid", (enum kern_type)type, true, 8, chunks, 2);
        same_bits_however_run("mamba", (enum kern_type)type, true, 5, chunks, 2);
    }
}

/* ---- A state is a value ---- */

static void a_copied_state_goes_on_alike(void **state)
{
    (void)state;
    enum { N = 40, CUT = 17 };
    static float whole[N * V], part[N * V];
    float again[V];
    int32_t ids[N];
    make_ids(ids, N, 11);
    for (int i = 0; i < N_FIXTURES; i++) {
        struct err e = ERR_INIT;
        struct mstate a, b;
        struct model *m = open_fixture(all_fixtures[i], KERN_Q8_0, KERN_N_LEVELS);
        assert_int_equal(mstate_init(&a, m, &e) | mstate_init(&b, m, &e), 0);
        struct hash128 empty = mstate_hash(&a, m);
        struct model_scratch *w = model_scratch_new();
        assert_int_equal(model_logits(m, NULL, w, &a, again, &e), -1);
        feed(m, NULL, &a, ids, CUT, N, whole);
        assert_false(hash128_equal(mstate_hash(&a, m), empty));
        assert_int_equal(mstate_copy(&b, &a, m, &e), 0);
        assert_true(hash128_equal(mstate_hash(&a, m), mstate_hash(&b, m)));
        assert_int_equal(model_logits(m, NULL, w, &b, again, &e), 0); /* a restored state can be sampled from at once */
        assert_memory_equal(again, whole + (CUT - 1) * V, sizeof again);
        model_scratch_free(w);
        feed(m, NULL, &a, ids + CUT, N - CUT, N, whole);
        feed(m, NULL, &b, ids + CUT, N - CUT, 5, part);
        assert_memory_equal(whole, part, (N - CUT) * V * sizeof *whole);
        assert_true(hash128_equal(mstate_hash(&a, m), mstate_hash(&b, m)));
        mstate_clear(&b, m);
        assert_true(hash128_equal(mstate_hash(&b, m), empty));
        mstate_release(&a);
        mstate_release(&b);
        model_close(m);
    }
}

/* ---- Errors ---- */

static void errors_move_nothing(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct mstate s;
    static float logits[512 * V];
    static int32_t ids[600];
    struct model *m = open_fixture("granitehybrid", KERN_F32, KERN_N_LEVELS);
    struct model_scratch *w = model_scratch_new();
    assert_int_equal(mstate_init(&s, m, &e), 0);
    feed(m, NULL, &s, fixture_ids, FIXTURE_N_IDS, 4, logits);
    struct hash128 h = mstate_hash(&s, m);
    struct model_seq bad_id = { &s, (int32_t[]){ 1, V }, 2, NULL, 0 }, negative = { &s, (int32_t[]){ -1 }, 1, NULL, 0 };
    struct model_seq large = { &s, ids, 513, NULL, 0 }, over = { &s, ids, 502, NULL, 0 };
    struct model_seq more = { &s, ids, 1, logits, 2 }, twice[2] = { { &s, ids, 1, NULL, 0 }, { &s, ids, 1, NULL, 0 } };
    assert_int_equal(model_forward(m, NULL, w, &bad_id, 1, &e), -1);
    assert_int_equal(e.code, ERR_ARG);
    assert_int_equal(model_forward(m, NULL, w, &negative, 1, &e), -1);
    assert_int_equal(model_forward(m, NULL, w, &large, 1, &e), -1);
    assert_int_equal(e.code, ERR_ARG);
    assert_int_equal(model_forward(m, NULL, w, &more, 1, &e), -1);
    assert_int_equal(model_forward(m, NULL, w, twice, 2, &e), -1);
    assert_int_equal(model_forward(m, NULL, w, &over, 1, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_true(hash128_equal(mstate_hash(&s, m), h));
    over.n = 501;
    assert_int_equal(model_forward(m, NULL, w, &over, 1, &e), 0);
    assert_int_equal(s.n_pos, 512);
    mstate_release(&s);
    model_scratch_free(w);
    model_close(m);
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
        cmocka_unit_test(logits_are_those_of_llama_cpp),
        cmocka_unit_test(chunks_threads_levels_and_company_change_nothing),
        cmocka_unit_test(every_weight_type_keeps_its_bits),
        cmocka_unit_test(a_copied_state_goes_on_alike),
        cmocka_unit_test(errors_move_nothing),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
