/* Expressions. From the loosest to the tightest: condition, or, and, not, comparison, + -, ~, * / // %, **, sign,
 * postfix; filters and tests bind tighter than all of the binary ones. */
#include <stdlib.h>
#include <string.h>

#include "token/jinja_ast.h"

int parse_fail(struct parser *ps, const char *what)
{
    const struct jtok *t = ps->tok;
    if (t->kind == JT_EOF)
        return err_set(ps->e, ERR_FORMAT, "line %u of the chat template: it ends where %s should stand", t->line, what);
    return err_set(ps->e, ERR_FORMAT, "line %u of the chat template: \"%.*s\" where %s should stand", t->line,
                   (int)(t->n < 40 ? t->n : 40), t->p, what);
}

static void *get(struct parser *ps, size_t n)
{
    void *p = arena_get(ps->arena, n);
    if (!p)
        err_set(ps->e, ERR_LIMIT, "the chat template is too large");
    return p;
}

struct jnode *parse_node(struct parser *ps, enum jop op)
{
    struct jnode *n = get(ps, sizeof *n);
    if (n) {
        n->op = op;
        n->line = ps->tok->line;
    }
    return n;
}

static struct jnode *binary(struct parser *ps, enum jop op, struct jnode *a, struct jnode *b)
{
    struct jnode *n = a && b ? parse_node(ps, op) : NULL;
    if (n) {
        n->a = a;
        n->b = b;
        n->line = a->line;
    }
    return n;
}

static int grow_nodes(struct parser *ps, struct jnodes *v)
{
    if (v->n < v->cap)
        return 0;
    size_t cap = v->cap ? v->cap * 2 : 4;
    struct jnode **p = get(ps, cap * sizeof *p);
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
    for (size_t i = 0; i < ps->n_interned; i++) {
        if (strlen(ps->interned[i]) == n && !memcmp(ps->interned[i], p, n))
            return ps->interned[i];
    }
    if (ps->n_interned == ps->cap_interned) {
        if (ps->n_interned >= 4096) {
            err_set(ps->e, ERR_LIMIT, "the chat template has more than 4096 names");
            return NULL;
        }
        size_t cap = ps->cap_interned ? ps->cap_interned * 2 : 64;
        const char **more = get(ps, cap * sizeof *more);
        if (!more)
            return NULL;
        if (ps->n_interned)
            memcpy(more, ps->interned, ps->n_interned * sizeof *more);
        ps->interned = more;
        ps->cap_interned = cap;
    }
    char *z = get(ps, n + 1);
    if (!z)
        return NULL;
    memcpy(z, p, n);
    return ps->interned[ps->n_interned++] = z;
}

static bool word_is(const struct jtok *t, enum jtok_kind kind, const char *z)
{
    return t->kind == kind && t->n == strlen(z) && !memcmp(t->p, z, t->n);
}

bool parse_at(const struct parser *ps, const char *op)
{
    return word_is(ps->tok, JT_OP, op);
}

bool parse_at_name(const struct parser *ps, const char *name)
{
    return word_is(ps->tok, JT_NAME, name);
}

bool parse_take(struct parser *ps, const char *op)
{
    bool there = parse_at(ps, op);
    ps->tok += there;
    return there;
}

static bool take_name(struct parser *ps, const char *name)
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
    char *p = get(ps, len + 1);
    struct jstr *s = get(ps, sizeof *s);
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
            if (take_name(ps, words[i].word))
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
        if (ps->tok->kind == JT_NAME && word_is(ps->tok + 1, JT_OP, "=")) {
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
            const char **names = get(ps, (cap = cap ? cap * 2 : 4) * sizeof *names);
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

static struct jnode *postfix(struct parser *ps, struct jnode *a)
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

/* A test's single argument may stand without parentheses: "is divisibleby 3". */
static bool at_test_argument(const struct parser *ps)
{
    static const char *const not_one[] = { "else", "or", "and", "is", "not", "if", "in" };
    for (size_t i = 0; i < sizeof not_one / sizeof *not_one; i++) {
        if (parse_at_name(ps, not_one[i]))
            return false;
    }
    return ps->tok->kind == JT_NAME || ps->tok->kind == JT_STRING || ps->tok->kind == JT_INT ||
           ps->tok->kind == JT_FLOAT || parse_at(ps, "[") || parse_at(ps, "{");
}

static struct jnode *test(struct parser *ps, struct jnode *a)
{
    bool negated = take_name(ps, "not");
    struct jnode *n = parse_node(ps, JE_TEST);
    if (!n || !(n->name = parse_name(ps)))
        return NULL;
    n->a = a;
    if (parse_take(ps, "(")) {
        if (parse_args(ps, n, ")"))
            return NULL;
    } else if (at_test_argument(ps)) {
        n->names = get(ps, sizeof *n->names);
        if (!n->names || parse_push(ps, &n->list, postfix(ps, parse_primary(ps))))
            return NULL;
    }
    struct jnode *not = negated ? parse_node(ps, JE_NOT) : n;
    if (negated && not)
        not->a = n;
    return not;
}

struct jnode *parse_filters(struct parser *ps, struct jnode *a)
{
    do {
        struct jnode *n = parse_enter(ps) ? parse_node(ps, JE_FILTER) : NULL;
        if (!n || !(n->name = parse_name(ps)))
            return NULL;
        n->a = a;
        if (parse_take(ps, "(") && parse_args(ps, n, ")"))
            return NULL;
        a = n;
    } while (parse_take(ps, "|"));
    return a;
}

static struct jnode *filters_and_tests(struct parser *ps, struct jnode *a)
{
    while (a) {
        if (parse_take(ps, "|"))
            a = parse_filters(ps, a);
        else if (parse_at_name(ps, "is") && parse_enter(ps) && ps->tok++)
            a = test(ps, a);
        else
            break;
        if (a && parse_at(ps, "("))
            a = postfix(ps, a);
    }
    return a;
}

static struct jnode *unary(struct parser *ps, bool with_filters)
{
    struct jnode *a;
    bool minus = parse_at(ps, "-");
    if (minus || parse_at(ps, "+")) {
        ps->tok++;
        if (!parse_enter(ps))
            return NULL;
        struct jnode *n = parse_node(ps, minus ? JE_NEG : JE_POS);
        a = n && (n->a = unary(ps, false)) ? n : NULL;
    } else {
        a = postfix(ps, parse_primary(ps));
    }
    return with_filters ? filters_and_tests(ps, a) : a;
}

/* The binary operators that associate to the left, loosest level first. */
static struct jnode *level(struct parser *ps, unsigned at)
{
    static const struct {
        const char *word;
        enum jop op;
        unsigned level;
    } ops[] = {
        { "+", JE_ADD, 0 }, { "-", JE_SUB, 0 }, { "~", JE_CONCAT, 1 }, { "*", JE_MUL, 2 }, { "/", JE_DIV, 2 },
        { "//", JE_FLOORDIV, 2 }, { "%", JE_MOD, 2 }, { "**", JE_POW, 3 },
    };
    if (at == 4)
        return unary(ps, true);
    struct jnode *a = level(ps, at + 1);
    for (size_t i = 0; a && i < sizeof ops / sizeof *ops;) {
        if (ops[i].level != at || !parse_at(ps, ops[i].word)) {
            i++;
            continue;
        }
        if (!parse_enter(ps))
            return NULL;
        ps->tok++;
        a = binary(ps, ops[i].op, a, level(ps, at + 1));
        i = 0;
    }
    return a;
}

static bool comparison(struct parser *ps, enum jop *op)
{
    static const char *const words[] = { "==", "!=", "<", "<=", ">", ">=" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (parse_take(ps, words[i])) {
            *op = (enum jop)(JE_EQ + i);
            return true;
        }
    }
    if (take_name(ps, "in")) {
        *op = JE_IN;
        return true;
    }
    if (parse_at_name(ps, "not") && word_is(ps->tok + 1, JT_NAME, "in")) {
        ps->tok += 2;
        *op = JE_NOT_IN;
        return true;
    }
    return false;
}

/* a < b, or a chain a < b < c: true when all its links are. */
static struct jnode *compare(struct parser *ps)
{
    enum jop op;
    struct jnode *a = level(ps, 0), *chain = NULL;
    while (a && comparison(ps, &op)) {
        struct jnode *b = level(ps, 0);
        if (!chain && !(chain = parse_node(ps, JE_CHAIN)))
            return NULL;
        if (!chain->list.n && parse_push(ps, &chain->list, a))
            return NULL;
        if (!b || parse_push(ps, &chain->list, b) || parse_push(ps, &chain->body, parse_node(ps, op)))
            return NULL;
    }
    if (!a || !chain || chain->list.n > 2)
        return chain ? chain : a;
    return binary(ps, chain->body.p[0]->op, chain->list.p[0], chain->list.p[1]);
}

static struct jnode *negation(struct parser *ps)
{
    if (!take_name(ps, "not"))
        return compare(ps);
    struct jnode *n = parse_enter(ps) ? parse_node(ps, JE_NOT) : NULL;
    return n && (n->a = negation(ps)) ? n : NULL;
}

static struct jnode *conjunction(struct parser *ps)
{
    struct jnode *a = negation(ps);
    while (a && take_name(ps, "and"))
        a = parse_enter(ps) ? binary(ps, JE_AND, a, negation(ps)) : NULL;
    return a;
}

static struct jnode *disjunction(struct parser *ps)
{
    struct jnode *a = conjunction(ps);
    while (a && take_name(ps, "or"))
        a = parse_enter(ps) ? binary(ps, JE_OR, a, conjunction(ps)) : NULL;
    return a;
}

/* An expression nests as deep as its parts and operators are many: the depth is given back only at its end. */
struct jnode *parse_expression(struct parser *ps)
{
    unsigned before = ps->depth;
    struct jnode *a = parse_enter(ps) ? disjunction(ps) : NULL;
    while (a && take_name(ps, "if")) {
        struct jnode *n = parse_enter(ps) ? parse_node(ps, JE_COND) : NULL;
        if (!n || !(n->b = disjunction(ps)))
            return NULL;
        if (take_name(ps, "else") && !(n->c = parse_expression(ps)))
            return NULL;
        n->a = a;
        a = n;
    }
    ps->depth = before;
    return a;
}

struct jnode *parse_tuple(struct parser *ps, bool with_condition)
{
    struct jnode *first = with_condition ? parse_expression(ps) : disjunction(ps);
    if (!first || !parse_at(ps, ","))
        return first;
    struct jnode *t = parse_node(ps, JE_TUPLE);
    if (!t || parse_push(ps, &t->list, first))
        return NULL;
    while (parse_take(ps, ",")) {
        if (ps->tok->kind == JT_TAG_END || ps->tok->kind == JT_PRINT_END)
            break;
        if (parse_push(ps, &t->list, with_condition ? parse_expression(ps) : disjunction(ps)))
            return NULL;
    }
    return t;
}
