/* jinja: if these fail, conversations are laid out otherwise than the model was taught, or a hostile model file can
 * crash or hang the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "token/jinja_eval.h"

/* Runs src; the output or, when it fails, the message goes to *out. */
static enum err_code run(const char *src, size_t n, struct str *out)
{
    struct err e = ERR_INIT;
    struct jx x;
    const struct jstr *text;
    str_clear(out);
    struct jinja *j = jinja_parse(src, n, &e);
    if (!j) {
        assert_int_not_equal(e.code, ERR_OK);
        str_adds(out, e.msg);
        return e.code;
    }
    assert_int_equal(jx_init(&x, 1768469400, &e), 0);
    int r = jinja_run(j, &x, &text);
    if (r)
        str_adds(out, e.msg);
    else
        str_add(out, text->p, text->n);
    assert_true((r != 0) == (e.code != ERR_OK));
    jx_release(&x);
    jinja_free(j);
    return e.code;
}

static void check(const char *src, const char *want)
{
    struct str out = STR_INIT;
    if (run(src, strlen(src), &out) != ERR_OK || strcmp(str_z(&out), want))
        fail_msg("%s\n gives %s\n and not %s", src, str_z(&out), want);
    str_release(&out);
}

static void refused(const char *src, enum err_code code, const char *part)
{
    struct str out = STR_INIT;
    enum err_code got = run(src, strlen(src), &out);
    if (got != code || !strstr(str_z(&out), part))
        fail_msg("%.200s\n gives %s: %s", src, err_name(got), str_z(&out));
    str_release(&out);
}

static void white_space_goes_as_in_jinja2(void **state)
{
    (void)state;
    check("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc");
    check("x {%- if true -%} y {%- endif %} z", "xy z");
    check("  {% set a=1 %}\n  {{ a }}\n", "  1");
    check("a\r\nb\rc\r\n", "a\nb\nc");
    check("x{# c #}\n  {# d #}\ny", "xy");
    check("  {%+ if true %}x{% endif +%}\ny", "  x\ny");
    check("{{ 'a' }}\n{{ 'b' }}\n\n", "a\nb\n");
    check("x  {{- ' y ' -}}  \n z", "x y z");
    check("{% raw %}{{ x }}{% if %}{% endraw %}!", "{{ x }}{% if %}!");
    check("", "");
    check("\n", "");
    check("{% generation %}a{% endgeneration %}", "a");
}

static void values_print_as_in_jinja2(void **state)
{
    (void)state;
    check("{{ 'a' if false }}|{{ none }}|{{ true }}|{{ 1.0 }}|{{ [1,'x'] }}", "|None|True|1.0|[1, 'x']");
    check("{{ {'a':1,'b':'\xC3\xA9\"<'} | tojson }}", "{\"a\": 1, \"b\": \"\xC3\xA9\\\"<\"}");
    check("{{ undefinedvar }}|{{ 'x' in 'xyz' }}|{{ 1 == 1.0 }}|{{ '' or 'd' }}", "|True|True|d");
    check("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }}", "-4 2 3.5");
    check("{{ 2 ** 10 }} {{ 1e3 }} {{ 0.1 + 0.2 }} {{ 1_000 }}", "1024 1000.0 0.30000000000000004 1000");
    check("{{ (1, 'a') }} {{ (1,) }} {{ \"it's\" }} {{ [\"it's\"] }}", "(1, 'a') (1,) it's [\"it's\"]");
    check("{{ 'a\\n\\x41\\u00e9\\q' 'b' }}", "a\nA\xC3\xA9\\qb");
    check("{{ {'a': [1, {}], 'b': none} | tojson(indent=2) }}",
          "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": null\n}");
    check("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}");
}

static void expressions_bind_as_in_jinja2(void **state)
{
    (void)state;
    check("{{ 'A' + ' b ' | trim + 'C' }}", "AbC");
    check("{{ not x is defined }} {{ 1 ~ 2 + 3 if false else 'a' ~ 1 }}", "True a1");
    check("{{ 'abc'[1:] }}{{ 'abc'[::-1] }}{{ [1,2,3][-1] }}", "bccba3");
    check("{{ [1,2,3,4][1:3] }}{{ [1,2,3,4][::-2] }}{{ 'h\xC3\xA9llo'[1] }}{{ 'abc'[5:] }}{{ 'abc'[-2:] }}",
          "[2, 3][4, 2]\xC3\xA9" "bc");
    check("{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'a' not in 'abc' }} {{ 2 in [1, 2] }}", "True False False True");
    check("{{ -1 | abs }} {{ (1 if 0 else 2 if 0 else 3) }} {{ 1 and 0 or 5 }}", "1 3 5");
    check("{{ 4 is divisibleby 2 }} {{ 3 is even }} {{ 'x' is string and 1 is not none }}", "True False True");
    check("{{ x.y.z is defined }} {{ {'a': 1}.a }} {{ {'items': 5}['items'] }}", "False 1 5");
    check("{{ 'a' if x else 'b' }} {{ [] or 'empty' }} {{ [0] == [0.0] }}", "b empty True");
}

static void statements_run_as_in_jinja2(void **state)
{
    (void)state;
    check("{% for i in [1,2,3] %}{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}", "1,2,3");
    check("{% set x=1 %}{% for i in [1,2] %}{% set x=x+i %}{% endfor %}{{ x }}", "1");
    check("{% set n=namespace(x=1) %}{% for i in [1,2] %}{% set n.x=n.x+i %}{% endfor %}{{ n.x }}", "4");
    check("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}", "a=1;b=2;");
    check("{% for i in [] %}x{% else %}none{% endfor %}", "none");
    check("{% for i in range(6) if i is odd %}{{ i }}{{ loop.length }}{% endfor %}", "133353");
    check("{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i > 4 %}{% break %}{% endif %}{{ i }}"
          "{% endfor %}", "0134");
    check("{% macro m(a, b='B') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}", "1B32");
    check("{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "3210");
    check("{% set x %}a{{ 1 }}{% endset %}{{ x }}{% set a, b = 1, 2 %}{{ a + b }}", "a13");
    check("{% filter upper | trim %} a{{ 'b' }} {% endfilter %}", "AB");
    check("{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}", "b");
    check("{% for x in 'ab' %}{{ loop.previtem }}{{ x }}{{ loop.revindex }}{% endfor %}", "a2ab1");
}

static void filters_and_methods_work(void **state)
{
    (void)state;
    check("{{ 'a,b,,c'.split(',') | length }}{{ ' a b '.split() | length }}", "42");
    check("{{ 'a-b-c'.split('-', 1) }}{{ 'a-b-c'.rsplit('-', 1) }}{{ ' a b  c '.split(none, 1) }}",
          "['a', 'b-c']['a-b', 'c']['a', 'b  c']");
    check("{{ '\\n x\\u00a0'.strip() }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'ab\\n'.rstrip('\\n') }}", "x|axx|ab");
    check("{{ 'aXbX'.replace('X', '--') }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}", "a--b--TrueTrue");
    check("{{ ['a', 1] | join('-') }} {{ 'aB c' | title }} {{ 'ABC' | capitalize }} {{ 'h\xC3\xA9' | length }}",
          "a-1 Ab C Abc 2");
    check("{{ [{'r': 'u'}, {'r': 'a'}] | selectattr('r', 'equalto', 'u') | list | length }}", "1");
    check("{{ [{'r': 'u'}, {'q': 1}] | rejectattr('r') | list }}{{ [1, 2, 3] | map('string') | list }}",
          "[{'q': 1}]['1', '2', '3']");
    check("{{ [{'r': 2}, {'r': 1}] | map(attribute='r') | sort | list }}{{ {'b': 1, 'a': 2} | dictsort }}",
          "[1, 2][('a', 2), ('b', 1)]");
    check("{{ x | default('d') }}{{ '' | default('e', true) }}{{ none | default('f') }}", "deNone");
    check("{{ {'a': 1}.get('b') }}{{ {'a': 1}.get('b', 2) }}{{ 'x' ~ {'a': 1}.keys() | list }}", "None2x['a']");
    check("{{ 'a\\nb' | indent(2) }}{{ ' 12 ' | int + 1 }}{{ '1.5' | float }}{{ [1, 1, 2] | unique | list }}",
          "a\n  b131.5[1, 2]");
    check("{{ '%s is %d' % ('x', 3) }}{{ [3, 1] | min }}{{ [1, 2] | sum }}{{ 'abc' | first }}{{ [1, 2] | last }}",
          "x is 313a2");
    check("{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}{{ l.pop() }}{{ l }}", "[1, 2]2[1]");
    check("{{ strftime_now('%Y') }}", "2026");
}

static void what_is_missing_is_named_with_its_line(void **state)
{
    (void)state;
    refused("a\n{% include 'x' %}", ERR_UNSUPPORTED, "line 2");
    refused("a\n{% include 'x' %}", ERR_UNSUPPORTED, "include");
    refused("{% call m() %}{% endcall %}", ERR_UNSUPPORTED, "call");
    refused("\n\n{{ 1 | frobnicate }}", ERR_UNSUPPORTED, "frobnicate");
    refused("{{ 1 | frobnicate }}", ERR_UNSUPPORTED, "line 1");
    refused("{{ 'a'.swapcase() }}", ERR_UNSUPPORTED, "swapcase");
    refused("{{ 1 is prime }}", ERR_UNSUPPORTED, "prime");
    refused("{{ cycler(1) }}", ERR_UNSUPPORTED, "cycler");
    refused("{{ raise_exception('no system role') }}", ERR_ARG, "no system role");
    refused("{% if x %}a", ERR_FORMAT, "endif");
    refused("{{ 1 +", ERR_FORMAT, "}}");
    refused("{{ 'abc }}", ERR_FORMAT, "string");
    refused("{# abc", ERR_FORMAT, "comment");
    refused("{% endif %}", ERR_FORMAT, "endif");
    refused("{{ a b }}", ERR_FORMAT, "}}");
    refused("{{ x[1:2:3:4] }}", ERR_FORMAT, "]");
    refused("{{ x[] }}", ERR_FORMAT, "index");
    refused("{{ 'a' + 1 }}", ERR_ARG, "string + integer");
    refused("{{ 1 // 0 }}", ERR_ARG, "number");
}

static void repeated(const char *head, const char *part, size_t times, const char *tail, enum err_code code)
{
    struct str src = STR_INIT, out = STR_INIT;
    str_adds(&src, head);
    for (size_t i = 0; i < times; i++)
        str_adds(&src, part);
    str_adds(&src, tail);
    enum err_code got = run(src.p, src.len, &out);
    if (got != code)
        fail_msg("%s%s...: %s: %s", head, part, err_name(got), str_z(&out));
    str_release(&src);
    str_release(&out);
}

static void hostile_templates_are_stopped(void **state)
{
    (void)state;
    repeated("{{ ", "(", 100000, "1 }}", ERR_LIMIT);
    repeated("{{ ", "[", 100000, "1 }}", ERR_LIMIT);
    repeated("{{ ", "-", 100000, "1 }}", ERR_LIMIT);
    repeated("{{ ", "not ", 100000, "1 }}", ERR_LIMIT);
    repeated("{{ 1", "+1", 100000, " }}", ERR_LIMIT);
    repeated("{{ 1", "|abs", 100000, " }}", ERR_LIMIT);
    repeated("{{ x", ".a", 100000, " }}", ERR_LIMIT);
    repeated("{{ 1", " if 1 else 1", 50000, " }}", ERR_LIMIT);
    repeated("", "{% if 1 %}", 10000, "", ERR_LIMIT);
    repeated("", "{% for i in x %}", 10000, "", ERR_LIMIT);
    repeated("", "x", (1 << 20) + 1, "", ERR_LIMIT);
    repeated("{% set x = 'aaaaaaaaaaaaaaaa' %}", "{% set x = x ~ x %}", 30, "{{ x }}", ERR_LIMIT);
    repeated("{% set x = [1] %}", "{% set x = x + x %}", 40, "", ERR_LIMIT);
    repeated("{% set x = [1] %}", "{% set x = [x, x] %}", 60, "{{ x }}", ERR_LIMIT);
    refused("{% for i in range(2000) %}{% for j in range(2000) %}{% endfor %}{% endfor %}", ERR_LIMIT, "loops");
    refused("{% for i in range(100000000) %}{% endfor %}", ERR_LIMIT, "range");
    refused("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", ERR_LIMIT, "macros");
    refused("{% set n = namespace() %}{% set n.l = [n] %}{{ 'a' * 99999999 }}", ERR_LIMIT, "MiB");
    refused("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", ERR_LIMIT, "deep");
    refused("{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}", ERR_LIMIT, "deep");
    refused("{% set l = [] %}{% set _ = l.append(l) %}{% set m = [] %}{% set _ = m.append(m) %}{{ l == m }}", ERR_LIMIT,
            "deep");
    refused("{% set s = 'a' * 999999 %}{% for i in range(1000000) %}{% if 'b' in s %}{% endif %}{% endfor %}", ERR_LIMIT,
            "end");
    refused("{% set s = 'a' * 999999 %}{% for i in range(1000000) %}{% if s | length == 1 %}{% endif %}{% endfor %}",
            ERR_LIMIT, "end");
    refused("{{ 9223372036854775807 }}", ERR_FORMAT, "smaller");
    refused("{{ 999999999999999999 * 99 }}", ERR_ARG, "number");
}

static void marks_follow_the_bytes(void **state)
{
    (void)state;
    static const char src[] = "{% set t = m.strip().replace('l', 'LL') | upper %}{{ '<' ~ t[1:] ~ '>' ~ [m] }}"
                              "{% for w in m.split('l') %}{{ w }}|{% endfor %}{{ m[::-1] }}{{ {'k': m} | tojson }}";
    struct err e = ERR_INIT;
    struct jinja *j = jinja_parse(src, sizeof src - 1, &e);
    assert_non_null(j);
    struct jx x;
    const struct jstr *text;
    assert_int_equal(jx_init(&x, 0, &e), 0);
    struct jbuf b;
    jbuf_init(&b, &x.rt);
    jbuf_bytes(&b, " he\"lo ", 7, 7);
    jscope_set(&x, "m", jv_str(jbuf_str(&b)));
    assert_int_equal(jinja_run(j, &x, &text), 0);
    static const char want[] = "<E\"LLO>[' he\"lo '] he\"|o | ol\"eh {\"k\": \" he\\\"lo \"}";
    assert_int_equal(text->n, sizeof want - 1);
    assert_memory_equal(text->p, want, text->n);
    /* the replacement "LL", brackets, quotes and separators are the template's own; an escape is its character's */
    char marks[128] = "";
    for (size_t i = 0; i < text->n; i++)
        marks[i] = jstr_from(text, i) == 7 ? 'm' : '.';
    assert_string_equal(marks, ".mm..m...mmmmmmm..mmmm.mm.mmmmmmm.......mmmmmmmm..");
    jx_release(&x);
    jinja_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_goes_as_in_jinja2),
        cmocka_unit_test(values_print_as_in_jinja2),
        cmocka_unit_test(expressions_bind_as_in_jinja2),
        cmocka_unit_test(statements_run_as_in_jinja2),
        cmocka_unit_test(filters_and_methods_work),
        cmocka_unit_test(what_is_missing_is_named_with_its_line),
        cmocka_unit_test(hostile_templates_are_stopped),
        cmocka_unit_test(marks_follow_the_bytes),
    };
    return cmocka_run_group_tests_name("jinja", tests, NULL, NULL);
}
