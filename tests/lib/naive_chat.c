#include "naive_chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "naive chat: %s\n", what);
        abort();
    }
}

static void *copy(const void *p, size_t n)
{
    void *q = malloc(n ? n : 1);
    must(q != NULL, "memory");
    return memcpy(q, p, n);
}

struct naive *naive_new(struct lm *lm, int64_t date)
{
    struct naive *n = calloc(1, sizeof *n);
    must(n != NULL, "memory");
    n->lm = lm;
    n->date = date;
    n->view[0] = calloc(1, sizeof **n->view);
    must(n->view[0] != NULL, "memory");
    n->n_views = 1;
    return n;
}

void naive_free(struct naive *n)
{
    for (int i = 1; n && i <= n->n_nodes; i++) {
        str_release(&n->node[i].text);
        ids_release(&n->node[i].full);
    }
    for (int i = 0; n && i < n->n_views; i++)
        free(n->view[i]);
    free(n);
}

struct naive *naive_clone(const struct naive *from)
{
    struct naive *n = copy(from, sizeof *from);
    for (int i = 1; i <= n->n_nodes; i++) {
        n->node[i].text = (struct str)STR_INIT;
        n->node[i].full = (struct ids)IDS_INIT;
        str_add(&n->node[i].text, str_z(&from->node[i].text), from->node[i].text.len);
        ids_add(&n->node[i].full, from->node[i].full.p, from->node[i].full.n);
    }
    for (int i = 0; i < n->n_views; i++)
        n->view[i] = copy(from->view[i], sizeof **from->view);
    return n;
}

int naive_head(const struct naive *n)
{
    return n->view[n->now]->head;
}

bool naive_shown(const struct naive *n, int id)
{
    for (; id; id = n->node[id].parent)
        if (!n->view[n->now]->shown[id])
            return false;
    return true;
}

int naive_leaf(const struct naive *n, int id)
{
    for (int child = n->n_nodes; child > id; child--)
        if (n->node[child].parent == id && naive_shown(n, child))
            return naive_leaf(n, child);
    return id;
}

/* Everything after a new step is forgotten; the step begins as a copy of what is shown. */
static struct naive_view *new_step(struct naive *n)
{
    while (n->n_views > n->now + 1)
        free(n->view[--n->n_views]);
    must(n->n_views < NAIVE_MAX_VIEWS, "too many steps");
    n->view[n->n_views++] = copy(n->view[n->now], sizeof **n->view);
    return n->view[++n->now];
}

static int add_node(struct naive *n, int parent, enum chat_role role)
{
    must(n->n_nodes < NAIVE_MAX_NODES, "too many messages");
    int id = ++n->n_nodes;
    n->node[id] = (struct naive_node){ .parent = parent, .role = role, .text = STR_INIT, .full = IDS_INIT, .lm = n->lm };
    n->view[n->now]->shown[id] = 1;
    n->view[n->now]->head = id;
    return id;
}

/* ---- Text ---- */

static void clean(const char *p, size_t len, struct str *out)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        bool ok;
        size_t k = utf8_decode(p + i, len - i, &cp, &ok);
        if (ok && p[i])
            str_add(out, p + i, k);
        else
            str_adds(out, "\xEF\xBF\xBD");
        i += k;
    }
}

static void decode(const struct lm *lm, const int32_t *ids, size_t n, struct str *out)
{
    struct str raw = STR_INIT;
    tok_decode(lm->tok, ids, n, false, &raw);
    clean(str_z(&raw), raw.len, out);
    str_release(&raw);
}

/* ---- The ids of a path ---- */

static int message_begin(const struct naive *n, int id)
{
    while (n->node[id].continues)
        id = n->node[id].parent;
    return id;
}

static bool is_eog(const struct naive *n, int32_t id)
{
    return tok_is_eog(n->lm->tok, id);
}

static size_t content_end(const struct naive *n, const struct naive_node *x)
{
    size_t end = x->full.n;
    return end > x->content && is_eog(n, x->full.p[end - 1]) ? end - 1 : end;
}

/* All ids up to the end of the message `last` (0: nothing) and, in order, one more message and the next header. */
static size_t render(struct naive *n, int last, const char *role, const struct str *text, bool header, struct ids *out)
{
    struct chat_message m[NAIVE_MAX_NODES];
    int chain[NAIVE_MAX_NODES];
    size_t ends[NAIVE_MAX_NODES] = { 0 }, k = 0, depth = 0;
    struct err e = ERR_INIT;
    for (int id = last; id; id = n->node[message_begin(n, id)].parent)
        chain[depth++] = id;
    for (size_t i = depth; i; i--) {
        const struct naive_node *x = &n->node[chain[i - 1]];
        m[k] = (struct chat_message){ .role = role_words[x->role], .content = str_z(&x->text), .n = x->text.len };
        if (x->sampled && x->lm == n->lm) {
            m[k].ids = x->full.p + x->content;
            m[k].n_ids = content_end(n, x) - x->content;
        }
        k++;
    }
    if (text)
        m[k++] = (struct chat_message){ .role = role, .content = str_z(text), .n = text->len };
    out->n = 0;
    must(!template_ids(n->lm->tmpl, n->lm->tok, m, k, header, n->date, out, ends, &e), e.msg);
    /* an end-of-turn token that was sampled is the truth */
    for (size_t i = depth; i; i--) {
        const struct naive_node *x = &n->node[chain[i - 1]];
        size_t end = x->full.n;
        if (x->sampled && x->lm == n->lm && end > content_end(n, x) && end <= out->n && is_eog(n, out->p[end - 1]) &&
            !memcmp(out->p, x->full.p, (end - 1) * sizeof *out->p))
            out->p[end - 1] = x->full.p[end - 1];
    }
    return k ? ends[k - 1] : 0;
}

void naive_head_ids(struct naive *n, struct ids *out)
{
    int head = naive_head(n);
    out->n = 0;
    if (head && n->node[head].lm == n->lm)
        ids_add(out, n->node[head].full.p, n->node[head].full.n);
    else if (head)
        out->n = render(n, head, NULL, NULL, false, out);
}

struct hash128 naive_hash(struct naive *n, const struct ids *ids)
{
    struct err e = ERR_INIT;
    struct session *s = session_new(n->lm, &e);
    must(s && !session_feed(s, ids->p, ids->n, NULL, NULL, NULL, &e), e.msg);
    struct hash128 h = session_hash(s);
    session_free(s);
    return h;
}

/* ---- Operations ---- */

struct sampling {
    struct ids ids;
    struct str text;
    size_t stop_after;
};

static bool on_token(void *arg, const struct generate_event *ev)
{
    struct sampling *s = arg;
    ids_push(&s->ids, ev->id);
    str_add(&s->text, ev->text, ev->n_text);
    return s->ids.n >= s->stop_after;
}

/* Samples a reply after `base`, which has been read from position 0. */
static enum made_end sample(struct naive *n, const struct ids *base, const struct naive_op *op, struct sampling *out)
{
    struct err e = ERR_INIT;
    struct generate_result r;
    struct session *s = session_new(n->lm, &e);
    must(s && !session_feed(s, base->p, base->n, NULL, NULL, NULL, &e), e.msg);
    out->stop_after = op->stop_after;
    must(!generate(s, &op->g, NULL, on_token, out, &r, &e), e.msg);
    session_free(s);
    return (enum made_end)r.end;
}

/* `kept`: bytes of the parent's text that stay when the reply goes on. */
static void reply(struct naive *n, int parent, struct ids *base, size_t content, const struct naive_op *op,
                  const struct str *kept)
{
    struct sampling s = { .ids = IDS_INIT, .text = STR_INIT };
    if (op->stage < NAIVE_PART)
        return;
    enum made_end end = sample(n, base, op, &s);
    if (op->stage == NAIVE_PART) {
        end = MADE_UNFINISHED;
        s.ids.n = op->n_part < s.ids.n ? op->n_part : s.ids.n;
    }
    struct naive_node *x = &n->node[add_node(n, parent, ROLE_ASSISTANT)];
    x->sampled = true;
    x->continues = kept != NULL;
    x->content = content;
    x->end = end;
    ids_add(&x->full, base->p, base->n);
    ids_add(&x->full, s.ids.p, s.ids.n);
    if (end == MADE_STOP) {
        if (kept)
            str_add(&x->text, str_z(kept), kept->len);
        clean(str_z(&s.text), s.text.len, &x->text);
    } else {
        decode(n->lm, x->full.p + content, content_end(n, x) - content, &x->text);
    }
    ids_release(&s.ids);
    str_release(&s.text);
}

static void exchange(struct naive *n, int parent, enum chat_role role, const struct naive_op *op, bool answered)
{
    struct ids ids = IDS_INIT;
    struct str text = STR_INIT;
    clean(op->text, op->n_text, &text);
    size_t end = render(n, parent, role_words[role], &text, true, &ids);
    const struct ids *before = parent && n->node[parent].lm == n->lm ? &n->node[parent].full : NULL;
    if (before && end < before->n && before->n <= ids.n && !memcmp(before->p, ids.p, before->n * sizeof *ids.p))
        end = before->n; /* an empty message has no place of its own */
    if (op->stage >= NAIVE_MESSAGE) {
        int id = add_node(n, parent, role);
        str_add(&n->node[id].text, str_z(&text), text.len);
        ids_add(&n->node[id].full, ids.p, end);
        if (answered)
            reply(n, id, &ids, ids.n, op, NULL);
    }
    ids_release(&ids);
    str_release(&text);
}

/* The part of `text` that the ids still stand for: whole characters only. */
static void kept_text(const struct naive *n, const int32_t *ids, size_t k, const struct str *text, struct str *out)
{
    struct str raw = STR_INIT, whole = STR_INIT;
    for (size_t i = 0; i < k; i++)
        tok_piece(n->lm->tok, ids[i], false, &raw);
    clean(str_z(&raw), raw.len - utf8_pending(str_z(&raw), raw.len), &whole);
    size_t same = 0;
    while (same < whole.len && same < text->len && whole.p[same] == text->p[same])
        same++;
    str_add(out, str_z(text), same);
    str_release(&raw);
    str_release(&whole);
}

static void continue_reply(struct naive *n, const struct naive_op *op)
{
    const struct naive_node *x = &n->node[op->node];
    struct ids base = IDS_INIT;
    struct str kept = STR_INIT;
    struct err e = ERR_INIT;
    size_t content;
    if (x->sampled && x->lm == n->lm) {
        content = x->content;
        ids_add(&base, x->full.p, op->keep == SIZE_MAX ? content_end(n, x) : op->keep);
        kept_text(n, base.p + content, base.n - content, &x->text, &kept);
    } else {
        struct tok_span span = { .kind = TOK_CONTENT, .p = str_z(&x->text), .n = x->text.len };
        render(n, n->node[message_begin(n, op->node)].parent, NULL, NULL, true, &base);
        content = base.n;
        if (span.n)
            must(!tok_encode(n->lm->tok, &span, 1, false, &base, NULL, &e), e.msg);
        str_add(&kept, str_z(&x->text), x->text.len);
    }
    if (op->forced >= 0)
        ids_push(&base, op->forced);
    reply(n, op->node, &base, content, op, &kept);
    ids_release(&base);
    str_release(&kept);
}

static bool stands_on(const struct naive *n, int id, int node)
{
    for (; id; id = n->node[id].parent)
        if (id == node)
            return true;
    return false;
}

static void delete_node(struct naive *n, int node)
{
    struct naive_view *v = n->view[n->now];
    bool inside = stands_on(n, v->head, node);
    v->shown[node] = 0;
    if (!inside)
        return;
    int parent = n->node[node].parent, best = 0;
    for (int id = 1; id <= n->n_nodes; id++)
        if (n->node[id].parent == parent && v->shown[id] && (id < node || !best))
            best = id;
    v->head = best ? naive_leaf(n, best) : parent;
}

void naive_apply(struct naive *n, const struct naive_op *op)
{
    struct ids base = IDS_INIT;
    if (op->stage == NAIVE_NOTHING)
        return;
    if (op->kind == NAIVE_UNDO || op->kind == NAIVE_REDO) {
        n->now += op->kind == NAIVE_UNDO ? -1 : 1;
        must(n->now >= 0 && n->now < n->n_views, "undo beyond the ends");
        return;
    }
    struct naive_view *v = new_step(n);
    int first = op->node ? message_begin(n, op->node) : 0;
    switch (op->stage == NAIVE_EMPTY_STEP ? NAIVE_TITLE : op->kind) {
    case NAIVE_SAY:
        exchange(n, v->head, op->role, op, false);
        break;
    case NAIVE_SEND:
        exchange(n, v->head, ROLE_USER, op, true);
        break;
    case NAIVE_EDIT:
        exchange(n, n->node[first].parent, n->node[first].role, op, n->node[first].role == ROLE_USER);
        break;
    case NAIVE_REPLY:
        if (n->node[first].role == ROLE_ASSISTANT)
            first = n->node[first].parent;
        render(n, first, NULL, NULL, true, &base);
        reply(n, first, &base, base.n, op, NULL);
        break;
    case NAIVE_CONTINUE:
        continue_reply(n, op);
        break;
    case NAIVE_GOTO:
        v->head = op->node;
        break;
    case NAIVE_DELETE:
        delete_node(n, op->node);
        break;
    default:
        break;
    }
    ids_release(&base);
}
