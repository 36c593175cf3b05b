/* Filters: "x | name(args)". */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "token/jinja_eval.h"

typedef struct jval (*filter_fn)(struct jx *x, struct jval v, const struct jargs *a);

static const struct jstr *text(struct jx *x, struct jval v)
{
    return jv_to_str(&x->rt, v);
}

static int64_t integer(struct jval v, int64_t otherwise)
{
    return v.kind == J_INT ? v.u.i : v.kind == J_BOOL ? v.u.b : otherwise;
}

static struct jval wrong(struct jx *x, const char *filter, struct jval v)
{
    jrt_fail(&x->rt, ERR_ARG, "the template puts a value of type %s through the filter \"%s\"", jv_kind_name(v), filter);
    return jv_undefined();
}

static struct jval f_trim(struct jx *x, struct jval v, const struct jargs *a)
{
    return jtext_strip(x, text(x, v), jargs_get(a, 0, "chars"), J_BOTH);
}

static struct jval f_length(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    switch (v.kind) {
    case J_STRING:
        return jv_int((int64_t)jstr_chars(&x->rt, v.u.s));
    case J_LIST:
        return jv_int((int64_t)v.u.l->n);
    case J_DICT:
        return jv_int((int64_t)v.u.d->n);
    case J_UNDEFINED:
        return jv_int(0);
    default:
        return wrong(x, "length", v);
    }
}

static struct jval f_upper(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jtext_case(x, text(x, v), J_UPPER);
}

static struct jval f_lower(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jtext_case(x, text(x, v), J_LOWER);
}

static struct jval f_title(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jtext_case(x, text(x, v), J_TITLE);
}

static struct jval f_capitalize(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jtext_case(x, text(x, v), J_CAPITALIZE);
}

static struct jval f_replace(struct jx *x, struct jval v, const struct jargs *a)
{
    return jtext_replace(x, text(x, v), jargs_get(a, 0, "old"), jargs_get(a, 1, "new"),
                         integer(jargs_get(a, 2, "count"), -1));
}

static struct jval f_default(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)x;
    bool also_false = jv_true(jargs_get(a, 1, "boolean"));
    if (v.kind != J_UNDEFINED && !(also_false && !jv_true(v)))
        return v;
    struct jval d = jargs_get(a, 0, "default_value");
    return d.kind == J_UNDEFINED ? jv_str(&jstr_empty) : d;
}

static struct jval f_first(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    const struct jlist *l = jv_items(&x->rt, v);
    return l && l->n ? l->p[0] : jv_undefined();
}

static struct jval f_last(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    const struct jlist *l = jv_items(&x->rt, v);
    return l && l->n ? l->p[l->n - 1] : jv_undefined();
}

static struct jval f_list(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    const struct jlist *l = jv_items(&x->rt, v);
    struct jval out = jv_list(&x->rt);
    for (size_t i = 0; l && i < l->n && !x->rt.failed; i++)
        jlist_add(&x->rt, out.u.l, l->p[i]);
    return out;
}

static struct jval f_reverse(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jx_slice(x, v, jv_undefined(), jv_undefined(), jv_int(-1));
}

static struct jval f_string(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return jv_str(text(x, v));
}

/* The number a text begins with, white space around it allowed; false when it is no number as a whole. */
static bool parse_number(struct jx *x, struct jval v, struct jval *out)
{
    struct jval s = jtext_strip(x, v.u.s, jv_undefined(), J_BOTH);
    char z[64], *end;
    if (x->rt.failed || !s.u.s->n || s.u.s->n >= sizeof z || memchr(s.u.s->p, 'x', s.u.s->n))
        return false;
    memcpy(z, s.u.s->p, s.u.s->n);
    z[s.u.s->n] = '\0';
    double f = strtod(z, &end);
    if (*end || !isfinite(f))
        return false;
    *out = strpbrk(z, ".eE") || s.u.s->n > 18 ? jv_float(f) : jv_int(strtoll(z, NULL, 10));
    return true;
}

static struct jval f_int(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jval otherwise = jargs_get(a, 0, "default");
    if (v.kind == J_STRING && !parse_number(x, v, &v))
        return otherwise.kind == J_UNDEFINED ? jv_int(0) : otherwise;
    if (v.kind == J_FLOAT && fabs(v.u.f) < 9e18)
        return jv_int((int64_t)v.u.f);
    return v.kind == J_INT || v.kind == J_BOOL ? jv_int(integer(v, 0)) : jv_int(0);
}

static struct jval f_float(struct jx *x, struct jval v, const struct jargs *a)
{
    double f;
    if (v.kind == J_STRING && !parse_number(x, v, &v))
        v = jargs_get(a, 0, "default");
    return jv_float(jv_number(v, &f) ? f : 0.0);
}

static struct jval f_abs(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    if (v.kind == J_FLOAT)
        return jv_float(fabs(v.u.f));
    if (v.kind == J_INT && v.u.i != INT64_MIN)
        return jv_int(v.u.i < 0 ? -v.u.i : v.u.i);
    return wrong(x, "abs", v);
}

static struct jval f_items(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    if (v.kind == J_UNDEFINED)
        return jv_list(&x->rt);
    if (v.kind != J_DICT)
        return wrong(x, "items", v);
    struct jval out = jv_list(&x->rt);
    for (size_t i = 0; i < v.u.d->n && !x->rt.failed; i++) {
        struct jval pair = jv_list(&x->rt);
        if (x->rt.failed)
            break;
        pair.u.l->tuple = true;
        jlist_add(&x->rt, pair.u.l, v.u.d->keys[i]);
        jlist_add(&x->rt, pair.u.l, v.u.d->values[i]);
        jlist_add(&x->rt, out.u.l, pair);
    }
    return out;
}

/* x.a.b or x[0] as attribute="a.b" names it. */
static struct jval attribute(struct jx *x, struct jval v, struct jval path)
{
    if (path.kind != J_STRING)
        return jx_item(x, v, path);
    struct jval dot = jv_text(&x->rt, ".", 1);
    struct jval parts = x->rt.failed ? dot : jtext_split(x, path.u.s, dot, -1, false);
    for (size_t i = 0; !x->rt.failed && i < parts.u.l->n; i++)
        v = jx_item(x, v, parts.u.l->p[i]);
    return v;
}

/* Insertion sort by binary search, stable: lists in templates are short, and the work is counted. */
static struct jval sorted(struct jx *x, const struct jlist *l, struct jval by, bool reverse, bool with_case)
{
    struct jval out = jv_list(&x->rt), keys = jv_list(&x->rt);
    for (size_t i = 0; l && i < l->n && !x->rt.failed; i++) {
        struct jval key = by.kind == J_UNDEFINED ? l->p[i] : attribute(x, l->p[i], by);
        if (!with_case && key.kind == J_STRING)
            key = jtext_case(x, key.u.s, J_LOWER);
        size_t lo = 0, hi = i;
        while (lo < hi && !x->rt.failed) {
            size_t mid = lo + (hi - lo) / 2;
            int c = jv_compare(&x->rt, key, keys.u.l->p[mid]);
            if (reverse ? c > 0 : c < 0)
                hi = mid;
            else
                lo = mid + 1;
        }
        jlist_add(&x->rt, out.u.l, l->p[i]);
        jlist_add(&x->rt, keys.u.l, key);
        if (x->rt.failed || !jrt_spend(&x->rt, 1 + (i - lo) / 4))
            break;
        memmove(out.u.l->p + lo + 1, out.u.l->p + lo, (i - lo) * sizeof *out.u.l->p);
        memmove(keys.u.l->p + lo + 1, keys.u.l->p + lo, (i - lo) * sizeof *keys.u.l->p);
        out.u.l->p[lo] = l->p[i];
        keys.u.l->p[lo] = key;
    }
    return out;
}

static struct jval f_sort(struct jx *x, struct jval v, const struct jargs *a)
{
    return sorted(x, jv_items(&x->rt, v), jargs_get(a, 2, "attribute"), jv_true(jargs_get(a, 0, "reverse")),
                  jv_true(jargs_get(a, 1, "case_sensitive")));
}

static struct jval f_dictsort(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jval pairs = f_items(x, v, a), by = jargs_get(a, 1, "by");
    bool by_value = by.kind == J_STRING && jstr_is(by.u.s, "value");
    return x->rt.failed ? pairs : sorted(x, pairs.u.l, jv_int(by_value), jv_true(jargs_get(a, 2, "reverse")),
                                         jv_true(jargs_get(a, 0, "case_sensitive")));
}

static struct jval f_join(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jval sep = jargs_get(a, 0, "d"), by = jargs_get(a, 1, "attribute"), out = v;
    if (by.kind != J_UNDEFINED) {
        const struct jlist *l = jv_items(&x->rt, v);
        out = jv_list(&x->rt);
        for (size_t i = 0; l && i < l->n && !x->rt.failed; i++)
            jlist_add(&x->rt, out.u.l, attribute(x, l->p[i], by));
    }
    return x->rt.failed ? jv_undefined() : jtext_join(x, out, sep.kind == J_UNDEFINED ? &jstr_empty : text(x, sep));
}

/* The arguments from the k-th positional one on. */
static struct jargs rest(const struct jargs *a, size_t k)
{
    struct jargs r = { .n = 0 };
    for (size_t i = k; i < a->n; i++) {
        r.v[r.n] = a->v[i];
        r.name[r.n++] = a->name[i];
    }
    return r;
}

static struct jval f_map(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jval by = jargs_get(a, SIZE_MAX, "attribute"), otherwise = jargs_get(a, SIZE_MAX, "default");
    struct jval filter = jargs_get(a, 0, NULL), out = jv_list(&x->rt);
    const struct jlist *l = jv_true(v) ? jv_items(&x->rt, v) : NULL; /* none is as good as empty here, as in Jinja2 */
    struct jargs more = rest(a, 1);
    for (size_t i = 0; l && i < l->n && jrt_spend(&x->rt, 1); i++) {
        struct jval r;
        if (by.kind != J_UNDEFINED) {
            r = attribute(x, l->p[i], by);
            r = r.kind == J_UNDEFINED ? otherwise : r;
        } else if (filter.kind == J_STRING) {
            r = jx_filter(x, filter.u.s->p, l->p[i], &more); /* a literal: NUL-terminated */
        } else {
            return wrong(x, "map", filter);
        }
        jlist_add(&x->rt, out.u.l, r);
    }
    return out;
}

/* select, reject (a test of the item), selectattr, rejectattr (a test of its attribute). */
static struct jval choose(struct jx *x, struct jval v, const struct jargs *a, bool by_attribute, bool keep)
{
    struct jval out = jv_list(&x->rt), test = jargs_get(a, by_attribute, NULL);
    const struct jlist *l = jv_true(v) ? jv_items(&x->rt, v) : NULL; /* as in map */
    struct jargs more = rest(a, by_attribute ? 2 : 1);
    for (size_t i = 0; l && i < l->n && jrt_spend(&x->rt, 1); i++) {
        struct jval w = by_attribute ? attribute(x, l->p[i], jargs_get(a, 0, NULL)) : l->p[i];
        bool holds = test.kind == J_STRING ? jx_test(x, test.u.s->p, w, &more) : jv_true(w);
        if (holds == keep)
            jlist_add(&x->rt, out.u.l, l->p[i]);
    }
    return out;
}

static struct jval f_select(struct jx *x, struct jval v, const struct jargs *a)
{
    return choose(x, v, a, false, true);
}

static struct jval f_reject(struct jx *x, struct jval v, const struct jargs *a)
{
    return choose(x, v, a, false, false);
}

static struct jval f_selectattr(struct jx *x, struct jval v, const struct jargs *a)
{
    return choose(x, v, a, true, true);
}

static struct jval f_rejectattr(struct jx *x, struct jval v, const struct jargs *a)
{
    return choose(x, v, a, true, false);
}

static struct jval f_unique(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    const struct jlist *l = jv_items(&x->rt, v);
    struct jval out = jv_list(&x->rt);
    for (size_t i = 0; l && i < l->n && !x->rt.failed; i++) {
        if (!jv_contains(&x->rt, out, l->p[i]))
            jlist_add(&x->rt, out.u.l, l->p[i]);
    }
    return out;
}

static struct jval extreme(struct jx *x, struct jval v, int sign)
{
    const struct jlist *l = jv_items(&x->rt, v);
    struct jval best = l && l->n ? l->p[0] : jv_undefined();
    for (size_t i = 1; l && i < l->n && jrt_spend(&x->rt, 1); i++) {
        int c = jv_compare(&x->rt, l->p[i], best);
        if (sign < 0 ? c < 0 : c > 0)
            best = l->p[i];
    }
    return best;
}

static struct jval f_min(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return extreme(x, v, -1);
}

static struct jval f_max(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)a;
    return extreme(x, v, 1);
}

static struct jval f_sum(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jval by = jargs_get(a, 0, "attribute"), total = jv_int(0);
    const struct jlist *l = jv_items(&x->rt, v);
    for (size_t i = 0; l && i < l->n && jrt_spend(&x->rt, 1); i++)
        total = jx_binary(x, JE_ADD, total, by.kind == J_UNDEFINED ? l->p[i] : attribute(x, l->p[i], by));
    return total;
}

static struct jval f_safe(struct jx *x, struct jval v, const struct jargs *a)
{
    (void)x;
    (void)a;
    return v;
}

static struct jval f_escape(struct jx *x, struct jval v, const struct jargs *a)
{
    static const char from[] = "&<>\"'";
    static const char *const to[] = { "&amp;", "&lt;", "&gt;", "&#34;", "&#39;" };
    const struct jstr *s = text(x, v);
    struct jbuf b;
    (void)a;
    jbuf_init(&b, &x->rt);
    for (size_t i = 0; i < s->n && !x->rt.failed; i++) {
        const char *hit = s->p[i] ? strchr(from, s->p[i]) : NULL;
        if (hit)
            jbuf_bytes(&b, to[hit - from], strlen(to[hit - from]), jstr_from(s, i));
        else
            jbuf_add(&b, s, i, i + 1);
    }
    return jv_str(jbuf_str(&b));
}

static struct jval f_indent(struct jx *x, struct jval v, const struct jargs *a)
{
    return jtext_indent(x, text(x, v), integer(jargs_get(a, 0, "width"), 4), jv_true(jargs_get(a, 1, "first")),
                        jv_true(jargs_get(a, 2, "blank")));
}

static struct jval f_tojson(struct jx *x, struct jval v, const struct jargs *a)
{
    struct jbuf b;
    int64_t indent = integer(jargs_get(a, SIZE_MAX, "indent"), -1);
    jbuf_init(&b, &x->rt);
    jbuf_json(&b, v, indent > 64 ? 64 : (int)indent);
    return jv_str(jbuf_str(&b));
}

struct jval jx_filter(struct jx *x, const char *name, struct jval v, const struct jargs *a)
{
    static const struct {
        const char *name;
        filter_fn fn;
    } filters[] = {
        { "trim", f_trim }, { "length", f_length }, { "count", f_length }, { "upper", f_upper }, { "lower", f_lower },
        { "title", f_title }, { "capitalize", f_capitalize }, { "replace", f_replace }, { "default", f_default },
        { "d", f_default }, { "first", f_first }, { "last", f_last }, { "list", f_list }, { "reverse", f_reverse },
        { "string", f_string }, { "int", f_int }, { "float", f_float }, { "abs", f_abs }, { "items", f_items },
        { "sort", f_sort }, { "dictsort", f_dictsort }, { "join", f_join }, { "map", f_map }, { "select", f_select },
        { "reject", f_reject }, { "selectattr", f_selectattr }, { "rejectattr", f_rejectattr }, { "unique", f_unique },
        { "min", f_min }, { "max", f_max }, { "sum", f_sum }, { "safe", f_safe }, { "escape", f_escape },
        { "e", f_escape }, { "indent", f_indent }, { "tojson", f_tojson },
    };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (!strcmp(name, filters[i].name))
            return jx_enter(x, x->rt.line) ? (v = filters[i].fn(x, v, a), jx_leave(x), v) : jv_undefined();
    }
    jrt_fail(&x->rt, ERR_UNSUPPORTED, "the filter \"%s\" is not supported", name);
    return jv_undefined();
}
