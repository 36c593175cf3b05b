/* Methods of strings, lists and dicts, and the functions a template can call. */
#include <string.h>
#include <time.h>

#include "token/jinja_eval.h"

static int64_t count_arg(const struct jargs *a, size_t i, const char *name)
{
    struct jval v = jargs_get(a, i, name);
    return v.kind == J_INT ? v.u.i : -1;
}

/* startswith, endswith: of one text or of any of a tuple. */
static bool has_end(struct jx *x, const struct jstr *s, struct jval what, bool at_start)
{
    if (what.kind == J_LIST) {
        for (size_t i = 0; i < what.u.l->n && jrt_spend(&x->rt, 1); i++) {
            if (what.u.l->p[i].kind == J_STRING && has_end(x, s, what.u.l->p[i], at_start))
                return true;
        }
        return false;
    }
    if (what.kind != J_STRING) {
        jrt_fail(&x->rt, ERR_ARG, "the template looks for a value of type %s at the end of a text", jv_kind_name(what));
        return false;
    }
    size_t n = what.u.s->n;
    return n <= s->n && jrt_spend(&x->rt, n / 64) && !memcmp(at_start ? s->p : s->p + s->n - n, what.u.s->p, n);
}

static bool all_digits(struct jx *x, const struct jstr *s)
{
    for (size_t i = 0; i < s->n && jrt_spend(&x->rt, 1); i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
    }
    return s->n != 0;
}

static int64_t occurrences(struct jx *x, const struct jstr *s, const struct jstr *what)
{
    int64_t n = 0;
    for (size_t at = 0; what->n && (at = jstr_find(&x->rt, s, at, what)) != SIZE_MAX; at += what->n)
        n++;
    return n;
}

static bool text_method(struct jx *x, const struct jstr *s, const char *name, const struct jargs *a, struct jval *out)
{
    struct jval first = jargs_get(a, 0, NULL);
    if (!strcmp(name, "strip"))
        *out = jtext_strip(x, s, first, J_BOTH);
    else if (!strcmp(name, "lstrip"))
        *out = jtext_strip(x, s, first, J_LEFT);
    else if (!strcmp(name, "rstrip"))
        *out = jtext_strip(x, s, first, J_RIGHT);
    else if (!strcmp(name, "split") || !strcmp(name, "rsplit"))
        *out = jtext_split(x, s, jargs_get(a, 0, "sep"), count_arg(a, 1, "maxsplit"), *name == 'r');
    else if (!strcmp(name, "startswith") || !strcmp(name, "endswith"))
        *out = jv_bool(has_end(x, s, first, *name == 's'));
    else if (!strcmp(name, "replace"))
        *out = jtext_replace(x, s, first, jargs_get(a, 1, NULL), count_arg(a, 2, "count"));
    else if (!strcmp(name, "upper"))
        *out = jtext_case(x, s, J_UPPER);
    else if (!strcmp(name, "lower"))
        *out = jtext_case(x, s, J_LOWER);
    else if (!strcmp(name, "title"))
        *out = jtext_case(x, s, J_TITLE);
    else if (!strcmp(name, "capitalize"))
        *out = jtext_case(x, s, J_CAPITALIZE);
    else if (!strcmp(name, "join"))
        *out = jtext_join(x, first, s);
    else if (!strcmp(name, "splitlines"))
        *out = jtext_lines(x, s);
    else if (!strcmp(name, "isdigit"))
        *out = jv_bool(all_digits(x, s));
    else if (!strcmp(name, "count") && first.kind == J_STRING)
        *out = jv_int(occurrences(x, s, first.u.s));
    else if (!strcmp(name, "find") && first.kind == J_STRING) {
        size_t at = jstr_find(&x->rt, s, 0, first.u.s);
        struct jstr before = { s->p, at == SIZE_MAX ? 0 : at, NULL, 0 };
        *out = jv_int(at == SIZE_MAX ? -1 : (int64_t)jstr_chars(&x->rt, &before));
    } else
        return false;
    return true;
}

static bool list_method(struct jx *x, struct jlist *l, const char *name, const struct jargs *a, struct jval *out)
{
    *out = jv_none();
    struct jval first = jargs_get(a, 0, NULL);
    if (!strcmp(name, "append")) {
        jlist_add(&x->rt, l, first);
    } else if (!strcmp(name, "pop")) {
        size_t i = first.kind == J_INT ? (size_t)(first.u.i < 0 ? first.u.i + (int64_t)l->n : first.u.i) : l->n - 1;
        if (i >= l->n) {
            jrt_fail(&x->rt, ERR_ARG, "the template pops what is not in the list");
            return true;
        }
        *out = l->p[i];
        jrt_spend(&x->rt, (l->n - i) / 4);
        memmove(l->p + i, l->p + i + 1, (l->n - i - 1) * sizeof *l->p);
        l->n--;
    } else if (!strcmp(name, "count")) {
        int64_t n = 0;
        for (size_t i = 0; i < l->n && !x->rt.failed; i++)
            n += jv_equal(&x->rt, l->p[i], first);
        *out = jv_int(n);
    } else {
        return false;
    }
    return true;
}

static struct jval dict_part(struct jx *x, const struct jdict *d, bool values)
{
    struct jval out = jv_list(&x->rt);
    for (size_t i = 0; i < d->n && !x->rt.failed; i++)
        jlist_add(&x->rt, out.u.l, values ? d->values[i] : d->keys[i]);
    return out;
}

static struct jval dict_pop(struct jx *x, struct jdict *d, struct jval key, struct jval otherwise)
{
    const struct jval *v = jdict_find(&x->rt, d, key);
    if (!v)
        return otherwise;
    size_t i = (size_t)(v - d->values);
    struct jval out = *v;
    jrt_spend(&x->rt, (d->n - i) / 4);
    memmove(d->keys + i, d->keys + i + 1, (d->n - i - 1) * sizeof *d->keys);
    memmove(d->values + i, d->values + i + 1, (d->n - i - 1) * sizeof *d->values);
    d->n--;
    return out;
}

static bool dict_method(struct jx *x, struct jval self, const char *name, const struct jargs *a, struct jval *out)
{
    struct jdict *d = self.u.d;
    struct jval first = jargs_get(a, 0, NULL), second = jargs_get(a, 1, NULL);
    if (!strcmp(name, "items")) {
        struct jargs none = { .n = 0 };
        *out = jx_filter(x, "items", (struct jval){ J_DICT, { .d = d } }, &none);
    } else if (!strcmp(name, "keys") || !strcmp(name, "values")) {
        *out = dict_part(x, d, *name == 'v');
    } else if (!strcmp(name, "get")) {
        const struct jval *v = jdict_find(&x->rt, d, first);
        *out = v ? *v : a->n > 1 ? second : jv_none();
    } else if (!strcmp(name, "pop")) {
        *out = dict_pop(x, d, first, a->n > 1 ? second : jv_undefined());
    } else if (!strcmp(name, "update") && first.kind == J_DICT) {
        for (size_t i = 0; i < first.u.d->n && !x->rt.failed; i++)
            jdict_put(&x->rt, d, first.u.d->keys[i], first.u.d->values[i]);
        *out = jv_none();
    } else {
        return false;
    }
    return true;
}

bool jx_is_method(struct jval self, const char *name)
{
    static const char *const names[] = { "items", "keys", "values", "get", "pop", "update" };
    for (size_t i = 0; self.kind == J_DICT && i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

struct jval jx_method(struct jx *x, struct jval self, const char *name, const struct jargs *a)
{
    struct jval out = jv_undefined();
    bool known = (self.kind == J_STRING && text_method(x, self.u.s, name, a, &out)) ||
                 (self.kind == J_LIST && list_method(x, self.u.l, name, a, &out)) ||
                 (self.kind == J_DICT && dict_method(x, self, name, a, &out));
    if (!known && (self.kind == J_UNDEFINED || self.kind == J_NONE))
        jrt_fail(&x->rt, ERR_ARG, "the template calls %s() of a value that is %s", name, jv_kind_name(self));
    else if (!known)
        jrt_fail(&x->rt, ERR_UNSUPPORTED, "the method %s() of a %s is not supported", name, jv_kind_name(self));
    return out;
}

enum { F_NAMESPACE, F_DICT, F_RAISE, F_STRFTIME, F_RANGE };

struct jval jx_find_function(const char *name)
{
    static const char *const names[] = { "namespace", "dict", "raise_exception", "strftime_now", "range" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strcmp(name, names[i]))
            return (struct jval){ J_FUNCTION, { .i = (int64_t)i } };
    }
    return jv_undefined();
}

static struct jval make_dict(struct jx *x, enum jkind kind, const struct jargs *a)
{
    struct jval out = jv_dict(&x->rt, kind), from = jargs_get(a, 0, NULL);
    for (size_t i = 0; from.kind == J_DICT && i < from.u.d->n && !x->rt.failed; i++)
        jdict_put(&x->rt, out.u.d, from.u.d->keys[i], from.u.d->values[i]);
    for (size_t i = 0; i < a->n && !x->rt.failed; i++) {
        if (a->name[i])
            jdict_put_z(&x->rt, out.u.d, a->name[i], a->v[i]);
    }
    return out;
}

static struct jval range(struct jx *x, const struct jargs *a)
{
    int64_t v[3] = { 0, 0, 1 };
    for (size_t i = 0; i < a->n && i < 3; i++)
        v[i] = a->v[i].kind == J_INT ? a->v[i].u.i : 0;
    if (a->n == 1) {
        v[1] = v[0];
        v[0] = 0;
    }
    struct jval out = jv_list(&x->rt);
    if (!v[2])
        jrt_fail(&x->rt, ERR_ARG, "the template's range() has a step of zero");
    for (int64_t i = v[0]; !x->rt.failed && (v[2] > 0 ? i < v[1] : i > v[1]); i += v[2]) {
        if (out.u.l->n >= JINJA_MAX_ITERATIONS)
            jrt_fail(&x->rt, ERR_LIMIT, "the template's range() has more than %d numbers", JINJA_MAX_ITERATIONS);
        jlist_add(&x->rt, out.u.l, jv_int(i));
        if (v[2] > 0 ? i > INT64_MAX - v[2] : i < INT64_MIN - v[2])
            break;
    }
    return out;
}

static struct jval date(struct jx *x, struct jval format)
{
    char out[256];
    struct tm tm;
    time_t t = (time_t)x->date;
    const struct jstr *f = format.kind == J_STRING ? format.u.s : &jstr_empty;
    char z[128];
    if (f->n >= sizeof z || !localtime_r(&t, &tm)) {
        jrt_fail(&x->rt, ERR_LIMIT, "the template's date format is too long");
        return jv_undefined();
    }
    memcpy(z, f->p, f->n);
    z[f->n] = '\0';
    return jv_text(&x->rt, out, strftime(out, sizeof out, z, &tm));
}

struct jval jx_function(struct jx *x, int64_t which, const struct jargs *a)
{
    struct jval first = jargs_get(a, 0, NULL);
    switch (which) {
    case F_NAMESPACE:
        return make_dict(x, J_NAMESPACE, a);
    case F_DICT:
        return make_dict(x, J_DICT, a);
    case F_STRFTIME:
        return date(x, first);
    case F_RANGE:
        return range(x, a);
    default:
        break;
    }
    const struct jstr *why = jv_to_str(&x->rt, first);
    jrt_fail(&x->rt, ERR_ARG, "%.*s", (int)(why->n < 300 ? why->n : 300), why->p);
    return jv_undefined();
}
