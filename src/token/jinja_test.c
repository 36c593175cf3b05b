/* Tests: "x is name(args)". */
#include <string.h>

#include "token/jinja_eval.h"

static bool is_number(struct jval v)
{
    return v.kind == J_INT || v.kind == J_FLOAT || v.kind == J_BOOL;
}

/* Jinja's lower and upper: as str.islower, str.isupper for ASCII. */
static bool has_case(struct jx *x, struct jval v, char from, char to, char not_from, char not_to)
{
    bool some = false;
    for (size_t i = 0; v.kind == J_STRING && i < v.u.s->n && jrt_spend(&x->rt, 1); i++) {
        char c = v.u.s->p[i];
        if (c >= not_from && c <= not_to)
            return false;
        some = some || (c >= from && c <= to);
    }
    return some;
}

static bool divisible(struct jx *x, struct jval v, struct jval by)
{
    struct jval r = jx_binary(x, JE_MOD, v, by);
    return !x->rt.failed && !jv_true(r);
}

/* Tests of the value alone: 1, 0, or -1 when the name is none of them. */
static int plain_test(struct jx *x, const char *name, struct jval v)
{
    enum jkind k = v.kind;
    const struct {
        const char *name;
        bool holds;
    } tests[] = {
        { "defined", k != J_UNDEFINED }, { "undefined", k == J_UNDEFINED }, { "none", k == J_NONE },
        { "string", k == J_STRING }, { "mapping", k == J_DICT }, { "number", is_number(v) },
        { "integer", k == J_INT }, { "float", k == J_FLOAT }, { "boolean", k == J_BOOL },
        { "true", k == J_BOOL && v.u.b }, { "false", k == J_BOOL && !v.u.b },
        { "iterable", k == J_STRING || k == J_LIST || k == J_DICT || k == J_UNDEFINED },
        { "sequence", k == J_STRING || k == J_LIST || k == J_DICT || k == J_UNDEFINED },
        { "callable", k == J_MACRO || k == J_FUNCTION },
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (!strcmp(name, tests[i].name))
            return tests[i].holds;
    }
    if (!strcmp(name, "lower"))
        return has_case(x, v, 'a', 'z', 'A', 'Z');
    if (!strcmp(name, "upper"))
        return has_case(x, v, 'A', 'Z', 'a', 'z');
    if (!strcmp(name, "even"))
        return divisible(x, v, jv_int(2));
    if (!strcmp(name, "odd"))
        return !divisible(x, v, jv_int(2)) && !x->rt.failed;
    return -1;
}

bool jx_test(struct jx *x, const char *name, struct jval v, const struct jargs *a)
{
    int plain = plain_test(x, name, v);
    if (plain >= 0)
        return plain;
    struct jval w = jargs_get(a, 0, "other");
    static const struct {
        const char *name, *also, *sign;
        enum jop op;
    } compares[] = {
        { "equalto", "eq", "==", JE_EQ }, { "ne", "ne", "!=", JE_NE }, { "lessthan", "lt", "<", JE_LT },
        { "le", "le", "<=", JE_LE }, { "greaterthan", "gt", ">", JE_GT }, { "ge", "ge", ">=", JE_GE },
    };
    for (size_t i = 0; i < sizeof compares / sizeof *compares; i++) {
        if (strcmp(name, compares[i].name) && strcmp(name, compares[i].also) && strcmp(name, compares[i].sign))
            continue;
        if (compares[i].op == JE_EQ || compares[i].op == JE_NE)
            return jv_equal(&x->rt, v, w) == (compares[i].op == JE_EQ);
        int c = jv_compare(&x->rt, v, w);
        return compares[i].op == JE_LT ? c < 0 : compares[i].op == JE_LE ? c <= 0 : compares[i].op == JE_GT ? c > 0 : c >= 0;
    }
    if (!strcmp(name, "in"))
        return jv_contains(&x->rt, w, v);
    if (!strcmp(name, "sameas"))
        return v.kind == w.kind && jv_equal(&x->rt, v, w);
    if (!strcmp(name, "divisibleby"))
        return divisible(x, v, w);
    jrt_fail(&x->rt, ERR_UNSUPPORTED, "the test \"%s\" is not supported", name);
    return false;
}
