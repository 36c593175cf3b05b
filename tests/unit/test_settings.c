/* Settings: if this fails, a value a user typed is misread, shown wrong, or leaves its range. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ui/settings.h"

static const char *shown(const struct chat_settings *s, const char *name)
{
    static char out[SETTING_TEXT];
    setting_format(s, setting_find(name), out);
    return out;
}

static void values_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *want;
    } good[] = {
        { "temperature", "0.8", "0.80" },   { "temperature", "0", "0.00" }, { "temperature", "1.125", "1.125" },
        { "top-p", "0.95", "0.95" },        { "top-p", "off", "off" },      { "top-p", "1", "off" },
        { "top-k", "40", "40" },            { "top-k", "0", "off" },        { "min-p", "0.05", "0.05" },
        { "repetition", "1.1", "1.10" },    { "frequency", "-0.5", "-0.50" },
        { "window", "all", "all" },         { "window", "-1", "all" },      { "window", "64", "64" },
        { "seed", "88172645463325252", "88172645463325252" },               { "seed", "random", "random" },
        { "length", "512", "512" },
        { "order", "temperature, penalties,top-k,top-p,min-p", "temperature,penalties,top-k,top-p,min-p" },
    };
    struct chat_settings s = settings_default();
    struct err e = ERR_INIT;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (setting_parse(&s, setting_find(good[i].name), good[i].value, &e))
            fail_msg("%s", e.msg);
        assert_string_equal(shown(&s, good[i].name), good[i].want);
    }
    assert_true(s.sampler.temperature == 1.125f && s.sampler.last_n == 64 && s.max_tokens == 512);
}

static void nonsense_is_refused_with_the_range(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "temperature", "hot" }, { "temperature", "2.5" }, { "temperature", "nan" }, { "temperature", "inf" },
        { "temperature", "-1" },  { "temperature", "0.5x" }, { "temperature", "" },  { "temperature", "off" },
        { "top-k", "1.5" },       { "top-k", "1e9" },        { "top-p", "0" },       { "top-p", "0,95" },
        { "seed", "-1" },         { "seed", "1.5" },         { "seed", "99999999999999999999999" },
        { "length", "0" },        { "length", "off" },       { "window", "-2" },
        { "order", "top-k" },     { "order", "top-k,top-k,top-p,min-p,temperature" }, { "order", "" },
    };
    struct chat_settings s = settings_default(), before = s;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = ERR_INIT;
        if (!setting_parse(&s, setting_find(bad[i][0]), bad[i][1], &e))
            fail_msg("%s took '%s'", bad[i][0], bad[i][1]);
        assert_non_null(strstr(e.msg, bad[i][0]));
        assert_string_equal(shown(&s, bad[i][0]), shown(&before, bad[i][0]));
    }
    assert_int_equal(setting_find("top_p"), -1);
}

/* What is shown reads back as the same value, wherever steps lead; the ends hold. */
static void steps_stay_inside_and_read_back(void **state)
{
    (void)state;
    for (size_t which = 0; which < n_settings; which++) {
        struct chat_settings s = settings_default(), back = s;
        for (uint64_t i = 0; i < 300; i++) {
            char text[SETTING_TEXT], again[SETTING_TEXT];
            struct err e = ERR_INIT;
            setting_step(&s, (int)which, rng_u64(which, i) % 5 == 0 ? 200 : rng_u64(which, i) % 2 ? 1 : -1);
            setting_format(&s, (int)which, text);
            if (setting_parse(&back, (int)which, text, &e))
                fail_msg("%s", e.msg);
            setting_format(&back, (int)which, again);
            assert_string_equal(text, again);
            double place = setting_place(&s, (int)which);
            assert_true(place == -1 || (place >= 0 && place <= 1));
        }
        setting_reset(&s, (int)which);
        struct chat_settings d = settings_default();
        assert_string_equal(shown(&s, settings[which].name), shown(&d, settings[which].name));
    }
}

static void a_step_is_what_it_says(void **state)
{
    (void)state;
    struct chat_settings s = settings_default();
    struct err e;
    int which = setting_find("temperature");
    setting_parse(&s, which, "0.8", &e);
    setting_step(&s, which, 1);
    assert_string_equal(shown(&s, "temperature"), "0.85");
    setting_step(&s, which, -2);
    assert_string_equal(shown(&s, "temperature"), "0.75");
    setting_step(&s, which, -1000);
    assert_string_equal(shown(&s, "temperature"), "0.00");
    which = setting_find("seed");
    setting_step(&s, which, 1);
    assert_true(s.fixed_seed);
    setting_reset(&s, which);
    assert_string_equal(shown(&s, "seed"), "random");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_read_as_people_write_them),
        cmocka_unit_test(nonsense_is_refused_with_the_range),
        cmocka_unit_test(steps_stay_inside_and_read_back),
        cmocka_unit_test(a_step_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
