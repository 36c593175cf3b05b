/* What an operation did, told from the changes it made. */
#include "chat/tree_parts.h"

static const struct tree_op *find_op(const struct tree *t, uint64_t number)
{
    for (size_t i = t->n_ops; i; i--) {
        if (t->ops[i - 1].number == number)
            return &t->ops[i - 1];
    }
    return NULL;
}

/* The first change of that field; NULL: none. */
static const struct change *find_change(const struct tree_op *op, enum field f)
{
    for (size_t i = 0; i < op->n; i++) {
        if (op->changes[i].field == f)
            return &op->changes[i];
    }
    return NULL;
}

static size_t place_of(const struct tree *t, const struct node *n)
{
    size_t place = 0;
    for (; n; n = tree_node(t, n->body.parent))
        place += !n->body.continues;
    return place;
}

/* Another version was there when this one was made. */
static bool had_sibling(const struct tree *t, const struct node *n)
{
    const struct node *p = tree_node(t, n->body.parent);
    for (size_t i = p ? p->first_child : t->first_root; i && t->nodes[i - 1].id < n->id; i = t->nodes[i - 1].next) {
        if (t->nodes[i - 1].body.role == n->body.role && !t->nodes[i - 1].body.continues)
            return true;
    }
    return false;
}

static int made_words(const struct tree *t, const struct tree_op *op, const struct node *n, struct str *out)
{
    const struct node *last = n;
    size_t place = place_of(t, n);
    for (size_t i = 0; i < op->n; i++) {
        if (op->changes[i].field == FIELD_ALIVE)
            last = &t->nodes[op->changes[i].index];
    }
    if (n->body.role == ROLE_SYSTEM)
        return str_addf(out, "%ssystem text", had_sibling(t, n) ? "another " : "");
    if (n->body.continues)
        return str_addf(out, "more of message %zu", place);
    if (n->body.made)
        return str_addf(out, "%sreply, message %zu", had_sibling(t, n) ? "another " : "", place);
    return str_addf(out, "%smessage %zu%s", had_sibling(t, n) ? "edit of " : "", place, last != n ? " and its reply" : "");
}

int tree_op_words(const struct tree *t, uint64_t number, struct str *out)
{
    const struct tree_op *op = find_op(t, number);
    const struct change *c;
    if (!op)
        return 0;
    if ((c = find_change(op, FIELD_ALIVE)))
        return made_words(t, op, &t->nodes[c->index], out);
    if ((c = find_change(op, FIELD_DELETED)))
        return str_addf(out, "deletion of message %zu", place_of(t, &t->nodes[c->index]));
    if ((c = find_change(op, FIELD_RATING)))
        return str_addf(out, "rating of message %zu", place_of(t, &t->nodes[c->index]));
    if (find_change(op, FIELD_TITLE))
        return str_adds(out, "new name");
    if (find_change(op, FIELD_CHOICE))
        return str_adds(out, "choice of a reply");
    return str_adds(out, find_change(op, FIELD_MODEL) ? "change of model" : "step to another version");
}
