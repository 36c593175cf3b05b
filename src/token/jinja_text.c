/* Texts as Python's str treats them. Everything made here carries the marks of the bytes it was made from. Case
 * changes ASCII letters only: what templates change the case of are roles and key words. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "token/jinja_eval.h"

/* Python's str.isspace. */
static bool is_space(uint32_t cp)
{
    return (cp >= 0x09 && cp <= 0x0D) || (cp >= 0x1C && cp <= 0x20) || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

/* Whether the character at p[n] is among `chars` (a string), or white space when that is undefined or none. */
static bool strippable(struct jval chars, const char *p, size_t n)
{
    uint32_t cp, c;
    if (chars.kind != J_STRING)
        return utf8_decode(p, n, &cp, NULL) && is_space(cp);
    const struct jstr *set = chars.u.s;
    for (size_t i = 0, k; i < set->n; i += k) {
        k = utf8_decode(set->p + i, set->n - i, &c, NULL);
        if (k == n && !memcmp(set->p + i, p, n))
            return true;
    }
    return false;
}

/* Bytes of the last character of p[0..n), n > 0. */
static size_t last_char(const char *p, size_t n)
{
    size_t k = 1;
    while (k < 4 && k < n && ((unsigned char)p[n - k] & 0xC0) == 0x80)
        k++;
    return k;
}

struct jval jtext_strip(struct jx *x, const struct jstr *s, struct jval chars, enum jstrip which)
{
    size_t begin = 0, end = s->n;
    uint32_t cp;
    size_t cost = chars.kind == J_STRING ? 1 + chars.u.s->n : 1;
    while ((which & J_LEFT) && begin < end && jrt_spend(&x->rt, cost)) {
        size_t k = utf8_decode(s->p + begin, end - begin, &cp, NULL);
        if (!strippable(chars, s->p + begin, k))
            break;
        begin += k;
    }
    while ((which & J_RIGHT) && begin < end && jrt_spend(&x->rt, cost)) {
        size_t k = last_char(s->p + begin, end - begin);
        if (!strippable(chars, s->p + end - k, k))
            break;
        end -= k;
    }
    return jv_slice(&x->rt, s, begin, end);
}

/* Words between runs of white space. */
static struct jval split_words(struct jx *x, const struct jstr *s, int64_t max)
{
    struct jval out = jv_list(&x->rt);
    size_t at = 0, begin = 0, k;
    uint32_t cp;
    bool in_word = false;
    for (jrt_spend(&x->rt, s->n); at < s->n && !x->rt.failed; at += k) {
        k = utf8_decode(s->p + at, s->n - at, &cp, NULL);
        bool space = is_space(cp);
        if (!space && !in_word) {
            begin = at;
            in_word = true;
            if (max >= 0 && out.u.l->n == (size_t)max) { /* the rest, less its white space at the end */
                struct jval rest = jv_slice(&x->rt, s, begin, s->n);
                jlist_add(&x->rt, out.u.l, x->rt.failed ? rest : jtext_strip(x, rest.u.s, jv_undefined(), J_RIGHT));
                return out;
            }
        } else if (space && in_word) {
            jlist_add(&x->rt, out.u.l, jv_slice(&x->rt, s, begin, at));
            in_word = false;
        }
    }
    if (in_word && !x->rt.failed)
        jlist_add(&x->rt, out.u.l, jv_slice(&x->rt, s, begin, s->n));
    return out;
}

/* The last occurrence of sep that ends at or before `end`, or SIZE_MAX. */
static size_t find_last(struct jx *x, const struct jstr *s, size_t end, const struct jstr *sep)
{
    if (sep->n > end || !jrt_spend(&x->rt, 1 + end / 2))
        return SIZE_MAX;
    for (size_t i = end - sep->n + 1; i-- > 0;) {
        if (!memcmp(s->p + i, sep->p, sep->n))
            return i;
    }
    return SIZE_MAX;
}

static struct jval split_from_right(struct jx *x, const struct jstr *s, const struct jstr *sep, int64_t max)
{
    struct jval back = jv_list(&x->rt), out = jv_list(&x->rt);
    size_t end = s->n, at;
    while (!x->rt.failed && max-- != 0 && (at = find_last(x, s, end, sep)) != SIZE_MAX) {
        jlist_add(&x->rt, back.u.l, jv_slice(&x->rt, s, at + sep->n, end));
        end = at;
    }
    if (x->rt.failed)
        return jv_undefined();
    jlist_add(&x->rt, back.u.l, jv_slice(&x->rt, s, 0, end));
    for (size_t i = back.u.l->n; i-- > 0 && !x->rt.failed;)
        jlist_add(&x->rt, out.u.l, back.u.l->p[i]);
    return out;
}

struct jval jtext_split(struct jx *x, const struct jstr *s, struct jval sep, int64_t max, bool from_right)
{
    struct jval out = jv_list(&x->rt);
    size_t at = 0, hit;
    if (x->rt.failed)
        return out;
    if (sep.kind != J_STRING)
        return split_words(x, s, from_right ? -1 : max);
    if (!sep.u.s->n) {
        jrt_fail(&x->rt, ERR_ARG, "the template splits a text at nothing");
        return jv_undefined();
    }
    if (from_right)
        return split_from_right(x, s, sep.u.s, max);
    while (!x->rt.failed && max-- != 0 && (hit = jstr_find(&x->rt, s, at, sep.u.s)) != SIZE_MAX) {
        jlist_add(&x->rt, out.u.l, jv_slice(&x->rt, s, at, hit));
        at = hit + sep.u.s->n;
    }
    jlist_add(&x->rt, out.u.l, jv_slice(&x->rt, s, at, s->n));
    return out;
}

struct jval jtext_replace(struct jx *x, const struct jstr *s, struct jval from, struct jval to, int64_t count)
{
    struct jbuf b;
    size_t at = 0, hit;
    if (from.kind != J_STRING || to.kind != J_STRING) {
        jrt_fail(&x->rt, ERR_ARG, "the template replaces a %s by a %s in a text", jv_kind_name(from), jv_kind_name(to));
        return jv_undefined();
    }
    if (!from.u.s->n) {
        jrt_fail(&x->rt, ERR_UNSUPPORTED, "replace() of the empty text is not supported");
        return jv_undefined();
    }
    jbuf_init(&b, &x->rt);
    while (!x->rt.failed && count-- != 0 && (hit = jstr_find(&x->rt, s, at, from.u.s)) != SIZE_MAX) {
        jbuf_add(&b, s, at, hit);
        jbuf_add(&b, to.u.s, 0, to.u.s->n);
        at = hit + from.u.s->n;
    }
    jbuf_add(&b, s, at, s->n);
    return jv_str(jbuf_str(&b));
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

struct jval jtext_case(struct jx *x, const struct jstr *s, enum jcase to)
{
    struct jbuf b;
    bool in_word = false;
    jbuf_init(&b, &x->rt);
    for (size_t i = 0; i < s->n && !x->rt.failed; i++) {
        char c = s->p[i];
        bool letter = is_upper(c) || is_lower(c) || (unsigned char)c >= 0x80;
        bool up = to == J_UPPER || (to == J_TITLE && !in_word) || (to == J_CAPITALIZE && i == 0);
        if (up ? is_lower(c) : is_upper(c))
            c = (char)(c ^ 0x20);
        jbuf_bytes(&b, &c, 1, jstr_from(s, i));
        in_word = letter;
    }
    return jv_str(jbuf_str(&b));
}

struct jval jtext_join(struct jx *x, struct jval items, const struct jstr *sep)
{
    struct jbuf b;
    const struct jlist *l = jv_items(&x->rt, items);
    jbuf_init(&b, &x->rt);
    for (size_t i = 0; l && i < l->n && jrt_spend(&x->rt, 1); i++) {
        if (i)
            jbuf_add(&b, sep, 0, sep->n);
        jbuf_addv(&b, l->p[i]);
    }
    return jv_str(jbuf_str(&b));
}

struct jval jtext_lines(struct jx *x, const struct jstr *s)
{
    struct jval out = jv_list(&x->rt);
    for (size_t at = 0; at < s->n && !x->rt.failed;) {
        const char *nl = memchr(s->p + at, '\n', s->n - at);
        size_t end = nl ? (size_t)(nl - s->p) : s->n;
        jlist_add(&x->rt, out.u.l, jv_slice(&x->rt, s, at, end > at && nl && s->p[end - 1] == '\r' ? end - 1 : end));
        at = end + 1;
    }
    return out;
}

struct jval jtext_indent(struct jx *x, const struct jstr *s, int64_t width, bool first, bool blank)
{
    struct jbuf b;
    jbuf_init(&b, &x->rt);
    for (size_t at = 0; at <= s->n && !x->rt.failed;) {
        const char *nl = at < s->n ? memchr(s->p + at, '\n', s->n - at) : NULL;
        size_t end = nl ? (size_t)(nl - s->p) + 1 : s->n;
        bool empty = end == at || s->p[at] == '\n';
        for (int64_t i = 0; i < width && (at ? blank || !empty : first) && !x->rt.failed; i++)
            jbuf_z(&b, " ");
        jbuf_add(&b, s, at, end);
        if (!nl)
            break;
        at = end;
    }
    return jv_str(jbuf_str(&b));
}

struct jval jtext_format(struct jx *x, const struct jstr *s, struct jval args)
{
    struct jbuf b;
    size_t used = 0, n = args.kind == J_LIST && args.u.l->tuple ? args.u.l->n : 1;
    jbuf_init(&b, &x->rt);
    for (size_t i = 0; i < s->n && !x->rt.failed; i++) {
        if (s->p[i] != '%' || i + 1 == s->n) {
            jbuf_add(&b, s, i, i + 1);
            continue;
        }
        char c = s->p[++i];
        if (c == '%')
            jbuf_add(&b, s, i, i + 1);
        else if ((c == 's' || c == 'd' || c == 'i') && used < n)
            jbuf_addv(&b, args.kind == J_LIST && args.u.l->tuple ? args.u.l->p[used++] : (used++, args));
        else
            jrt_fail(&x->rt, ERR_UNSUPPORTED, "the format %%%c is not supported", c);
    }
    return jv_str(jbuf_str(&b));
}
