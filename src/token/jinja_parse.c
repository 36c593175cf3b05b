/* The parser's small helpers, and the innermost parts of expressions: literals, names, lists, calls, subscripts. */
#include <stdlib.h>
#include <string.h>

#include "token/jinja_ast.h"

enum { MAX_NAME = 200, MAX_NAMES = 1024 };

int parse_fail(struct parser *ps, const char *what)
{
    const struct jtok *t = ps->tok;
    if (t->kind == JT_EOF)
        return err_set(ps->e, ERR_FORMAT, "line %u of the chat template: it ends where %s should stand", t->line, what);
    return err_set(ps->e, ERR_FORMAT, "line %u of the chat template: \"%.*s\" where %s should stand", t->line,
                   (int)(t->n < 40 ? t->n : 40), t->p, what);
}

void *parse_get(struct parser *ps, size_t n)
{
    void *p = arena_get(ps->arena, n);
    if (!p)
        err_set(ps->e, ERR_LIMIT, "the chat template is too large");
    return p;
}

struct jnode *parse_node(struct parser *ps, enum jop op)
{
    struct jnode *n = parse_get(ps, sizeof *n);
    if (n) {
        n->op = op;
        n->line = ps->tok->line;
    }
    return n;
}

static int grow_nodes(struct parser *ps, struct jnodes *v)
{
    if (v->n < v->cap)
        return 0;
    size_t cap = v->cap ? v->cap * 2 : 4;
    struct jnode **p = parse_get(ps, cap * sizeof *p);
    if (!p)
        return -1;
    if (v->n)
        memcpy(p, v->p, v->n * sizeof *p);
    v->p = p;
    v->cap = cap;
    return 0;
}

int parse_push(struct parser *ps, struct jnodes *v, struct jnode *n)
{
    if (!n || grow_nodes(ps, v))
        return -1;
    v->p[v->n++] = n;
    return 0;
}

const char *parse_intern(struct parser *ps, const char *p, size_t n)
{
    if (n > MAX_NAME) {
        err_set(ps->e, ERR_LIMIT, "line %u of the chat template: a name of %zu characters", ps->tok->line, n);
        return NULL;
    }
    for (size_t i = 0; i < ps->n_interned; i++) {
        if (*ps->interned[i] == *p && strlen(ps->interned[i]) == n && !memcmp(ps->interned[i], p, n))
            return ps->interned[i];
    }
    if (ps->n_interned == ps->cap_interned) {
        if (ps->n_interned >= MAX_NAMES) {
            err_set(ps->e, ERR_LIMIT, "the chat template has more than %d names", MAX_NAMES);
            return NULL;
        }
        size_t cap = ps->cap_interned ? ps->cap_interned * 2 : 64;
        const char **more = parse_get(ps, cap * sizeof *more);
        if (!more)
            return NULL;
        if (ps->n_interned)
            memcpy(more, ps->interned, ps->n_interned * sizeof *more);
        ps->interned = more;
        ps->cap_interned = cap;
    }
    char *z = parse_get(ps, n + 1);
    if (!z)
        return NULL;
    memcpy(z, p, n);
    return ps->interned[ps->n_interned++] = z;
}

bool parse_word_is(const struct jtok *t, enum jtok_kind kind, const char *z)
{
    return t->kind == kind && t->n == strlen(z) && !memcmp(t->p, z, t->n);
}

bool parse_at(const struct parser *ps, const char *op)
{
    return parse_word_is(ps->tok, JT_OP, op);
}

bool parse_at_name(const struct parser *ps, const char *name)
{
    return parse_word_is(ps->tok, JT_NAME, name);
}

bool parse_take(struct parser *ps, const char *op)
{
    bool there = parse_at(ps, op);
    ps->tok += there;
    return there;
}

bool parse_take_name(struct parser *ps, const char *name)
{
    bool there = parse_at_name(ps, name);
    ps->tok += there;
    return there;
}

int parse_expect(struct parser *ps, const char *op)
{
    return parse_take(ps, op) ? 0 : parse_fail(ps, op);
}

bool parse_enter(struct parser *ps)
{
    if (ps->depth < JINJA_MAX_DEPTH / 4)
        return ++ps->depth;
    err_set(ps->e, ERR_LIMIT, "line %u of the chat template: nested too deeply", ps->tok->line);
    return false;
}

const char *parse_name(struct parser *ps)
{
    if (ps->tok->kind != JT_NAME) {
        parse_fail(ps, "a name");
        return NULL;
    }
    const struct jtok *t = ps->tok++;
    return parse_intern(ps, t->p, t->n);
}

static struct jnode *constant(struct parser *ps, struct jval v)
{
    struct jnode *n = parse_node(ps, JE_CONST);
    if (n)
        n->value = v;
    return n;
}

/* Adjacent literals are one. */
static struct jnode *string(struct parser *ps)
{
    size_t len = 0, k = 0;
    for (const struct jtok *t = ps->tok; t->kind == JT_STRING; t++)
        len += t->n;
    char *p = parse_get(ps, len + 1);
    struct jstr *s = parse_get(ps, sizeof *s);
    if (!p || !s)
        return NULL;
    struct jnode *n = constant(ps, jv_str(s));
    for (; ps->tok->kind == JT_STRING; ps->tok++) {
        memcpy(p + k, ps->tok->p, ps->tok->n);
        k += ps->tok->n;
    }
    *s = (struct jstr){ p, len, NULL, 0 };
    return n;
}

static struct jnode *number(struct parser *ps)
{
    char z[64];
    size_t n = 0;
    for (size_t i = 0; i < ps->tok->n && n + 1 < sizeof z; i++) {
        if (ps->tok->p[i] != '_')
            z[n++] = ps->tok->p[i];
    }
    z[n] = '\0';
    if (n + 1 == sizeof z || (ps->tok->kind == JT_INT && n > 18)) {
        parse_fail(ps, "a smaller number");
        return NULL;
    }
    struct jnode *c = constant(ps, ps->tok->kind == JT_INT ? jv_int(strtoll(z, NULL, 10)) : jv_float(strtod(z, NULL)));
    ps->tok++;
    return c;
}

/* Expressions up to `end`, which is taken; a comma may close the list. */
static int items(struct parser *ps, struct jnodes *list, const char *end)
{
    while (!parse_take(ps, end)) {
        if (parse_push(ps, list, parse_expression(ps)))
            return -1;
        if (!parse_take(ps, ",") && !parse_at(ps, end))
            return parse_fail(ps, "a comma or the end of the list");
    }
    return 0;
}

static struct jnode *dict(struct parser *ps)
{
    struct jnode *n = parse_node(ps, JE_DICT);
    while (n && !parse_take(ps, "}")) {
        if (parse_push(ps, &n->list, parse_expression(ps)) || parse_expect(ps, ":") ||
            parse_push(ps, &n->list, parse_expression(ps)))
            return NULL;
        if (!parse_take(ps, ",") && !parse_at(ps, "}")) {
            parse_fail(ps, "a comma or }");
            return NULL;
        }
    }
    return n;
}

/* Behind "(": an expression in parentheses, or a tuple. */
static struct jnode *parenthesis(struct parser *ps)
{
    struct jnode *t = parse_node(ps, JE_TUPLE);
    if (!t || parse_take(ps, ")"))
        return t;
    struct jnode *first = parse_expression(ps);
    if (!first || parse_take(ps, ")"))
        return first;
    if (parse_push(ps, &t->list, first) || parse_expect(ps, ",") || items(ps, &t->list, ")"))
        return NULL;
    return t;
}

struct jnode *parse_primary(struct parser *ps)
{
    static const struct {
        const char *word;
        struct jval value;
    } words[] = {
        { "true", { J_BOOL, { .b = true } } }, { "True", { J_BOOL, { .b = true } } },
        { "false", { J_BOOL, { .b = false } } }, { "False", { J_BOOL, { .b = false } } },
        { "none", { J_NONE, { .i = 0 } } }, { "None", { J_NONE, { .i = 0 } } },
    };
    switch (ps->tok->kind) {
    case JT_STRING:
        return string(ps);
    case JT_INT:
    case JT_FLOAT:
        return number(ps);
    case JT_NAME: {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (parse_take_name(ps, words[i].word))
                return constant(ps, words[i].value);
        }
        struct jnode *n = parse_node(ps, JE_NAME);
        return n && (n->name = parse_name(ps)) ? n : NULL;
    }
    default:
        break;
    }
    if (parse_take(ps, "("))
        return parenthesis(ps);
    if (parse_take(ps, "[")) {
        struct jnode *n = parse_node(ps, JE_LIST);
        return n && !items(ps, &n->list, "]") ? n : NULL;
    }
    if (parse_take(ps, "{"))
        return dict(ps);
    parse_fail(ps, "an expression");
    return NULL;
}

/* Arguments up to `end`, positional ones first. */
int parse_args(struct parser *ps, struct jnode *call, const char *end)
{
    size_t cap = 0;
    while (!parse_take(ps, end)) {
        const char *key = NULL;
        if (ps->tok->kind == JT_NAME && parse_word_is(ps->tok + 1, JT_OP, "=")) {
            if (!(key = parse_name(ps)))
                return -1;
            ps->tok++;
        }
        if (parse_at(ps, "*") || parse_at(ps, "**"))
            return err_set(ps->e, ERR_UNSUPPORTED, "line %u of the chat template: arguments unpacked by * are not supported",
                           ps->tok->line);
        if (parse_push(ps, &call->list, parse_expression(ps)))
            return -1;
        if (call->list.n > cap) {
            const char **names = parse_get(ps, (cap = cap ? cap * 2 : 4) * sizeof *names);
            if (!names)
                return -1;
            if (call->list.n > 1)
                memcpy(names, call->names, (call->list.n - 1) * sizeof *names);
            call->names = names;
        }
        call->names[call->list.n - 1] = key;
        if (!parse_take(ps, ",") && !parse_at(ps, end))
            return parse_fail(ps, "a comma or the end of the arguments");
    }
    return 0;
}

/* Behind "[": an index or a slice. */
static struct jnode *subscript(struct parser *ps, struct jnode *a)
{
    struct jnode *n = parse_node(ps, JE_ITEM);
    struct jnode *part[3] = { NULL, NULL, NULL };
    size_t k = 0;
    if (!n)
        return NULL;
    n->a = a;
    while (!parse_take(ps, "]")) {
        bool ok;
        if (parse_take(ps, ":")) {
            n->op = JE_SLICE;
            ok = ++k < 3;
        } else {
            if (!(part[k] = parse_expression(ps)))
                return NULL;
            ok = parse_at(ps, ":") || parse_at(ps, "]");
        }
        if (!ok) {
            parse_fail(ps, "]");
            return NULL;
        }
    }
    if (n->op == JE_ITEM && !part[0]) {
        parse_fail(ps, "an index or a slice");
        return NULL;
    }
    n->b = part[0];
    for (k = 0; n->op == JE_SLICE && k < 3; k++) {
        if (grow_nodes(ps, &n->list))
            return NULL;
        n->list.p[n->list.n++] = part[k];
    }
    return n;
}

struct jnode *parse_postfix(struct parser *ps, struct jnode *a)
{
    while (a) {
        if (!parse_at(ps, ".") && !parse_at(ps, "[") && !parse_at(ps, "("))
            return a;
        if (!parse_enter(ps))
            return NULL;
        if (parse_take(ps, "[")) {
            a = subscript(ps, a);
        } else if (parse_take(ps, ".")) {
            struct jnode *n = parse_node(ps, JE_ATTR);
            if (!n || !(n->name = parse_name(ps)))
                return NULL;
            n->a = a;
            a = n;
        } else {
            ps->tok++;
            struct jnode *n = parse_node(ps, JE_CALL);
            if (!n || parse_args(ps, n, ")"))
                return NULL;
            n->a = a;
            a = n;
        }
    }
    return NULL;
}
