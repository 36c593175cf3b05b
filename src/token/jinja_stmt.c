/* Statements: the tags, and the text between them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "token/jinja_ast.h"

static int statements(struct parser *ps, struct jnodes *body, const char *const *ends);

/* True when the next words are "{%" and name. */
static bool at_tag(const struct parser *ps, const char *name)
{
    return ps->tok->kind == JT_TAG && parse_word_is(ps->tok + 1, JT_NAME, name);
}

static int tag_end(struct parser *ps)
{
    if (ps->tok->kind != JT_TAG_END)
        return parse_fail(ps, "%}");
    ps->tok++;
    return 0;
}

/* "{% name %}", which must stand there. */
static int closing(struct parser *ps, const char *name)
{
    if (!at_tag(ps, name))
        return parse_fail(ps, name);
    ps->tok += 2;
    return tag_end(ps);
}

static int if_(struct parser *ps, struct jnode *n)
{
    static const char *const ends[] = { "elif", "else", "endif", NULL };
    size_t cap = 0;
    do { /* behind "if" or "elif" */
        if (n->list.n == cap) {
            size_t more = cap ? cap * 2 : 2;
            struct jnodes *b = arena_get(ps->arena, more * sizeof *b);
            if (!b)
                return err_set(ps->e, ERR_LIMIT, "the chat template is too large");
            if (cap)
                memcpy(b, n->bodies, cap * sizeof *b);
            n->bodies = b;
            cap = more;
        }
        if (parse_push(ps, &n->list, parse_tuple(ps, true)) || tag_end(ps) ||
            statements(ps, &n->bodies[n->list.n - 1], ends))
            return -1;
    } while (at_tag(ps, "elif") && (ps->tok += 2));
    if (at_tag(ps, "else") && (closing(ps, "else") || statements(ps, &n->orelse, ends)))
        return -1;
    return closing(ps, "endif");
}

/* Names with commas between them, in parentheses or not. */
static int targets(struct parser *ps, struct jnode *n)
{
    enum { MAX_TARGETS = 8 };
    bool open = parse_take(ps, "(");
    n->names = arena_get(ps->arena, MAX_TARGETS * sizeof *n->names);
    if (!n->names)
        return err_set(ps->e, ERR_LIMIT, "the chat template is too large");
    do {
        if (n->n_names == MAX_TARGETS)
            return parse_fail(ps, "fewer loop variables");
        if (!(n->names[n->n_names++] = parse_name(ps)))
            return -1;
    } while (parse_take(ps, ","));
    return open ? parse_expect(ps, ")") : 0;
}

static int for_(struct parser *ps, struct jnode *n)
{
    static const char *const ends[] = { "else", "endfor", NULL };
    if (targets(ps, n))
        return -1;
    if (!parse_at_name(ps, "in"))
        return parse_fail(ps, "in");
    ps->tok++;
    if (!(n->a = parse_tuple(ps, false)))
        return -1;
    if (parse_at_name(ps, "if") && (ps->tok++, !(n->b = parse_expression(ps))))
        return -1;
    if (parse_at_name(ps, "recursive"))
        return err_set(ps->e, ERR_UNSUPPORTED, "line %u of the chat template: recursive loops are not supported", n->line);
    if (tag_end(ps) || statements(ps, &n->body, ends))
        return -1;
    if (at_tag(ps, "else") && (closing(ps, "else") || statements(ps, &n->orelse, ends)))
        return -1;
    return closing(ps, "endfor");
}

static int set(struct parser *ps, struct jnode *n)
{
    static const char *const ends[] = { "endset", NULL };
    do {
        struct jnode *t = parse_node(ps, JE_NAME);
        if (!t || !(t->name = parse_name(ps)))
            return -1;
        if (parse_take(ps, ".")) {
            struct jnode *attr = parse_node(ps, JE_ATTR);
            if (!attr || !(attr->name = parse_name(ps)))
                return -1;
            attr->a = t;
            t = attr;
        }
        if (parse_push(ps, &n->list, t))
            return -1;
    } while (parse_take(ps, ","));
    if (parse_take(ps, "="))
        return (n->a = parse_tuple(ps, true)) ? tag_end(ps) : -1;
    n->op = JS_SET_BLOCK;
    if (n->list.n != 1)
        return parse_fail(ps, "=");
    if (parse_take(ps, "|") && !(n->a = parse_filters(ps, NULL)))
        return -1;
    return tag_end(ps) || statements(ps, &n->body, ends) || closing(ps, "endset") ? -1 : 0;
}

static int macro(struct parser *ps, struct jnode *n)
{
    enum { MAX_PARAMETERS = 32 };
    static const char *const ends[] = { "endmacro", NULL };
    n->names = arena_get(ps->arena, MAX_PARAMETERS * sizeof *n->names);
    n->list.p = arena_get(ps->arena, MAX_PARAMETERS * sizeof *n->list.p);
    if (!n->names || !n->list.p)
        return err_set(ps->e, ERR_LIMIT, "the chat template is too large");
    if (!(n->name = parse_name(ps)) || parse_expect(ps, "("))
        return -1;
    while (!parse_take(ps, ")")) {
        if (n->n_names == MAX_PARAMETERS)
            return parse_fail(ps, "fewer parameters");
        if (!(n->names[n->n_names] = parse_name(ps)))
            return -1;
        if (parse_take(ps, "=") && !(n->list.p[n->n_names] = parse_expression(ps)))
            return -1;
        n->n_names++;
        if (!parse_take(ps, ",") && !parse_at(ps, ")"))
            return parse_fail(ps, "a comma or )");
    }
    return tag_end(ps) || statements(ps, &n->body, ends) || closing(ps, "endmacro") ? -1 : 0;
}

static int filter_block(struct parser *ps, struct jnode *n)
{
    static const char *const ends[] = { "endfilter", NULL };
    if (!(n->a = parse_filters(ps, NULL)))
        return -1;
    return tag_end(ps) || statements(ps, &n->body, ends) || closing(ps, "endfilter") ? -1 : 0;
}

static int nothing(struct parser *ps, struct jnode *n)
{
    (void)n;
    return tag_end(ps);
}

static const struct tag {
    const char *name;
    enum jop op;
    int (*parse)(struct parser *ps, struct jnode *n);
    bool silent; /* makes no node: {% generation %} marks what training may learn from */
} tags[] = {
    { "if", JS_IF, if_, false }, { "for", JS_FOR, for_, false }, { "set", JS_SET, set, false },
    { "macro", JS_MACRO, macro, false }, { "filter", JS_FILTER_BLOCK, filter_block, false },
    { "break", JS_BREAK, nothing, false }, { "continue", JS_CONTINUE, nothing, false },
    { "generation", JS_TEXT, nothing, true }, { "endgeneration", JS_TEXT, nothing, true },
};

static int tag(struct parser *ps, struct jnodes *body)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (!at_tag(ps, tags[i].name))
            continue;
        unsigned before = ps->depth;
        ps->tok += 2;
        struct jnode *n = parse_enter(ps) ? parse_node(ps, tags[i].op) : NULL;
        if (!n || tags[i].parse(ps, n) || (!tags[i].silent && parse_push(ps, body, n)))
            return -1;
        ps->depth = before;
        return 0;
    }
    const struct jtok *t = ps->tok + 1;
    if (t->kind != JT_NAME || !strncmp(t->p, "end", 3) || !strncmp(t->p, "el", 2)) {
        ps->tok++;
        return parse_fail(ps, "a tag");
    }
    return err_set(ps->e, ERR_UNSUPPORTED, "line %u of the chat template: {%% %.*s %%} is not supported", t->line,
                   (int)(t->n < 40 ? t->n : 40), t->p);
}

static int text(struct parser *ps, struct jnodes *body)
{
    struct jnode *n = parse_node(ps, JS_TEXT);
    struct jstr *s = n ? arena_get(ps->arena, sizeof *s) : NULL;
    if (!s)
        return err_set(ps->e, ERR_LIMIT, "the chat template is too large");
    *s = (struct jstr){ ps->tok->p, ps->tok->n, NULL, 0 };
    n->value = jv_str(s);
    ps->tok++;
    return parse_push(ps, body, n);
}

static int print(struct parser *ps, struct jnodes *body)
{
    ps->tok++;
    struct jnode *n = parse_node(ps, JS_PRINT);
    if (!n || !(n->a = parse_tuple(ps, true)))
        return -1;
    if (ps->tok->kind != JT_PRINT_END)
        return parse_fail(ps, "}}");
    ps->tok++;
    return parse_push(ps, body, n);
}

/* Up to one of the tags in `ends` (which is left standing), or to the end of the template when ends is NULL. */
static int statements(struct parser *ps, struct jnodes *body, const char *const *ends)
{
    while (ps->tok->kind != JT_EOF) {
        for (size_t i = 0; ends && ends[i]; i++) {
            if (at_tag(ps, ends[i]))
                return 0;
        }
        int r = ps->tok->kind == JT_TEXT ? text(ps, body) : ps->tok->kind == JT_PRINT ? print(ps, body) : tag(ps, body);
        if (r)
            return -1;
    }
    if (!ends)
        return 0;
    while (ends[1])
        ends++;
    return parse_fail(ps, *ends);
}

struct jinja *jinja_parse(const char *src, size_t n, struct err *e)
{
    struct err own = ERR_INIT;
    if (!e)
        e = &own;
    if (n > JINJA_MAX_TEMPLATE) {
        err_set(e, ERR_LIMIT, "the chat template has %zu bytes: more than %d", n, JINJA_MAX_TEMPLATE);
        return NULL;
    }
    struct jinja *j = mem_zalloc(1, sizeof *j);
    if (!j) {
        err_nomem(e, "the chat template");
        return NULL;
    }
    e->code = ERR_OK;
    arena_init(&j->arena, JINJA_MAX_MEMORY);
    struct parser ps = { .arena = &j->arena, .e = e };
    ps.tok = jinja_lex(&j->arena, src, n, e);
    if (!ps.tok || statements(&ps, &j->body, NULL)) {
        jinja_free(j);
        return NULL;
    }
    return j;
}

void jinja_free(struct jinja *j)
{
    if (!j)
        return;
    arena_release(&j->arena);
    free(j);
}
