/* Panels: if this fails, a list shows the wrong thing, runs over its place, or a key of the foot does not exist. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "app_stub.h"
#include "base/mem.h"
#include "base/rng.h"
#include "screen.h"
#include "base/number.h"
#include "desk/settings.h"
#include "ui/panel.h"

static struct app app;
static const struct panel_ops *const all[] = { &panel_chats, &panel_models, &panel_settings, &panel_presets, &panel_personas, &panel_help, &panel_log };
enum { N_PANELS = sizeof all / sizeof all[0] };

/* 2026-11-25 12:00:00 UTC */
static const int64_t noon = 1795608000000;
static const int64_t day = 86400000;

static void add_chat(const char *name, const char *title, int64_t time)
{
    struct desk_chat_info *c = &stub.chats[stub.n_chats++];
    *c = (struct desk_chat_info){ .mtime = time };
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->title, sizeof c->title, "%s", title);
}

static int begin(void **state)
{
    static struct desk_model_info ssm = { .name = "hiss-small", .arch = "mamba2", .type = "Q4_1", .file_bytes = 145000000, .state_bytes = 18900000,
                                          .n_params = 208000000, .embedded = true, .loaded = true };
    static struct desk_model_info hybrid = { .name = "granite", .arch = "hybrid", .type = "Q8_0", .path = "/m/granite.gguf", .file_bytes = 366000000,
                                             .state_bytes = 9100000, .row_bytes = 4000, .n_ctx = 8192, .n_params = 350000000 };
    static struct desk_model_info attention = { .name = "smollm2", .arch = "llama", .type = "Q4_1", .path = "/m/s.gguf", .file_bytes = 98000000,
                                                .row_bytes = 22500, .n_ctx = 8192, .n_params = 135000000 };
    struct err e;
    (void)state;
    memset(&stub, 0, sizeof stub);
    memset(&app, 0, sizeof app);
    app.rows = 24;
    app.cols = 80;
    app.defaults = app.tabs[0].settings = settings_default();
    if (keymap_init(&e))
        return -1;
    add_chat("a", "Snake stories", noon - 3600000);
    add_chat("b", "你好 garden", noon - 7200000);
    add_chat("c", "tab\there\nand \033[31mred", noon - day);
    add_chat("d", "", noon - 40 * day);
    add_chat("e", "last year's", noon - 400 * day);
    stub.models[stub.n_models++] = ssm;
    stub.models[stub.n_models++] = hybrid;
    stub.models[stub.n_models++] = attention;
    app.tabs[0].chat = (struct desk_chat *)(void *)stub.chats[0].name;
    app.n_tabs = 1;
    app.log[app.n_log++] = (struct log_line){ noon, false, mem_strdup("hello") };
    app.log[app.n_log++] = (struct log_line){ noon + 1000, true, mem_strdup("cannot open x: it is\nnot there") };
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (app.panel)
        panel_close(&app);
    for (size_t i = 0; i < app.n_log; i++)
        free(app.log[i].text);
    str_release(&app.message);
    keymap_release();
    return 0;
}

static const char *shown(int rows, int cols)
{
    screen_size(rows, cols, ' ');
    panel_draw(app.panel, 0, rows, 0, cols);
    return screen_text();
}

static void has(const char *text, const char *want)
{
    if (!strstr(text, want))
        fail_msg("'%s' is not on the screen:\n%s", want, text);
}

static void lacks(const char *text, const char *want)
{
    if (strstr(text, want))
        fail_msg("'%s' is on the screen:\n%s", want, text);
}

static void run(const char *name)
{
    const struct action *act = action_find(name, strlen(name));
    struct args none = { .n = 0 };
    assert_non_null(act);
    act->run(&app, &none);
}

static void focus(const char *key)
{
    panel_move(app.panel, INT_MIN, 20);
    for (size_t i = 0; i < app.panel->n && !(panel_focused(app.panel)->key && !strcmp(panel_focused(app.panel)->key, key)); i++)
        panel_move(app.panel, 1, 20);
    assert_string_equal(panel_focused(app.panel)->key, key);
}

static void answer(const char *text)
{
    ask_fn fn = stub.ask;
    assert_non_null(fn);
    stub.ask = NULL;
    app.focus = app.panel ? FOCUS_PANEL : FOCUS_COMPOSER;
    fn(&app, text);
}

/* ---- What each shows ---- */

static void chats_stand_by_day(void **state)
{
    (void)state;
    run("chats");
    const char *s = shown(24, 80);
    static const char *const order[] = { "Chats", "Today", "Snake stories", "你好 garden", "Yesterday", "tab here and", "October", "New chat",
                                         "October 2025", "last year's" };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        has(s, order[i]);
        s = strstr(s, order[i]);
    }
    has(shown(24, 80), "▌● Snake stories");
    has(shown(24, 80), "11:00");
    has(shown(24, 80), "Enter open  n new  R rename  d delete  u undo");
    has(shown(24, 80), "1 of 5");
}

static void a_deleted_chat_comes_back(void **state)
{
    (void)state;
    run("chats");
    focus("b");
    run("panel-delete");
    assert_true(stub.chats[1].deleted);
    has(stub.said, "u brings it back");
    has(shown(24, 80), "Deleted");
    assert_string_equal(panel_focused(app.panel)->key, "c"); /* the next, not the one in the trash */
    bool took;
    panel_undo(&app, &took);
    assert_true(took && !stub.chats[1].deleted);
    lacks(shown(24, 80), "Deleted");
    focus("b");
    run("panel-delete");
    focus("b"); /* opening it brings it back too */
    run("panel-open");
    assert_false(stub.chats[1].deleted);
    assert_string_equal(stub.opened, "b");
    assert_null(app.panel);
    assert_int_equal(app.focus, FOCUS_COMPOSER);
}

static void a_chat_gets_a_new_name(void **state)
{
    (void)state;
    run("chats");
    focus("a");
    run("panel-rename");
    assert_string_equal(stub.initial, "Snake stories");
    answer("Snakes");
    assert_string_equal(stub.title, "Snakes");
    focus("b"); /* one that is not open stays so */
    run("panel-rename");
    answer("Gardens");
    assert_string_equal(stub.opened, "");
    has(shown(24, 80), "Gardens");
}

static void models_say_what_they_cost(void **state)
{
    (void)state;
    run("models");
    const char *s = shown(24, 110);
    has(s, "▌● hiss-small");
    has(s, "145 MB");
    has(s, "state 18.9 MB");
    has(s, "state 9.1 MB + 4 KB a token, 8,192 at most");
    has(s, "22.5 KB a token, 8,192 at most");
    has(s, "In use. 208 M parameters, built in.");
    focus("/m/granite.gguf");
    run("panel-open");
    assert_string_equal(stub.ran, "model /m/granite.gguf");
    assert_null(app.panel);
    run("models");
    run("panel-new");
    answer("/x/y.gguf  ");
    assert_string_equal(stub.ran, "model /x/y.gguf");
}

static void settings_change_by_steps_and_by_typing(void **state)
{
    (void)state;
    run("settings");
    const char *s = shown(24, 100);
    has(s, "temperature");
    has(s, "────────●───────────");
    has(s, "penalties › top-k › top-p › min-p › temperature");
    has(s, "It takes 0 to 2;");
    focus("temperature");
    setting_parse(&app.tabs[0].settings, 0, "0.7", NULL);
    run("panel-more");
    assert_string_equal(stub.set, "temperature 0.75");
    has(shown(24, 100), "0.75");
    assert_true(settings_equal(&app.defaults, &(struct chat_settings){ .sampler = sampler_default(), .max_tokens = 1024 }));
    run("panel-less");
    focus("top-p");
    run("panel-open");
    assert_string_equal(stub.prompt, "top-p: ");
    answer("0.5");
    has(shown(24, 100), "0.50");
    run("panel-open");
    answer("lots");
    assert_true(stub.failed);
    has(stub.said, "0.01 to 1");
    bool took;
    panel_undo(&app, &took);
    lacks(shown(24, 100), "0.50");
    run("panel-reset");
    assert_string_equal(stub.set, "temperature 0.70");
    focus("system");
    run("panel-edit");
    assert_string_equal(stub.ran, "system");
}

static void a_stage_moves_in_the_order(void **state)
{
    (void)state;
    run("settings");
    focus("top-p");
    run("panel-earlier");
    has(shown(24, 100), "penalties › top-p › top-k › min-p › temperature");
    run("panel-later");
    run("panel-later");
    has(shown(24, 100), "penalties › top-k › min-p › top-p › temperature");
    focus("temperature");
    run("panel-later"); /* it is the last */
    has(shown(24, 100), "min-p › top-p › temperature");
    focus("seed");
    run("panel-earlier");
    has(stub.said, "seed belongs to no stage");
    bool took;
    panel_undo(&app, &took);
    panel_undo(&app, &took);
    has(shown(24, 100), "penalties › top-p › top-k › min-p › temperature");
}

static void presets_are_taken_saved_and_brought_back(void **state)
{
    char home[] = "/tmp/hiss-presets-XXXXXX", path[256];
    (void)state;
    assert_non_null(mkdtemp(home));
    setenv("HISS_HOME", home, 1);
    run("settings");
    has(shown(24, 100), "this chat, preset: balanced");
    run("presets");
    focus("careful");
    has(shown(24, 100), "temperature 0.30, top-p 0.90");
    run("panel-open");
    assert_string_equal(app.panel->ops->name, "settings"); /* it lay over them */
    assert_string_equal(stub.set, "temperature 0.30, top-p 0.90");
    has(shown(24, 100), "this chat, preset: careful");
    focus("top-k");
    run("panel-more");
    has(shown(24, 100), "no preset");
    run("save-preset");
    answer("mine");
    has(shown(24, 100), "preset: mine");
    run("save-preset");
    answer("../mine");
    assert_true(stub.failed);
    run("presets");
    focus("mine");
    has(shown(24, 100), "yours");
    run("panel-delete");
    lacks(shown(24, 100), "yours");
    bool took;
    panel_undo(&app, &took);
    has(shown(24, 100), "yours");
    focus("exact");
    run("panel-delete");
    has(stub.said, "came with hiss and stays");
    snprintf(path, sizeof path, "%s/config/presets/mine", home);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs("temperature hot\n", f);
    fclose(f);
    focus("mine");
    panel_refill(&app, app.panel);
    has(shown(24, 100), "cannot be read");
    run("panel-open");
    has(stub.said, "presets/mine:5: temperature is 0 to 2");
    remove(path);
    char command[300];
    snprintf(command, sizeof command, "rm -r %s", home);
    assert_int_equal(system(command), 0);
    setenv("HISS_HOME", "/nonexistent", 1);
}

static void help_is_about_where_one_is(void **state)
{
    (void)state;
    app.focus = FOCUS_TRANSCRIPT;
    run("help");
    has(shown(60, 100), "While reading");
    has(shown(60, 100), "answers the selected message again");
    run("help"); /* again: closes it */
    assert_null(app.panel);
    assert_int_equal(app.focus, FOCUS_TRANSCRIPT);
    run("chats");
    run("help");
    const char *s = shown(60, 100);
    has(s, "In Chats");
    has(s, "panel-rename");
    lacks(s, "panel-less");
    has(s, "Alt-1 … Alt-9");
    panel_close(&app);
    assert_ptr_equal(app.panel->ops, &panel_chats);
    focus("a");
    run("help");
    focus("help settings");
    run("panel-open");
    has(shown(60, 100), "min-p");
    panel_close(&app);
    assert_ptr_equal(app.panel->ops, &panel_chats);
}

static void every_topic_has_content(void **state)
{
    static const char *const topics[] = { "keys", "commands", "settings", "themes", "personas", "undo" };
    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        panel_open(&app, &panel_help, topics[i]);
        shown(24, 80);
        assert_true(app.panel->is_text ? app.panel->text.n_rows > 5 : app.panel->n > 0);
    }
    panel_open(&app, &panel_help, "nonesuch");
    has(shown(24, 80), "no such topic");
}

static void the_log_ends_with_the_newest(void **state)
{
    (void)state;
    run("log");
    const char *s = shown(24, 80);
    has(s, "cannot open x: it is not there  error  12:00:01");
    has(s, "2 of 2");
    app.log[app.n_log++] = (struct log_line){ noon + 2000, false, mem_strdup("third") };
    panel_refill(&app, app.panel);
    has(shown(24, 80), "3 of 3");
    s = shown(8, 24); /* of little room what was said gets it all */
    has(s, "cannot open x:");
    assert_null(strstr(s, "12:00:01"));
    run("top");
    run("panel-open");
    assert_string_equal(app.message.p, panel_focused(app.panel)->note);
}

/* ---- What all do ---- */

static void the_foot_knows_the_keys_bound_now(void **state)
{
    (void)state;
    struct key q, x;
    struct err e;
    key_parse("q", &q);
    key_parse("x", &x);
    run("chats");
    has(shown(24, 80), "q close");
    keymap_unbind(CONTEXT_PANEL, q, &e);
    lacks(shown(24, 80), "q close");
    keymap_bind(CONTEXT_PANEL, x, "close", NULL, &e);
    has(shown(24, 80), "x close");
    has(shown(24, 12), "x close"); /* the way out is the last to go */
    has(shown(10, 12), "x close");
    has(shown(24, 24), "R rename  d delete"); /* a narrow one has more rows for them */
}

static void a_filter_narrows_and_keeps_the_focus(void **state)
{
    (void)state;
    run("chats");
    focus("a");
    run("panel-filter");
    answer("SNAKE");
    const char *s = shown(24, 80);
    has(s, "Snake");
    has(s, "/ SNAKE");
    lacks(s, "Yesterday");
    assert_string_equal(panel_focused(app.panel)->key, "a");
    run("panel-filter");
    assert_string_equal(stub.initial, "SNAKE");
    answer("zzz");
    has(shown(24, 80), "nothing contains 'zzz'");
    assert_null(panel_focused(app.panel));
    run("panel-open"); /* on nothing: nothing */
    run("panel-delete");
    run("panel-filter");
    answer("");
    assert_int_equal(app.panel->n, 9); /* five chats, four headings */
}

static void the_focus_steps_over_headings(void **state)
{
    (void)state;
    run("chats");
    focus("b");
    panel_move(app.panel, 1, 10);
    assert_string_equal(panel_focused(app.panel)->key, "c");
    panel_move(app.panel, INT_MAX, 10);
    assert_string_equal(panel_focused(app.panel)->key, "e");
    panel_move(app.panel, INT_MIN, 10);
    assert_string_equal(panel_focused(app.panel)->key, "a");
    has(shown(6, 80), "Today"); /* with its heading */
}

/* At every size, wherever it stands: nothing outside its place is touched, and the focused row is on the screen. */
static void panels_stay_in_their_place(void **state)
{
    static const int sizes[][2] = { { 24, 80 }, { 10, 40 }, { 1, 20 }, { 1, 1 }, { 60, 200 }, { 2, 3 }, { 5, 9 }, { 12, 24 }, { 4, 30 } };
    (void)state;
    for (size_t k = 0; k < N_PANELS * 2; k++) {
        panel_open(&app, all[k / 2], k % 2 && all[k / 2] == &panel_help ? "personas" : NULL);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            int rows = sizes[s][0], cols = sizes[s][1];
            screen_size(rows + 4, cols + 8, 'X');
            panel_move(app.panel, (int)(rng_u64(k, s) % 9) - 4, rows);
            panel_draw(app.panel, 2, rows, 4, cols);
            bool focus_seen = app.panel->is_text || !panel_focused(app.panel);
            for (int r = 0; r < rows + 4; r++) {
                for (int c = 0; c < cols + 8; c++) {
                    bool inside = r >= 2 && r < rows + 2 && c >= 4 && c < cols + 4;
                    if (!inside && screen_at(r, c) != 'X')
                        fail_msg("%s at %dx%d drew at %d,%d", app.panel->ops->name, cols, rows, r, c);
                    focus_seen |= inside && screen_reversed(r, c);
                }
            }
            if (!focus_seen)
                fail_msg("%s at %dx%d does not show its focus", app.panel->ops->name, cols, rows);
        }
        while (app.panel)
            panel_close(&app);
    }
}

static void every_foot_names_commands(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_PANELS; k++) {
        for (const char *s = all[k]->foot; *s;) {
            size_t n = strcspn(s, " \t");
            if (!action_find(s, n))
                fail_msg("%s: '%.*s' is no command", all[k]->name, (int)n, s);
            s += strcspn(s, "\t");
            s += *s == '\t';
        }
        assert_non_null(action_find(all[k]->name, strlen(all[k]->name)));
    }
}

static void a_persona_asks_and_begins(void **state)
{
    (void)state;
    const char *top = getenv("top_srcdir");
    char share[4096];
    if (!top)
        skip();
    snprintf(share, sizeof share, "%s", top);
    setenv("HISS_SHARE", share, 1);
    setenv("HISS_HOME", "/nonexistent", 1);
    run("personas");
    has(shown(24, 100), "translates what you send");
    focus("translator");
    has(shown(24, 100), "Asks for from, to. Sets temperature 0.2.");
    run("panel-open");
    assert_string_equal(stub.prompt, "from: ");
    assert_string_equal(stub.initial, "English");
    answer("");
    assert_string_equal(stub.prompt, "to: ");
    answer(""); /* it has no default: asked again */
    assert_string_equal(stub.prompt, "to: ");
    answer("Tamil");
    has(stub.system, "from English into Tamil.");
    assert_string_equal(stub.set, "temperature 0.20");
    assert_null(app.panel);
    assert_int_equal(app.focus, FOCUS_COMPOSER);
    persona_begin(&app, "nobody");
    assert_true(stub.failed);
}

static void figures_read_well(void **state)
{
    char out[PANEL_BYTES_TEXT];
    char digits[NUMBER_TEXT];
    (void)state;
    assert_string_equal(panel_bytes(0, out), "0 B");
    assert_string_equal(panel_bytes(999, out), "999 B");
    assert_string_equal(panel_bytes(4000, out), "4 KB");
    assert_string_equal(panel_bytes(22500, out), "22.5 KB");
    assert_string_equal(panel_bytes(18874368, out), "18.9 MB");
    assert_string_equal(panel_bytes(145000000, out), "145 MB");
    assert_string_equal(panel_bytes(999999, out), "1 MB");
    assert_string_equal(panel_bytes(SIZE_MAX, out), "18446744 TB");
    assert_string_equal(number_grouped(4120, digits), "4,120");
    assert_string_equal(number_grouped(12, digits), "12");
    assert_string_equal(panel_plain(out, 7, "ab\t你好"), "ab 你");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    setenv("HISS_FAKE_CLOCK", "1795608000000", 1);
    if (!screen_open()) {
        puts("1..0 # SKIP no terminfo entry for xterm-256color");
        return 0;
    }
    theme_init(true);
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        T(chats_stand_by_day),
        T(a_deleted_chat_comes_back),
        T(a_chat_gets_a_new_name),
        T(models_say_what_they_cost),
        T(settings_change_by_steps_and_by_typing),
        T(help_is_about_where_one_is),
        T(every_topic_has_content),
        T(the_log_ends_with_the_newest),
        T(the_foot_knows_the_keys_bound_now),
        T(a_filter_narrows_and_keeps_the_focus),
        T(the_focus_steps_over_headings),
        T(panels_stay_in_their_place),
        T(every_foot_names_commands),
        T(a_stage_moves_in_the_order),
        T(presets_are_taken_saved_and_brought_back),
        T(a_persona_asks_and_begins),
        T(figures_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
