/* Evaluating expressions. */
#include <math.h>
#include <string.h>

#include "token/jinja_eval.h"

struct jval jargs_get(const struct jargs *a, size_t i, const char *name)
{
    if (i < a->n && !a->name[i])
        return a->v[i];
    for (size_t k = 0; name && k < a->n; k++) {
        if (a->name[k] && !strcmp(a->name[k], name))
            return a->v[k];
    }
    return jv_undefined();
}

void jx_args(struct jx *x, const struct jnode *call, struct jargs *out)
{
    out->n = 0;
    if (call->list.n > J_MAX_ARGS) {
        jrt_fail(&x->rt, ERR_LIMIT, "the template passes more than %d arguments", J_MAX_ARGS);
        return;
    }
    for (size_t i = 0; i < call->list.n && !x->rt.failed; i++) {
        out->v[i] = jx_eval(x, call->list.p[i]);
        out->name[i] = call->names[i];
        out->n = i + 1;
    }
}

static struct jval type_error(struct jx *x, enum jop op, struct jval a, struct jval b)
{
    static const char *const names[] = { "+", "-", "*", "/", "//", "%", "**" };
    jrt_fail(&x->rt, ERR_ARG, "the template computes %s %s %s", jv_kind_name(a), names[op - JE_ADD], jv_kind_name(b));
    return jv_undefined();
}

/* Integer arithmetic as in Python, up to 64 bits. False when the result does not fit or is none. */
static bool integers(enum jop op, int64_t a, int64_t b, int64_t *r)
{
    switch (op) {
    case JE_ADD:
        if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b)
            return false;
        *r = a + b;
        return true;
    case JE_SUB:
        if (b < 0 ? a > INT64_MAX + b : a < INT64_MIN + b)
            return false;
        *r = a - b;
        return true;
    case JE_MUL:
        if (a == INT64_MIN || b == INT64_MIN || (a && b && (a < 0 ? -a : a) > INT64_MAX / (b < 0 ? -b : b)))
            return false;
        *r = a * b;
        return true;
    case JE_FLOORDIV:
    case JE_MOD: {
        if (!b || (a == INT64_MIN && b == -1))
            return false;
        int64_t q = a / b, m = a % b;
        if (m && (m < 0) != (b < 0)) {
            q--;
            m += b;
        }
        *r = op == JE_MOD ? m : q;
        return true;
    }
    default: /* ** */
        if (b < 0)
            return false;
        for (*r = 1; b; b--) {
            if (a >= -1 && a <= 1) {
                *r = a < 0 && b % 2 == 0 ? 1 : a;
                return true;
            }
            if (!integers(JE_MUL, *r, a, r))
                return false;
        }
        return true;
    }
}

static struct jval numbers(struct jx *x, enum jop op, struct jval a, struct jval b, double p, double q)
{
    bool whole = a.kind != J_FLOAT && b.kind != J_FLOAT;
    if (whole && op != JE_DIV) {
        int64_t r;
        if (integers(op, a.kind == J_BOOL ? a.u.b : a.u.i, b.kind == J_BOOL ? b.u.b : b.u.i, &r))
            return jv_int(r);
    } else if (op == JE_ADD) {
        return jv_float(p + q);
    } else if (op == JE_SUB) {
        return jv_float(p - q);
    } else if (op == JE_MUL) {
        return jv_float(p * q);
    } else if (q != 0 && op == JE_DIV) {
        return jv_float(p / q);
    } else if (q != 0 && op == JE_FLOORDIV) {
        return jv_float(floor(p / q));
    } else if (q != 0 && op == JE_MOD) {
        return jv_float(p - floor(p / q) * q);
    }
    jrt_fail(&x->rt, ERR_ARG, "the template computes a number that cannot be had");
    return jv_undefined();
}

static struct jval repeat(struct jx *x, struct jval v, int64_t times)
{
    if (v.kind == J_STRING) {
        struct jbuf b;
        jbuf_init(&b, &x->rt);
        for (int64_t i = 0; v.u.s->n && i < times && !x->rt.failed; i++)
            jbuf_add(&b, v.u.s, 0, v.u.s->n);
        return jv_str(jbuf_str(&b));
    }
    struct jval out = jv_list(&x->rt);
    for (int64_t i = 0; v.u.l->n && i < times && jrt_spend(&x->rt, 1); i++) {
        for (size_t k = 0; k < v.u.l->n && !x->rt.failed; k++)
            jlist_add(&x->rt, out.u.l, v.u.l->p[k]);
    }
    return out;
}

static struct jval concat(struct jx *x, struct jval a, struct jval b)
{
    struct jbuf out;
    jbuf_init(&out, &x->rt);
    jbuf_addv(&out, a);
    jbuf_addv(&out, b);
    return jv_str(jbuf_str(&out));
}

struct jval jx_binary(struct jx *x, enum jop op, struct jval a, struct jval b)
{
    double p, q;
    if (jv_number(a, &p) && jv_number(b, &q))
        return numbers(x, op, a, b, p, q);
    if (op == JE_ADD && a.kind == J_STRING && b.kind == J_STRING)
        return concat(x, a, b);
    if (op == JE_ADD && a.kind == J_LIST && b.kind == J_LIST) {
        struct jval out = jv_list(&x->rt);
        for (size_t i = 0; i < a.u.l->n && !x->rt.failed; i++)
            jlist_add(&x->rt, out.u.l, a.u.l->p[i]);
        for (size_t i = 0; i < b.u.l->n && !x->rt.failed; i++)
            jlist_add(&x->rt, out.u.l, b.u.l->p[i]);
        return out;
    }
    if (op == JE_MUL && (a.kind == J_STRING || a.kind == J_LIST) && b.kind == J_INT)
        return repeat(x, a, b.u.i);
    if (op == JE_MOD && a.kind == J_STRING)
        return jtext_format(x, a.u.s, b);
    return type_error(x, op, a, b);
}

static struct jval loop_attr(struct jx *x, const struct jloop *l, const char *name)
{
    size_t n = l->items->n, i = l->at;
    if (!strcmp(name, "index"))
        return jv_int((int64_t)i + 1);
    if (!strcmp(name, "index0"))
        return jv_int((int64_t)i);
    if (!strcmp(name, "first"))
        return jv_bool(i == 0);
    if (!strcmp(name, "last"))
        return jv_bool(i + 1 == n);
    if (!strcmp(name, "length"))
        return jv_int((int64_t)n);
    if (!strcmp(name, "revindex"))
        return jv_int((int64_t)(n - i));
    if (!strcmp(name, "revindex0"))
        return jv_int((int64_t)(n - i) - 1);
    if (!strcmp(name, "previtem"))
        return i ? l->items->p[i - 1] : jv_undefined();
    if (!strcmp(name, "nextitem"))
        return i + 1 < n ? l->items->p[i + 1] : jv_undefined();
    jrt_fail(&x->rt, ERR_UNSUPPORTED, "loop.%s is not supported", name);
    return jv_undefined();
}

struct jval jx_attr(struct jx *x, struct jval a, const char *name)
{
    if (a.kind == J_LOOP)
        return loop_attr(x, a.u.loop, name);
    if ((a.kind != J_DICT && a.kind != J_NAMESPACE) || !jrt_spend(&x->rt, a.u.d->n / 2))
        return jv_undefined();
    const struct jval *v = jdict_find_z(a.u.d, name);
    return v ? *v : jv_undefined();
}

struct jval jx_item(struct jx *x, struct jval a, struct jval key)
{
    if (a.kind == J_DICT || a.kind == J_NAMESPACE) {
        const struct jval *v = jdict_find(&x->rt, a.u.d, key);
        return v ? *v : jv_undefined();
    }
    if (key.kind == J_BOOL)
        key = jv_int(key.u.b);
    if (key.kind != J_INT)
        return jv_undefined();
    size_t n = a.kind == J_LIST ? a.u.l->n : a.kind == J_STRING ? jstr_chars(&x->rt, a.u.s) : 0;
    int64_t i = key.u.i < 0 ? key.u.i + (int64_t)n : key.u.i;
    if (i < 0 || (uint64_t)i >= n)
        return jv_undefined();
    if (a.kind == J_LIST)
        return a.u.l->p[i];
    size_t begin = jstr_offset(a.u.s, (size_t)i), end = jstr_offset(a.u.s, (size_t)i + 1);
    return jv_slice(&x->rt, a.u.s, begin, end);
}

/* A bound of a slice as Python's slice.indices has it. */
static int64_t bound(struct jval v, int64_t none, int64_t n, bool down)
{
    if (v.kind != J_INT && v.kind != J_BOOL)
        return none;
    int64_t i = v.kind == J_BOOL ? v.u.b : v.u.i;
    if (i < 0)
        i = i < -n ? -1 : i + n;
    if (i < 0)
        return down ? -1 : 0;
    return i >= n ? (down ? n - 1 : n) : i;
}

struct jval jx_slice(struct jx *x, struct jval a, struct jval from, struct jval to, struct jval step)
{
    int64_t by = step.kind == J_INT ? step.u.i : 1;
    bool text = a.kind == J_STRING;
    if (a.kind == J_UNDEFINED)
        return a;
    if ((!text && a.kind != J_LIST) || !by) {
        jrt_fail(&x->rt, ERR_ARG, "the template cuts a slice of a value of type %s", jv_kind_name(a));
        return jv_undefined();
    }
    int64_t n = (int64_t)(text ? jstr_chars(&x->rt, a.u.s) : a.u.l->n);
    int64_t i = bound(from, by < 0 ? n - 1 : 0, n, by < 0), end = bound(to, by < 0 ? -1 : n, n, by < 0);
    if (!jrt_spend(&x->rt, 1 + (size_t)n / 16))
        return jv_undefined();
    if (text && by == 1)
        return i < end ? jv_slice(&x->rt, a.u.s, jstr_offset(a.u.s, (size_t)i), jstr_offset(a.u.s, (size_t)end))
                       : jv_str(&jstr_empty);
    const struct jlist *items = jv_items(&x->rt, a);
    struct jval out = jv_list(&x->rt);
    while (!x->rt.failed && (by > 0 ? i < end : i > end)) {
        jlist_add(&x->rt, out.u.l, items->p[i]);
        if (by > 0 ? by > end - i : by < end - i)
            break;
        i += by;
    }
    return text && !x->rt.failed ? jtext_join(x, out, &jstr_empty) : out;
}

static bool link_holds(struct jx *x, enum jop op, struct jval a, struct jval b)
{
    switch (op) {
    case JE_EQ:
        return jv_equal(&x->rt, a, b);
    case JE_NE:
        return !jv_equal(&x->rt, a, b);
    case JE_LT:
        return jv_compare(&x->rt, a, b) < 0;
    case JE_LE:
        return jv_compare(&x->rt, a, b) <= 0;
    case JE_GT:
        return jv_compare(&x->rt, a, b) > 0;
    case JE_GE:
        return jv_compare(&x->rt, a, b) >= 0;
    case JE_IN:
        return jv_contains(&x->rt, b, a);
    default:
        return !jv_contains(&x->rt, b, a);
    }
}

static struct jval chain(struct jx *x, const struct jnode *n)
{
    struct jval a = jx_eval(x, n->list.p[0]);
    for (size_t i = 0; i < n->body.n && !x->rt.failed; i++) {
        struct jval b = jx_eval(x, n->list.p[i + 1]);
        if (x->rt.failed || !link_holds(x, n->body.p[i]->op, a, b))
            return jv_bool(false);
        a = b;
    }
    return jv_bool(true);
}

static struct jval call_value(struct jx *x, struct jval f, const struct jnode *n, const struct jargs *args)
{
    if (f.kind == J_MACRO)
        return jx_call_macro(x, f.u.macro, args);
    if (f.kind == J_FUNCTION)
        return jx_function(x, f.u.i, args);
    const char *name = n->a->name ? n->a->name : "value";
    if (f.kind == J_UNDEFINED)
        jrt_fail(&x->rt, ERR_UNSUPPORTED, "the function \"%s\" is not there", name);
    else
        jrt_fail(&x->rt, ERR_ARG, "the template calls \"%s\", a value of type %s", name, jv_kind_name(f));
    return jv_undefined();
}

static struct jval call(struct jx *x, const struct jnode *n)
{
    struct jargs args;
    struct jval self = n->a->op == JE_ATTR ? jx_eval(x, n->a->a) : jx_eval(x, n->a);
    if (!x->rt.failed)
        jx_args(x, n, &args);
    if (x->rt.failed)
        return jv_undefined();
    x->rt.line = n->line;
    if (n->a->op != JE_ATTR)
        return call_value(x, self, n, &args);
    bool method = self.kind != J_DICT && self.kind != J_NAMESPACE;
    if (method || jx_is_method(self, n->a->name))
        return jx_method(x, self, n->a->name, &args);
    return call_value(x, jx_attr(x, self, n->a->name), n, &args);
}

static struct jval collect(struct jx *x, const struct jnode *n)
{
    struct jval out = n->op == JE_DICT ? jv_dict(&x->rt, J_DICT) : jv_list(&x->rt);
    for (size_t i = 0; i < n->list.n && !x->rt.failed; i++) {
        struct jval v = jx_eval(x, n->list.p[i]);
        if (n->op != JE_DICT)
            jlist_add(&x->rt, out.u.l, v);
        else if (!x->rt.failed)
            jdict_put(&x->rt, out.u.d, v, jx_eval(x, n->list.p[++i]));
    }
    if (n->op == JE_TUPLE && !x->rt.failed)
        out.u.l->tuple = true;
    return out;
}

static struct jval filter_or_test(struct jx *x, const struct jnode *n)
{
    struct jargs args;
    struct jval v = jx_eval(x, n->a);
    jx_args(x, n, &args);
    if (x->rt.failed)
        return jv_undefined();
    x->rt.line = n->line;
    return n->op == JE_FILTER ? jx_filter(x, n->name, v, &args) : jv_bool(jx_test(x, n->name, v, &args));
}

static struct jval negative(struct jx *x, enum jop op, struct jval v)
{
    if (v.kind == J_BOOL)
        v = jv_int(v.u.b);
    if ((v.kind != J_INT && v.kind != J_FLOAT) || (v.kind == J_INT && v.u.i == INT64_MIN)) {
        jrt_fail(&x->rt, ERR_ARG, "the template puts a sign before a value of type %s", jv_kind_name(v));
        return jv_undefined();
    }
    if (op == JE_POS)
        return v;
    return v.kind == J_INT ? jv_int(-v.u.i) : jv_float(-v.u.f);
}

static struct jval optional(struct jx *x, const struct jnode *n)
{
    return n ? jx_eval(x, n) : jv_undefined();
}

static struct jval eval(struct jx *x, const struct jnode *n)
{
    struct jval a, b;
    switch (n->op) {
    case JE_CONST:
        return n->value;
    case JE_NAME: {
        const struct jval *v = jscope_find(x, x->scope, n->name);
        return v ? *v : jx_find_function(n->name);
    }
    case JE_LIST:
    case JE_TUPLE:
    case JE_DICT:
        return collect(x, n);
    case JE_ATTR:
        a = jx_eval(x, n->a);
        return jx_attr(x, a, n->name);
    case JE_SLICE:
        a = jx_eval(x, n->a);
        b = optional(x, n->list.p[0]);
        struct jval c = optional(x, n->list.p[1]), d = optional(x, n->list.p[2]);
        return x->rt.failed ? jv_undefined() : jx_slice(x, a, b, c, d);
    case JE_CALL:
        return call(x, n);
    case JE_FILTER:
    case JE_TEST:
        return filter_or_test(x, n);
    case JE_NOT:
        return jv_bool(!jv_true(jx_eval(x, n->a)));
    case JE_NEG:
    case JE_POS:
        a = jx_eval(x, n->a);
        return x->rt.failed ? a : negative(x, n->op, a);
    case JE_AND:
    case JE_OR:
        a = jx_eval(x, n->a);
        return x->rt.failed || jv_true(a) == (n->op == JE_OR) ? a : jx_eval(x, n->b);
    case JE_COND:
        return jv_true(jx_eval(x, n->b)) ? jx_eval(x, n->a) : optional(x, n->c);
    case JE_CHAIN:
        return chain(x, n);
    default:
        break;
    }
    a = jx_eval(x, n->a);
    b = x->rt.failed ? jv_undefined() : jx_eval(x, n->b);
    if (x->rt.failed)
        return jv_undefined();
    x->rt.line = n->line;
    if (n->op == JE_ITEM)
        return jx_item(x, a, b);
    if (n->op == JE_CONCAT)
        return concat(x, a, b);
    return n->op >= JE_EQ ? jv_bool(link_holds(x, n->op, a, b)) : jx_binary(x, n->op, a, b);
}

struct jval jx_eval(struct jx *x, const struct jnode *n)
{
    if (!jx_enter(x, n->line))
        return jv_undefined();
    struct jval v = eval(x, n);
    jx_leave(x);
    return x->rt.failed ? jv_undefined() : v;
}
