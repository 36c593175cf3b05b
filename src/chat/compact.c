#include "chat/compact.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "chat/conv_parts.h"

struct work {
    const struct tree *t;   /* as it is now */
    struct str out;
};

/* Appends a node as it is now in the place of its first line: with its operation, and as the head it became then. */
static int put_node(struct work *w, const struct event *line, struct err *e)
{
    const struct node *n = tree_node(w->t, line->node);
    struct event ev;
    event_init(&ev, EVENT_NODE);
    ev.op = n->op;
    ev.time = n->time;
    ev.node = n->id;
    ev.head = line->head;
    if (body_copy(&ev.body, &n->body))
        return err_nomem(e, "a message");
    int r = event_write(&ev, &w->out, e);
    event_release(&ev);
    return r;
}

/* A tombstone's other effect: where it moved the head. */
static int put_head(struct work *w, const struct event *line, struct err *e)
{
    struct event ev;
    event_init(&ev, EVENT_HEAD);
    ev.op = line->op;
    ev.time = line->time;
    ev.node = line->other;
    return event_write(&ev, &w->out, e);
}

static bool shown_or_none(const struct tree *t, uint32_t id)
{
    return !id || tree_visible(t, id);
}

/* Whether the line stays as it is. Where something else stands for it, that has been written. */
static bool stays(struct work *w, const struct event *ev, int *bad, struct err *e)
{
    const struct tree *t = w->t;
    const struct node *n = tree_node(t, ev->node);
    bool holds = tree_op_holds(t, ev->op), about_message = ev->kind == EVENT_NODE || ev->kind == EVENT_REPLY ||
                                                           ev->kind == EVENT_PART;
    if (about_message && !n) /* it did not fit: kept as it is, like everything that is not understood */
        return true;
    switch (ev->kind) {
    case EVENT_CHAT:
    case EVENT_SETTINGS:
    case EVENT_UNKNOWN:
        return true;
    case EVENT_REPLY:
        if (tree_visible(t, ev->node))
            *bad = put_node(w, ev, e);
        return false;
    case EVENT_NODE: /* the last word on a reply carries no head: its first line stands for both */
        return tree_visible(t, ev->node) && (ev->head || !n->body.made);
    case EVENT_TOMBSTONE:
        if (holds && shown_or_none(t, ev->other))
            *bad = put_head(w, ev, e);
        return false;
    case EVENT_HEAD:
        return holds && shown_or_none(t, ev->node);
    case EVENT_RATING:
        return holds && tree_visible(t, ev->node);
    case EVENT_CHOICE:
        return holds && tree_visible(t, ev->node) && tree_visible(t, ev->other);
    case EVENT_TITLE:
    case EVENT_MODEL:
        return holds;
    case EVENT_PART:
    case EVENT_UNDO:
    case EVENT_REDO:
        break;
    }
    return false;
}

static int filter_line(void *arg, const char *line, size_t n, struct err *e)
{
    struct work *w = arg;
    struct event ev;
    struct err ignored;
    int bad = 0;
    bool keep = event_read(&ev, line, n, &ignored) || stays(w, &ev, &bad, e);
    event_release(&ev);
    if (bad)
        return -1;
    return keep && (str_add(&w->out, line, n) || str_addc(&w->out, '\n')) ? err_nomem(e, "the chat") : 0;
}

static int filter(struct work *w, const struct str *all, struct err *e)
{
    for (size_t from = 0; from < all->len;) {
        const char *end = memchr(all->p + from, '\n', all->len - from);
        if (!end)
            break;
        if (filter_line(w, all->p + from, (size_t)(end - all->p) - from, e))
            return -1;
        from = (size_t)(end - all->p) + 1;
    }
    return 0;
}

static int fold_all(struct tree *t, const struct str *all, struct err *e)
{
    for (size_t from = 0; from < all->len;) {
        const char *end = memchr(all->p + from, '\n', all->len - from);
        struct event ev;
        struct err why;
        if (!event_read(&ev, all->p + from, (size_t)(end - all->p) - from, &why) && tree_apply(t, &ev, &why) &&
            why.code == ERR_NOMEM)
            return err_nomem(e, "the chat");
        from = (size_t)(end - all->p) + 1;
    }
    return 0;
}

static bool same_node(const struct node *a, const struct node *b)
{
    return b && a->body.parent == b->body.parent && a->body.role == b->body.role && a->rating == b->rating &&
           a->body.at == b->body.at && a->body.n_text == b->body.n_text && a->body.n_ids == b->body.n_ids &&
           !memcmp(a->body.text, b->body.text, a->body.n_text) &&
           (!a->body.n_ids || !memcmp(a->body.ids, b->body.ids, a->body.n_ids * sizeof *a->body.ids));
}

/* Everything that is shown in a is shown in b, and nothing else. Counts what is not shown. */
static bool same_shown(const struct tree *a, const struct tree *b, size_t *hidden)
{
    size_t shown_b = 0;
    *hidden = 0;
    for (size_t i = 0; i < a->n_nodes; i++) {
        if (!tree_visible(a, a->nodes[i].id))
            ++*hidden;
        else if (!same_node(&a->nodes[i], tree_node(b, a->nodes[i].id)))
            return false;
    }
    for (size_t i = 0; i < b->n_nodes; i++)
        shown_b += tree_visible(b, b->nodes[i].id);
    return shown_b == a->n_nodes - *hidden && a->head == b->head && !strcmp(tree_title(a), tree_title(b)) &&
           !strcmp(tree_model_name(a), tree_model_name(b)) && !strcmp(a->id, b->id);
}

static int rewrite(struct conv *c, struct journal *j, struct compact_result *r, struct err *e)
{
    struct str all = STR_INIT;
    struct work w = { .t = &c->tree, .out = STR_INIT };
    struct tree after;
    int bad = tree_init(&after, e);
    if (bad)
        return -1;
    bad = file_read(journal_path(j), (size_t)JOURNAL_MAX_MB << 20, &all, e) || filter(&w, &all, e) ||
          fold_all(&after, &w.out, e);
    if (!bad && !same_shown(&c->tree, &after, &r->messages_gone))
        bad = err_set(e, ERR_FORMAT, "%s could not be rewritten faithfully and stays as it is", journal_path(j));
    r->bytes_before = all.len;
    r->bytes_after = w.out.len;
    if (!bad)
        bad = journal_replace(j, w.out.p, w.out.len, e);
    tree_release(&after);
    str_release(&all);
    str_release(&w.out);
    return bad ? -1 : 0;
}

int compact(struct conv *c, struct compact_result *r, struct err *e)
{
    struct err ignored;
    *r = (struct compact_result){ 0 };
    int bad = 0;
    if (!c->journal || !c->writer) {
        bad = c->journal ? (*e = *journal_why(c->journal), -1) : err_set(e, ERR_ARG, "this chat is not kept");
    } else {
        bad = writer_free(c->writer, e);
        c->writer = NULL;
        if (!bad)
            bad = rewrite(c, c->journal, r, e);
        if (!bad && c->store)
            store_forget(c->store, c->tree.id);
    }
    conv_close(c, &ignored);
    return bad;
}
