/* jinja_models: real models' templates against Jinja2's own output (seven conversations each). They are not part of
 * the source: $HISS_SHARED or ../shared has them, or the test is skipped. If it fails, a model is spoken to in another
 * form than it was taught. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/file.h"
#include "token/template.h"
#include "vocab_json.h"

enum { MAX_MESSAGES = 16, DATE = 1768469400 /* 2026-01-15 09:30 UTC */ };

static struct tok *open_tok(const char *src, size_t n)
{
    static const struct tok_text tokens[] = { { "a", 1 }, { "b", 1 }, { "ab", 2 }, { "<BOS>", 5 }, { "<EOS>", 5 } };
    static const unsigned char kinds[] = { TOK_NORMAL, TOK_NORMAL, TOK_NORMAL, TOK_CONTROL, TOK_CONTROL };
    static const struct tok_text merge = { "a b", 3 };
    struct tok_source s = { .model = { "gpt2", 4 }, .pre = { "gpt-2", 5 }, .tokens = tokens, .n_tokens = 5, .kinds = kinds,
                            .merges = &merge, .n_merges = 1, .bos = 3, .eos = 4, .eot = -1, .eom = -1, .unk = -1,
                            .add_bos = 0, .add_eos = 0, .chat_template = { src, n } };
    return tok_open(&s, NULL);
}

static const char *field(const cJSON *row, const char *name)
{
    const cJSON *v = cJSON_GetObjectItem(row, name);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

/* Every byte of a message that shows is marked with it, and the pieces cover the text. */
static bool marks_hold(const struct template_out *o, const struct chat_message *msgs, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < o->n_pieces; at = o->pieces[i++].end) {
        const struct template_piece *p = &o->pieces[i];
        if (p->begin != at || p->end <= at || p->message < -1 || p->message >= (int)n)
            return false;
        if (p->message < 0)
            continue;
        const struct chat_message *m = &msgs[p->message];
        size_t k = p->begin;
        for (size_t c = 0; c < m->n && k < p->end; c++) /* in order, perhaps with something taken out between */
            k += m->content[c] == o->text.p[k];
        if (k < p->end)
            return false;
    }
    return at == o->text.len;
}

/* NULL, or what is wrong. */
static const char *check_row(const struct template *tp, const cJSON *row, struct str *why)
{
    struct chat_message msgs[MAX_MESSAGES];
    size_t n = 0;
    const cJSON *m;
    cJSON_ArrayForEach(m, cJSON_GetObjectItem(row, "messages"))
    {
        assert_true(n < MAX_MESSAGES);
        const char *content = field(m, "content");
        msgs[n++] = (struct chat_message){ field(m, "role"), content, strlen(content), NULL, 0 };
    }
    struct template_out out = TEMPLATE_OUT_INIT;
    struct err e = ERR_INIT;
    bool generate = cJSON_IsTrue(cJSON_GetObjectItem(row, "add_generation_prompt"));
    int r = template_render(tp, msgs, n, generate, DATE, &out, &e);
    const char *want = field(row, "expected"), *bad = NULL;
    str_clear(why);
    if (r && want) {
        str_adds(why, e.msg);
        bad = str_z(why);
    } else if (!r && !want && strstr(field(row, "error"), "System role")) {
        bad = out.pieces[1].message == 0 ? NULL : "the system text is not in the first user's";
    } else if (!r && (!want || strcmp(str_z(&out.text), want))) {
        str_addf(why, "gives\n%s\n---and not\n%s", str_z(&out.text), want ? want : "an error");
        bad = str_z(why);
    } else if (!r && !marks_hold(&out, msgs, n)) {
        bad = "the marks are wrong";
    }
    template_out_release(&out);
    return bad;
}

static size_t check_template(const char *folder, const char *name, size_t n_name, struct str *report)
{
    struct str path = STR_INIT, src = STR_INIT, json = STR_INIT, why = STR_INIT;
    struct err e = ERR_INIT;
    size_t bad = 0;
    str_addf(&path, "%s/%.*s.jinja", folder, (int)n_name, name);
    assert_int_equal(file_read(str_z(&path), 1 << 20, &src, NULL), 0);
    str_clear(&path);
    str_addf(&path, "%s/%.*s.json", folder, (int)n_name, name);
    assert_int_equal(file_read(str_z(&path), 1 << 20, &json, NULL), 0);
    cJSON *rows = cJSON_Parse(json.p);
    struct tok *t = open_tok(src.p, src.len);
    assert_non_null(rows);
    assert_non_null(t);
    struct template *tp = template_open(t, NULL, &e);
    if (!tp) {
        str_addf(report, "%.*s: %s\n", (int)n_name, name, e.msg);
        bad = 7;
    }
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *what = tp ? check_row(tp, row, &why) : NULL;
        if (what) {
            str_addf(report, "%.*s, %s: %s\n", (int)n_name, name, field(row, "case"), what);
            bad++;
        }
    }
    template_free(tp);
    tok_close(t);
    cJSON_Delete(rows);
    str_release(&src);
    str_release(&json);
    str_release(&path);
    str_release(&why);
    return bad;
}

static void all_models_templates(void **state)
{
    (void)state;
    char folder[1024];
    snprintf(folder, sizeof folder, "%s", shared_data("data/chat_templates"));
    DIR *d = opendir(folder);
    if (!d)
        skip();
    setenv("TZ", "UTC", 1);
    tzset();
    struct str report = STR_INIT;
    size_t n = 0, whole = 0;
    for (const struct dirent *f; (f = readdir(d));) {
        const char *dot = strrchr(f->d_name, '.');
        if (!dot || strcmp(dot, ".jinja"))
            continue;
        n++;
        whole += !check_template(folder, f->d_name, (size_t)(dot - f->d_name), &report);
    }
    closedir(d);
    if (whole != n)
        fail_msg("%zu of %zu templates agree\n%.20000s", whole, n, str_z(&report));
    print_message("# %zu of %zu templates agree\n", whole, n);
    str_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_models_templates) };
    return cmocka_run_group_tests_name("jinja_models", tests, NULL, NULL);
}
