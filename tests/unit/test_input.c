/* The input decoder: if this fails, keys do something else than people press, or pasted text runs commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "term/input.h"

#define MS UINT64_C(1000000)

/* Feeds all bytes at once, or one by one, and writes the keys' names with spaces between. */
static void keys_of(const char *bytes, size_t n, bool one_by_one, char *out, size_t cap)
{
    struct input in;
    struct input_event ev;
    size_t at = 0;
    input_init(&in);
    out[0] = '\0';
    for (size_t i = 0; i < n; i += one_by_one ? 1 : n) {
        assert_int_equal(input_feed(&in, bytes + i, one_by_one ? 1 : n, i * MS), 0);
        while (input_next(&in, i * MS, &ev)) {
            char name[KEY_TEXT_MAX] = "[paste]";
            if (ev.kind == INPUT_KEY)
                key_format(ev.key, name);
            at += (size_t)snprintf(out + at, cap - at, "%s ", name);
        }
    }
    while (input_next(&in, n * MS + 1000 * MS, &ev)) {
        char name[KEY_TEXT_MAX];
        key_format(ev.key, name);
        at += (size_t)snprintf(out + at, cap - at, "%s ", name);
    }
    input_release(&in);
}

static void check(const char *bytes, const char *want)
{
    char got[256];
    keys_of(bytes, strlen(bytes), false, got, sizeof got);
    assert_string_equal(got, want);
    keys_of(bytes, strlen(bytes), true, got, sizeof got);
    assert_string_equal(got, want);
}

static void keys_are_told_apart(void **state)
{
    (void)state;
    check("aB ", "a B Space ");
    check("\r\t\x7f\x01\n", "Enter Tab Backspace ^A ^J ");
    check("é你🙂", "é 你 🙂 ");
    check("\033[A\033OB\033[1;5C\033[1;3D", "Up Down Ctrl-Right Alt-Left ");
    check("\033OP\033[15~\033[24;2~\033[Z", "F1 F5 Shift-F12 Shift-Tab ");
    check("\033[5~\033[3~\033[H", "PgUp Delete Home ");
    check("\033x\033\r\033é", "Alt-x Alt-Enter Alt-é ");
    check("\033[27;3;13~\033[13;5u", "Alt-Enter Ctrl-Enter ");
    check("\033", "Esc ");
    check("\033\033[A", "Esc Up ");
    check("\033[", "Alt-[ ");
    check("\033[?99;8y", "");
    check("\xff", "\xEF\xBF\xBD ");
}

static void names_read_back(void **state)
{
    (void)state;
    static const char *const all[] = { "a", "^R", "Alt-Enter", "Shift-Tab", "F12", "PgUp", "Space", "Ctrl-Alt-x", "-", "Alt--", "é" };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct key k, again;
        char text[KEY_TEXT_MAX];
        assert_true(key_parse(all[i], &k));
        key_format(k, text);
        assert_string_equal(text, all[i]);
        assert_true(key_parse(text, &again) && key_equal(k, again));
    }
    static const char *const emacs[][2] = { { "C-r", "^R" }, { "M-Enter", "Alt-Enter" }, { "C-M-S-Left", "Ctrl-Alt-Shift-Left" }, { "^", "^" } };
    for (size_t i = 0; i < sizeof emacs / sizeof emacs[0]; i++) {
        struct key k;
        char text[KEY_TEXT_MAX];
        assert_true(key_parse(emacs[i][0], &k));
        key_format(k, text);
        assert_string_equal(text, emacs[i][1]);
    }
    struct key k;
    assert_false(key_parse("", &k));
    assert_false(key_parse("ab", &k));
}

static void a_paste_is_one_piece_without_controls(void **state)
{
    (void)state;
    static const char bytes[] = "x\033[200~one\r\ntwo\rthree\033[31m\a\x7f\t.\033[201~y";
    for (size_t cut = 0; cut < sizeof bytes - 1; cut++) {
        struct input in;
        struct input_event ev;
        char got[64] = "";
        input_init(&in);
        size_t parts[2] = { cut, sizeof bytes - 1 - cut };
        const char *p = bytes;
        int keys = 0;
        for (int i = 0; i < 2; i++) {
            input_feed(&in, p, parts[i], 0);
            p += parts[i];
            while (input_next(&in, 0, &ev)) {
                if (ev.kind == INPUT_PASTE)
                    memcpy(got, ev.paste, ev.n_paste + 1);
                else
                    keys++;
            }
        }
        assert_string_equal(got, "one\ntwo\nthree[31m\t.");
        assert_int_equal(keys, 2);
        input_release(&in);
    }
}

static void any_bytes_are_survived(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct input in;
        struct input_event ev;
        input_init(&in);
        for (uint64_t i = 0; i < 200; i++) {
            static const char often[] = "\033[O;0127~ABuM\r";
            char c = rng_u64(seed, 2 * i) % 2 ? often[rng_u64(seed, 2 * i + 1) % (sizeof often - 1)]
                                              : (char)rng_u64(seed, 2 * i + 1);
            input_feed(&in, &c, 1, i * MS);
            while (input_next(&in, i * MS, &ev))
                assert_true(ev.kind == INPUT_PASTE || ev.key.code != 0);
        }
        input_release(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_apart),
        cmocka_unit_test(names_read_back),
        cmocka_unit_test(a_paste_is_one_piece_without_controls),
        cmocka_unit_test(any_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
