/* What values mean: truth, equality, order, membership, iteration. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "token/jinja_value.h"

const char *jv_kind_name(struct jval v)
{
    static const char *const names[] = { "undefined", "none", "boolean", "integer", "float", "string", "list", "dict",
                                         "namespace", "loop", "macro", "function" };
    return names[v.kind];
}

bool jv_true(struct jval v)
{
    switch (v.kind) {
    case J_UNDEFINED:
    case J_NONE:
        return false;
    case J_BOOL:
        return v.u.b;
    case J_INT:
        return v.u.i != 0;
    case J_FLOAT:
        return v.u.f != 0;
    case J_STRING:
        return v.u.s->n != 0;
    case J_LIST:
        return v.u.l->n != 0;
    case J_DICT:
        return v.u.d->n != 0;
    default:
        return true;
    }
}

bool jv_number(struct jval v, double *out)
{
    if (v.kind == J_BOOL)
        *out = v.u.b;
    else if (v.kind == J_INT)
        *out = (double)v.u.i;
    else if (v.kind == J_FLOAT)
        *out = v.u.f;
    else
        return false;
    return true;
}

/* Enters a nested value; false (having failed) when there is no end to it, as in a list that holds itself. */
static bool enter(struct jrt *rt, unsigned *depth)
{
    if (++*depth > JINJA_MAX_NESTING)
        jrt_fail(rt, ERR_LIMIT, "the template nests values more than %d deep", JINJA_MAX_NESTING);
    return jrt_spend(rt, 1);
}

static bool equal_in(struct jrt *rt, struct jval a, struct jval b, unsigned depth)
{
    double x, y;
    if (!enter(rt, &depth))
        return false;
    if (jv_number(a, &x) && jv_number(b, &y))
        return a.kind == J_INT && b.kind == J_INT ? a.u.i == b.u.i : x == y;
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case J_UNDEFINED:
    case J_NONE:
        return true;
    case J_STRING:
        return jrt_spend(rt, a.u.s->n / 64) && jstr_equal(a.u.s, b.u.s);
    case J_LIST:
        if (a.u.l->n != b.u.l->n || a.u.l->tuple != b.u.l->tuple)
            return false;
        for (size_t i = 0; i < a.u.l->n; i++) {
            if (!equal_in(rt, a.u.l->p[i], b.u.l->p[i], depth))
                return false;
        }
        return true;
    case J_DICT:
        if (a.u.d->n != b.u.d->n)
            return false;
        for (size_t i = 0; i < a.u.d->n; i++) {
            const struct jval *other = jdict_find(rt, b.u.d, a.u.d->keys[i]);
            if (!other || !equal_in(rt, a.u.d->values[i], *other, depth))
                return false;
        }
        return true;
    case J_FUNCTION:
        return a.u.i == b.u.i;
    case J_NAMESPACE:
        return a.u.d == b.u.d;
    case J_LOOP:
        return a.u.loop == b.u.loop;
    default:
        return a.u.macro == b.u.macro;
    }
}

bool jv_equal(struct jrt *rt, struct jval a, struct jval b)
{
    return equal_in(rt, a, b, 0);
}

int jv_compare(struct jrt *rt, struct jval a, struct jval b)
{
    double x, y;
    if (jv_number(a, &x) && jv_number(b, &y))
        return x < y ? -1 : x > y;
    if (a.kind == J_STRING && b.kind == J_STRING) {
        size_t n = a.u.s->n < b.u.s->n ? a.u.s->n : b.u.s->n;
        int c = jrt_spend(rt, 1 + n / 64) ? memcmp(a.u.s->p, b.u.s->p, n) : 0;
        return c ? c : a.u.s->n < b.u.s->n ? -1 : a.u.s->n > b.u.s->n;
    }
    if (a.kind == J_LIST && b.kind == J_LIST) {
        for (size_t i = 0; i < a.u.l->n && i < b.u.l->n && jrt_spend(rt, 1); i++) {
            if (!jv_equal(rt, a.u.l->p[i], b.u.l->p[i])) {
                struct jval p = a.u.l->p[i], q = b.u.l->p[i];
                if (p.kind == J_LIST) /* one level is enough for (key, value) pairs */
                    break;
                return jv_compare(rt, p, q);
            }
        }
        return a.u.l->n < b.u.l->n ? -1 : a.u.l->n > b.u.l->n;
    }
    jrt_fail(rt, ERR_ARG, "the template compares a value of type %s with one of type %s", jv_kind_name(a),
             jv_kind_name(b));
    return 0;
}

bool jv_contains(struct jrt *rt, struct jval where, struct jval what)
{
    switch (where.kind) {
    case J_STRING:
        if (what.kind != J_STRING)
            break;
        return jstr_find(rt, where.u.s, 0, what.u.s) != SIZE_MAX;
    case J_LIST:
        for (size_t i = 0; i < where.u.l->n && jrt_spend(rt, 1); i++) {
            if (jv_equal(rt, where.u.l->p[i], what))
                return true;
        }
        return false;
    case J_DICT:
        return jdict_find(rt, where.u.d, what) != NULL;
    case J_UNDEFINED:
        return false;
    default:
        break;
    }
    jrt_fail(rt, ERR_ARG, "the template looks for a value of type %s in one of type %s", jv_kind_name(what),
             jv_kind_name(where));
    return false;
}

const struct jlist *jv_items(struct jrt *rt, struct jval v)
{
    if (v.kind == J_LIST)
        return v.u.l;
    struct jval out = jv_list(rt);
    if (rt->failed)
        return NULL;
    if (v.kind == J_DICT) {
        for (size_t i = 0; i < v.u.d->n && !rt->failed; i++)
            jlist_add(rt, out.u.l, v.u.d->keys[i]);
    } else if (v.kind == J_STRING) {
        const struct jstr *s = v.u.s;
        for (size_t i = 0, n; i < s->n && !rt->failed; i += n) {
            uint32_t cp;
            n = utf8_decode(s->p + i, s->n - i, &cp, NULL);
            jlist_add(rt, out.u.l, jv_slice(rt, s, i, i + n));
        }
    } else if (v.kind != J_UNDEFINED) {
        jrt_fail(rt, ERR_ARG, "the template iterates over a value of type %s", jv_kind_name(v));
    }
    return rt->failed ? NULL : out.u.l;
}

/* Python's repr of a float: the shortest decimal that reads back as the same number, without an exponent from 1e-4 up
 * to 1e16. */
static void print_float(struct jbuf *b, double f)
{
    char z[64];
    int digits = 0, exponent = 0;
    double back;
    do
        snprintf(z, sizeof z, "%.*e", digits, f);
    while (++digits < 17 && (sscanf(z, "%lf", &back) != 1 || back != f));
    const char *e = strchr(z, 'e');
    if (e && sscanf(e + 1, "%d", &exponent) == 1 && exponent >= -4 && exponent < 16)
        snprintf(z, sizeof z, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 1, f);
    jbuf_z(b, z);
}

/* One character of a string literal, escaped; its mark is the character's own. */
static void print_escaped(struct jbuf *b, const struct jstr *s, size_t i, size_t n, const char *as)
{
    if (as)
        jbuf_bytes(b, as, strlen(as), jstr_from(s, i));
    else
        jbuf_add(b, s, i, i + n);
}

static void print_quoted(struct jbuf *b, const struct jstr *s, bool json)
{
    char quote = json || (memchr(s->p, '\'', s->n) && !memchr(s->p, '"', s->n)) ? '"' : '\'';
    jbuf_bytes(b, &quote, 1, JINJA_SCAFFOLD);
    for (size_t i = 0, n; i < s->n && !b->rt->failed; i += n) {
        uint32_t cp;
        char z[8];
        const char *as = NULL;
        n = utf8_decode(s->p + i, s->n - i, &cp, NULL);
        if (cp == '\n')
            as = "\\n";
        else if (cp == '\t')
            as = "\\t";
        else if (cp == '\r')
            as = "\\r";
        else if (cp == '\\')
            as = "\\\\";
        else if (cp == (uint32_t)quote)
            as = quote == '"' ? "\\\"" : "\\'";
        else if (json && cp == '\b')
            as = "\\b";
        else if (json && cp == '\f')
            as = "\\f";
        else if (cp < 0x20 || (!json && cp == 0x7F)) {
            snprintf(z, sizeof z, json ? "\\u%04x" : "\\x%02x", (unsigned)cp);
            as = z;
        }
        print_escaped(b, s, i, n, as);
    }
    jbuf_bytes(b, &quote, 1, JINJA_SCAFFOLD);
}

/* Scalars in Python's words. */
static void print_scalar(struct jbuf *b, struct jval v)
{
    char z[40];
    switch (v.kind) {
    case J_UNDEFINED:
        break;
    case J_NONE:
        jbuf_z(b, "None");
        break;
    case J_BOOL:
        jbuf_z(b, v.u.b ? "True" : "False");
        break;
    case J_INT:
        snprintf(z, sizeof z, "%lld", (long long)v.u.i);
        jbuf_z(b, z);
        break;
    case J_FLOAT:
        print_float(b, v.u.f);
        break;
    default:
        snprintf(z, sizeof z, "<%s>", jv_kind_name(v));
        jbuf_z(b, z);
    }
}

static void repr_in(struct jbuf *b, struct jval v, unsigned depth)
{
    if (!enter(b->rt, &depth))
        return;
    if (v.kind == J_STRING) {
        print_quoted(b, v.u.s, false);
    } else if (v.kind == J_LIST) {
        const struct jlist *l = v.u.l;
        jbuf_z(b, l->tuple ? "(" : "[");
        for (size_t i = 0; i < l->n && !b->rt->failed; i++) {
            jbuf_z(b, i ? ", " : "");
            repr_in(b, l->p[i], depth);
        }
        jbuf_z(b, !l->tuple ? "]" : l->n == 1 ? ",)" : ")");
    } else if (v.kind == J_DICT) {
        jbuf_z(b, "{");
        for (size_t i = 0; i < v.u.d->n && !b->rt->failed; i++) {
            jbuf_z(b, i ? ", " : "");
            repr_in(b, v.u.d->keys[i], depth);
            jbuf_z(b, ": ");
            repr_in(b, v.u.d->values[i], depth);
        }
        jbuf_z(b, "}");
    } else if (v.kind == J_UNDEFINED) {
        jbuf_z(b, "Undefined");
    } else {
        print_scalar(b, v);
    }
}

void jbuf_repr(struct jbuf *b, struct jval v)
{
    repr_in(b, v, 0);
}

void jbuf_addv(struct jbuf *b, struct jval v)
{
    if (v.kind == J_STRING)
        jbuf_add(b, v.u.s, 0, v.u.s->n);
    else if (v.kind == J_LIST || v.kind == J_DICT)
        jbuf_repr(b, v);
    else
        print_scalar(b, v);
}

const struct jstr *jv_to_str(struct jrt *rt, struct jval v)
{
    if (v.kind == J_STRING)
        return v.u.s;
    struct jbuf b;
    jbuf_init(&b, rt);
    jbuf_addv(&b, v);
    return jbuf_str(&b);
}

static void json_break(struct jbuf *b, int indent, unsigned depth)
{
    if (indent < 0)
        return;
    jbuf_z(b, "\n");
    for (unsigned i = 0; i < depth * (unsigned)indent && !b->rt->failed; i++)
        jbuf_z(b, " ");
}

static void json_in(struct jbuf *b, struct jval v, int indent, unsigned depth)
{
    unsigned level = depth;
    if (!enter(b->rt, &depth))
        return;
    bool list = v.kind == J_LIST;
    size_t n = list ? v.u.l->n : v.kind == J_DICT ? v.u.d->n : 0;
    if (v.kind == J_STRING) {
        print_quoted(b, v.u.s, true);
    } else if (list || v.kind == J_DICT) {
        jbuf_z(b, list ? "[" : "{");
        for (size_t i = 0; i < n && !b->rt->failed; i++) {
            jbuf_z(b, !i ? "" : indent < 0 ? ", " : ",");
            json_break(b, indent, depth);
            if (!list) {
                print_quoted(b, jv_to_str(b->rt, v.u.d->keys[i]), true);
                jbuf_z(b, ": ");
            }
            json_in(b, list ? v.u.l->p[i] : v.u.d->values[i], indent, depth);
        }
        if (n)
            json_break(b, indent, level);
        jbuf_z(b, list ? "]" : "}");
    } else if (v.kind == J_NONE) {
        jbuf_z(b, "null");
    } else if (v.kind == J_BOOL) {
        jbuf_z(b, v.u.b ? "true" : "false");
    } else if (v.kind == J_INT || v.kind == J_FLOAT) {
        print_scalar(b, v);
    } else {
        jrt_fail(b->rt, ERR_ARG, "the template writes a value of type %s as JSON", jv_kind_name(v));
    }
}

void jbuf_json(struct jbuf *b, struct jval v, int indent)
{
    json_in(b, v, indent, 0);
}
