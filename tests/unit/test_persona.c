/* Personas: if this fails, a persona a user wrote is misread, or a stranger's file does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "chat/persona.h"

static const char translator[] =
    "---\n# a comment\nname: Translator\ndescription: \"does it: well\"\nmodel: small\n"
    "variables:\n  from: English\n  to:\nsettings:\n  temperature: 0.2\n  top-p: 0.9\n---\n\n"
    "From {{from}} into {{ to }}, \\{{to}} stays.\n\n";

static void a_persona_is_read_whole(void **state)
{
    (void)state;
    struct persona p;
    struct err e = ERR_INIT;
    struct str out = STR_INIT;
    assert_int_equal(persona_parse("x/t.md", translator, sizeof translator - 1, &p, &e), 0);
    assert_string_equal(p.name, "Translator");
    assert_string_equal(p.description, "does it: well");
    assert_string_equal(p.model, "small");
    assert_int_equal(p.n_variables, 2);
    assert_string_equal(p.variables[0].value, "English");
    assert_string_equal(p.variables[1].value, "");
    assert_int_equal(p.n_settings, 2);
    assert_string_equal(p.settings[1].name, "top-p");
    assert_int_equal(p.settings[1].line, 11);

    assert_int_equal(persona_render(&p, NULL, &out, &e), -1);
    assert_non_null(strstr(e.msg, "to has no value"));
    str_clear(&out);
    const char *values[] = { NULL, "{{from}}" }; /* a value is never read again for variables */
    assert_int_equal(persona_render(&p, values, &out, &e), 0);
    assert_string_equal(out.p, "From English into {{from}}, {{to}} stays.");
    str_release(&out);
    persona_release(&p);
}

static void plain_markdown_is_a_persona_too(void **state)
{
    (void)state;
    struct persona p;
    struct err e = ERR_INIT;
    assert_int_equal(persona_parse("dir/pirate.md", "Talk like one.\r\n", 16, &p, &e), 0);
    assert_string_equal(p.name, "pirate");
    assert_string_equal(p.text, "Talk like one.");
    assert_string_equal(p.model, "");
    persona_release(&p);
}

static void errors_name_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } bad[] = {
        { "---\nname: x\n", "f.md: the front matter has no end" },
        { "---\nname x\n---\nhi", "f.md:2: a line of the form" },
        { "---\ncolour: red\n---\nhi", "f.md:2: name, description, model" },
        { "---\nname: a\nname: b\n---\nhi", "f.md:3: this stands there twice" },
        { "---\n  a: b\n---\nhi", "f.md:2: indented" },
        { "---\nvariables:\n\ta: b\n---\nhi", "f.md:3: indent with spaces" },
        { "---\nvariables: x\n---\nhi", "f.md:2: lines 'name: value'" },
        { "---\nvariables:\n  a: 1\n  a: 2\n---\nhi", "f.md:4: this stands there twice" },
        { "---\nname: \"x\n---\nhi", "f.md:2: the quote is not closed" },
        { "---\nname: x\n---\n\n", "f.md: no text" },
        { "---\nname: x\n---\n\nhi {{who}}", "f.md:5: not under variables" },
        { "hi\n{{who", "f.md:2: {{ needs" },
        { "hi {{}}", "f.md:1: {{ needs" },
        { "hi \033[31m", "f.md:1: a control character" },
        { "hi \xff", "f.md:1: not UTF-8" },
        { "", "f.md: no text" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct persona p;
        struct err e = ERR_INIT;
        assert_int_equal(persona_parse("f.md", bad[i].text, strlen(bad[i].text), &p, &e), -1);
        if (!strstr(e.msg, bad[i].want))
            fail_msg("'%s' gave '%s'", bad[i].text, e.msg);
        assert_null(p.name);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    struct persona p;
    struct err e = ERR_INIT;
    str_adds(&s, "---\nvariables:\n");
    for (int i = 0; i < PERSONA_MAX_PAIRS + 1; i++)
        str_addf(&s, "  v%c: x\n", 'a' + i);
    str_adds(&s, "---\nhi");
    assert_int_equal(persona_parse("f.md", s.p, s.len, &p, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    str_clear(&s);
    for (int i = 0; i < PERSONA_MAX_FILE + 1; i++)
        str_addc(&s, 'a');
    assert_int_equal(persona_parse("f.md", s.p, s.len, &p, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    str_release(&s);
}

/* Whatever stands in a file, reading it ends, and what was read can be rendered. */
static void any_bytes_are_safe(void **state)
{
    (void)state;
    static const char *const bits[] = { "---\n", "name", ":", " ", "\n", "variables:\n", "  a: b\n", "{{", "}}", "{{a}}", "\\", "\"",
                                        "settings:\n", "é", "\xc3", "\r\n", "#", "  x:\n", "{", "text " };
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct str s = STR_INIT, out = STR_INIT;
        struct persona p;
        struct err e = ERR_INIT;
        if (rng_u64(seed, 1000) % 2)
            str_adds(&s, "---\n");
        for (uint64_t i = 0; i < 30; i++)
            str_adds(&s, bits[rng_u64(seed, i) % (sizeof bits / sizeof bits[0])]);
        char *exact = malloc(s.len); /* no byte behind it: a sanitizer sees a read too far */
        memcpy(exact, s.p, s.len);
        if (!persona_parse("f.md", exact, s.len, &p, &e))
            persona_render(&p, NULL, &out, &e);
        else if (!e.msg[0])
            fail_msg("seed %d: refused without a reason", (int)seed);
        persona_release(&p);
        free(exact);
        str_release(&s);
        str_release(&out);
    }
}

static void write_to(const char *dir, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void the_users_come_first(void **state)
{
    (void)state;
    char home[] = "/tmp/hiss-persona-XXXXXX", dir[256];
    struct persona_list l;
    struct persona p;
    struct err e = ERR_INIT;
    assert_non_null(mkdtemp(home));
    setenv("HISS_HOME", home, 1);
    snprintf(dir, sizeof dir, "%s/share", home);
    setenv("HISS_SHARE", dir, 1);
    mkdir(dir, 0700);
    snprintf(dir, sizeof dir, "%s/share/personas", home);
    mkdir(dir, 0700);
    write_to(dir, "editor.md", "shipped");
    write_to(dir, "zed.md", "shipped");
    strcat(dir, "/pipe.md"); /* opening it would wait for ever */
    mkfifo(dir, 0600);
    snprintf(dir, sizeof dir, "%s/config", home);
    mkdir(dir, 0700);
    snprintf(dir, sizeof dir, "%s/config/personas", home);
    mkdir(dir, 0700);
    write_to(dir, "editor.md", "mine");
    write_to(dir, "broken.md", "{{x");
    write_to(dir, ".hidden.md", "x");
    write_to(dir, "notes.txt", "x");
    assert_int_equal(persona_list(&l, &e), 0);
    assert_true(l.n >= 3);
    assert_string_equal(l.v[0].id, "broken");
    assert_non_null(strstr(l.v[0].error, "broken.md:1:"));
    assert_string_equal(l.v[1].id, "editor");
    assert_true(l.v[1].own);
    for (size_t i = 2; i < l.n; i++)
        assert_true(!l.v[i].own && strcmp(l.v[i].id, "editor"));
    persona_list_release(&l);
    assert_int_equal(persona_find("editor", &p, &e), 0);
    assert_string_equal(p.text, "mine");
    persona_release(&p);
    assert_int_equal(persona_find("nobody", &p, &e), -1);
    assert_int_equal(e.code, ERR_NOTFOUND);
    assert_int_equal(persona_find("..", &p, &e), -1);
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", home);
    assert_int_equal(system(command), 0);
}

static void the_shipped_ones_are_sound(void **state)
{
    (void)state;
    static const char *const names[] = { "editor", "storyteller", "translator", "tutor", "shell" };
    const char *top = getenv("top_srcdir");
    if (!top)
        skip();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4096];
        struct persona p;
        struct err e = ERR_INIT;
        snprintf(path, sizeof path, "%s/personas/%s.md", top, names[i]);
        if (persona_load(path, &p, &e))
            fail_msg("%s", e.msg);
        assert_true(p.description[0]);
        persona_release(&p);
    }
    struct persona p;
    struct err e = ERR_INIT;
    assert_int_equal(persona_parse("new.md", persona_skeleton, strlen(persona_skeleton), &p, &e), 0);
    assert_string_equal(p.name, "new"); /* the file's, not one that all would share */
    persona_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_persona_is_read_whole),
        cmocka_unit_test(plain_markdown_is_a_persona_too),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(the_users_come_first),
        cmocka_unit_test(the_shipped_ones_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
