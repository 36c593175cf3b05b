#include "token/jinja_lex.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

struct lexer {
    struct arena *arena;
    struct err *e;
    const char *src;
    size_t n, at;
    unsigned line;
    struct jtok *toks;
    size_t n_toks, cap;
    size_t after_tag; /* where the text after the last tag begins */
};

static int bad(struct lexer *lx, const char *what)
{
    return err_set(lx->e, ERR_FORMAT, "line %u of the chat template: %s", lx->line, what);
}

static int push(struct lexer *lx, enum jtok_kind kind, const char *p, size_t n)
{
    if (lx->n_toks == lx->cap) {
        size_t cap = lx->cap ? lx->cap * 2 : 64;
        struct jtok *t = arena_get(lx->arena, cap * sizeof *t);
        if (!t)
            return err_set(lx->e, ERR_LIMIT, "the chat template has too many words");
        if (lx->n_toks)
            memcpy(t, lx->toks, lx->n_toks * sizeof *t);
        lx->toks = t;
        lx->cap = cap;
    }
    lx->toks[lx->n_toks++] = (struct jtok){ kind, lx->line, p, n };
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c) || (unsigned char)c >= 0x80;
}

static void move(struct lexer *lx, size_t to)
{
    for (; lx->at < to; lx->at++)
        lx->line += lx->src[lx->at] == '\n';
}

/* Newlines as \n, and the last one dropped. */
static int normalise(struct lexer *lx, const char *src, size_t n)
{
    char *p = arena_get(lx->arena, n + 1);
    if (!p)
        return err_nomem(lx->e, "the chat template");
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (src[i] == '\r' && i + 1 < n && src[i + 1] == '\n')
            continue;
        p[k++] = src[i] == '\r' ? '\n' : src[i];
    }
    lx->src = p;
    lx->n = k && p[k - 1] == '\n' ? k - 1 : k;
    return 0;
}

static bool looking_at(const struct lexer *lx, size_t at, const char *z)
{
    size_t n = strlen(z);
    return at <= lx->n && n <= lx->n - at && !memcmp(lx->src + at, z, n);
}

/* The next "{{", "{%" or "{#" from `at`, or n. */
static size_t next_tag(const struct lexer *lx, size_t at)
{
    for (; at + 1 < lx->n; at++) {
        const char *hit = memchr(lx->src + at, '{', lx->n - at - 1);
        if (!hit)
            return lx->n;
        at = (size_t)(hit - lx->src);
        if (hit[1] == '{' || hit[1] == '%' || hit[1] == '#')
            return at;
    }
    return lx->n;
}

/* The text before the tag at `tag`, less the white space that the tag's sign or its place takes away. */
static int text_before(struct lexer *lx, size_t tag)
{
    size_t begin = lx->at, end = tag;
    char sign = tag + 2 < lx->n ? lx->src[tag + 2] : '\0';
    if (tag < lx->n && sign == '-') {
        while (end > begin && is_space(lx->src[end - 1]))
            end--;
    } else if (tag < lx->n && sign != '+' && lx->src[tag + 1] != '{') { /* lstrip_blocks */
        size_t k = end;
        while (k > begin && is_space(lx->src[k - 1]) && lx->src[k - 1] != '\n')
            k--;
        if (k == 0 || lx->src[k - 1] == '\n')
            end = k;
    }
    int r = end > begin ? push(lx, JT_TEXT, lx->src + begin, end - begin) : 0;
    move(lx, tag);
    return r;
}

/* Behind a tag's end: "-" takes all white space, a tag without sign one newline. */
static void after_end(struct lexer *lx, char sign, bool trims)
{
    if (sign == '-') {
        size_t k = lx->at;
        while (k < lx->n && is_space(lx->src[k]))
            k++;
        move(lx, k);
    } else if (trims && sign != '+' && lx->at < lx->n && lx->src[lx->at] == '\n') {
        move(lx, lx->at + 1);
    }
}

static int comment(struct lexer *lx)
{
    size_t k = lx->at + 2;
    while (k < lx->n && !looking_at(lx, k, "#}"))
        k++;
    if (k >= lx->n)
        return bad(lx, "a comment has no end");
    char sign = k > lx->at + 2 ? lx->src[k - 1] : '\0';
    move(lx, k + 2);
    after_end(lx, sign, true);
    return 0;
}

static int hex(const char *p, size_t n, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digits = "0123456789abcdef", c = p[i] >= 'A' && p[i] <= 'F' ? (char)(p[i] + 32) : p[i];
        const char *d = c ? strchr(digits, c) : NULL;
        if (!d)
            return -1;
        *out = *out << 4 | (uint32_t)(d - digits);
    }
    return 0;
}

/* One escape of a string literal at p[0..n), which begins behind the backslash. Bytes used; *len bytes to out. */
static size_t escape(const char *p, size_t n, char *out, size_t *len)
{
    static const char from[] = "ntr\\'\"abfv0\n", to[] = "\n\t\r\\'\"\a\b\f\v\0";
    const char *hit = memchr(from, p[0], sizeof from - 1);
    uint32_t cp;
    size_t digits = p[0] == 'x' ? 2 : p[0] == 'u' ? 4 : p[0] == 'U' ? 8 : 0;
    *len = 1;
    if (hit) {
        if (*hit == '\n')
            *len = 0; /* a line that goes on */
        else
            out[0] = to[hit - from];
        return 1;
    }
    if (digits && n > digits && !hex(p + 1, digits, &cp)) {
        *len = utf8_encode(cp, out);
        return 1 + digits;
    }
    out[0] = '\\'; /* no escape: both characters stand */
    out[1] = p[0];
    *len = 2;
    return 1;
}

static int string(struct lexer *lx)
{
    char quote = lx->src[lx->at];
    size_t k = lx->at + 1;
    while (k < lx->n && lx->src[k] != quote)
        k += lx->src[k] == '\\' ? 2 : 1;
    if (k >= lx->n)
        return bad(lx, "a string has no end");
    char *out = arena_get(lx->arena, k - lx->at + 4);
    if (!out)
        return err_nomem(lx->e, "the chat template");
    size_t len = 0;
    for (size_t i = lx->at + 1; i < k;) {
        if (lx->src[i] != '\\') {
            out[len++] = lx->src[i++];
            continue;
        }
        size_t made;
        i += 1 + escape(lx->src + i + 1, k - i - 1, out + len, &made);
        len += made;
    }
    int r = push(lx, JT_STRING, out, len);
    move(lx, k + 1);
    return r;
}

static int number(struct lexer *lx)
{
    size_t k = lx->at;
    bool real = false;
    while (k < lx->n && (is_digit(lx->src[k]) || lx->src[k] == '_'))
        k++;
    if (k + 1 < lx->n && lx->src[k] == '.' && is_digit(lx->src[k + 1])) {
        real = true;
        for (k++; k < lx->n && is_digit(lx->src[k]);)
            k++;
    }
    if (k + 1 < lx->n && (lx->src[k] == 'e' || lx->src[k] == 'E')) {
        size_t d = k + 1 + (lx->src[k + 1] == '+' || lx->src[k + 1] == '-');
        if (d < lx->n && is_digit(lx->src[d])) {
            real = true;
            for (k = d; k < lx->n && is_digit(lx->src[k]);)
                k++;
        }
    }
    int r = push(lx, real ? JT_FLOAT : JT_INT, lx->src + lx->at, k - lx->at);
    move(lx, k);
    return r;
}

static int operator_(struct lexer *lx)
{
    static const char *const two[] = { "==", "!=", "<=", ">=", "//", "**" };
    for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
        if (looking_at(lx, lx->at, two[i])) {
            int r = push(lx, JT_OP, two[i], 2);
            move(lx, lx->at + 2);
            return r;
        }
    }
    if (!lx->src[lx->at] || !strchr("+-*/%~<>=.,:|()[]{}", lx->src[lx->at]))
        return bad(lx, "a character that means nothing there");
    int r = push(lx, JT_OP, lx->src + lx->at, 1);
    move(lx, lx->at + 1);
    return r;
}

/* The words up to the tag's end; braces of dicts inside count. */
static int inside(struct lexer *lx, const char *end)
{
    size_t braces = 0;
    for (;;) {
        while (lx->at < lx->n && is_space(lx->src[lx->at]))
            move(lx, lx->at + 1);
        if (lx->at >= lx->n)
            return bad(lx, *end == '%' ? "a {% has no %}" : "a {{ has no }}");
        char c = lx->src[lx->at], sign = c == '-' || c == '+' ? c : '\0';
        if (!braces && looking_at(lx, lx->at + (sign != '\0'), end)) {
            int r = push(lx, *end == '%' ? JT_TAG_END : JT_PRINT_END, end, 2);
            move(lx, lx->at + 2 + (sign != '\0'));
            after_end(lx, sign, *end == '%');
            return r;
        }
        size_t k = lx->at;
        int r;
        if (c == '\'' || c == '"') {
            r = string(lx);
        } else if (is_digit(c)) {
            r = number(lx);
        } else if (is_name(c)) {
            while (k < lx->n && is_name(lx->src[k]))
                k++;
            r = push(lx, JT_NAME, lx->src + lx->at, k - lx->at);
            move(lx, k);
        } else {
            braces += c == '{';
            braces -= c == '}' && braces;
            r = operator_(lx);
        }
        if (r)
            return r;
    }
}

/* After "{% raw": everything up to "{% endraw %}" is text. */
static int raw(struct lexer *lx)
{
    size_t tag = lx->at;
    for (;; tag++) {
        tag = next_tag(lx, tag);
        if (tag >= lx->n)
            return bad(lx, "a {% raw %} has no {% endraw %}");
        size_t k = tag + 2;
        while (k < lx->n && (is_space(lx->src[k]) || lx->src[k] == '-' || lx->src[k] == '+'))
            k++;
        if (lx->src[tag + 1] == '%' && looking_at(lx, k, "endraw"))
            break;
    }
    if (text_before(lx, tag))
        return -1;
    size_t first = lx->n_toks;
    move(lx, tag + 2 + (lx->src[tag + 2] == '-' || lx->src[tag + 2] == '+'));
    int r = inside(lx, "%}");
    lx->n_toks = first; /* the closing tag itself means nothing */
    return r;
}

static bool is_raw(const struct lexer *lx, size_t from)
{
    return lx->n_toks == from + 3 && lx->toks[from + 1].kind == JT_NAME && lx->toks[from + 1].n == 3 &&
           !memcmp(lx->toks[from + 1].p, "raw", 3);
}

static int lex_all(struct lexer *lx)
{
    while (lx->at < lx->n) {
        size_t tag = next_tag(lx, lx->at);
        if (text_before(lx, tag))
            return -1;
        if (tag >= lx->n)
            break;
        char kind = lx->src[tag + 1];
        if (kind == '#') {
            if (comment(lx))
                return -1;
            continue;
        }
        size_t from = lx->n_toks;
        char sign = tag + 2 < lx->n ? lx->src[tag + 2] : '\0';
        if (push(lx, kind == '%' ? JT_TAG : JT_PRINT, lx->src + tag, 2))
            return -1;
        move(lx, tag + 2 + (sign == '-' || sign == '+'));
        if (inside(lx, kind == '%' ? "%}" : "}}"))
            return -1;
        if (kind == '%' && is_raw(lx, from)) {
            lx->n_toks = from;
            if (raw(lx))
                return -1;
        }
    }
    return push(lx, JT_EOF, "", 0);
}

struct jtok *jinja_lex(struct arena *a, const char *src, size_t n, struct err *e)
{
    struct lexer lx = { .arena = a, .e = e, .line = 1 };
    if (normalise(&lx, src, n) || lex_all(&lx))
        return NULL;
    return lx.toks;
}
