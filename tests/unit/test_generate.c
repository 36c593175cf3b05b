/* Replies: if this fails, a reply cannot be drawn again, ends where it should not, or shows half a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "chatmodel.h"
#include "engine/generate.h"
#include "tinylm.h"

static struct tinylm tiny;

/* All that a reply told. */
struct told {
    struct ids ids;
    struct str text;
    size_t stop_after;            /* the callback says stop at this token; 0: never */
    atomic_bool *raise;           /* set at the same time, instead */
    struct session *s;
    struct hash128 last;          /* the state when the last token was told */
    bool half;                    /* an event ended inside a character */
};

static bool listen(void *arg, const struct generate_event *ev)
{
    struct told *t = arg;
    assert_int_equal(ids_push(&t->ids, ev->id), 0);
    assert_int_equal(str_add(&t->text, ev->text, ev->n_text), 0);
    assert_true(ev->prob > 0 && ev->prob <= 1.0f && ev->logprob <= 0);
    t->half |= !utf8_valid(ev->text, ev->n_text);
    t->last = session_hash(t->s);
    if (!t->stop_after || t->ids.n < t->stop_after)
        return false;
    if (t->raise)
        atomic_store(t->raise, true);
    return !t->raise;
}

static void release(struct told *t)
{
    ids_release(&t->ids);
    str_release(&t->text);
    session_free(t->s);
}

static const int32_t prompt[] = { CHATMODEL_IM_START, 104, 105, 106, 33, 34, 35 };
enum { N_PROMPT = sizeof prompt / sizeof prompt[0] };

static void begin(struct told *t, struct lm *lm)
{
    struct err e = ERR_INIT;
    *t = (struct told){ .s = session_new(lm, &e) };
    assert_non_null(t->s);
    assert_int_equal(session_feed(t->s, prompt, N_PROMPT, NULL, NULL, NULL, &e), 0);
}

static struct generate_opts opts(uint64_t seed, size_t most)
{
    struct generate_opts o = { .sampler = sampler_default(), .max_tokens = most };
    o.sampler.seed = seed;
    o.sampler.temperature = 1.5f;
    o.sampler.top_k = 0;
    o.sampler.min_p = 0;
    return o;
}

static struct generate_result go(struct told *t, const struct generate_opts *o, const atomic_bool *cancel)
{
    struct err e = ERR_INIT;
    struct generate_result r;
    if (generate(t->s, o, cancel, listen, t, &r, &e))
        fail_msg("%s", e.msg);
    assert_int_equal(r.n_tokens, t->ids.n);
    assert_int_equal(r.n_text, t->text.len);
    return r;
}

/* The text told is the text of the ids told, in whole characters. */
static void assert_text_of_ids(const struct told *t)
{
    struct str all = STR_INIT;
    assert_int_equal(tok_decode(session_lm(t->s)->tok, t->ids.p, t->ids.n, false, &all), 0);
    assert_string_equal(str_z(&all), str_z(&t->text));
    assert_false(t->half);
    str_release(&all);
}

/* Twenty seeds, short and long: each reply ends by itself or at its length, its state is that of reading prompt and reply. */
static void replies_end_and_are_read(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    bool ended = false, full = false;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct told t, again;
        struct generate_opts o = opts(seed, seed % 2 ? 10 : 400);
        begin(&t, tiny.lm);
        struct generate_result r = go(&t, &o, NULL);
        bool eog = tok_is_eog(tiny.lm->tok, t.ids.p[t.ids.n - 1]);
        assert_int_equal(r.end, eog ? GENERATE_EOT : GENERATE_LENGTH);
        ended |= eog;
        full |= !eog;
        assert_text_of_ids(&t);
        begin(&again, tiny.lm);
        assert_int_equal(session_feed(again.s, t.ids.p, t.ids.n, NULL, NULL, NULL, &e), 0);
        assert_true(hash128_equal(session_hash(again.s), session_hash(t.s)));
        assert_true(hash128_equal(t.last, session_hash(t.s)));
        release(&t);
        release(&again);
    }
    assert_true(ended && full);
}

/* A random number belongs to a position: from the middle of a reply the rest comes out the same. */
static void a_reply_is_drawn_again_from_any_token(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct told t;
    struct generate_opts o = opts(5, 40);
    begin(&t, tiny.lm);
    go(&t, &o, NULL);
    for (size_t k = 0; k < t.ids.n; k += 3) {
        struct told rest;
        begin(&rest, tiny.lm);
        assert_int_equal(session_feed(rest.s, t.ids.p, k, NULL, NULL, NULL, &e), 0);
        o.max_tokens = t.ids.n - k;
        go(&rest, &o, NULL);
        assert_int_equal(rest.ids.n, t.ids.n - k);
        assert_memory_equal(rest.ids.p, t.ids.p + k, rest.ids.n * sizeof *rest.ids.p);
        assert_true(hash128_equal(session_hash(rest.s), session_hash(t.s)));
        release(&rest);
    }
    release(&t);
}

static void stop_strings_end_a_reply(void **state)
{
    (void)state;
    struct told t, s;
    struct generate_opts o = opts(3, 60);
    begin(&t, tiny.lm);
    go(&t, &o, NULL);
    assert_true(t.text.len > 8);
    for (size_t at = 1; at + 3 < t.text.len && at < 12; at++) {
        char stop[4] = { t.text.p[at], t.text.p[at + 1], t.text.p[at + 2], '\0' };
        const char *stops[] = { "never to be seen", stop };
        size_t cut = (size_t)(strstr(t.text.p, stop) - t.text.p);
        o.stops = stops;
        o.n_stops = 2;
        begin(&s, tiny.lm);
        struct generate_result r = go(&s, &o, NULL);
        assert_int_equal(r.end, GENERATE_STOP);
        assert_int_equal(s.text.len, cut);
        assert_memory_equal(str_z(&s.text), t.text.p, cut);
        assert_memory_equal(s.ids.p, t.ids.p, s.ids.n * sizeof *s.ids.p);
        release(&s);
    }
    release(&t);
}

/* What was held back (half a character, the beginning of a stop string) is told when a reply is cut short. */
static void a_cancelled_reply_keeps_its_text(void **state)
{
    (void)state;
    atomic_bool cancel;
    const char *stops[] = { "\x01\x02" };
    for (size_t k = 1; k < 30; k++) {
        struct told t;
        struct generate_opts o = opts(3, 0);
        o.stops = stops;
        o.n_stops = 1;
        begin(&t, tiny.lm);
        atomic_init(&cancel, false);
        t.raise = &cancel;
        t.stop_after = k;
        struct generate_result r = go(&t, &o, &cancel);
        if (r.end == GENERATE_EOT) {
            release(&t);
            break;
        }
        assert_int_equal(r.end, GENERATE_CANCELLED);
        assert_true(t.ids.n <= k + 1);
        assert_text_of_ids(&t);
        release(&t);
    }
    struct told t;
    struct generate_opts o = opts(3, 0);
    begin(&t, tiny.lm);
    t.stop_after = 4;
    assert_int_equal(go(&t, &o, NULL).end, GENERATE_CANCELLED);
    assert_int_equal(t.ids.n, 4);
    release(&t);
    begin(&t, tiny.lm);
    atomic_init(&cancel, true);
    assert_int_equal(go(&t, &o, &cancel).n_tokens, 0);
    release(&t);
}

static void greedy_takes_the_likeliest(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct told t, by_hand;
    struct generate_opts o = opts(1, 20);
    size_t n_vocab = model_config(tiny.lm->model)->n_vocab;
    o.sampler.temperature = 0;
    begin(&t, tiny.lm);
    begin(&by_hand, tiny.lm);
    go(&t, &o, NULL);
    for (size_t i = 0; i < t.ids.n; i++) {
        const float *x = session_logits(by_hand.s, &e);
        int32_t best = 0;
        for (size_t j = 1; j < n_vocab; j++)
            best = x[j] > x[best] ? (int32_t)j : best;
        assert_int_equal(best, t.ids.p[i]);
        assert_int_equal(session_feed(by_hand.s, &best, 1, NULL, NULL, NULL, &e), 0);
    }
    release(&t);
    release(&by_hand);
}

static void a_full_context_ends_a_reply(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct tinylm llama;
    struct told t;
    tinylm_open(&llama, "llama", 7, KERN_N_LEVELS);
    size_t limit = model_config(llama.lm->model)->n_ctx_train;
    int32_t *many = calloc(limit, sizeof *many);
    assert_non_null(many);
    begin(&t, llama.lm);
    assert_int_equal(session_feed(t.s, many, limit - N_PROMPT - 3, NULL, NULL, NULL, &e), 0);
    for (uint64_t seed = 1;; seed++) { /* one that does not end by itself within three tokens */
        struct told u;
        struct generate_opts o = opts(seed, 0);
        begin(&u, llama.lm);
        assert_int_equal(session_copy(u.s, t.s, &e), 0);
        struct generate_result r = go(&u, &o, NULL);
        bool found = r.end == GENERATE_CONTEXT;
        if (found) {
            assert_int_equal(u.ids.n, 3);
            assert_true(session_full(u.s));
            assert_text_of_ids(&u);
        } else {
            assert_int_equal(r.end, GENERATE_EOT);
        }
        release(&u);
        if (found)
            break;
    }
    free(many);
    release(&t);
    tinylm_close(&llama);
}

int main(void)
{
    tinylm_open(&tiny, "mamba2", 7, KERN_N_LEVELS);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_end_and_are_read),
        cmocka_unit_test(a_reply_is_drawn_again_from_any_token),
        cmocka_unit_test(stop_strings_end_a_reply),
        cmocka_unit_test(a_cancelled_reply_keeps_its_text),
        cmocka_unit_test(greedy_takes_the_likeliest),
        cmocka_unit_test(a_full_context_ends_a_reply),
    };
    int failed = cmocka_run_group_tests_name("generate", tests, NULL, NULL);
    tinylm_close(&tiny);
    return failed;
}
