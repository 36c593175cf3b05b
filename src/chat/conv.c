#include "chat/conv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "chat/conv_parts.h"

enum { PART_MS = 900 }; /* a part of a running reply is in the file at least once a second */

/* ---- Opening ---- */

static int fold_line(void *arg, const char *line, size_t n, size_t number, struct err *e)
{
    struct conv *c = arg;
    struct event ev;
    struct err why = ERR_INIT;
    c->n_lines++;
    int r = event_read(&ev, line, n, &why);
    if (!r)
        r = tree_apply(&c->tree, &ev, &why);
    if (!r)
        return 0;
    if (why.code == ERR_NOMEM || why.code == ERR_UNSUPPORTED) {
        *e = why;
        return -1;
    }
    if (!c->n_bad++)
        err_set(&c->first_bad, why.code, "line %zu has no effect: %s", number, why.msg);
    return 0;
}

static int begin_chat(struct conv *c, struct err *e)
{
    struct event ev;
    char id[24];
    event_init(&ev, EVENT_CHAT);
    snprintf(id, sizeof id, "%016llx", (unsigned long long)rng_seed());
    ev.name = mem_strdup(id);
    ev.time = clock_wall();
    ev.date = ev.time / 1000;
    if (!ev.name)
        return err_nomem(e, "a chat");
    return conv_emit(c, &ev, e);
}

/* The text of what a killed process left, from its ids when the model that made it is here. */
static int settle_left(struct conv *c, const struct node *n, struct body *b, struct err *e)
{
    struct ids ids = IDS_INIT;
    struct str whole = STR_INIT;
    size_t keep = b->continues ? b->keep : 0;
    int r = -1;
    if (!c->lm || !hash128_equal(b->model, model_hash(c->lm->model)))
        return 0;
    if (tree_ids(&c->tree, n->id, b->model, &ids, e))
        goto fail;
    if (b->content > ids.n || turn_text(c, ids.p + b->content, ids.n - b->content, &whole)) {
        err_nomem(e, "a reply");
        goto fail;
    }
    size_t own = whole.len > keep ? whole.len - keep : 0;
    char *text = mem_dup(own ? whole.p + keep : "", own + 1);
    if (!text) {
        err_nomem(e, "a reply");
        goto fail;
    }
    free(b->text);
    b->text = text;
    b->n_text = own;
    r = 0;
fail:
    ids_release(&ids);
    str_release(&whole);
    return r;
}

/* Replies that were in progress when a process died: what came is what they are. */
static int close_unfinished(struct conv *c, struct err *e)
{
    for (size_t i = 0; i < c->tree.n_nodes; i++) {
        const struct node *n = &c->tree.nodes[i];
        struct event ev;
        if (!n->unfinished)
            continue;
        event_init(&ev, EVENT_NODE);
        ev.node = n->id;
        ev.op = n->op;
        ev.time = n->time;
        if (body_copy(&ev.body, &n->body)) {
            event_release(&ev);
            return err_nomem(e, "a reply");
        }
        if (settle_left(c, n, &ev.body, e)) {
            event_release(&ev);
            return -1;
        }
        if (conv_emit(c, &ev, e))
            return -1;
    }
    return 0;
}

static int open_file(struct conv *c, const struct conv_opts *o, struct err *e)
{
    if (o->path && !(c->journal = journal_open(o->path, o->mode, fold_line, c, e)))
        return err_prefix(e, "%s", o->path);
    if (c->n_lines && !c->tree.opened)
        return err_set(e, ERR_FORMAT, "%s is not a chat of hiss: %s", o->path, c->first_bad.msg);
    if (!c->journal)
        return begin_chat(c, e);
    if (!journal_writable(c->journal))
        return c->tree.opened ? 0 : err_set(e, ERR_FORMAT, "%s is empty, and cannot be written: %s", o->path,
                                            journal_why(c->journal)->msg);
    if (!(c->writer = writer_new(c->journal, NULL, NULL, e)))
        return -1;
    if (!c->tree.opened && begin_chat(c, e))
        return -1;
    return close_unfinished(c, e) || conv_wait(c, e) ? -1 : 0;
}

struct conv *conv_open(const struct conv_opts *o, struct err *e)
{
    struct conv *c = mem_zalloc(1, sizeof *c);
    if (!c) {
        err_nomem(e, "a conversation");
        return NULL;
    }
    c->store = o->store;
    c->keyframe = o->keyframe;
    c->part_ns = o->part_ns ? o->part_ns : (uint64_t)PART_MS * 1000000;
    c->on_event = o->on_event;
    c->arg = o->arg;
    if (tree_init(&c->tree, e) || (o->lm && conv_use(c, o->lm, o->model_name, e)) || open_file(c, o, e)) {
        conv_close(c, NULL);
        return NULL;
    }
    return c;
}

int conv_close(struct conv *c, struct err *e)
{
    if (!c)
        return 0;
    int r = writer_free(c->writer, e);
    journal_close(c->journal);
    session_free(c->session);
    tree_release(&c->tree);
    str_release(&c->line);
    free(c->model_name);
    free(c);
    return r;
}

/* ---- Events ---- */

int conv_emit(struct conv *c, struct event *ev, struct err *e)
{
    if (c->journal && !c->writer) {
        event_release(ev);
        *e = *journal_why(c->journal);
        return -1;
    }
    str_clear(&c->line);
    if (event_write(ev, &c->line, e)) {
        event_release(ev);
        return -1;
    }
    if (c->on_event)
        c->on_event(c->arg, ev);
    if (tree_apply(&c->tree, ev, e))
        return -1;
    if (!c->writer)
        return 0;
    uint64_t ticket = writer_put(c->writer, c->line.p, c->line.len);
    if (!ticket)
        return err_nomem(e, "a line of the chat file");
    c->ticket = ticket;
    return 0;
}

int conv_wait(struct conv *c, struct err *e)
{
    return c->writer && c->ticket ? writer_wait(c->writer, c->ticket, e) : 0;
}

uint64_t conv_next_op(const struct conv *c)
{
    return c->tree.last_op + 1;
}

int conv_need_model(const struct conv *c, struct err *e)
{
    return c->lm ? 0 : err_set(e, ERR_ARG, "this needs a model; choose one");
}

int conv_clean(const char *text, size_t n, struct str *out)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        bool ok;
        size_t len = utf8_decode(text + i, n - i, &cp, &ok);
        ok = ok && cp;
        if (str_add(out, ok ? text + i : "\xEF\xBF\xBD", ok ? len : 3))
            return -1;
        i += len;
    }
    return 0;
}

/* ---- Looking ---- */

const struct tree *conv_tree(const struct conv *c)
{
    return &c->tree;
}

const struct journal *conv_journal(const struct conv *c)
{
    return c->journal;
}

bool conv_writable(const struct conv *c)
{
    return !c->journal || c->writer;
}

size_t conv_bad_lines(const struct conv *c, const struct err **first)
{
    *first = &c->first_bad;
    return c->n_bad;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void conv_tell_damage(const struct conv *c, void (*tell)(void *arg, const char *sentence), void *arg)
{
    struct str s = STR_INIT;
    const struct journal *j = c->journal;
    const char *name = j ? file_name(journal_path(j)) : "";
    if (c->n_bad && !str_addf(&s, "%zu %s of %s %s no effect; %s", c->n_bad, c->n_bad > 1 ? "lines" : "line", name,
                              c->n_bad > 1 ? "have" : "has", c->first_bad.msg))
        tell(arg, s.p);
    str_clear(&s);
    if (j && journal_torn(j) && *journal_torn_path(j) &&
        !str_addf(&s, "%s ended in the middle of a line; those %zu bytes lie beside it in %s", name, journal_torn(j),
                  file_name(journal_torn_path(j))))
        tell(arg, s.p);
    str_release(&s);
}

const struct session *conv_session(const struct conv *c)
{
    return c->session;
}

/* ---- Operations without reading ---- */

static int one_event(struct conv *c, struct event *ev, struct err *e)
{
    ev->time = clock_wall();
    return conv_emit(c, ev, e) || conv_wait(c, e) ? -1 : 0;
}

static struct event about(const struct conv *c, enum event_kind kind, uint32_t node)
{
    struct event ev;
    event_init(&ev, kind);
    ev.op = conv_next_op(c);
    ev.node = node;
    return ev;
}

static int need_node(const struct conv *c, uint32_t node, struct err *e)
{
    return tree_visible(&c->tree, node) ? 0 : err_set(e, ERR_NOTFOUND, "there is no message %u in this chat", node);
}

int conv_goto(struct conv *c, uint32_t node, struct err *e)
{
    struct event ev = about(c, EVENT_HEAD, node);
    return (node && need_node(c, node, e)) || one_event(c, &ev, e) ? -1 : 0;
}

/* Where to look when `node` is gone: the version beside it, else what it answered. */
static uint32_t beside(const struct tree *t, uint32_t node)
{
    uint32_t parent = tree_node(t, node)->body.parent, best = 0;
    const struct node *p = tree_node(t, parent);
    for (size_t i = parent ? p->first_child : t->first_root; i; i = t->nodes[i - 1].next) {
        uint32_t id = t->nodes[i - 1].id;
        if (id != node && tree_visible(t, id) && (id < node || !best))
            best = id;
    }
    return best ? tree_leaf(t, best) : parent;
}

static bool stands_on(const struct tree *t, uint32_t id, uint32_t node)
{
    for (const struct node *n = tree_node(t, id); n; n = tree_node(t, n->body.parent))
        if (n->id == node)
            return true;
    return false;
}

int conv_delete(struct conv *c, uint32_t node, struct err *e)
{
    if (need_node(c, node, e))
        return -1;
    struct event ev = about(c, EVENT_TOMBSTONE, node);
    ev.other = stands_on(&c->tree, c->tree.head, node) ? beside(&c->tree, node) : c->tree.head;
    return one_event(c, &ev, e);
}

int conv_undo(struct conv *c, struct err *e)
{
    struct event ev = about(c, EVENT_UNDO, 0);
    ev.op = tree_undoable(&c->tree);
    return ev.op ? one_event(c, &ev, e) : err_set(e, ERR_NOTFOUND, "there is nothing to undo");
}

int conv_redo(struct conv *c, struct err *e)
{
    struct event ev = about(c, EVENT_REDO, 0);
    ev.op = tree_redoable(&c->tree);
    return ev.op ? one_event(c, &ev, e) : err_set(e, ERR_NOTFOUND, "there is nothing to redo");
}

int conv_title(struct conv *c, const char *title, struct err *e)
{
    struct event ev = about(c, EVENT_TITLE, 0);
    struct str clean = STR_INIT;
    if (conv_clean(title, strlen(title), &clean) || !(ev.name = mem_strdup(str_z(&clean)))) {
        str_release(&clean);
        return err_nomem(e, "a title");
    }
    str_release(&clean);
    return one_event(c, &ev, e);
}

int conv_set(struct conv *c, const struct chat_settings *s, struct err *e)
{
    struct event ev;
    event_init(&ev, EVENT_SETTINGS);
    ev.settings = *s;
    return one_event(c, &ev, e);
}

int conv_rate(struct conv *c, uint32_t node, int rating, struct err *e)
{
    struct event ev = about(c, EVENT_RATING, node);
    ev.rating = rating < 0 ? -1 : rating > 0;
    return need_node(c, node, e) || one_event(c, &ev, e) ? -1 : 0;
}

int conv_choose(struct conv *c, uint32_t taken, uint32_t over, struct err *e)
{
    struct event ev = about(c, EVENT_CHOICE, taken);
    ev.other = over;
    return need_node(c, taken, e) || need_node(c, over, e) || one_event(c, &ev, e) ? -1 : 0;
}

int conv_use(struct conv *c, struct lm *lm, const char *name, struct err *e)
{
    struct session *s = session_new(lm, e);
    char *copy = mem_strdup(name ? name : model_path(lm->model));
    if (!s || !copy) {
        session_free(s);
        free(copy);
        return copy ? -1 : err_nomem(e, "a model's name");
    }
    session_free(c->session);
    free(c->model_name);
    c->session = s;
    c->model_name = copy;
    c->lm = lm;
    c->reading_speed = 0;
    return 0;
}
