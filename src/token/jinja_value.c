#include "token/jinja_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

const struct jstr jstr_empty = { "", 0, NULL, 0 };

void jrt_fail(struct jrt *rt, enum err_code code, const char *fmt, ...)
{
    if (rt->failed)
        return;
    rt->failed = true;
    char msg[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    err_set(rt->e, code, "%s (line %u of the chat template)", msg, rt->line);
}

void *jrt_get(struct jrt *rt, size_t n)
{
    if (rt->failed)
        return NULL;
    void *p = arena_get(&rt->arena, n);
    if (!p && n > rt->arena.cap - rt->arena.used)
        jrt_fail(rt, ERR_LIMIT, "the template needs more than %d MiB of memory", JINJA_MAX_MEMORY >> 20);
    else if (!p)
        jrt_fail(rt, ERR_NOMEM, "no memory to run the chat template");
    return p;
}

bool jrt_spend(struct jrt *rt, size_t work)
{
    if (rt->failed)
        return false;
    if (work > JINJA_MAX_WORK - rt->work) {
        jrt_fail(rt, ERR_LIMIT, "the template does not come to an end");
        return false;
    }
    rt->work += work;
    return true;
}

/* Room for one more element in an array inside the arena; the old one is left behind. */
static void *grown(struct jrt *rt, void *old, size_t n, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return old;
    size_t to = *cap ? *cap * 2 : 8;
    if (to < need)
        to = need;
    void *p = to > JINJA_MAX_MEMORY / size ? NULL : jrt_get(rt, to * size);
    if (!p) {
        jrt_fail(rt, ERR_LIMIT, "the template makes too large a value");
        return NULL;
    }
    if (n)
        memcpy(p, old, n * size);
    *cap = to;
    return p;
}

struct jval jv_undefined(void)
{
    return (struct jval){ .kind = J_UNDEFINED };
}

struct jval jv_none(void)
{
    return (struct jval){ .kind = J_NONE };
}

struct jval jv_bool(bool b)
{
    return (struct jval){ J_BOOL, { .b = b } };
}

struct jval jv_int(int64_t i)
{
    return (struct jval){ J_INT, { .i = i } };
}

struct jval jv_float(double f)
{
    return (struct jval){ J_FLOAT, { .f = f } };
}

struct jval jv_str(const struct jstr *s)
{
    return (struct jval){ J_STRING, { .s = s } };
}

struct jval jv_text(struct jrt *rt, const char *p, size_t n)
{
    struct jbuf b;
    jbuf_init(&b, rt);
    jbuf_bytes(&b, p, n, JINJA_SCAFFOLD);
    return jv_str(jbuf_str(&b));
}

struct jval jv_list(struct jrt *rt)
{
    struct jlist *l = jrt_get(rt, sizeof *l);
    return l ? (struct jval){ J_LIST, { .l = l } } : jv_undefined();
}

struct jval jv_dict(struct jrt *rt, enum jkind kind)
{
    struct jdict *d = jrt_get(rt, sizeof *d);
    return d ? (struct jval){ kind, { .d = d } } : jv_undefined();
}

struct jval jv_slice(struct jrt *rt, const struct jstr *s, size_t begin, size_t end)
{
    if (begin == 0 && end == s->n)
        return jv_str(s);
    struct jbuf b;
    jbuf_init(&b, rt);
    jbuf_add(&b, s, begin, end);
    return jv_str(jbuf_str(&b));
}

void jlist_add(struct jrt *rt, struct jlist *l, struct jval v)
{
    if (!l)
        return;
    struct jval *p = grown(rt, l->p, l->n, &l->cap, l->n + 1, sizeof *p);
    if (!p)
        return;
    l->p = p;
    l->p[l->n++] = v;
}

struct jval *jdict_find(struct jrt *rt, const struct jdict *d, struct jval key)
{
    for (size_t i = 0; i < d->n && jrt_spend(rt, 1); i++) {
        if (jv_equal(rt, d->keys[i], key))
            return &d->values[i];
    }
    return NULL;
}

struct jval *jdict_find_z(const struct jdict *d, const char *key)
{
    for (size_t i = 0; i < d->n; i++) {
        if (d->keys[i].kind == J_STRING && jstr_is(d->keys[i].u.s, key))
            return &d->values[i];
    }
    return NULL;
}

void jdict_put(struct jrt *rt, struct jdict *d, struct jval key, struct jval v)
{
    struct jval *old = d ? jdict_find(rt, d, key) : NULL;
    if (old) {
        *old = v;
        return;
    }
    if (!d || rt->failed)
        return;
    struct jval *k = grown(rt, d->keys, d->n, &d->cap_keys, d->n + 1, sizeof *k);
    struct jval *w = grown(rt, d->values, d->n, &d->cap_values, d->n + 1, sizeof *w);
    if (!k || !w)
        return;
    d->keys = k;
    d->values = w;
    k[d->n] = key;
    w[d->n++] = v;
}

void jdict_put_z(struct jrt *rt, struct jdict *d, const char *key, struct jval v)
{
    struct jstr *s = jrt_get(rt, sizeof *s);
    if (!s)
        return;
    *s = (struct jstr){ key, strlen(key), NULL, 0 };
    jdict_put(rt, d, jv_str(s), v);
}

void jbuf_init(struct jbuf *b, struct jrt *rt)
{
    *b = (struct jbuf){ .rt = rt };
}

void jbuf_bytes(struct jbuf *b, const char *p, size_t n, int32_t from)
{
    if (!n || !jrt_spend(b->rt, 1 + n / 16))
        return;
    if (n > JINJA_MAX_STRING - b->n) {
        jrt_fail(b->rt, ERR_LIMIT, "the template writes more than %d MiB", JINJA_MAX_STRING >> 20);
        return;
    }
    char *to = grown(b->rt, b->p, b->n, &b->cap, b->n + n + 1, 1); /* a NUL stays behind the last byte */
    if (!to)
        return;
    b->p = to;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    if (b->n_runs && b->runs[b->n_runs - 1].from == from) {
        b->runs[b->n_runs - 1].end = (uint32_t)b->n;
        return;
    }
    struct jrun *r = grown(b->rt, b->runs, b->n_runs, &b->cap_runs, b->n_runs + 1, sizeof *r);
    if (!r)
        return;
    b->runs = r;
    r[b->n_runs++] = (struct jrun){ (uint32_t)b->n, from };
}

/* The run that holds byte `at` of s. */
static size_t run_at(const struct jstr *s, size_t at)
{
    size_t lo = 0, hi = s->n_runs;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->runs[mid].end <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void jbuf_add(struct jbuf *b, const struct jstr *s, size_t begin, size_t end)
{
    if (begin >= end)
        return;
    if (!s->n_runs) {
        jbuf_bytes(b, s->p + begin, end - begin, JINJA_SCAFFOLD);
        return;
    }
    for (size_t r = run_at(s, begin); begin < end && !b->rt->failed; r++) {
        size_t to = s->runs[r].end < end ? s->runs[r].end : end;
        jbuf_bytes(b, s->p + begin, to - begin, s->runs[r].from);
        begin = to;
    }
}

void jbuf_z(struct jbuf *b, const char *z)
{
    jbuf_bytes(b, z, strlen(z), JINJA_SCAFFOLD);
}

const struct jstr *jbuf_str(struct jbuf *b)
{
    struct jstr *s = b->n ? jrt_get(b->rt, sizeof *s) : NULL;
    if (!s)
        return &jstr_empty;
    *s = (struct jstr){ b->p, b->n, b->runs, b->n_runs };
    if (b->n_runs == 1 && b->runs[0].from == JINJA_SCAFFOLD)
        s->n_runs = 0;
    return s;
}

int32_t jstr_from(const struct jstr *s, size_t at)
{
    return s->n_runs ? s->runs[run_at(s, at)].from : JINJA_SCAFFOLD;
}

bool jstr_is(const struct jstr *s, const char *z)
{
    size_t n = strlen(z);
    return s->n == n && !memcmp(s->p, z, n);
}

bool jstr_equal(const struct jstr *a, const struct jstr *b)
{
    return a->n == b->n && !memcmp(a->p, b->p, a->n);
}

size_t jstr_chars(struct jrt *rt, const struct jstr *s)
{
    size_t n = 0;
    uint32_t cp;
    for (size_t i = jrt_spend(rt, 1 + s->n) ? 0 : s->n; i < s->n; n++)
        i += utf8_decode(s->p + i, s->n - i, &cp, NULL);
    return n;
}

size_t jstr_offset(const struct jstr *s, size_t chars)
{
    size_t i = 0;
    uint32_t cp;
    for (; chars && i < s->n; chars--)
        i += utf8_decode(s->p + i, s->n - i, &cp, NULL);
    return i;
}

size_t jstr_find(struct jrt *rt, const struct jstr *s, size_t at, const struct jstr *needle)
{
    if (at > s->n || needle->n > s->n - at)
        return SIZE_MAX;
    if (!needle->n)
        return at;
    for (size_t i = at; needle->n <= s->n - i; i++) {
        const char *hit = memchr(s->p + i, needle->p[0], s->n - i);
        size_t to = hit ? (size_t)(hit - s->p) : s->n;
        if (!jrt_spend(rt, 1 + (to - i) / 16) || !hit || needle->n > s->n - to)
            return SIZE_MAX;
        i = to;
        if (!memcmp(s->p + i, needle->p, needle->n))
            return i;
        if (!jrt_spend(rt, needle->n / 64))
            return SIZE_MAX;
    }
    return SIZE_MAX;
}
