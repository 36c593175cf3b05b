/* event and tree: if these fail, a chat file reads back as another conversation, or undo undoes the wrong thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "chat/event.h"
#include "chat/tree.h"
#include "token/tok.h"

static const struct hash128 model_a = { 1, 2 }, model_b = { 3, 4 };

static struct event node_event(uint64_t op, uint32_t id, uint32_t parent, enum chat_role role, const char *text)
{
    struct event ev;
    event_init(&ev, EVENT_NODE);
    ev.op = op;
    ev.node = id;
    ev.head = true;
    ev.time = 1700000000000 + id;
    ev.body.parent = parent;
    ev.body.role = role;
    ev.body.text = mem_strdup(text);
    ev.body.n_text = strlen(text);
    ev.body.model = model_a;
    return ev;
}

static void with_ids(struct event *ev, size_t at, int32_t first, size_t n)
{
    ev->body.at = at;
    ev->body.n_ids = n;
    ev->body.ids = mem_alloc(n, sizeof *ev->body.ids);
    for (size_t i = 0; i < n; i++)
        ev->body.ids[i] = first + (int32_t)i;
}

static void must(struct tree *t, struct event ev)
{
    struct err e = ERR_INIT;
    if (tree_apply(t, &ev, &e))
        fail_msg("%s", e.msg);
}

static struct event simple(enum event_kind kind, uint64_t op, uint32_t node)
{
    struct event ev;
    event_init(&ev, kind);
    ev.op = op;
    ev.node = node;
    return ev;
}

static void begin(struct tree *t)
{
    struct err e = ERR_INIT;
    assert_int_equal(tree_init(t, &e), 0);
    struct event ev = simple(EVENT_CHAT, 0, 0);
    ev.name = mem_strdup("c0ffee");
    ev.date = 1700000000;
    must(t, ev);
}

static struct made *a_record(void)
{
    struct made *m = made_new();
    m->n_settings = 2;
    m->settings = mem_zalloc(2, sizeof *m->settings);
    for (size_t i = 0; i < 2; i++) {
        m->settings[i].from = 7 * i;
        m->settings[i].sampler = (struct sampler){
            .order = { SAMPLER_TEMPERATURE, SAMPLER_TOP_K }, .n_order = 2, .temperature = 0.8f, .top_k = 40,
            .top_p = 0.95f, .min_p = 1.0f / 3, .repeat = 1.1f, .frequency = -0.5f, .presence = 1e-30f, .last_n = -1,
            .seed = UINT64_MAX - i };
    }
    m->stops = mem_zalloc(1, sizeof *m->stops);
    m->stops[m->n_stops++] = mem_strdup("\n\"stop\"\x01");
    m->times = mem_zalloc(1, sizeof *m->times);
    m->times[m->n_times++] = (struct made_time){ 3, 912 };
    m->max_tokens = 512;
    m->template_hash = 0xfedcba9876543210;
    m->arith = 1;
    m->end = MADE_EOT;
    m->has_state = true;
    m->state = (struct hash128){ UINT64_MAX, 5 };
    m->restored = 4120;
    m->read = 9;
    return m;
}

static void events_come_back_from_their_lines(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str line = STR_INIT, again = STR_INIT;
    struct event ev = node_event(3, 5, 4, ROLE_ASSISTANT, "Zeile\nzwei \xe2\x9c\x93 \"q\" \\ \x7f"), back;
    with_ids(&ev, 41, 1000, 9);
    ev.body.header = 3;
    ev.body.content = 44;
    ev.body.continues = true;
    ev.body.offset = 2;
    ev.body.keep = 11;
    ev.body.made = a_record();
    assert_int_equal(event_write(&ev, &line, &e), 0);
    assert_ptr_equal(strchr(line.p, '\n'), line.p + line.len - 1);
    assert_int_equal(event_read(&back, line.p, line.len - 1, &e), 0);
    assert_int_equal(event_write(&back, &again, &e), 0);
    assert_string_equal(line.p, again.p);
    assert_int_equal(back.body.made->settings[1].sampler.seed, UINT64_MAX - 1);
    assert_memory_equal(&back.body.made->settings[0].sampler, &ev.body.made->settings[0].sampler, sizeof(struct sampler));
    assert_true(hash128_equal(back.body.made->state, ev.body.made->state));
    event_release(&ev);
    event_release(&back);
    for (int kind = 0; kind < EVENT_UNKNOWN; kind++) {
        ev = simple((enum event_kind)kind, 9, 7);
        ev.other = 6;
        ev.rating = -1;
        ev.name = mem_strdup("a name");
        ev.settings = (struct chat_settings){ .sampler = sampler_default(), .fixed_seed = true, .max_tokens = 77 };
        ev.settings.sampler.seed = UINT64_MAX;
        ev.body.text = mem_strdup("t");
        ev.body.n_text = 1;
        str_clear(&line);
        str_clear(&again);
        assert_int_equal(event_write(&ev, &line, &e), 0);
        assert_int_equal(event_read(&back, line.p, line.len - 1, &e), 0);
        assert_int_equal(back.kind, kind);
        assert_int_equal(event_write(&back, &again, &e), 0);
        assert_string_equal(line.p, again.p);
        event_release(&ev);
        event_release(&back);
    }
    str_release(&line);
    str_release(&again);
}

/* Every cut and every flipped byte of a line: an error or an event, never a crash. */
static void damaged_lines_are_refused(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str line = STR_INIT;
    struct event ev = node_event(3, 5, 4, ROLE_ASSISTANT, "text"), back;
    with_ids(&ev, 41, 1000, 4);
    ev.body.content = 41;
    ev.body.made = a_record();
    assert_int_equal(event_write(&ev, &line, &e), 0);
    event_release(&ev);
    for (size_t n = 0; n < line.len - 1; n++)
        assert_int_equal(event_read(&back, line.p, n, &e), -1);
    for (uint64_t i = 0; i < 20000; i++) {
        char *copy = mem_dup(line.p, line.len - 1);
        copy[rng_u64(1, i) % (line.len - 1)] = (char)rng_u64(2, i);
        if (!event_read(&back, copy, line.len - 1, &e))
            event_release(&back);
        free(copy);
    }
    static const char *const bad[] = {
        "{}", "[]", "null", "{\"event\":7}", "{\"event\":\"node\",\"op\":1}",
        "{\"event\":\"head\",\"op\":1,\"time\":\"5\",\"id\":-1}", "{\"event\":\"head\",\"op\":1,\"time\":\"5\",\"id\":1e300}",
        "{\"event\":\"head\",\"op\":1.5,\"time\":\"5\",\"id\":1}", "{\"event\":\"head\",\"op\":1,\"time\":5,\"id\":1}",
        "{\"event\":\"head\",\"op\":1,\"time\":\"99999999999999999999999\",\"id\":1}",
        "{\"event\":\"chat\",\"time\":\"5\",\"version\":2,\"id\":\"x\",\"date\":\"5\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(event_read(&back, bad[i], strlen(bad[i]), &e), -1);
    const char *later = "{\"event\":\"hologram\",\"depth\":3}";
    assert_int_equal(event_read(&back, later, strlen(later), &e), 0);
    assert_int_equal(back.kind, EVENT_UNKNOWN);
    str_release(&line);
}

static void expect_text(const struct tree *t, uint32_t id, const char *want)
{
    struct str s = STR_INIT;
    assert_int_equal(tree_text(t, id, &s), 0);
    assert_string_equal(str_z(&s), want);
    str_release(&s);
}

static void branches_share_what_stands_before(void **state)
{
    (void)state;
    struct tree t;
    struct err e = ERR_INIT;
    struct ids ids = IDS_INIT;
    begin(&t);
    struct event ev = node_event(1, 1, 0, ROLE_USER, "hello");
    with_ids(&ev, 0, 100, 4);
    must(&t, ev);
    ev = node_event(1, 2, 1, ROLE_ASSISTANT, "one two three");
    with_ids(&ev, 4, 200, 6);
    ev.body.header = 2;
    ev.body.content = 6;
    must(&t, ev);
    ev = node_event(2, 3, 2, ROLE_ASSISTANT, " zwei"); /* from the third sampled id on, otherwise */
    with_ids(&ev, 8, 300, 2);
    ev.body.continues = true;
    ev.body.offset = 4;
    ev.body.keep = 3;
    ev.body.content = 6;
    must(&t, ev);
    expect_text(&t, 2, "one two three");
    expect_text(&t, 3, "one zwei");
    assert_int_equal(tree_ids(&t, 3, model_a, &ids, &e), 0);
    static const int32_t want[] = { 100, 101, 102, 103, 200, 201, 202, 203, 300, 301 };
    assert_int_equal(ids.n, 10);
    assert_memory_equal(ids.p, want, sizeof want);
    assert_int_equal(tree_ids(&t, 3, model_b, &ids, &e), 0);
    assert_int_equal(ids.n, 0);
    ev = node_event(3, 4, 1, ROLE_ASSISTANT, "other model"); /* reads all of it anew */
    with_ids(&ev, 0, 500, 9);
    ev.body.model = model_b;
    must(&t, ev);
    assert_int_equal(tree_ids(&t, 4, model_b, &ids, &e), 0);
    assert_int_equal(ids.n, 9);
    assert_int_equal(tree_children(&t, 1, NULL, 0), 2);
    ids_release(&ids);
    tree_release(&t);
}

static void expect_words(const struct tree *t, uint64_t op, const char *words)
{
    struct str s = STR_INIT;
    assert_int_equal(tree_op_words(t, op, &s), 0);
    assert_string_equal(str_z(&s), words);
    str_release(&s);
}

static void an_operation_says_what_it_did(void **state)
{
    (void)state;
    struct tree t;
    begin(&t);
    must(&t, node_event(1, 1, 0, ROLE_SYSTEM, "s"));
    must(&t, node_event(2, 2, 1, ROLE_USER, "q"));
    struct event ev = node_event(2, 3, 2, ROLE_ASSISTANT, "a");
    ev.body.made = a_record();
    must(&t, ev);
    ev = node_event(3, 4, 2, ROLE_ASSISTANT, "b");
    ev.body.made = a_record();
    must(&t, ev);
    ev = node_event(4, 5, 4, ROLE_ASSISTANT, "b, and more");
    ev.body.made = a_record();
    ev.body.continues = true;
    must(&t, ev);
    must(&t, node_event(5, 6, 5, ROLE_USER, "and?"));
    must(&t, node_event(6, 7, 1, ROLE_USER, "q, but better"));
    must(&t, node_event(7, 8, 0, ROLE_SYSTEM, "other"));
    must(&t, simple(EVENT_HEAD, 8, 6));
    must(&t, simple(EVENT_RATING, 9, 4));
    ev = simple(EVENT_TITLE, 10, 0);
    ev.name = mem_strdup("Snakes");
    must(&t, ev);
    ev = simple(EVENT_TOMBSTONE, 11, 6);
    ev.other = 5;
    must(&t, ev);
    static const char *const words[] = {
        "", "system text", "message 2 and its reply", "another reply, message 3", "more of message 3", "message 4",
        "edit of message 2", "another system text", "step to another version", "rating of message 3", "new name",
        "deletion of message 4", "",
    };
    for (uint64_t op = 0; op < sizeof words / sizeof *words; op++)
        expect_words(&t, op, words[op]);
    for (uint64_t op = 11; op >= 1; op--) { /* the same when it is undone */
        must(&t, simple(EVENT_UNDO, op, 0));
        expect_words(&t, op, words[op]);
    }
    tree_release(&t);
}

static void undo_is_one_operation(void **state)
{
    (void)state;
    struct tree t;
    struct err e = ERR_INIT;
    begin(&t);
    must(&t, node_event(1, 1, 0, ROLE_USER, "q"));
    must(&t, node_event(1, 2, 1, ROLE_ASSISTANT, "a"));
    struct event ev = simple(EVENT_TITLE, 2, 0);
    ev.name = mem_strdup("Snakes");
    must(&t, ev);
    must(&t, node_event(3, 3, 1, ROLE_ASSISTANT, "b"));
    ev = simple(EVENT_TOMBSTONE, 4, 3);
    ev.other = 2;
    must(&t, ev);
    assert_int_equal(t.head, 2);
    assert_false(tree_visible(&t, 3));
    must(&t, simple(EVENT_UNDO, 4, 0)); /* deletion too */
    assert_int_equal(t.head, 3);
    assert_true(tree_visible(&t, 3));
    must(&t, simple(EVENT_UNDO, 3, 0));
    assert_int_equal(t.head, 2);
    assert_false(tree_visible(&t, 3));
    must(&t, simple(EVENT_UNDO, 2, 0));
    assert_string_equal(tree_title(&t), "");
    must(&t, simple(EVENT_UNDO, 1, 0)); /* question and answer together */
    assert_int_equal(t.head, 0);
    assert_int_equal(tree_children(&t, 0, NULL, 0), 0);
    assert_int_equal(tree_undoable(&t), 0);
    ev = simple(EVENT_UNDO, 1, 0);
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    for (uint64_t op = 1; op <= 4; op++) {
        assert_int_equal(tree_redoable(&t), op);
        must(&t, simple(EVENT_REDO, op, 0));
    }
    assert_string_equal(tree_title(&t), "Snakes");
    assert_int_equal(t.head, 2);
    assert_false(tree_visible(&t, 3));
    must(&t, simple(EVENT_UNDO, 4, 0));
    must(&t, node_event(5, 4, 1, ROLE_ASSISTANT, "c")); /* something new ends redo */
    assert_int_equal(tree_redoable(&t), 0);
    assert_true(tree_visible(&t, 3));
    assert_int_equal(tree_leaf(&t, 1), 4);
    tree_release(&t);
}

static void a_reply_in_progress_grows_by_parts(void **state)
{
    (void)state;
    struct tree t;
    struct err e = ERR_INIT;
    begin(&t);
    must(&t, node_event(1, 1, 0, ROLE_USER, "q"));
    struct event ev = node_event(1, 2, 1, ROLE_ASSISTANT, "");
    ev.kind = EVENT_REPLY;
    with_ids(&ev, 0, 10, 3);
    ev.body.header = 3;
    ev.body.content = 3;
    ev.body.made = a_record();
    must(&t, ev);
    assert_true(tree_node(&t, 2)->unfinished);
    ev = node_event(0, 2, 0, ROLE_USER, "some");
    ev.kind = EVENT_PART;
    with_ids(&ev, 0, 20, 2);
    ev.from = 3;
    ev.ms = 1000;
    must(&t, ev);
    ev = simple(EVENT_PART, 0, 2); /* one that does not fit is refused whole */
    ev.from = 3;
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    assert_int_equal(tree_node(&t, 2)->body.n_ids, 5);
    expect_text(&t, 2, "some");
    ev = node_event(1, 2, 1, ROLE_ASSISTANT, "some words");
    must(&t, ev);
    assert_false(tree_node(&t, 2)->unfinished);
    expect_text(&t, 2, "some words");
    must(&t, simple(EVENT_UNDO, 1, 0));
    assert_int_equal(t.head, 0);
    ev = node_event(1, 2, 1, ROLE_ASSISTANT, "twice");
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    tree_release(&t);
}

static void events_that_do_not_fit_change_nothing(void **state)
{
    (void)state;
    struct tree t;
    struct err e = ERR_INIT;
    assert_int_equal(tree_init(&t, &e), 0);
    struct event ev = node_event(1, 1, 0, ROLE_USER, "too early");
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    tree_release(&t);
    begin(&t);
    must(&t, node_event(1, 1, 0, ROLE_USER, "q"));
    ev = node_event(2, 9, 8, ROLE_USER, "its parent is missing");
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    ev = node_event(2, 3, 1, ROLE_ASSISTANT, "continues a question");
    ev.body.continues = true;
    assert_int_equal(tree_apply(&t, &ev, &e), -1);
    static const enum event_kind kinds[] = { EVENT_HEAD, EVENT_RATING, EVENT_TOMBSTONE, EVENT_CHOICE, EVENT_UNDO, EVENT_REDO };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        ev = simple(kinds[i], 77, 77);
        assert_int_equal(tree_apply(&t, &ev, &e), -1);
    }
    assert_int_equal(t.head, 1);
    assert_int_equal(tree_undoable(&t), 1);
    tree_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_back_from_their_lines),
        cmocka_unit_test(damaged_lines_are_refused),
        cmocka_unit_test(branches_share_what_stands_before),
        cmocka_unit_test(an_operation_says_what_it_did),
        cmocka_unit_test(undo_is_one_operation),
        cmocka_unit_test(a_reply_in_progress_grows_by_parts),
        cmocka_unit_test(events_that_do_not_fit_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
