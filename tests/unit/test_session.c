/* Sessions and states: if this fails, a continued, edited or branched conversation is not the one it claims to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "engine/session.h"
#include "tinylm.h"

enum { N_IDS = 700, SEED = 20261125 };

static const char *const archs[] = { "mamba", "mamba2", "llama", "granitehybrid" };
enum { N_ARCHS = sizeof archs / sizeof archs[0] };

static int32_t ids[N_IDS], other_ids[N_IDS];

static void fill_ids(void)
{
    for (size_t i = 0; i < N_IDS; i++) {
        ids[i] = (int32_t)(rng_u64(SEED, i) % 250);
        other_ids[i] = (int32_t)(rng_u64(SEED + 1, i) % 250);
    }
}

static struct session *new_session(struct lm *lm)
{
    struct err e = ERR_INIT;
    struct session *s = session_new(lm, &e);
    if (!s)
        fail_msg("%s", e.msg);
    return s;
}

static void feed(struct session *s, const int32_t *p, size_t n)
{
    struct err e = ERR_INIT;
    if (session_feed(s, p, n, NULL, NULL, NULL, &e))
        fail_msg("%s", e.msg);
}

static void save(const struct session *s, size_t rows_from, struct snapshot *out)
{
    struct err e = ERR_INIT;
    if (session_save(s, rows_from, out, &e))
        fail_msg("%s", e.msg);
}

/* Both stand at the same point: hash, position, ids and the bits of the next logits. */
static void assert_same(struct session *a, struct session *b)
{
    struct err e = ERR_INIT;
    size_t n_vocab = model_config(session_lm(a)->model)->n_vocab;
    assert_int_equal(session_pos(a), session_pos(b));
    assert_true(hash128_equal(session_hash(a), session_hash(b)));
    assert_memory_equal(session_ids(a), session_ids(b), session_pos(a) * sizeof(int32_t));
    const float *x = session_logits(a, &e), *y = session_logits(b, &e);
    assert_non_null(x);
    assert_non_null(y);
    assert_memory_equal(x, y, n_vocab * sizeof *x);
}

/* Runs `body` with a model of each architecture. */
static void each_arch(void (*body)(struct tinylm *t))
{
    for (size_t i = 0; i < N_ARCHS; i++) {
        struct tinylm t;
        print_message("# %s\n", archs[i]);
        tinylm_open(&t, archs[i], 7, KERN_N_LEVELS);
        body(&t);
        tinylm_close(&t);
    }
}

/* ---- Feeding ---- */

static void cut_anyhow(struct tinylm *t)
{
    struct session *whole = new_session(t->lm), *cut = new_session(t->lm);
    feed(whole, ids, N_IDS);
    for (uint64_t round = 0; round < 4; round++) {
        session_clear(cut);
        for (size_t at = 0; at < N_IDS;) {
            size_t n = 1 + rng_u64(round, at) % (round ? 90 * round : 1);
            n = n < N_IDS - at ? n : N_IDS - at;
            feed(cut, ids + at, n);
            at += n;
        }
        assert_same(whole, cut);
    }
    session_free(whole);
    session_free(cut);
}

static void any_chunking_gives_the_same_state(void **state)
{
    (void)state;
    each_arch(cut_anyhow);
}

static void every_level_gives_the_same_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ARCHS; i++) {
        struct hash128 want = { 0, 0 };
        for (int l = KERN_C; l < KERN_N_LEVELS; l++) {
            struct tinylm t;
            if (!kern_level_usable((enum kern_level)l))
                continue;
            tinylm_open(&t, archs[i], 7, (enum kern_level)l);
            struct session *s = new_session(t.lm);
            feed(s, ids, 200);
            if (l == KERN_C)
                want = session_hash(s);
            else if (!hash128_equal(want, session_hash(s)))
                fail_msg("%s at level %s differs from C", archs[i], kern_level_name((enum kern_level)l));
            session_free(s);
            tinylm_close(&t);
        }
    }
}

static void all_logits(struct tinylm *t)
{
    enum { N = 300 };
    struct err e = ERR_INIT;
    size_t n_vocab = model_config(t->lm->model)->n_vocab;
    struct session *all = new_session(t->lm), *one = new_session(t->lm);
    float *out = malloc(N * n_vocab * sizeof *out);
    assert_non_null(out);
    assert_int_equal(session_feed_all(all, ids, N, out, &e), 0);
    for (size_t i = 0; i < N; i++) {
        feed(one, ids + i, 1);
        const float *x = session_logits(one, &e);
        assert_memory_equal(x, out + i * n_vocab, n_vocab * sizeof *x);
    }
    assert_same(all, one);
    free(out);
    session_free(all);
    session_free(one);
}

static void logits_of_every_token_are_those_of_one_by_one(void **state)
{
    (void)state;
    each_arch(all_logits);
}

static void in_a_batch(struct tinylm *t)
{
    enum { N = 5 };
    struct err e = ERR_INIT;
    struct session *alone[N], *batch[N];
    int32_t next[N];
    for (size_t i = 0; i < N; i++) {
        alone[i] = new_session(t->lm);
        batch[i] = new_session(t->lm);
        feed(alone[i], ids + i, 3 * i);
        feed(batch[i], ids + i, 3 * i);
    }
    for (size_t step = 0; step < 20; step++) {
        for (size_t i = 0; i < N; i++) {
            next[i] = other_ids[step * N + i];
            feed(alone[i], &next[i], 1);
        }
        assert_int_equal(session_feed_batch(batch, next, N, &e), 0);
    }
    for (size_t i = 0; i < N; i++) {
        assert_same(alone[i], batch[i]);
        session_free(alone[i]);
        session_free(batch[i]);
    }
}

static void a_batch_gives_what_each_gives_alone(void **state)
{
    (void)state;
    each_arch(in_a_batch);
}

struct stopper {
    atomic_bool cancel;
    size_t calls;
};

static void stop_after_first(void *arg, size_t done, size_t total)
{
    struct stopper *st = arg;
    assert_int_equal(total, N_IDS);
    assert_int_equal(done, SESSION_SLICE);
    st->calls++;
    atomic_store(&st->cancel, true);
}

static void a_stopped_feed_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct tinylm t;
    struct err e = ERR_INIT;
    struct stopper st = { .calls = 0 };
    tinylm_open(&t, "mamba2", 7, KERN_N_LEVELS);
    struct session *whole = new_session(t.lm), *s = new_session(t.lm);
    feed(whole, ids, N_IDS);
    assert_int_equal(session_feed(s, ids, N_IDS, &st.cancel, stop_after_first, &st, &e), -1);
    assert_int_equal(e.code, ERR_CANCELLED);
    assert_int_equal(st.calls, 1);
    assert_int_equal(session_pos(s), SESSION_SLICE);
    feed(s, ids + SESSION_SLICE, N_IDS - SESSION_SLICE);
    assert_same(whole, s);
    session_free(whole);
    session_free(s);
    tinylm_close(&t);
}

static void wrong_ids_and_full_contexts_move_nothing(void **state)
{
    (void)state;
    struct tinylm t;
    struct err e = ERR_INIT;
    tinylm_open(&t, "llama", 7, KERN_N_LEVELS);
    struct session *s = new_session(t.lm);
    size_t limit = model_config(t.lm->model)->n_ctx_train;
    int32_t *many = calloc(limit + 1, sizeof *many);
    assert_non_null(many);
    assert_null(session_logits(s, &e));
    feed(s, ids, 10);
    struct hash128 before = session_hash(s);
    assert_int_equal(session_feed(s, many, limit, NULL, NULL, NULL, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    many[0] = (int32_t)model_config(t.lm->model)->n_vocab;
    assert_int_equal(session_feed(s, many, 1, NULL, NULL, NULL, &e), -1);
    assert_int_equal(e.code, ERR_ARG);
    assert_int_equal(session_pos(s), 10);
    assert_true(hash128_equal(before, session_hash(s)));
    assert_false(session_full(s));
    free(many);
    session_free(s);
    tinylm_close(&t);
}

/* ---- States ---- */

static void restore_everywhere(struct tinylm *t)
{
    enum { N = 80 };
    struct err e = ERR_INIT;
    struct session *whole = new_session(t->lm), *at = new_session(t->lm), *back = new_session(t->lm);
    feed(whole, ids, N);
    for (size_t p = 1; p < N; p++) {
        struct snapshot k;
        feed(at, ids + p - 1, 1);
        save(at, 0, &k);
        const struct snapshot *chain[] = { &k };
        feed(back, other_ids, 5); /* what was there before must not matter */
        if (session_load(back, chain, 1, ids, &e))
            fail_msg("%s", e.msg);
        assert_same(at, back);
        feed(back, ids + p, N - p);
        assert_same(whole, back);
        session_clear(back);
        snapshot_release(&k);
    }
    session_free(whole);
    session_free(at);
    session_free(back);
}

static void a_state_of_any_position_goes_on_the_same(void **state)
{
    (void)state;
    each_arch(restore_everywhere);
}

/* Messages [0,10), [10,25), then one that branches inside the second at 17; each piece holds only its own rows. */
static void branch(struct tinylm *t)
{
    struct err e = ERR_INIT;
    struct session *s = new_session(t->lm), *want = new_session(t->lm), *back = new_session(t->lm);
    struct snapshot a, b, c, foreign;
    int32_t path[30];
    memcpy(path, ids, 17 * sizeof *path);
    memcpy(path + 17, other_ids, 13 * sizeof *path);
    feed(s, ids, 10);
    save(s, 0, &a);
    feed(s, ids + 10, 15);
    save(s, 10, &b);
    session_clear(s);
    feed(s, other_ids, 25);
    save(s, 10, &foreign);
    feed(want, path, 30);
    save(want, 17, &c);

    const struct snapshot *chain[] = { &a, &b, &c };
    if (session_load(back, chain, 3, path, &e))
        fail_msg("%s", e.msg);
    assert_same(want, back);
    feed(want, ids, 20);
    feed(back, ids, 20);
    assert_same(want, back);

    if (model_row_bytes(t->lm->model)) {
        const struct snapshot *gap[] = { &a, &c }, *wrong[] = { &a, &foreign, &c };
        assert_int_equal(session_load(back, gap, 2, path, &e), -1);
        assert_int_equal(e.code, ERR_FORMAT);
        assert_int_equal(session_pos(back), 0);
        assert_int_equal(session_load(back, wrong, 3, path, &e), -1);
        assert_int_equal(e.code, ERR_FORMAT);
        assert_int_equal(session_pos(back), 0);
    }
    snapshot_release(&a);
    snapshot_release(&b);
    snapshot_release(&c);
    snapshot_release(&foreign);
    session_free(s);
    session_free(want);
    session_free(back);
}

static void a_branch_inside_a_message_takes_its_ancestors_rows(void **state)
{
    (void)state;
    each_arch(branch);
}

static void refused(struct session *s, const struct snapshot *k, enum err_code code, const char *why)
{
    struct err e = ERR_INIT;
    const struct snapshot *chain[] = { k };
    assert_int_equal(session_load(s, chain, 1, ids, &e), -1);
    assert_int_equal(e.code, code);
    if (!strstr(e.msg, why))
        fail_msg("'%s' does not say '%s'", e.msg, why);
    assert_int_equal(session_pos(s), 0);
}

static void strangers(struct tinylm *t)
{
    struct tinylm other;
    struct snapshot k, wrong;
    struct session *s = new_session(t->lm);
    tinylm_open(&other, archs[0], 8, KERN_N_LEVELS);
    struct session *stranger = new_session(other.lm);
    feed(s, ids, 20);
    save(s, 0, &k);
    refused(stranger, &k, ERR_MISMATCH, "another model");
    wrong = k;
    wrong.arith++;
    refused(s, &wrong, ERR_MISMATCH, "arithmetic");
    wrong = k;
    wrong.hidden_bytes -= 4;
    refused(s, &wrong, ERR_MISMATCH, "layout");
    if (k.payload_bytes > k.hidden_bytes) {
        k.payload[k.rec_bytes ? 5 : k.hidden_bytes + 5] ^= 1;
        refused(s, &k, ERR_FORMAT, "kept");
    }
    snapshot_release(&k);
    session_free(s);
    session_free(stranger);
    tinylm_close(&other);
}

static void foreign_and_changed_states_are_refused(void **state)
{
    (void)state;
    each_arch(strangers);
}

static void copied(struct tinylm *t)
{
    struct err e = ERR_INIT;
    struct session *a = new_session(t->lm), *b = new_session(t->lm), *c = new_session(t->lm);
    feed(a, ids, 33);
    feed(b, other_ids, 50);
    assert_int_equal(session_copy(b, a, &e), 0);
    assert_same(a, b);
    feed(b, other_ids, 9); /* the copy goes its own way, the first stays */
    feed(c, ids, 33);
    assert_same(a, c);
    session_free(a);
    session_free(b);
    session_free(c);
}

static void a_copy_is_independent(void **state)
{
    (void)state;
    each_arch(copied);
}

int main(void)
{
    fill_ids();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_chunking_gives_the_same_state),
        cmocka_unit_test(every_level_gives_the_same_state),
        cmocka_unit_test(logits_of_every_token_are_those_of_one_by_one),
        cmocka_unit_test(a_batch_gives_what_each_gives_alone),
        cmocka_unit_test(a_stopped_feed_goes_on_where_it_stopped),
        cmocka_unit_test(wrong_ids_and_full_contexts_move_nothing),
        cmocka_unit_test(a_state_of_any_position_goes_on_the_same),
        cmocka_unit_test(a_branch_inside_a_message_takes_its_ancestors_rows),
        cmocka_unit_test(foreign_and_changed_states_are_refused),
        cmocka_unit_test(a_copy_is_independent),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
