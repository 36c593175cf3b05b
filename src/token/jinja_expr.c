/* Expressions. From the loosest to the tightest: condition, or, and, not, comparison, + -, ~, * / // %, **, sign,
 * postfix; filters and tests bind tighter than all of the binary ones. */
#include <string.h>

#include "token/jinja_ast.h"

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
    bool negated = parse_take_name(ps, "not");
    struct jnode *n = parse_node(ps, JE_TEST);
    if (!n || !(n->name = parse_name(ps)))
        return NULL;
    n->a = a;
    if (parse_take(ps, "(")) {
        if (parse_args(ps, n, ")"))
            return NULL;
    } else if (at_test_argument(ps)) {
        n->names = parse_get(ps, sizeof *n->names);
        if (!n->names || parse_push(ps, &n->list, parse_postfix(ps, parse_primary(ps))))
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
            a = parse_postfix(ps, a);
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
        a = parse_postfix(ps, parse_primary(ps));
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
    if (parse_take_name(ps, "in")) {
        *op = JE_IN;
        return true;
    }
    if (parse_at_name(ps, "not") && parse_word_is(ps->tok + 1, JT_NAME, "in")) {
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
    if (!parse_take_name(ps, "not"))
        return compare(ps);
    struct jnode *n = parse_enter(ps) ? parse_node(ps, JE_NOT) : NULL;
    return n && (n->a = negation(ps)) ? n : NULL;
}

static struct jnode *conjunction(struct parser *ps)
{
    struct jnode *a = negation(ps);
    while (a && parse_take_name(ps, "and"))
        a = parse_enter(ps) ? binary(ps, JE_AND, a, negation(ps)) : NULL;
    return a;
}

static struct jnode *disjunction(struct parser *ps)
{
    struct jnode *a = conjunction(ps);
    while (a && parse_take_name(ps, "or"))
        a = parse_enter(ps) ? binary(ps, JE_OR, a, conjunction(ps)) : NULL;
    return a;
}

/* An expression nests as deep as its parts and operators are many: the depth is given back only at its end. */
struct jnode *parse_expression(struct parser *ps)
{
    unsigned before = ps->depth;
    struct jnode *a = parse_enter(ps) ? disjunction(ps) : NULL;
    while (a && parse_take_name(ps, "if")) {
        struct jnode *n = parse_enter(ps) ? parse_node(ps, JE_COND) : NULL;
        if (!n || !(n->b = disjunction(ps)))
            return NULL;
        if (parse_take_name(ps, "else") && !(n->c = parse_expression(ps)))
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
