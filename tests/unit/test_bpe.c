/* bpe: if these fail, text reaches the model as other tokens than those it was trained on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/rng.h"
#include "token/alphabet.h"
#include "token/bpe.h"
#include "token/tok.h"
#include "vocab_json.h"

static struct tok *open_tiny(struct vocab_json *v, const char *pre)
{
    assert_int_equal(vocab_json_open(v, test_data("tests/data/tiny_bpe.json"), pre), 0);
    struct err e = ERR_INIT;
    struct tok *t = tok_open(&v->src, &e);
    if (!t)
        fail_msg("%s", e.msg);
    assert_string_equal(tok_warning(t), "");
    return t;
}

static void encode(const struct tok *t, enum tok_span_kind kind, const char *p, size_t n, struct ids *out)
{
    struct tok_span s = { kind, p, n, NULL, 0 };
    struct err e = ERR_INIT;
    out->n = 0;
    if (tok_encode(t, &s, 1, false, out, NULL, &e))
        fail_msg("%s", e.msg);
}

static void agrees_with_hugging_face(void **state)
{
    (void)state;
    static const char *const pres[] = { "gpt-2", "smollm", "llama-bpe", "qwen2" };
    for (size_t k = 0; k < 4; k++) {
        struct vocab_json v;
        struct tok *t = open_tiny(&v, pres[k]);
        struct ids got = IDS_INIT;
        const cJSON *texts = cJSON_GetObjectItem(v.root, "texts");
        const cJSON *want = cJSON_GetObjectItem(cJSON_GetObjectItem(v.root, "ids"), pres[k])->child;
        for (const cJSON *x = texts->child; x; x = x->next, want = want->next) {
            encode(t, TOK_SCAFFOLD, x->valuestring, strlen(x->valuestring), &got);
            bool same = got.n == (size_t)cJSON_GetArraySize(want);
            const cJSON *id = want->child;
            for (size_t i = 0; same && i < got.n; i++, id = id->next)
                same = got.p[i] == id->valueint;
            if (!same)
                fail_msg("%s: other ids for \"%s\"", pres[k], x->valuestring);
        }
        ids_release(&got);
        tok_close(t);
        vocab_json_close(&v);
    }
}

static void the_byte_alphabet_is_one_to_one(void **state)
{
    (void)state;
    unsigned char seen[ALPHABET_END] = { 0 };
    for (int b = 0; b < 256; b++) {
        uint32_t cp = alphabet_char((unsigned char)b);
        assert_true(cp < ALPHABET_END && !seen[cp]);
        seen[cp] = 1;
        assert_int_equal(alphabet_byte(cp), b);
    }
    assert_int_equal(alphabet_char(' '), 0x120);
    assert_int_equal(alphabet_char('\n'), 0x10A);
    assert_int_equal(alphabet_char(0x7F), 0x121);
    assert_int_equal(alphabet_char(0xA0), 0x142);
    assert_int_equal(alphabet_char(0xAD), 0x143);
    assert_int_equal(alphabet_byte(' '), -1);
    assert_int_equal(alphabet_byte(0x144), -1);
}

/* The definition, as slow as it is plain: the lowest rank first, of equal ones the leftmost. */
static size_t naive_bpe(const struct tok *t, const struct tok_source *src, const char *p, size_t n, int32_t *id)
{
    for (size_t i = 0; i < n; i++) {
        struct str u = STR_INIT;
        alphabet_encode(p + i, 1, &u);
        id[i] = tok_find(t, u.p, u.len);
        str_release(&u);
    }
    for (;;) {
        size_t best = src->n_merges, at = 0;
        char pair[256];
        for (size_t i = 0; i + 1 < n; i++) {
            struct tok_text a = tok_text_of(t, id[i]), b = tok_text_of(t, id[i + 1]);
            size_t len = (size_t)snprintf(pair, sizeof pair, "%s %s", a.p, b.p);
            for (size_t m = 0; m < best; m++) {
                if (src->merges[m].n == len && !memcmp(src->merges[m].p, pair, len)) {
                    best = m;
                    at = i;
                }
            }
        }
        if (best == src->n_merges)
            return n;
        snprintf(pair, sizeof pair, "%s%s", tok_text_of(t, id[at]).p, tok_text_of(t, id[at + 1]).p);
        id[at] = tok_find(t, pair, strlen(pair));
        n--;
        memmove(id + at + 1, id + at + 2, (n - at - 1) * sizeof *id);
    }
}

static void agrees_with_the_naive_merges(void **state)
{
    (void)state;
    struct vocab_json v;
    struct tok *t = open_tiny(&v, "gpt-2");
    struct bpe b;
    struct bpe_work w = BPE_WORK_INIT;
    struct ids got = IDS_INIT;
    assert_int_equal(bpe_init(&b, t, v.src.merges, v.src.n_merges, NULL), 0);
    for (uint64_t i = 0; i < 200; i++) {
        char p[40];
        int32_t want[40];
        size_t n = (size_t)(rng_u64(11, i) % 40);
        for (size_t k = 0; k < n; k++)
            p[k] = " etaoinshrdl"[rng_u64(12, i * 64 + k) % 12];
        size_t n_want = naive_bpe(t, &v.src, p, n, want);
        got.n = 0;
        assert_int_equal(bpe_piece(&b, &w, p, n, &got, NULL), 0);
        if (got.n != n_want || memcmp(got.p, want, n_want * sizeof *want))
            fail_msg("seed 11, 12, piece %d: \"%.*s\"", (int)i, (int)n, p);
    }
    ids_release(&got);
    bpe_work_release(&w);
    bpe_release(&b);
    tok_close(t);
    vocab_json_close(&v);
}

/* 200 KB without a break: an O(n^2) merge would take minutes. */
static void long_pieces_are_quick(void **state)
{
    (void)state;
    struct vocab_json v;
    struct tok *t = open_tiny(&v, "gpt-2");
    enum { N = 200000 };
    char *p = malloc(N);
    assert_non_null(p);
    for (size_t i = 0; i < N; i++)
        p[i] = "etaoinshrdlu"[rng_u64(13, i) % 12];
    struct ids got = IDS_INIT;
    uint64_t t0 = clock_ns();
    encode(t, TOK_CONTENT, p, N, &got);
    uint64_t ms = (clock_ns() - t0) / 1000000;
    if (ms > 5000)
        fail_msg("%d ms for one piece of %d bytes", (int)ms, N);
    assert_true(got.n > N / 10 && got.n < N);
    ids_release(&got);
    free(p);
    tok_close(t);
    vocab_json_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_byte_alphabet_is_one_to_one),
        cmocka_unit_test(agrees_with_hugging_face),
        cmocka_unit_test(agrees_with_the_naive_merges),
        cmocka_unit_test(long_pieces_are_quick),
    };
    return cmocka_run_group_tests_name("bpe", tests, NULL, NULL);
}
