/* Sampler and stop strings: if this fails, settings do not do what their names say, or a reply cannot be drawn again. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/sampler.h"
#include "engine/stop.h"
#include "kern.h"

enum { N = 8 };
static const float E[N] = { 2, 1, 3, 0, -1, 2.5f, 0.5f, -2 };
static struct kern kern;

static struct sampler only(enum sampler_stage stage)
{
    struct sampler sp = sampler_default();
    sp.order[0] = (unsigned char)stage;
    sp.n_order = 1;
    sp.temperature = 1;
    return sp;
}

/* Which ids can come out, by drawing often, as digits in id order. */
static const char *survivors(const struct sampler *sp, const float *logits, size_t n, const int32_t *history, size_t n_history)
{
    static char out[32];
    bool seen[32] = { false };
    struct sampler_work *w = sampler_work_new(n, &kern);
    struct err e = ERR_INIT;
    size_t at = 0;
    for (uint64_t pos = 0; pos < 20000; pos++) {
        struct sampler_draw d;
        assert_int_equal(sampler_pick(sp, w, logits, n, history, n_history, pos, &d, &e), 0);
        seen[d.id] = true;
    }
    for (size_t i = 0; i < n; i++) {
        if (seen[i])
            out[at++] = (char)('0' + i);
    }
    out[at] = '\0';
    sampler_work_free(w);
    return out;
}

static void truncations_keep_what_they_say(void **state)
{
    (void)state;
    struct sampler sp = only(SAMPLER_TOP_K);
    sp.top_k = 3;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "025");
    sp.top_k = 0;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "01234567");
    sp = only(SAMPLER_TOP_P);
    sp.top_p = 0.8f;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "025");
    sp.top_p = 0.45f;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "25");
    sp.top_p = 0;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "2");
    sp = only(SAMPLER_MIN_P);
    sp.min_p = 0.2f;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "025");
    sp.min_p = 1;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "2");
    sp = only(SAMPLER_TEMPERATURE);
    sp.temperature = 0;
    assert_string_equal(survivors(&sp, E, N, NULL, 0), "2");
}

static void ties_go_to_the_lower_id(void **state)
{
    (void)state;
    static const float flat[6] = { 1, 5, 5, 5, 1, 5 };
    struct sampler sp = only(SAMPLER_TOP_K);
    sp.top_k = 2;
    assert_string_equal(survivors(&sp, flat, 6, NULL, 0), "12");
    sp = only(SAMPLER_TEMPERATURE);
    sp.temperature = 0;
    assert_string_equal(survivors(&sp, flat, 6, NULL, 0), "1");
}

/* samplers.md's example: window 2,5,0,2 of what was read. */
static void penalties_follow_their_formula(void **state)
{
    (void)state;
    static const int32_t read[] = { 2, 4, 2, 5, 0, 2 };
    static const double want[N] = { 1.03333, 1, 1.6, 0, -1, 1.36667, 0.5, -2 };
    struct sampler sp = only(SAMPLER_PENALTIES);
    sp.last_n = 4;
    sp.repeat = 1.5f;
    sp.frequency = 0.1f;
    sp.presence = 0.2f;
    double z = 0;
    for (int i = 0; i < N; i++)
        z += exp(want[i]);
    struct sampler_work *w = sampler_work_new(N, &kern);
    struct err e = ERR_INIT;
    for (uint64_t pos = 0; pos < 2000; pos++) {
        struct sampler_draw d;
        assert_int_equal(sampler_pick(&sp, w, E, N, read, 6, pos, &d, &e), 0);
        assert_true(fabs(d.prob - exp(want[d.id]) / z) < 1e-4);
    }
    sampler_work_free(w);
}

static void draws_follow_the_probabilities(void **state)
{
    (void)state;
    static const double want[N] = { .16230, .05971, .44118, .02196, .00808, .26759, .03621, .00297 };
    struct sampler sp = only(SAMPLER_TEMPERATURE);
    struct sampler_work *w = sampler_work_new(N, &kern);
    struct err e = ERR_INIT;
    unsigned count[N] = { 0 };
    enum { DRAWS = 200000 };
    for (uint64_t pos = 0; pos < DRAWS; pos++) {
        struct sampler_draw d, again;
        assert_int_equal(sampler_pick(&sp, w, E, N, NULL, 0, pos, &d, &e), 0);
        count[d.id]++;
        assert_true(fabs(d.prob - want[d.id]) < 1e-4 && fabs(exp(d.logprob) - want[d.id]) < 1e-4);
        if (pos % 1000 == 0) {
            sampler_pick(&sp, w, E, N, NULL, 0, pos, &again, &e);
            assert_int_equal(again.id, d.id);
        }
    }
    for (int i = 0; i < N; i++)
        assert_true(fabs(count[i] / (double)DRAWS - want[i]) < 0.004);
    sampler_work_free(w);
}

static void big_vocabularies_agree_with_full_sorting(void **state)
{
    (void)state;
    enum { BIG = 5000 };
    static float x[BIG];
    struct err e = ERR_INIT;
    struct sampler_work *w = sampler_work_new(BIG, &kern);
    for (uint64_t seed = 0; seed < 30; seed++) {
        for (size_t i = 0; i < BIG; i++)
            x[i] = (float)(rng_unit(seed, i) * 12);
        struct sampler sp = sampler_default(), slow = sp;
        sp.seed = slow.seed = seed;
        sp.top_k = slow.top_k = 0;
        sp.top_p = slow.top_p = (float)rng_unit(seed, BIG);
        /* top-k of everything sorts first: top-p then needs no sorting of its own */
        slow.top_k = BIG;
        for (uint64_t pos = 0; pos < 20; pos++) {
            struct sampler_draw a, b;
            assert_int_equal(sampler_pick(&sp, w, x, BIG, NULL, 0, pos, &a, &e), 0);
            assert_int_equal(sampler_pick(&slow, w, x, BIG, NULL, 0, pos, &b, &e), 0);
            if (a.id != b.id)
                fail_msg("seed %d position %d: %d and %d", (int)seed, (int)pos, a.id, b.id);
        }
    }
    sampler_work_free(w);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    float x[N];
    struct err e = ERR_INIT;
    struct sampler_draw d;
    struct sampler sp = sampler_default();
    struct sampler_work *w = sampler_work_new(N, &kern);
    memcpy(x, E, sizeof x);
    x[3] = NAN;
    assert_int_equal(sampler_pick(&sp, w, x, N, NULL, 0, 0, &d, &e), -1);
    for (int i = 0; i < N; i++)
        x[i] = -INFINITY;
    assert_int_equal(sampler_pick(&sp, w, x, N, NULL, 0, 0, &d, &e), -1);
    sampler_work_free(w);
    sp.temperature = NAN;
    assert_int_equal(sampler_check(&sp, &e), -1);
    sp = sampler_default();
    sp.order[1] = sp.order[0];
    assert_int_equal(sampler_check(&sp, &e), -1);
}

static void check_stop(const char *stops[], size_t n, const char *text, const char *want, bool hit)
{
    for (size_t cut = 1; cut <= strlen(text); cut++) { /* in pieces of `cut` bytes */
        struct stop s;
        struct str out = STR_INIT;
        bool stopped = false;
        stop_init(&s, stops, n);
        for (size_t at = 0; at < strlen(text) && !stopped; at += cut) {
            size_t left = strlen(text) - at;
            stopped = stop_feed(&s, text + at, cut < left ? cut : left, &out);
        }
        if (!stopped)
            stop_flush(&s, &out);
        assert_int_equal(stopped, hit);
        assert_string_equal(str_z(&out), want);
        str_release(&out);
        stop_release(&s);
    }
}

static void stop_strings_cut_where_they_stand(void **state)
{
    (void)state;
    const char *two[] = { "\nUser:", "END" };
    check_stop(two, 2, "hello\nUser: x", "hello", true);
    check_stop(two, 2, "hello\nUse it", "hello\nUse it", false);
    check_stop(two, 2, "EEND", "E", true);
    check_stop(two, 2, "\n\nUser:", "\n", true);
    check_stop(two, 2, "EN", "EN", false);
    check_stop(NULL, 0, "anything", "anything", false);
}

int main(void)
{
    kern_init(&kern, kern_level_best());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncations_keep_what_they_say),
        cmocka_unit_test(ties_go_to_the_lower_id),
        cmocka_unit_test(penalties_follow_their_formula),
        cmocka_unit_test(draws_follow_the_probabilities),
        cmocka_unit_test(big_vocabularies_agree_with_full_sorting),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(stop_strings_cut_where_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
