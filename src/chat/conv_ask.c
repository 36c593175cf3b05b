/* The operations that read and write with a model. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/conv_parts.h"

static void clear_result(struct conv_result *r)
{
    *r = (struct conv_result){ .end = MADE_UNFINISHED, .kept = ERR_INIT };
}

/* The chat remembers the model that was used last; a change belongs to the operation that uses it. */
static int note_model(struct conv *c, uint64_t op, struct err *e)
{
    struct hash128 now = model_hash(c->lm->model), before;
    struct event ev;
    if (tree_model(&c->tree, &before) && hash128_equal(now, before))
        return 0;
    event_init(&ev, EVENT_MODEL);
    ev.op = op;
    ev.time = clock_wall();
    ev.body.model = now;
    ev.name = mem_strdup(c->model_name);
    return ev.name ? conv_emit(c, &ev, e) : err_nomem(e, "a model's name");
}

/* Puts a message under parent; `p` holds its ids, none without a model. Returns when it is on disk: nothing that was
 * sent is lost. */
static int add_message(struct conv *c, uint64_t op, uint32_t parent, enum chat_role role, const struct str *text,
                       const struct plan *p, uint32_t *id, struct err *e)
{
    struct event ev;
    event_init(&ev, EVENT_NODE);
    ev.op = op;
    ev.time = clock_wall();
    ev.node = *id = tree_next_id(&c->tree);
    ev.head = true;
    struct body *b = &ev.body;
    b->parent = parent;
    b->role = role;
    if (c->lm)
        b->model = model_hash(c->lm->model);
    b->at = p->at;
    b->n_ids = p->end - p->at;
    b->n_text = text->len;
    b->text = mem_dup(str_z(text), text->len + 1);
    b->ids = mem_dup(p->ids.p + p->at, b->n_ids * sizeof *b->ids);
    if (!b->text || (!b->ids && b->n_ids)) {
        event_release(&ev);
        return err_nomem(e, "a message");
    }
    return conv_emit(c, &ev, e) || conv_wait(c, e) ? -1 : 0;
}

/* A model without a template, and an empty message. */
static int nothing_to_read(const struct plan *p, struct err *e)
{
    return p->ids.n ? 0 : err_set(e, ERR_ARG, "there is nothing to reply to: the message is empty");
}

/* A message under parent, and its reply when g is given. Without a model it stands with its text alone, and the model
 * that answers it reads it as it reads any other's. */
static int exchange(struct conv *c, uint32_t parent, enum chat_role role, const char *text, size_t n,
                    const struct generate_opts *g, const struct conv_watch *w, uint32_t *id, struct conv_result *r,
                    struct err *e)
{
    struct str clean = STR_INIT;
    struct plan p = { .ids = IDS_INIT };
    uint64_t op = conv_next_op(c);
    int bad = -1;
    if (conv_clean(text, n, &clean)) {
        err_nomem(e, "a message");
        goto fail;
    }
    if (c->lm && (plan_make(c, parent, role, str_z(&clean), clean.len, &p, e) || (g && (nothing_to_read(&p, e) || turn_fits(c, p.ids.n, e))) ||
                  note_model(c, op, e)))
        goto fail;
    if (add_message(c, op, parent, role, &clean, &p, id, e))
        goto fail;
    r->rewritten = p.before - p.at;
    struct lead l = { .op = op, .parent = *id, .at = p.end, .ids = p.ids.p, .n = p.ids.n, .content = p.ids.n };
    bad = g ? turn_reply(c, &l, g, w, r, e) : 0;
fail:
    plan_release(&p);
    str_release(&clean);
    return bad;
}

int conv_say(struct conv *c, enum chat_role role, const char *text, size_t n, uint32_t *id, struct err *e)
{
    struct conv_result r;
    clear_result(&r);
    return exchange(c, c->tree.head, role, text, n, NULL, NULL, id, &r, e);
}

int conv_send(struct conv *c, const char *text, size_t n, const struct generate_opts *g, const struct conv_watch *w,
              struct conv_result *r, struct err *e)
{
    uint32_t id;
    clear_result(r);
    if (conv_need_model(c, e) || sampler_check(&g->sampler, e))
        return -1;
    return exchange(c, c->tree.head, ROLE_USER, text, n, g, w, &id, r, e);
}

/* The first piece of the message that node belongs to; NULL: not there. */
static const struct node *message_begin(const struct conv *c, uint32_t node, struct err *e)
{
    if (!tree_visible(&c->tree, node)) {
        err_set(e, ERR_NOTFOUND, "there is no message %u in this chat", node);
        return NULL;
    }
    const struct node *n = tree_node(&c->tree, node);
    while (n->body.continues)
        n = tree_node(&c->tree, n->body.parent);
    return n;
}

int conv_edit(struct conv *c, uint32_t node, const char *text, size_t n, const struct generate_opts *g,
              const struct conv_watch *w, struct conv_result *r, struct err *e)
{
    uint32_t id;
    clear_result(r);
    const struct node *old = message_begin(c, node, e);
    if (!old || (g && (conv_need_model(c, e) || sampler_check(&g->sampler, e))))
        return -1;
    enum chat_role role = old->body.role;
    return exchange(c, old->body.parent, role, text, n, role == ROLE_USER ? g : NULL, w, &id, r, e);
}

/* A reply under parent that belongs to operation op. */
static int reply_under(struct conv *c, uint32_t parent, uint64_t op, const struct generate_opts *g,
                       const struct conv_watch *w, struct conv_result *r, struct err *e)
{
    struct plan p;
    if (conv_need_model(c, e) || sampler_check(&g->sampler, e))
        return -1;
    if (plan_make(c, parent, ROLE_USER, NULL, 0, &p, e))
        return -1;
    r->rewritten = p.before - p.at;
    struct lead l = { .op = op, .parent = parent, .at = p.at, .ids = p.ids.p, .n = p.ids.n, .content = p.ids.n };
    int bad = nothing_to_read(&p, e) || note_model(c, op, e) || turn_reply(c, &l, g, w, r, e) ? -1 : 0;
    plan_release(&p);
    return bad;
}

int conv_reply(struct conv *c, uint32_t node, const struct generate_opts *g, const struct conv_watch *w,
               struct conv_result *r, struct err *e)
{
    clear_result(r);
    const struct node *n = message_begin(c, node, e);
    if (!n)
        return -1;
    return reply_under(c, n->body.role == ROLE_ASSISTANT ? n->body.parent : n->id, conv_next_op(c), g, w, r, e);
}

int conv_answer(struct conv *c, uint32_t node, const struct generate_opts *g, const struct conv_watch *w,
                struct conv_result *r, struct err *e)
{
    clear_result(r);
    const struct node *n = message_begin(c, node, e);
    if (!n || n->body.role != ROLE_USER)
        return n ? 0 : -1;
    return reply_under(c, n->id, tree_undoable(&c->tree) == n->op ? n->op : conv_next_op(c), g, w, r, e);
}

/* ---- Going on with a reply ---- */

/* How many bytes of the message's text stay when only these content ids do. */
static int kept_bytes(struct conv *c, uint32_t node, const int32_t *ids, size_t n, size_t *keep, struct err *e)
{
    struct str left = STR_INIT, text = STR_INIT, clean = STR_INIT;
    struct tok_stream stream = { .n_held = 0 };
    int r = tree_text(&c->tree, node, &text);
    for (size_t i = 0; i < n && !r; i++)
        r = tok_stream_next(c->lm->tok, &stream, ids[i], &left);
    if (!r)
        r = conv_clean(str_z(&left), left.len, &clean);
    for (*keep = 0; *keep < clean.len && *keep < text.len && clean.p[*keep] == text.p[*keep];)
        ++*keep;
    str_release(&left);
    str_release(&clean);
    str_release(&text);
    return r ? err_nomem(e, "a reply") : 0;
}

/* From the very ids that were sampled. */
static int lead_sampled(struct conv *c, const struct node *n, size_t keep, struct ids *ids, struct lead *l, struct err *e)
{
    const struct body *b = &n->body;
    if (tree_ids(&c->tree, n->id, b->model, ids, e))
        return -1;
    size_t most = b->n_ids;
    if (most > b->header && tok_is_eog(c->lm->tok, b->ids[most - 1]))
        most--;
    if (keep == SIZE_MAX)
        keep = most;
    if (keep > most || keep < b->header || b->at + keep < b->content)
        return err_set(e, ERR_ARG, "a reply of %zu tokens cannot be continued after token %zu", most, keep);
    l->offset = keep;
    l->at = ids->n = b->at + keep;
    l->content = b->content;
    return kept_bytes(c, n->id, ids->p + l->content, ids->n - l->content, &l->keep, e);
}

/* How many ids of the node's path still stand when these have been read instead. */
static int still_standing(struct conv *c, uint32_t node, const struct ids *ids, size_t *at, struct err *e)
{
    struct ids path = IDS_INIT;
    int r = tree_ids(&c->tree, node, model_hash(c->lm->model), &path, e);
    for (*at = 0; *at < path.n && *at < ids->n && path.p[*at] == ids->p[*at];)
        ++*at;
    ids_release(&path);
    return r;
}

/* What another model, or a person, wrote: its text as this model reads it. */
static int lead_text(struct conv *c, const struct node *n, size_t keep, struct ids *ids, struct lead *l, struct err *e)
{
    struct plan p;
    struct str text = STR_INIT;
    const struct node *first = message_begin(c, n->id, e);
    int r = -1;
    if (keep != SIZE_MAX)
        return err_set(e, ERR_MISMATCH, "only the model that wrote this reply can go on from inside of it");
    if (!first || plan_make(c, first->body.parent, ROLE_USER, NULL, 0, &p, e))
        return -1;
    if (tree_text(&c->tree, n->id, &text) || ids_add(ids, p.ids.p, p.ids.n)) {
        err_nomem(e, "a reply");
        goto fail;
    }
    l->offset = n->body.n_ids;
    l->keep = text.len;
    l->content = p.ids.n;
    struct tok_span span = { .kind = TOK_CONTENT, .p = str_z(&text), .n = text.len };
    if (text.len && tok_encode(c->lm->tok, &span, 1, false, ids, NULL, e))
        goto fail;
    r = still_standing(c, n->id, ids, &l->at, e);
fail:
    plan_release(&p);
    str_release(&text);
    return r;
}

int conv_continue(struct conv *c, uint32_t node, size_t keep, const int32_t *forced, size_t n_forced,
                  const struct generate_opts *g, const struct conv_watch *w, struct conv_result *r, struct err *e)
{
    struct ids ids = IDS_INIT;
    struct lead l = { .parent = node, .continues = true };
    int bad = -1;
    clear_result(r);
    if (!message_begin(c, node, e) || conv_need_model(c, e) || sampler_check(&g->sampler, e))
        return -1;
    const struct node *n = tree_node(&c->tree, node);
    if (n->body.role != ROLE_ASSISTANT)
        return err_set(e, ERR_ARG, "message %u is no reply and cannot be continued", node);
    for (size_t i = 0; i < n_forced; i++)
        if (forced[i] < 0 || (size_t)forced[i] >= tok_n(c->lm->tok))
            return err_set(e, ERR_ARG, "%d is no token of this model", (int)forced[i]);
    bool ours = n->body.made && hash128_equal(n->body.model, model_hash(c->lm->model));
    if (ours ? lead_sampled(c, n, keep, &ids, &l, e) : lead_text(c, n, keep, &ids, &l, e))
        goto fail;
    if (ids_add(&ids, forced, n_forced)) {
        err_nomem(e, "token ids");
        goto fail;
    }
    l.op = conv_next_op(c);
    l.ids = ids.p;
    l.n = ids.n;
    bad = note_model(c, l.op, e) || turn_reply(c, &l, g, w, r, e) ? -1 : 0;
fail:
    ids_release(&ids);
    return bad;
}

/* ---- Being ready ---- */

int conv_restore(struct conv *c, const struct conv_watch *w, struct conv_result *r, struct err *e)
{
    struct ids ids = IDS_INIT;
    clear_result(r);
    if (conv_need_model(c, e))
        return -1;
    int bad = plan_leaf(c, c->tree.head, &ids, e) || turn_seek(c, ids.p, ids.n, w, r, e) ? -1 : 0;
    ids_release(&ids);
    return bad;
}

size_t conv_cost(struct conv *c, uint32_t node)
{
    struct ids ids = IDS_INIT;
    struct err why;
    size_t cost = SIZE_MAX;
    if (c->lm && !plan_leaf(c, node, &ids, &why)) {
        struct store_key k = { c->tree.id, model_hash(c->lm->model) };
        size_t live = session_pos(c->session), kept = c->store ? store_nearest(c->store, &k, ids.p, ids.n) : 0;
        if (live <= ids.n && (!live || !memcmp(session_ids(c->session), ids.p, live * sizeof *ids.p)) && live > kept)
            kept = live;
        cost = ids.n - kept;
    }
    ids_release(&ids);
    return cost;
}
