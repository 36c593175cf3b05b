/* vocabs: real vocabularies against llama.cpp's own vectors (models/ggml-vocab-*.gguf.inp, .out) and the rows of its
 * output for the splitters that have no vocabulary here. They are not part of the source: $HISS_SHARED or ../shared
 * has them, or the tests are skipped. If these fail, text reaches real models as other tokens than in llama.cpp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "token/tok.h"
#include "vocab_from_gguf.h"
#include "vocab_json.h"

#define SEPARATOR "\n__ggml_vocab_test__\n"

static struct tok *open_vocab(struct vocab_gguf *v, const char *name, const char *pre)
{
    char below[100];
    snprintf(below, sizeof below, "data/ggml_vocab/ggml-vocab-%s.gguf", name);
    if (!file_exists(shared_data(below)))
        skip();
    struct err e = ERR_INIT;
    if (vocab_gguf_open(v, shared_data(below), &e))
        fail_msg("%s", e.msg);
    if (pre)
        v->src.pre = (struct tok_text){ pre, strlen(pre) };
    struct tok *t = tok_open(&v->src, &e);
    if (!t)
        fail_msg("%s: %s", name, e.msg);
    return t;
}

/* Compares with a line of numbers; moves *want behind it. */
static bool same_ids(const struct ids *got, const char **want)
{
    size_t i = 0;
    const char *p = *want;
    bool same = true;
    while (*p && *p != '\n') {
        char *end;
        long id = strtol(p, &end, 10);
        if (end == p)
            break;
        same = same && i < got->n && got->p[i] == id;
        i++;
        p = end + strspn(end, " ");
    }
    *want = *p ? p + 1 : p;
    return same && i == got->n;
}

static void encode(const struct tok *t, const char *p, size_t n, struct ids *out)
{
    struct tok_span s = { TOK_CONTENT, p, n, NULL, 0 };
    struct err e = ERR_INIT;
    out->n = 0;
    if (tok_encode(t, &s, 1, false, out, NULL, &e))
        fail_msg("%s", e.msg);
}

/* All texts of NAME.gguf.inp against NAME.gguf.out. */
static void check_file(const char *name, size_t n_texts)
{
    struct vocab_gguf v;
    struct tok *t = open_vocab(&v, name, NULL);
    struct str in = STR_INIT, out = STR_INIT;
    struct ids got = IDS_INIT;
    char below[100];
    snprintf(below, sizeof below, "data/ggml_vocab/ggml-vocab-%s.gguf.inp", name);
    assert_int_equal(file_read(shared_data(below), 1 << 20, &in, NULL), 0);
    snprintf(below, sizeof below, "data/ggml_vocab/ggml-vocab-%s.gguf.out", name);
    assert_int_equal(file_read(shared_data(below), 1 << 20, &out, NULL), 0);
    const char *p = in.p, *want = out.p;
    size_t n = 0;
    for (const char *end; (end = strstr(p, SEPARATOR)); p = end + strlen(SEPARATOR), n++) {
        encode(t, p, (size_t)(end - p), &got);
        if (!same_ids(&got, &want))
            fail_msg("%s: other ids for text %d, \"%.*s\"", name, (int)n, (int)(end - p), p);
    }
    assert_int_equal(n, n_texts);
    ids_release(&got);
    str_release(&in);
    str_release(&out);
    tok_close(t);
    vocab_gguf_close(&v);
}

static const char *const texts[] = {
    "Hello, world! 123 4567  \n", "I'll  don't\t\tGO 'S", "  leading", "caf\xC3\xA9 \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x99\x82",
    "a\n\n\nb\r\n c", "3.14159 x=2^10", "   ", "",
};

/* One line of ids for each of `texts`; "?" where there is no reference. */
static void check_rows(const char *vocab, const char *pre, const char *const *want)
{
    struct vocab_gguf v;
    struct tok *t = open_vocab(&v, vocab, pre);
    struct ids got = IDS_INIT;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *w = want[i];
        encode(t, texts[i], strlen(texts[i]), &got);
        if (*w != '?' && !same_ids(&got, &w))
            fail_msg("%s as %s: other ids for \"%s\"", vocab, pre ? pre : "in the file", texts[i]);
    }
    ids_release(&got);
    tok_close(t);
    vocab_gguf_close(&v);
}

static void gpt2_file(void **state)
{
    (void)state;
    check_file("gpt-2", 46);
}

static void mpt_file(void **state)
{
    (void)state;
    check_file("mpt", 46);
}

static void llama_spm_file(void **state)
{
    (void)state;
    check_file("llama-spm", 46);
}

static void llama_spm_rows(void **state)
{
    (void)state;
    check_rows("llama-spm", NULL, (const char *const[]){
        "15043 29892 3186 29991 29871 29896 29906 29941 29871 29946 29945 29953 29955 259 13",
        "306 29915 645 29871 1016 29915 29873 12 12 17080 525 29903", "259 8236",
        "274 28059 29871 30919 31076 29871 243 162 156 133", "263 13 13 13 29890 30004 13 274",
        "29871 29941 29889 29896 29946 29896 29945 29929 921 29922 29906 29985 29896 29900", "268", "" });
}

static void gpt2_rows(void **state)
{
    (void)state;
    check_rows("gpt-2", NULL, (const char *const[]){
        "15496 11 995 0 17031 4153 3134 220 220 198", "40 1183 220 836 470 197 197 11230 705 50", "220 3756",
        "66 1878 2634 220 19526 254 25001 121 32485", "64 628 198 65 201 198 269", "18 13 1415 19707 2124 28 17 61 940",
        "220 220 220", "" });
}

static void mpt_rows(void **state)
{
    (void)state;
    check_rows("mpt", NULL, (const char *const[]){
        "12092 13 1533 2 15567 5329 2251 50276 187", "42 1833 50276 9903 626 186 186 10993 686 52", "50276 16378",
        "68 2320 860 209 24553 34439 42908", "66 535 187 67 2379 260", "20 15 1047 17220 1269 30 19 63 740", "50275", "" });
}

/* The file names no pre-tokenizer: "default" it is. */
static void gpt_neox_rows(void **state)
{
    (void)state;
    check_rows("gpt-neox", NULL, (const char *const[]){
        "12092 13 1533 2 209 10683 209 25133 24 50276 187", "42 8 620 50276 9903 8 85 186 186 10993 209 8 52",
        "50276 16378", "68 2320 860 209 24553 34439 42908", "66 535 187 67 2379 260", "20 15 18962 3046 1269 30 19 63 740",
        "50275", "" });
}

static void splitters_on_gpt2(void **state)
{
    (void)state;
    static const char *const by_threes[] = {
        "15496 11 995 0 220 10163 220 29228 22 220 220 198", "40 1183 220 836 470 197 197 11230 705 50", "?", "?", "?",
        "18 13 23756 3270 2124 28 17 61 940", "?", "" };
    static const char *const by_ones[] = {
        "15496 11 995 0 220 16 17 18 220 19 20 21 22 220 220 198", "40 1183 220 836 470 197 197 11230 705 50", "?", "?",
        "?", "18 13 16 19 16 20 24 2124 28 17 61 16 15", "?", "" };
    static const char *const by_default[] = {
        "15496 11 995 0 220 10163 220 29228 22 220 220 198", "40 6 297 220 836 6 83 197 197 11230 220 6 50", "?", "?",
        "?", "18 13 23756 3270 2124 28 17 61 940", "?", "" };
    check_rows("gpt-2", "llama-bpe", by_threes);
    check_rows("gpt-2", "qwen2", by_ones);
    check_rows("gpt-2", "smollm", by_ones);
    check_rows("gpt-2", "default", by_default);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt2_file), cmocka_unit_test(mpt_file), cmocka_unit_test(gpt2_rows), cmocka_unit_test(mpt_rows),
        cmocka_unit_test(gpt_neox_rows), cmocka_unit_test(splitters_on_gpt2),
        cmocka_unit_test(llama_spm_file), cmocka_unit_test(llama_spm_rows),
    };
    return cmocka_run_group_tests_name("vocabs", tests, NULL, NULL);
}
