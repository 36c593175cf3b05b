/* Settings: if this fails, a value a user typed is misread, shown wrong, or leaves its range. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "desk/preset.h"
#include "desk/settings.h"

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
    assert_int_equal(setting_find("temp"), setting_find("temperature"));
    assert_int_equal(setting_find("top-"), -1); /* top-p or top-k? */
    assert_int_equal(setting_find(""), -1);
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

/* temperature of preset `one`, whose file is written with this text and time. */
static const char *preset_says(const char *path, const char *text, time_t when)
{
    struct chat_settings s = settings_default();
    struct err e = ERR_INIT;
    const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };
    assert_int_equal(file_write(path, text, strlen(text), &e), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    if (preset_load("one", &s, &e))
        fail_msg("%s", e.msg);
    return shown(&s, "temperature");
}

/* A preset that was changed holds at once; one that was not is not read again at each key of the settings panel. */
static void a_preset_is_read_when_it_has_changed(void **state)
{
    (void)state;
    char home[] = "/tmp/hiss-preset-XXXXXX", folder[64], path[80], command[64];
    struct err e = ERR_INIT;
    assert_non_null(mkdtemp(home));
    setenv("HISS_HOME", home, 1);
    snprintf(folder, sizeof folder, "%s/config/presets", home);
    assert_int_equal(file_mkdirs(folder, &e), 0);
    snprintf(path, sizeof path, "%s/one", folder);
    time_t now = time(NULL);
    assert_string_equal(preset_says(path, "temperature 0.1\n", now - 100), "0.10");
    assert_string_equal(preset_says(path, "temperature 0.2\n", now - 100), "0.10"); /* nothing tells that it changed */
    assert_string_equal(preset_says(path, "temperature 0.3\n", now - 99), "0.30");
    assert_string_equal(preset_says(path, "temperature 0.45\n", now - 99), "0.45");
    assert_string_equal(preset_says(path, "temperature 0.5\n", now), "0.50");
    assert_string_equal(preset_says(path, "temperature 0.6\n", now), "0.60"); /* too young to be sure */
    snprintf(command, sizeof command, "rm -r %s", home);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_read_as_people_write_them),
        cmocka_unit_test(nonsense_is_refused_with_the_range),
        cmocka_unit_test(steps_stay_inside_and_read_back),
        cmocka_unit_test(a_step_is_what_it_says),
        cmocka_unit_test(a_preset_is_read_when_it_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
