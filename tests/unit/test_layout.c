/* Rows of text: if this fails, words are cut, columns drift behind wide characters, or Markdown eats text. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "term/cells.h"
#include "term/find.h"
#include "term/layout.h"

/* All rows as text, joined by '|'. */
static const char *rows(const struct layout *l)
{
    static char out[4096];
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < l->n_rows; i++) {
        if (i)
            at += (size_t)snprintf(out + at, sizeof out - at, "|");
        for (size_t k = 0; k < l->rows[i].n_seg; k++) {
            const struct layout_seg *g = &l->segs[l->rows[i].seg + k];
            at += (size_t)snprintf(out + at, sizeof out - at, "%.*s", (int)g->n, l->text.p + g->at);
        }
    }
    return out;
}

static void check_markdown(int width, const char *source, const char *want)
{
    struct layout l;
    layout_init(&l, width);
    layout_markdown(&l, source, strlen(source));
    assert_string_equal(rows(&l), want);
    layout_release(&l);
}

/* With the blanks that part what stands apart, without those at the end of a row. */
static void check_columns(int width, const char *source, const char *want)
{
    struct layout l;
    char out[4096] = "";
    layout_init(&l, width);
    layout_markdown(&l, source, strlen(source));
    for (size_t i = 0; i < l.n_rows; i++) {
        int col = 0;
        strcat(out, i ? "|" : "");
        for (size_t k = 0; k < l.rows[i].n_seg; k++) {
            const struct layout_seg *g = &l.segs[l.rows[i].seg + k];
            for (; col < g->col; col++)
                strcat(out, " ");
            strncat(out, l.text.p + g->at, g->n);
            col += cells_width(l.text.p + g->at, g->n);
        }
        assert_true(col <= width);
        while (*out && out[strlen(out) - 1] == ' ')
            out[strlen(out) - 1] = '\0';
    }
    assert_string_equal(out, want);
    layout_release(&l);
}

static void check_plain(int width, const char *source, const char *want)
{
    struct layout l;
    layout_init(&l, width);
    layout_plain(&l, source, strlen(source), STYLE_TEXT);
    assert_string_equal(rows(&l), want);
    layout_release(&l);
}

static void words_break_at_spaces(void **state)
{
    (void)state;
    check_plain(10, "one two three", "one two|three");
    check_plain(10, "one  two", "one  two");
    check_plain(5, "abcdefghijkl mn", "abcde|fghij|kl mn");
    check_plain(10, "a\n\nb", "a||b");
    check_plain(6, "你好世界", "你好世|界");
    check_plain(1, "ab", "a|b");
    check_plain(10, "", "");
    check_plain(10, "          x", "x");
    check_plain(20, "if a:\n    b\n\tc\n", "if a:|    b|    c");
    check_plain(10, "  one two three", "  one two|three");
    check_plain(20, "a\tb", "a   b");
}

static void markdown_is_rendered_lightly(void **state)
{
    (void)state;
    check_markdown(20, "Hello *world*.\n\nNext.", "Hello world.||Next.");
    check_markdown(20, "- a\n- b\n", "• a|• b");
    check_markdown(20, "1. one\n2. two words wrap here now\n", "1. one|2. two words wrap|   here now");
    check_markdown(20, "- a\n  - b\n- c", "• a|  • b|• c");
    check_markdown(20, "# T\ntext", "T||text");
    check_markdown(20, "> q\n> r", "│ q|│ r");
    check_markdown(20, "x\n\n```c\nint  a;\n```\ny", "x||  int  a;||y");
    check_markdown(20, "a < b & c", "a < b & c");
    check_markdown(20, "*unfinished", "*unfinished");
    check_markdown(20, "[a](http://b.c) d", "a (http://b.c) d");
    check_markdown(20, "<http://b.c>", "http://b.c");
    check_markdown(20, "x\n\n```\na:\n\tb\n```", "x||  a:|      b");
}

static void tables_stand_in_columns(void **state)
{
    (void)state;
    static const char fruit[] = "| fruit | price |\n|---|--:|\n| apple | 1 |\n| pear | *12* |";
    check_columns(40, fruit, "fruit │ price|──────┼──────|apple │     1|pear  │    12");
    check_columns(14, fruit, "fruit │ price|──────┼──────|apple │     1|pear  │    12");
    check_columns(12, fruit, "frui │ price|t    │|─────┼──────|appl │     1|e    │|pear │    12");
    check_columns(6, fruit, "fruit|│|price|apple|│ 1|pear │|12");
    check_columns(30, "x\n\n| a | b |\n|:-:|---|\n| 你好吗 | c d e f g h i j k l m n o p |\n\ny",
                  "x||  a    │ b|───────┼──────────────────────|你好吗 │ c d e f g h i j k l m|       │ n o p||y");
    check_columns(20, "- one\n\n  | a | b |\n  |---|---|\n  | 1 |\n", "• one||  a │ b|  ──┼──|  1 │");
    check_columns(20, "> | a |\n> |---|\n> | `x` |", "│ a|│ ─|│ x");
    check_columns(20, "a | b\nc | d", "a | b|c | d");
}

/* md4c tells of rows times columns, however short they are. */
static void too_wide_tables_stay_source(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "|a");
    strcat(text, "\n");
    for (int i = 0; i < 40; i++)
        strcat(text, "|-");
    struct layout l;
    layout_init(&l, 200);
    layout_markdown(&l, text, strlen(text));
    assert_int_equal(l.n_rows, 2);
    assert_memory_equal(l.text.p, "|a|a", 4);
    layout_release(&l);
}

/* The rows are the same whether blank lines part what is in an item or not. */
static void items_hold_blocks(void **state)
{
    (void)state;
    check_markdown(20, "1. run\n   ```sh\n   ls\n   ```\n2. read", "1. run||     ls|2. read");
    check_markdown(20, "1. run\n\n   ```sh\n   ls\n   ```\n\n2. read", "1. run||     ls|2. read");
    check_markdown(20, "- a\n  ```\n  x\n  ```\n  b\n- c", "• a||    x||  b|• c");
    check_markdown(20, "- a\n  > q\n- b", "• a||  │ q|• b");
    check_markdown(20, "- a\n  # h\n  b\n  ***\n- c", "• a||  h||  b||  ———|• c");
}

static void code_blocks_keep_their_source(void **state)
{
    (void)state;
    static const char source[] = "a\n\n```\none\n\ttwo\n```\n\n```sh\nls\n```\n";
    struct layout l;
    layout_init(&l, 8);
    layout_markdown(&l, source, sizeof source - 1);
    assert_int_equal(l.n_codes, 2);
    assert_memory_equal(l.code.p + l.codes[0].at, "one\n\ttwo", l.codes[0].n);
    assert_int_equal(l.codes[0].n, 8);
    assert_int_equal(l.codes[1].n, 2);
    layout_release(&l);
}

static void clusters_have_their_widths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } whole[] = {
        { "e\u0301x", 3 }, { "नि", 6 }, { "👍🏽", 8 }, { "🇩🇪🇫🇷", 8 }, { "👩‍👩‍👧", 18 }, { "நி", 6 },
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        int w;
        assert_int_equal(cells_cluster(whole[i].text, strlen(whole[i].text), &w), whole[i].bytes);
        assert_true(w >= 1);
    }
    assert_int_equal(cells_width("你好", 6), 4);
    assert_int_equal(cells_width("a\033b", 3), 3);
}

/* Whatever comes in, no row is wider than the width (but for a single cluster wider than it), and nothing is lost. */
static void any_text_fits(void **state)
{
    (void)state;
    static const char *const bits[] = { "a", "word", " ", "\n", "你", "👍🏽", "e\u0301", "\xff", "`", "*", "- ", "#", "1. ", "\t", "> ",
                                        "|", "\n|-|-|\n" };
    for (uint64_t seed = 0; seed < 400; seed++) {
        char text[512] = "";
        for (uint64_t i = 0; i < 60; i++)
            strcat(text, bits[rng_u64(seed, i) % (sizeof bits / sizeof bits[0])]);
        int width = 1 + (int)(rng_u64(seed, 99) % 30);
        for (int markdown = 0; markdown < 2; markdown++) {
            struct layout l;
            layout_init(&l, width);
            if (markdown)
                layout_markdown(&l, text, strlen(text));
            else
                layout_plain(&l, text, strlen(text), STYLE_TEXT);
            for (size_t i = 0; i < l.n_rows && width > 24; i++) {
                const struct layout_row *r = &l.rows[i];
                if (!r->n_seg)
                    continue;
                const struct layout_seg *g = &l.segs[r->seg + r->n_seg - 1];
                if (g->col + cells_width(l.text.p + g->at, g->n) > width)
                    fail_msg("seed %d: row %zu of '%s' is too wide for %d", (int)seed, i, text, width);
            }
            layout_release(&l);
        }
    }
}

static bool same_rows(const struct layout *a, const struct layout *b)
{
    bool same = a->n_rows == b->n_rows && a->n_segs == b->n_segs && a->n_codes == b->n_codes && a->text.len == b->text.len &&
                a->code.len == b->code.len && (!a->text.len || !memcmp(a->text.p, b->text.p, a->text.len)) &&
                (!a->code.len || !memcmp(a->code.p, b->code.p, a->code.len));
    for (size_t i = 0; same && i < a->n_rows; i++)
        same = a->rows[i].seg == b->rows[i].seg && a->rows[i].n_seg == b->rows[i].n_seg;
    for (size_t i = 0; same && i < a->n_segs; i++)
        same = a->segs[i].at == b->segs[i].at && a->segs[i].n == b->segs[i].n && a->segs[i].col == b->segs[i].col &&
               a->segs[i].role == b->segs[i].role;
    for (size_t i = 0; same && i < a->n_codes; i++)
        same = a->codes[i].at == b->codes[i].at && a->codes[i].n == b->codes[i].n;
    return same;
}

static const char *const any[] = {
    "word", " two", " ", "\n", "\n\n", "\n\n", "\n\nNext ", "- ", "\n- ", "\n\n- ", "1. ", "\n\n2. ", "  ", "\n\n  more",
    "```", "\n```\n", "\n~~~\n", "> ", "\n> ", "# ", "\n\n## H", "\n---\n", "\n===\n", "***\n", "`", "*", "**", "[a]", "]:", "[a]: b\n",
    "<", "你", "👍🏽", "\xff", "&amp;", "\\", "\t", "\n \n", "[](", ")", "\r\n", "    ", NULL,
};
static const char *const lists[] = {
    "\n- item", "\n- ", "\n\n- one", "\n  - nested", "\n  more", "\n\n  para", "\n1. one", "\n2. two", "\n3) three", "\n\n\n  x",
    "\n10. ten", "\n   in", " word", " *em", "*", "`c`", "\n  ```\n  code", "\n  ```", "\n```", "\n\n", "\n", "-", "- ", "\n* star",
    "\n  > q", "\n> q", "\n  # h", "\n---", "\n  ---", "\n\nPara", "\n \n", "\r", "\t", "\n\t- tab", "\n-\ttabbed", "\n   1. deep",
    "\n      - deeper", "[l](u)", "![](", ")", "\n-\n  late", "\n+ p", "\n- - two", "\n- 1. mixed", "\n- [ ] task", "\n ~~~", "~~~ x",
    "\n- ~~~", "\n| a | b |", "\n|--|:-:|", "\n| 1 | `x` |", "|", "\n  |-", "\n> |a|b|\n> |-|-|", "\\", "\n-", "\n1.", "\n99999999999. x", NULL,
};

/* Adds the pieces one after the other. At each byte the text must look as it will when it is laid out whole. */
static void grow(uint64_t seed, int width, const char *const pieces[])
{
    char text[1024] = "";
    struct layout grown, whole;
    struct layout_growth g = { .done = 0 };
    layout_init(&grown, width);
    layout_init(&whole, width);
    for (size_t i = 0; pieces[i]; i++) {
        strcat(text, pieces[i]);
        size_t n = strlen(text);
        layout_markdown_more(&grown, &g, text, n);
        layout_clear(&whole, width);
        layout_markdown(&whole, text, n);
        if (!same_rows(&grown, &whole))
            fail_msg("seed %d: '%s' grew to '%s'", (int)seed, text, rows(&grown));
    }
    layout_release(&grown);
    layout_release(&whole);
}

static void grow_random(uint64_t seed, const char *const bits[])
{
    enum { MOST = 40 };
    const char *pieces[MOST + 1] = { NULL };
    size_t n = 0;
    while (bits[n])
        n++;
    for (uint64_t i = 0; i < MOST; i++)
        pieces[i] = bits[rng_u64(seed, i) % n];
    grow(seed, 1 + (int)(rng_u64(seed, 99) % 40), pieces);
}

/* A reply is drawn while it grows. */
static void text_that_grows_looks_as_when_it_is_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 1500; seed++) {
        grow_random(seed, any);
        grow_random(seed, lists);
    }
    /* What once did not: a fence that ends an item with an open one, places that md4c knows by their offset, a link that
     * is not finished at the end, an indented item behind an empty one. */
    static const char *const found[][8] = {
        { "\n\n- \n\n1. ```[a]\\\\\n \n ```[](", "***\n" },
        { "\n1. **\xff\n\n\n\n- ```\n\n  more\t\n\n \n``` <", "word" },
        { "\n---\n two> 👍🏽", "\n\n", "\xff", "\n- ", ")", "\n\n", "\n\n  more" },
        { "a\n\nb\n\n1. [](👍🏽", "x" },
        { "-\n\n\n   1. deep\n", "\t- tab", "\n\nPara" },
        { "1.\n \n\n      - deeper", "\n      - deeper" },
        { "a\n\n# H\rb", " c" },
    };
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
        grow(i, 40, found[i]);
}

static void only_the_last_paragraph_is_laid_out_again(void **state)
{
    (void)state;
    static const char text[] = "One.\n\n- a\n- b\n\n```\nTwo.\n\nThree.\n```\n\n# Four\n\nFive\nfive.";
    struct layout l;
    struct layout_growth g = { .done = 0 };
    layout_init(&l, 40);
    layout_markdown_more(&l, &g, text, sizeof text - 1);
    assert_int_equal(g.done, strstr(text, "Five") - text);
    layout_markdown_more(&l, &g, text, sizeof text - 1);
    assert_string_equal(rows(&l), "One.||• a|• b||  Two.|  |  Three.||Four||Five|five.");
    layout_release(&l);
}

static void only_the_last_items_are_laid_out_again(void **state)
{
    (void)state;
    static const char text[] = "Here:\n\n7. One\n   more\n8. Two\n\n   - a\n   - b\n\n9. Three\n10. Fo";
    struct layout l;
    struct layout_growth g = { .done = 0 };
    layout_init(&l, 40);
    layout_markdown_more(&l, &g, text, sizeof text - 1);
    assert_int_equal(g.done, strstr(text, "9. ") - text);
    layout_markdown_more(&l, &g, text, sizeof text - 1);
    assert_string_equal(rows(&l), "Here:||7. One|   more|8. Two|   • a|   • b|9. Three|10. Fo");
    layout_release(&l);
}

static void text_is_found_whatever_the_case(void **state)
{
    (void)state;
    static const struct {
        const char *hay, *needle;
        size_t at, len;
    } cases[] = {
        { "a Snake", "sNAKE", 2, 5 }, { "ÄRGER", "ä", 0, 2 }, { "x你好", "好", 4, 3 }, { "aab", "ab", 1, 2 },
        { "short", "shorter", SIZE_MAX, 0 }, { "", "a", SIZE_MAX, 0 }, { "a", "", SIZE_MAX, 0 }, { "\xFF z", "z", 2, 1 },
        { "İx", "i\xCC\x87x", SIZE_MAX, 0 }, /* one letter against two: not the same */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = 0;
        assert_int_equal(find_text(cases[i].hay, strlen(cases[i].hay), 0, cases[i].needle, strlen(cases[i].needle), &len), cases[i].at);
        if (cases[i].at != SIZE_MAX)
            assert_int_equal(len, cases[i].len);
    }
    struct layout l;
    layout_init(&l, 10);
    layout_markdown(&l, "- one **two**\n- three two", 25);
    assert_int_equal(find_row(&l, 0, "TWO", 3), 0); /* through the emphasis */
    assert_int_equal(find_row(&l, 0, "e tw", 4), 0);
    assert_int_equal(find_row(&l, 1, "two", 3), 2); /* "three" filled the row before */
    assert_int_equal(find_row(&l, 3, "two", 3), l.n_rows);
    layout_release(&l);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_break_at_spaces),
        cmocka_unit_test(markdown_is_rendered_lightly),
        cmocka_unit_test(tables_stand_in_columns),
        cmocka_unit_test(too_wide_tables_stay_source),
        cmocka_unit_test(items_hold_blocks),
        cmocka_unit_test(code_blocks_keep_their_source),
        cmocka_unit_test(clusters_have_their_widths),
        cmocka_unit_test(any_text_fits),
        cmocka_unit_test(text_that_grows_looks_as_when_it_is_whole),
        cmocka_unit_test(only_the_last_paragraph_is_laid_out_again),
        cmocka_unit_test(only_the_last_items_are_laid_out_again),
        cmocka_unit_test(text_is_found_whatever_the_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
