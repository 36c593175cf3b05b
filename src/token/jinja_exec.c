/* Running statements: scopes, loops, macros. */
#include <string.h>

#include "token/jinja_eval.h"

struct jval *jscope_find(struct jx *x, struct jscope *s, const char *name)
{
    for (; s && jrt_spend(&x->rt, 1 + s->n / 4); s = s->up) {
        for (size_t i = 0; i < s->n; i++) {
            if (s->vars[i].name == name || !strcmp(s->vars[i].name, name))
                return &s->vars[i].v;
        }
    }
    return NULL;
}

void jscope_set(struct jx *x, const char *name, struct jval v)
{
    struct jscope *s = x->scope, own = *s;
    own.up = NULL;
    struct jval *old = jscope_find(x, &own, name);
    if (old) {
        *old = v;
        return;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 8;
        struct jvar *more = jrt_get(&x->rt, cap * sizeof *more);
        if (!more)
            return;
        if (s->n)
            memcpy(more, s->vars, s->n * sizeof *more);
        s->vars = more;
        s->cap = cap;
    }
    s->vars[s->n++] = (struct jvar){ name, v };
}

static bool push_scope(struct jx *x, struct jscope *up)
{
    struct jscope *s = jrt_get(&x->rt, sizeof *s);
    if (!s)
        return false;
    s->up = up;
    x->scope = s;
    return true;
}

bool jx_enter(struct jx *x, unsigned line)
{
    x->rt.line = line;
    if (x->rt.depth >= JINJA_MAX_DEPTH)
        jrt_fail(&x->rt, ERR_LIMIT, "the template nests too deeply");
    if (!jrt_spend(&x->rt, 1))
        return false;
    x->rt.depth++;
    return true;
}

void jx_leave(struct jx *x)
{
    x->rt.depth--;
}

static void if_(struct jx *x, const struct jnode *n)
{
    for (size_t i = 0; i < n->list.n; i++) {
        bool yes = jv_true(jx_eval(x, n->list.p[i]));
        if (x->rt.failed)
            return;
        if (yes) {
            jx_body(x, &n->bodies[i]);
            return;
        }
    }
    jx_body(x, &n->orelse);
}

/* Binds the loop's targets to an item. */
static void bind(struct jx *x, const struct jnode *n, struct jval item)
{
    if (n->n_names == 1) {
        jscope_set(x, n->names[0], item);
        return;
    }
    if (item.kind != J_LIST || item.u.l->n != n->n_names) {
        jrt_fail(&x->rt, ERR_ARG, "the template takes a value of type %s apart into %zu", jv_kind_name(item), n->n_names);
        return;
    }
    for (size_t i = 0; i < n->n_names; i++)
        jscope_set(x, n->names[i], item.u.l->p[i]);
}

/* The items for which the loop's condition holds. */
static const struct jlist *filtered(struct jx *x, const struct jnode *n, const struct jlist *items)
{
    struct jval out = jv_list(&x->rt);
    for (size_t i = 0; !x->rt.failed && i < items->n; i++) {
        x->scope->n = 0;
        bind(x, n, items->p[i]);
        if (!x->rt.failed && jv_true(jx_eval(x, n->b)))
            jlist_add(&x->rt, out.u.l, items->p[i]);
    }
    return x->rt.failed ? NULL : out.u.l;
}

static void iterate(struct jx *x, const struct jnode *n, const struct jlist *items)
{
    struct jloop *loop = jrt_get(&x->rt, sizeof *loop);
    if (!loop)
        return;
    loop->items = items;
    for (size_t i = 0, end = items->n; i < end && i < items->n && !x->rt.failed; i++) {
        if (++x->rt.iterations > JINJA_MAX_ITERATIONS) {
            jrt_fail(&x->rt, ERR_LIMIT, "the template's loops run more than %d times", JINJA_MAX_ITERATIONS);
            return;
        }
        loop->at = i;
        x->scope->n = 0; /* each iteration has variables of its own */
        jscope_set(x, "loop", (struct jval){ J_LOOP, { .loop = loop } });
        bind(x, n, items->p[i]);
        jx_body(x, &n->body);
        enum jflow flow = x->flow;
        x->flow = J_ON;
        if (flow == J_BREAK)
            return;
    }
}

static void for_(struct jx *x, const struct jnode *n)
{
    struct jval over = jx_eval(x, n->a);
    const struct jlist *items = x->rt.failed ? NULL : jv_items(&x->rt, over);
    struct jscope *outer = x->scope;
    if (!items || !push_scope(x, outer))
        return;
    if (n->b)
        items = filtered(x, n, items);
    if (items && items->n)
        iterate(x, n, items);
    x->scope = outer;
    if (items && !items->n)
        jx_body(x, &n->orelse);
}

static void assign(struct jx *x, const struct jnode *target, struct jval v)
{
    if (x->rt.failed)
        return;
    if (target->op == JE_NAME) {
        jscope_set(x, target->name, v);
        return;
    }
    struct jval ns = jx_eval(x, target->a);
    if (ns.kind == J_NAMESPACE)
        jdict_put_z(&x->rt, ns.u.d, target->name, v);
    else
        jrt_fail(&x->rt, ERR_ARG, "the template sets an attribute of what is no namespace: \"%s\"", target->a->name);
}

static void set(struct jx *x, const struct jnode *n)
{
    struct jval v = jx_eval(x, n->a);
    if (x->rt.failed)
        return;
    if (n->list.n == 1) {
        assign(x, n->list.p[0], v);
        return;
    }
    if (v.kind != J_LIST || v.u.l->n != n->list.n) {
        jrt_fail(&x->rt, ERR_ARG, "the template takes a value of type %s apart into %zu", jv_kind_name(v), n->list.n);
        return;
    }
    for (size_t i = 0; i < n->list.n; i++)
        assign(x, n->list.p[i], v.u.l->p[i]);
}

const struct jstr *jx_capture(struct jx *x, const struct jnodes *body)
{
    struct jbuf b, *outer = x->out;
    jbuf_init(&b, &x->rt);
    x->out = &b;
    jx_body(x, body);
    x->out = outer;
    return jbuf_str(&b);
}

/* A caught text through the filters of a block, innermost first: n->a is the outermost. */
static struct jval through_filters(struct jx *x, const struct jnode *f, struct jval v)
{
    if (!f || !jx_enter(x, f->line))
        return v;
    v = through_filters(x, f->a, v);
    struct jargs args;
    jx_args(x, f, &args);
    x->rt.line = f->line;
    if (!x->rt.failed)
        v = jx_filter(x, f->name, v, &args);
    jx_leave(x);
    return v;
}

static void define_macro(struct jx *x, const struct jnode *n)
{
    struct jmacro *m = jrt_get(&x->rt, sizeof *m);
    if (!m)
        return;
    *m = (struct jmacro){ n, x->scope };
    jscope_set(x, n->name, (struct jval){ J_MACRO, { .macro = m } });
}

static void statement(struct jx *x, const struct jnode *n)
{
    switch (n->op) {
    case JS_TEXT:
        jbuf_add(x->out, n->value.u.s, 0, n->value.u.s->n);
        break;
    case JS_PRINT: {
        struct jval v = jx_eval(x, n->a);
        if (!x->rt.failed)
            jbuf_addv(x->out, v);
        break;
    }
    case JS_IF:
        if_(x, n);
        break;
    case JS_FOR:
        for_(x, n);
        break;
    case JS_SET:
        set(x, n);
        break;
    case JS_SET_BLOCK: {
        struct jval v = jv_str(jx_capture(x, &n->body));
        assign(x, n->list.p[0], through_filters(x, n->a, v));
        break;
    }
    case JS_FILTER_BLOCK: {
        struct jval v = jv_str(jx_capture(x, &n->body));
        jbuf_addv(x->out, through_filters(x, n->a, v));
        break;
    }
    case JS_MACRO:
        define_macro(x, n);
        break;
    case JS_BREAK:
        x->flow = J_BREAK;
        break;
    default:
        x->flow = J_CONTINUE;
        break;
    }
}

void jx_body(struct jx *x, const struct jnodes *body)
{
    for (size_t i = 0; i < body->n && !x->rt.failed && x->flow == J_ON; i++) {
        if (!jx_enter(x, body->p[i]->line))
            return;
        statement(x, body->p[i]);
        jx_leave(x);
    }
}

static void bind_parameters(struct jx *x, const struct jnode *n, const struct jargs *a)
{
    size_t positional = 0;
    while (positional < a->n && !a->name[positional])
        positional++;
    if (positional > n->n_names)
        jrt_fail(&x->rt, ERR_ARG, "the template gives macro %s too many arguments", n->name);
    for (size_t i = 0; i < n->n_names && !x->rt.failed; i++) {
        struct jval v = jargs_get(a, i, n->names[i]);
        if (v.kind == J_UNDEFINED && n->list.p[i])
            v = jx_eval(x, n->list.p[i]);
        jscope_set(x, n->names[i], v);
    }
}

struct jval jx_call_macro(struct jx *x, const struct jmacro *m, const struct jargs *a)
{
    struct jscope *outer = x->scope;
    if (x->rt.calls >= JINJA_MAX_CALLS) {
        jrt_fail(&x->rt, ERR_LIMIT, "the template's macros call each other more than %d deep", JINJA_MAX_CALLS);
        return jv_undefined();
    }
    if (!push_scope(x, m->scope))
        return jv_undefined();
    x->rt.calls++;
    bind_parameters(x, m->node, a);
    const struct jstr *s = jx_capture(x, &m->node->body);
    x->rt.calls--;
    x->flow = J_ON;
    x->scope = outer;
    return jv_str(s);
}

int jx_init(struct jx *x, int64_t date, struct err *e)
{
    *x = (struct jx){ .rt = { .e = e }, .date = date };
    arena_init(&x->rt.arena, JINJA_MAX_MEMORY);
    return push_scope(x, NULL) ? 0 : -1;
}

void jx_release(struct jx *x)
{
    arena_release(&x->rt.arena);
}

int jinja_run(const struct jinja *j, struct jx *x, const struct jstr **out)
{
    *out = jx_capture(x, &j->body);
    return x->rt.failed ? -1 : 0;
}
