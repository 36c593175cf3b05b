/* spm: if these fail, models of the Llama 2 family read other tokens than they were trained on. The vectors of
 * llama.cpp are in test_vocabs; here a vocabulary small enough to follow by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "token/tok.h"

#define S "\xE2\x96\x81"

enum { UNK, BOS, EOS, BYTES, WORDS = BYTES + 256 };
static const char *const words[] = { S, "a", "b", "c", "/", "<", "s", ">", "ab", S "a", S "ab", "bc", "abc", "</", "</s",
                                     S S, "X" };
static const float word_scores[] = { -9, -9, -9, -9, -9, -9, -9, -9, -2, -3, -1, -1, -4, -1, -1, -5, 0 };
enum { N_WORDS = sizeof words / sizeof *words, N = WORDS + N_WORDS };

static char byte_texts[256][8];
static struct tok_text tokens[N];
static unsigned char kinds[N];
static float scores[N];

static struct tok *open_tok(bool no_prefix)
{
    tokens[UNK] = (struct tok_text){ "<unk>", 5 };
    tokens[BOS] = (struct tok_text){ "<s>", 3 };
    tokens[EOS] = (struct tok_text){ "</s>", 4 };
    kinds[UNK] = TOK_UNKNOWN;
    kinds[BOS] = kinds[EOS] = TOK_CONTROL;
    for (int i = 0; i < 256; i++) {
        snprintf(byte_texts[i], sizeof byte_texts[i], "<0x%02X>", (unsigned)i);
        tokens[BYTES + i] = (struct tok_text){ byte_texts[i], 6 };
        kinds[BYTES + i] = TOK_BYTE;
    }
    for (int i = 0; i < N_WORDS; i++) {
        tokens[WORDS + i] = (struct tok_text){ words[i], strlen(words[i]) };
        kinds[WORDS + i] = i + 1 < N_WORDS ? TOK_NORMAL : TOK_USER;
        scores[WORDS + i] = word_scores[i];
    }
    struct tok_source src = { .model = { "llama", 5 }, .tokens = tokens, .n_tokens = N, .kinds = kinds, .scores = scores,
                              .bos = -1, .eos = -1, .eot = -1, .eom = -1, .unk = -1, .add_bos = -1, .add_eos = -1,
                              .no_space_prefix = no_prefix };
    struct err e = ERR_INIT;
    struct tok *t = tok_open(&src, &e);
    if (!t)
        fail_msg("%s", e.msg);
    return t;
}

static int32_t id(const char *z)
{
    for (int i = 0; i < N; i++) {
        if (tokens[i].n == strlen(z) && !memcmp(tokens[i].p, z, tokens[i].n))
            return i;
    }
    fail_msg("no token %s", z);
    return -1;
}

static void check(const struct tok *t, const struct tok_span *s, size_t n, bool bos, const char *const *want, size_t *ends)
{
    struct ids v = IDS_INIT;
    assert_int_equal(tok_encode(t, s, n, bos, &v, ends, NULL), 0);
    size_t i = 0;
    for (; want[i]; i++)
        assert_true(i < v.n && v.p[i] == id(want[i]));
    assert_int_equal(v.n, i);
    ids_release(&v);
}

static struct tok_span text(enum tok_span_kind kind, const char *z)
{
    return (struct tok_span){ kind, z, strlen(z), NULL, 0 };
}

static void the_highest_score_wins(void **state)
{
    (void)state;
    struct tok *t = open_tok(false);
    struct tok_span s = text(TOK_CONTENT, "abc"), prefixed = text(TOK_CONTENT, " a"), empty = text(TOK_CONTENT, "");
    check(t, &s, 1, false, (const char *const[]){ S "a", "bc", NULL }, NULL); /* bc (-1) comes before ab (-2) */
    check(t, &prefixed, 1, true, (const char *const[]){ "<s>", S, S "a", NULL }, NULL); /* the prefix and the space */
    check(t, &empty, 1, false, (const char *const[]){ NULL }, NULL);
    tok_close(t);
    t = open_tok(true);
    check(t, &s, 1, false, (const char *const[]){ "abc", NULL }, NULL);
    tok_close(t);
}

static void a_prefix_follows_special_tokens_only(void **state)
{
    (void)state;
    struct tok *t = open_tok(false);
    const int32_t reply = BYTES;
    size_t ends[5];
    struct tok_span s[] = { text(TOK_SCAFFOLD, "a</s>b"), { TOK_IDS, NULL, 0, &reply, 1 }, text(TOK_CONTENT, "ab"),
                            text(TOK_SCAFFOLD, "c"), text(TOK_CONTENT, "Xb") };
    check(t, s, 5, true, (const char *const[]){ "<s>", S "a", "</s>", S, "b", "<0x00>", "abc", "X", S, "b", NULL }, ends);
    const size_t want[] = { 5, 6, 7, 7, 10 };
    assert_memory_equal(ends, want, sizeof want);
    tok_close(t);
}

static void typed_tags_and_strange_bytes(void **state)
{
    (void)state;
    struct tok *t = open_tok(true);
    struct tok_span s = text(TOK_CONTENT, "</s>"), strange = text(TOK_CONTENT, "\xC3\xA9\xFF");
    check(t, &s, 1, false, (const char *const[]){ "</s", ">", NULL }, NULL);
    check(t, &strange, 1, false, (const char *const[]){ "<0xC3>", "<0xA9>", "<0xEF>", "<0xBF>", "<0xBD>", NULL }, NULL);
    tok_close(t);
}

static void text_survives_the_round_trip(void **state)
{
    (void)state;
    struct tok *t = open_tok(false);
    struct ids v = IDS_INIT;
    struct str back = STR_INIT;
    for (uint64_t i = 0; i < 300; i++) {
        char p[32];
        size_t n = rng_u64(17, i) % sizeof p;
        for (size_t k = 0; k < n; k++)
            p[k] = "ab c</s>\nZX"[rng_u64(18, i * sizeof p + k) % 11];
        struct tok_span s = { TOK_CONTENT, p, n, NULL, 0 };
        v.n = 0;
        str_clear(&back);
        assert_int_equal(tok_encode(t, &s, 1, false, &v, NULL, NULL), 0);
        assert_int_equal(tok_decode(t, v.p, v.n, true, &back), 0);
        size_t prefixes = 0, at = 0; /* one space before each text that stands first or after X */
        for (size_t k = 0; k < n; k++) {
            bool begins = p[k] != 'X' && (k == 0 || p[k - 1] == 'X');
            prefixes += begins;
            assert_true(!begins || str_z(&back)[at++] == ' ');
            if (str_z(&back)[at++] != p[k])
                fail_msg("seeds 17 and 18, text %d: %.*s", (int)i, (int)n, p);
        }
        assert_int_equal(back.len, n + prefixes);
    }
    ids_release(&v);
    str_release(&back);
    tok_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_highest_score_wins),
        cmocka_unit_test(a_prefix_follows_special_tokens_only),
        cmocka_unit_test(typed_tags_and_strange_bytes),
        cmocka_unit_test(text_survives_the_round_trip),
    };
    return cmocka_run_group_tests_name("spm", tests, NULL, NULL);
}
