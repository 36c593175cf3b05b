/* pretok: if these fail, text is cut at other places than the model's training cut it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "token/pretok.h"

static int collect(void *arg, const char *p, size_t n)
{
    struct str *out = arg;
    return (out->len ? str_adds(out, "|") : 0) || str_add(out, p, n) ? -1 : 0;
}

/* The pieces of text joined by "|". */
static void check(const char *name, const char *text, const char *want)
{
    struct pretok_traits traits;
    struct err e = ERR_INIT;
    struct pretok *t = pretok_open(name, strlen(name), &traits, &e);
    void *work = pretok_work_new();
    struct str got = STR_INIT;
    if (!t || !work)
        fail_msg("%s", e.msg);
    if (pretok_split(t, work, text, strlen(text), collect, &got, &e))
        fail_msg("%s", e.msg);
    assert_string_equal(str_z(&got), want);
    str_release(&got);
    pretok_work_free(work);
    pretok_free(t);
}

static void gpt2_splits(void **state)
{
    (void)state;
    check("gpt-2", "Hello, world!  x\t y's", "Hello|,| world|!| | x|\t| y|'s");
    check("olmo", "\tfoo", "\t|foo");
    check("mpt", "a\n\n\nb   ", "a|\n\n|\n|b|   ");
    check("gpt-2", "we'll 'LL", "we|'ll| '|LL");
    check("gpt-2", "a\xE1\xA0\x8E" "b", "a|\xE1\xA0\x8E|b"); /* U+180E is no white space */
    check("gpt-2", "a\xC2\xA0\xE3\x80\x80" "b", "a|\xC2\xA0|\xE3\x80\x80|b");
    check("gpt-2", "", "");
}

static void others_split(void **state)
{
    (void)state;
    check("llama-bpe", "a1234 b\n\n c", "a|123|4| b|\n\n| c");
    check("qwen2", "x  \n  y", "x|  \n| | y");
    check("qwen2", "\tfoo", "\tfoo");
    check("qwen2", "I'LL 12", "I|'LL| |1|2");
    check("smollm", "a12 3", "a|1|2| |3");
    check("falcon", "1234567", "123|456|7");
    check("falcon", "it's", "it|'|s");
    check("default", "12345", "123|45");
    check("", "it's", "it|'|s");
}

static void names_carry_their_traits(void **state)
{
    (void)state;
    struct pretok_traits t;
    pretok_free(pretok_open("llama-bpe", 9, &t, NULL));
    assert_true(t.known && t.ignore_merges && t.add_bos);
    pretok_free(pretok_open("dbrx", 4, &t, NULL));
    assert_true(t.known && !t.ignore_merges && !t.add_bos);
    pretok_free(pretok_open("llama", 5, &t, NULL)); /* a part of a name is no name */
    assert_false(t.known);
    pretok_free(pretok_open("gpt-2 phi-2", 11, &t, NULL));
    assert_false(t.known);
    pretok_free(pretok_open("no such", 7, &t, NULL));
    assert_true(!t.known && !t.ignore_merges && !t.add_bos);
}

struct tally {
    const char *at;
    size_t pieces;
};

static int follow(void *arg, const char *p, size_t n)
{
    struct tally *t = arg;
    if (p != t->at || !n) /* consecutive, never empty */
        return -1;
    t->at = p + n;
    t->pieces++;
    return 0;
}

/* Half a megabyte of one kind of text: no expression may run out of stack or patience, and nothing may be lost. */
static void long_runs_are_no_danger(void **state)
{
    (void)state;
    static const char *const names[] = { "gpt-2", "smollm", "falcon", "default", "llama-bpe", "dbrx", "qwen2", "qwen35", "bloom" };
    static const char *const units[] = { " ", "\n", " \n", "a", "7", "!", "\xC3\xA9", "a ", "'s", "\xE4\xB8\xAD\xE3\x80\x82",
                                         "a\xCC\x81", "\t x", "1a", "$" };
    enum { N = 1 << 19 };
    char *text = malloc(N);
    assert_non_null(text);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        struct pretok_traits traits;
        struct err e = ERR_INIT;
        struct pretok *t = pretok_open(names[k], strlen(names[k]), &traits, &e);
        void *work = pretok_work_new();
        if (!t || !work || !traits.known)
            fail_msg("%s: %s", names[k], e.msg);
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            size_t len = strlen(units[u]), n = N / len * len;
            for (size_t i = 0; i < n; i += len)
                memcpy(text + i, units[u], len);
            struct tally all = { text, 0 };
            if (pretok_split(t, work, text, n, follow, &all, &e) || all.at != text + n)
                fail_msg("%s on \"%s\": %s", names[k], units[u], e.msg);
        }
        pretok_work_free(work);
        pretok_free(t);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt2_splits),
        cmocka_unit_test(others_split),
        cmocka_unit_test(names_carry_their_traits),
        cmocka_unit_test(long_runs_are_no_danger),
    };
    return cmocka_run_group_tests_name("pretok", tests, NULL, NULL);
}
