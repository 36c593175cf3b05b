/* Folding events, and undo: each change of what is shown is kept with the value it replaced; undoing an operation
 * swaps them back in reverse, redoing swaps them forward again. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/tree.h"
#include "chat/tree_parts.h"

void tree_ops_release(struct tree *t)
{
    for (size_t i = 0; i < t->n_ops; i++)
        free(t->ops[i].changes);
    free(t->ops);
    t->ops = NULL;
    t->n_ops = t->n_done = 0;
}

static int64_t exchange(struct tree *t, enum field f, size_t i, int64_t v)
{
    int64_t old = 0;
    switch (f) {
    case FIELD_HEAD: old = t->head; t->head = (uint32_t)v; break;
    case FIELD_ALIVE: old = t->nodes[i].alive; t->nodes[i].alive = v != 0; break;
    case FIELD_DELETED: old = t->nodes[i].deleted; t->nodes[i].deleted = v != 0; break;
    case FIELD_RATING: old = t->nodes[i].rating; t->nodes[i].rating = (int)v; break;
    case FIELD_TITLE: old = (int64_t)t->title; t->title = (size_t)v; break;
    case FIELD_MODEL: old = (int64_t)t->model; t->model = (size_t)v; break;
    case FIELD_CHOICE: old = t->choices[i].alive; t->choices[i].alive = v != 0; break;
    }
    return old;
}

/* The operation a new change belongs to; NULL: none that can be undone (0, or one that is undone already).
 * room: changes that will be set at most, so that set cannot fail half way. */
static int open_op(struct tree *t, uint64_t number, size_t room, struct tree_op **out, struct err *e)
{
    *out = NULL;
    if (number > t->last_op) {
        while (t->n_ops > t->n_done)
            free(t->ops[--t->n_ops].changes);
        if (mem_grow(&t->ops, &t->cap_ops, t->n_ops + 1, sizeof *t->ops))
            return err_nomem(e, "the undo list");
        t->ops[t->n_ops++] = (struct tree_op){ .number = number };
        t->n_done = t->n_ops;
        t->last_op = number;
    }
    for (size_t i = t->n_done; i && !*out; i--)
        if (t->ops[i - 1].number == number)
            *out = &t->ops[i - 1];
    struct tree_op *op = *out;
    if (op && mem_grow(&op->changes, &op->cap, op->n + room, sizeof *op->changes))
        return err_nomem(e, "the undo list");
    return 0;
}

static void set(struct tree *t, struct tree_op *op, enum field f, size_t i, int64_t v)
{
    int64_t old = exchange(t, f, i, v);
    if (op)
        op->changes[op->n++] = (struct change){ f, i, old };
}

static int add_word(struct tree *t, struct event *ev, size_t *index, struct err *e)
{
    if (mem_grow(&t->words, &t->cap_words, t->n_words + 1, sizeof *t->words))
        return err_nomem(e, "a title");
    *index = t->n_words;
    t->words[t->n_words++] = ev->name;
    ev->name = NULL;
    return 0;
}

/* ---- Events ---- */

static int apply_chat(struct tree *t, struct event *ev, struct err *e)
{
    if (t->opened)
        return err_set(e, ERR_FORMAT, "the chat begins a second time");
    free(t->id);
    t->id = ev->name;
    ev->name = NULL;
    t->date = ev->date;
    t->created = ev->time;
    t->opened = true;
    return 0;
}

static int check_body(const struct tree *t, const struct body *b, struct err *e)
{
    const struct node *p = tree_node(t, b->parent);
    if (b->parent && !p)
        return err_set(e, ERR_FORMAT, "the message it answers, %u, is not there", b->parent);
    if (!b->continues)
        return 0;
    if (b->role != ROLE_ASSISTANT || !p || p->body.role != ROLE_ASSISTANT)
        return err_set(e, ERR_FORMAT, "only a reply can continue a reply");
    if (b->offset > p->body.n_ids)
        return err_set(e, ERR_FORMAT, "it continues token %zu of a reply of %zu", b->offset, p->body.n_ids);
    return 0;
}

static void link_node(struct tree *t, size_t i)
{
    size_t p = t->nodes[i].body.parent ? tree_index(t, t->nodes[i].body.parent) : SIZE_MAX;
    size_t *first = p == SIZE_MAX ? &t->first_root : &t->nodes[p].first_child;
    size_t *last = p == SIZE_MAX ? &t->last_root : &t->nodes[p].last_child;
    if (*last)
        t->nodes[*last - 1].next = i + 1;
    else
        *first = i + 1;
    *last = i + 1;
}

/* The last word on a reply that was in progress. */
static int close_reply(struct tree *t, size_t i, struct event *ev, struct err *e)
{
    struct node *n = &t->nodes[i];
    if (ev->kind == EVENT_REPLY || !n->unfinished || n->body.parent != ev->body.parent)
        return err_set(e, ERR_FORMAT, "message %u is there already", ev->node);
    body_release(&n->body);
    n->body = ev->body;
    memset(&ev->body, 0, sizeof ev->body);
    n->unfinished = false;
    return 0;
}

static int apply_node(struct tree *t, struct event *ev, struct err *e)
{
    struct tree_op *op;
    size_t i = tree_index(t, ev->node);
    if (check_body(t, &ev->body, e))
        return -1;
    if (i != SIZE_MAX)
        return close_reply(t, i, ev, e);
    if (ev->node < tree_next_id(t))
        return err_set(e, ERR_FORMAT, "message %u comes out of order", ev->node);
    if (mem_grow(&t->nodes, &t->cap_nodes, t->n_nodes + 1, sizeof *t->nodes))
        return err_nomem(e, "a message");
    if (open_op(t, ev->op, 2, &op, e))
        return -1;
    i = t->n_nodes++;
    t->nodes[i] = (struct node){ .id = ev->node, .op = ev->op, .time = ev->time, .body = ev->body,
                                 .unfinished = ev->kind == EVENT_REPLY };
    memset(&ev->body, 0, sizeof ev->body);
    link_node(t, i);
    set(t, op, FIELD_ALIVE, i, 1);
    if (ev->head)
        set(t, op, FIELD_HEAD, 0, ev->node);
    return 0;
}

static int apply_part(struct tree *t, struct event *ev, struct err *e)
{
    size_t i = tree_index(t, ev->node), n;
    if (i == SIZE_MAX || !t->nodes[i].unfinished)
        return err_set(e, ERR_FORMAT, "no reply %u is in progress", ev->node);
    struct body *b = &t->nodes[i].body;
    if (ev->from != b->n_ids)
        return err_set(e, ERR_FORMAT, "a part of reply %u begins at id %zu instead of %zu", ev->node, ev->from, b->n_ids);
    int32_t *ids = NULL;
    char *text = NULL;
    if (mem_add(b->n_ids, ev->body.n_ids, &n) && mem_mul(n, sizeof *ids, &n))
        ids = realloc(b->ids, n ? n : 1);
    if (ids)
        b->ids = ids;
    if (mem_add(b->n_text, ev->body.n_text + 1, &n))
        text = realloc(b->text, n);
    if (text)
        b->text = text;
    if (!ids || !text)
        return err_nomem(e, "a reply");
    if (ev->body.n_ids)
        memcpy(ids + b->n_ids, ev->body.ids, ev->body.n_ids * sizeof *ids);
    memcpy(text + b->n_text, ev->body.text, ev->body.n_text + 1);
    b->n_ids += ev->body.n_ids;
    b->n_text += ev->body.n_text;
    struct made *m = b->made;
    size_t cap = m ? m->n_times : 0;
    if (m && b->n_ids >= b->header && !mem_grow(&m->times, &cap, m->n_times + 1, sizeof *m->times))
        m->times[m->n_times++] = (struct made_time){ b->n_ids - b->header, ev->ms };
    return 0;
}

/* Events that only set fields of what is there. */
static int apply_setting(struct tree *t, struct event *ev, struct err *e)
{
    struct tree_op *op;
    size_t i = tree_index(t, ev->node), word = 0;
    bool about_node = ev->kind == EVENT_RATING || ev->kind == EVENT_TOMBSTONE || ev->kind == EVENT_CHOICE ||
                      (ev->kind == EVENT_HEAD && ev->node);
    if (about_node && i == SIZE_MAX)
        return err_set(e, ERR_FORMAT, "message %u is not there", ev->node);
    if ((ev->kind == EVENT_TOMBSTONE || ev->kind == EVENT_CHOICE) && ev->other && !tree_node(t, ev->other))
        return err_set(e, ERR_FORMAT, "message %u is not there", ev->other);
    if ((ev->kind == EVENT_TITLE || ev->kind == EVENT_MODEL) && add_word(t, ev, &word, e))
        return -1;
    if (ev->kind == EVENT_MODEL && mem_grow(&t->models, &t->cap_models, t->n_models + 1, sizeof *t->models))
        return err_nomem(e, "a model's name");
    if (ev->kind == EVENT_CHOICE && mem_grow(&t->choices, &t->cap_choices, t->n_choices + 1, sizeof *t->choices))
        return err_nomem(e, "a choice");
    if (open_op(t, ev->op, 2, &op, e))
        return -1;
    switch (ev->kind) {
    case EVENT_HEAD:
        set(t, op, FIELD_HEAD, 0, ev->node);
        break;
    case EVENT_RATING:
        set(t, op, FIELD_RATING, i, ev->rating);
        break;
    case EVENT_TOMBSTONE:
        set(t, op, FIELD_DELETED, i, 1);
        set(t, op, FIELD_HEAD, 0, ev->other);
        break;
    case EVENT_CHOICE:
        t->choices[t->n_choices++] = (struct choice){ ev->node, ev->other, false };
        set(t, op, FIELD_CHOICE, t->n_choices - 1, 1);
        break;
    case EVENT_TITLE:
        set(t, op, FIELD_TITLE, 0, (int64_t)word);
        break;
    default: /* EVENT_MODEL */
        t->models[t->n_models++] = (struct tree_model){ ev->body.model, word };
        set(t, op, FIELD_MODEL, 0, (int64_t)t->n_models - 1);
        break;
    }
    return 0;
}

static int apply_undo(struct tree *t, uint64_t number, struct err *e)
{
    if (!t->n_done || t->ops[t->n_done - 1].number != number)
        return err_set(e, ERR_FORMAT, "operation %llu is not the last one and cannot be undone", (unsigned long long)number);
    struct tree_op *op = &t->ops[--t->n_done];
    for (size_t i = op->n; i; i--) {
        struct change *c = &op->changes[i - 1];
        c->value = exchange(t, c->field, c->index, c->value);
    }
    return 0;
}

static int apply_redo(struct tree *t, uint64_t number, struct err *e)
{
    if (t->n_done == t->n_ops || t->ops[t->n_done].number != number)
        return err_set(e, ERR_FORMAT, "operation %llu was not undone last and cannot be redone", (unsigned long long)number);
    struct tree_op *op = &t->ops[t->n_done++];
    for (size_t i = 0; i < op->n; i++) {
        struct change *c = &op->changes[i];
        c->value = exchange(t, c->field, c->index, c->value);
    }
    return 0;
}

int tree_apply(struct tree *t, struct event *ev, struct err *e)
{
    int r = 0;
    if (!t->opened && ev->kind != EVENT_CHAT && ev->kind != EVENT_UNKNOWN)
        r = err_set(e, ERR_FORMAT, "it stands before the chat begins");
    else
        switch (ev->kind) {
        case EVENT_CHAT: r = apply_chat(t, ev, e); break;
        case EVENT_NODE:
        case EVENT_REPLY: r = apply_node(t, ev, e); break;
        case EVENT_PART: r = apply_part(t, ev, e); break;
        case EVENT_UNDO: r = apply_undo(t, ev->op, e); break;
        case EVENT_REDO: r = apply_redo(t, ev->op, e); break;
        case EVENT_UNKNOWN: break;
        case EVENT_SETTINGS:
            t->settings = ev->settings;
            t->has_settings = true;
            break;
        default: r = apply_setting(t, ev, e); break;
        }
    event_release(ev);
    return r;
}

uint64_t tree_undoable(const struct tree *t)
{
    return t->n_done ? t->ops[t->n_done - 1].number : 0;
}

uint64_t tree_redoable(const struct tree *t)
{
    return t->n_done < t->n_ops ? t->ops[t->n_done].number : 0;
}

bool tree_op_holds(const struct tree *t, uint64_t number)
{
    for (size_t i = 0; i < t->n_done; i++)
        if (t->ops[i].number == number)
            return true;
    return false;
}
