/* Reading and writing: the session is brought to the ids that are wanted, from the nearest state; then a reply is
 * sampled, with a part on disk at least once a second. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chat/conv_parts.h"

static const double rebuild_seconds = 0.4;      /* reading from one keyframe to the next, at most (DESIGN: half a second) */
enum {
    KEYFRAME_MIN = 64, KEYFRAME_MAX = 8192,
    KEYFRAME_FIRST = 256,                       /* before the speed is known */
    MEASURE_FROM = 32,                          /* tokens in one go that say something about speed */
    PENDING_MAX = 64 << 20,                     /* bytes of states that may wait in memory */
};

static struct store_key key_of(const struct conv *c)
{
    return (struct store_key){ c->tree.id, model_hash(c->lm->model) };
}

/* A power of two, so that keyframes of faster and slower days fall on the same positions. */
static size_t keyframe_of(const struct conv *c)
{
    if (c->keyframe)
        return c->keyframe;
    if (c->reading_speed <= 0)
        return KEYFRAME_FIRST;
    size_t k = KEYFRAME_MIN;
    while (k < KEYFRAME_MAX && (double)(2 * k) <= c->reading_speed * rebuild_seconds)
        k *= 2;
    return k;
}

static void keep(struct conv *c, enum store_kind kind, struct conv_result *r)
{
    struct store_key k = key_of(c);
    struct err why = ERR_INIT;
    if (!c->store)
        return;
    if (store_put(c->store, &k, c->session, kind, &why) ||
        (store_pending_bytes(c->store) > PENDING_MAX && store_settle(c->store, &why)))
        r->kept = why;
}

/* ---- Reading ---- */

/* Progress of a whole read, which is fed in pieces. */
struct reading {
    const struct conv_watch *w;
    size_t done, total;
};

static void tell_progress(void *arg, size_t done, size_t total)
{
    struct reading *rd = arg;
    (void)total;
    if (rd->w && rd->w->progress)
        rd->w->progress(rd->w->arg, rd->done + done, rd->total);
}

/* The state that was read furthest along these ids: the session's own, or a kept one. */
static void restore(struct conv *c, const int32_t *ids, size_t n)
{
    struct store_key k = key_of(c);
    size_t live = session_pos(c->session);
    if (live > n || (live && memcmp(session_ids(c->session), ids, live * sizeof *ids)))
        live = 0;
    size_t loaded = c->store ? store_load(c->store, &k, ids, n, live, c->session) : 0;
    if (!loaded && !live && session_pos(c->session))
        session_clear(c->session);
}

int turn_fits(const struct conv *c, size_t n, struct err *e)
{
    size_t most = session_limit(c->session);
    if (n <= most)
        return 0;
    return err_set(e, ERR_LIMIT, "this model reads at most %zu tokens, and with this it would be %zu: shorten it, begin a new chat, "
                   "or branch from an earlier message", most, n);
}

int turn_seek(struct conv *c, const int32_t *ids, size_t n, const struct conv_watch *w, struct conv_result *r,
              struct err *e)
{
    if (turn_fits(c, n, e))
        return -1;
    restore(c, ids, n);
    size_t pos = session_pos(c->session), every = keyframe_of(c);
    struct reading rd = { w, 0, n - pos };
    uint64_t begin = clock_ns();
    int bad = 0;
    r->restored = pos;
    while (pos < n && !bad) {
        size_t stop = (pos / every + 1) * every;
        size_t piece = (stop < n ? stop : n) - pos;
        bad = session_feed(c->session, ids + pos, piece, w ? w->cancel : NULL, tell_progress, &rd, e);
        pos = session_pos(c->session);
        rd.done = pos - r->restored;
        if (!bad && pos % every == 0)
            keep(c, STORE_KEYFRAME, r);
    }
    r->read = pos - r->restored;
    r->read_seconds = (double)(clock_ns() - begin) * 1e-9;
    if (r->read >= MEASURE_FROM && r->read_seconds > 0)
        c->reading_speed = (double)r->read / r->read_seconds;
    return bad;
}

/* ---- Writing ---- */

struct reply {
    struct conv *c;
    const struct conv_watch *w;
    struct conv_result *r;
    struct body body;        /* as it will stand in the last event */
    size_t cap_ids;
    struct str text;         /* as it was told */
    uint32_t node;
    uint64_t begin, last_part;
    size_t part_ids, part_text; /* what is in parts already */
    struct err failed;       /* of the callback */
};

static uint32_t since_ms(uint64_t begin)
{
    return (uint32_t)((clock_ns() - begin) / 1000000);
}

static int add_time(struct made *m, size_t n, uint32_t ms)
{
    size_t cap = m->n_times;
    if (mem_grow(&m->times, &cap, m->n_times + 1, sizeof *m->times))
        return -1;
    m->times[m->n_times++] = (struct made_time){ n, ms };
    return 0;
}

/* Puts what came since the last part into the file; nobody waits for it. */
static int write_part(struct reply *p, struct err *e)
{
    struct event ev;
    event_init(&ev, EVENT_PART);
    ev.node = p->node;
    ev.from = p->part_ids;
    ev.ms = since_ms(p->begin);
    ev.body.n_ids = p->body.n_ids - p->part_ids;
    ev.body.ids = mem_dup(p->body.ids + p->part_ids, ev.body.n_ids * sizeof *ev.body.ids);
    struct str text = STR_INIT;
    if (!ev.body.ids || conv_clean(str_z(&p->text) + p->part_text, p->text.len - p->part_text, &text) ||
        add_time(p->body.made, p->body.n_ids - p->body.header, ev.ms)) {
        str_release(&text);
        event_release(&ev);
        return err_nomem(e, "a part of a reply");
    }
    ev.body.n_text = text.len;
    ev.body.text = str_take(&text);
    if (!ev.body.text)
        ev.body.text = mem_strdup("");
    p->part_ids = p->body.n_ids;
    p->part_text = p->text.len;
    p->last_part = clock_ns();
    return conv_emit(p->c, &ev, e);
}

static bool on_token(void *arg, const struct generate_event *ev)
{
    struct reply *p = arg;
    struct conv *c = p->c;
    struct body *b = &p->body;
    size_t pos = session_pos(c->session);
    if (mem_grow(&b->ids, &p->cap_ids, b->n_ids + 1, sizeof *b->ids) || str_add(&p->text, ev->text, ev->n_text)) {
        err_nomem(&p->failed, "a reply");
        return true;
    }
    b->ids[b->n_ids++] = ev->id;
    if (clock_ns() - p->last_part >= c->part_ns && write_part(p, &p->failed))
        return true;
    if (pos % keyframe_of(c) == 0)
        keep(c, STORE_KEYFRAME, p->r);
    else if (c->store && store_wants(c->store, pos))
        keep(c, STORE_PASSING, p->r);
    return p->w && p->w->token && p->w->token(p->w->arg, ev);
}

int turn_text(const struct conv *c, const int32_t *ids, size_t n, struct str *out)
{
    struct str raw = STR_INIT;
    int r = tok_decode(c->lm->tok, ids, n, false, &raw) || conv_clean(str_z(&raw), raw.len, out) ? -1 : 0;
    str_release(&raw);
    return r;
}

static struct made *begin_record(const struct conv *c, const struct generate_opts *g, const struct conv_result *r)
{
    struct made *m = made_new();
    if (!m)
        return NULL;
    m->settings = mem_zalloc(1, sizeof *m->settings);
    m->stops = mem_zalloc(g->n_stops ? g->n_stops : 1, sizeof *m->stops);
    bool ok = m->settings && m->stops;
    if (ok) {
        m->n_settings = 1;
        m->settings[0].sampler = g->sampler;
    }
    for (; ok && m->n_stops < g->n_stops; m->n_stops++)
        ok = (m->stops[m->n_stops] = mem_strdup(g->stops[m->n_stops])) != NULL;
    m->max_tokens = g->max_tokens;
    m->template_hash = template_hash(c->lm->tmpl);
    m->arith = KERN_ARITH;
    m->restored = r->restored;
    m->read = r->read;
    if (ok)
        return m;
    made_free(m);
    return NULL;
}

static int begin_body(struct conv *c, const struct lead *l, const struct generate_opts *g, struct reply *p, struct err *e)
{
    struct body *b = &p->body;
    *b = (struct body){ .parent = l->parent, .role = ROLE_ASSISTANT, .continues = l->continues, .offset = l->offset,
                        .keep = l->keep, .model = model_hash(c->lm->model), .at = l->at, .content = l->content,
                        .header = l->n - l->at, .n_ids = l->n - l->at };
    b->text = mem_strdup("");
    b->ids = mem_dup(l->ids + l->at, (l->n - l->at) * sizeof *b->ids);
    b->made = begin_record(c, g, p->r);
    p->cap_ids = b->n_ids;
    p->part_ids = b->n_ids;
    return b->text && (b->ids || !b->n_ids) && b->made ? 0 : err_nomem(e, "a reply");
}

static int emit_body(struct reply *p, enum event_kind kind, uint64_t op, bool head, struct err *e)
{
    struct event ev;
    event_init(&ev, kind);
    ev.op = op;
    ev.node = p->node;
    ev.time = clock_wall();
    ev.head = head;
    if (body_copy(&ev.body, &p->body))
        return err_nomem(e, "a reply");
    return conv_emit(p->c, &ev, e);
}

/* The text of the record is that of the ids, as the tokenizer reads them in one go; after a stop string it is what
 * was told. */
static int settle_text(struct reply *p)
{
    const struct session *s = p->c->session;
    struct str whole = STR_INIT, own = STR_INIT;
    size_t end = session_pos(s), keep_bytes = p->body.continues ? p->body.keep : 0;
    int r;
    if (end > p->body.content && tok_is_eog(p->c->lm->tok, session_ids(s)[end - 1]))
        end--;
    if (p->body.made->end == MADE_STOP)
        r = conv_clean(str_z(&p->text), p->text.len, &own);
    else
        r = turn_text(p->c, session_ids(s) + p->body.content, end - p->body.content, &whole) ||
            (whole.len > keep_bytes && str_add(&own, whole.p + keep_bytes, whole.len - keep_bytes));
    if (!r) {
        free(p->body.text);
        p->body.n_text = own.len;
        p->body.text = str_take(&own);
        if (!p->body.text)
            p->body.text = mem_strdup("");
        r = p->body.text ? 0 : -1;
    }
    str_release(&whole);
    str_release(&own);
    return r;
}

static int write_reply(struct reply *p, const struct lead *l, const struct generate_opts *g, struct err *e)
{
    struct conv *c = p->c;
    struct generate_result got = { 0 };
    struct err why = ERR_INIT;
    p->begin = p->last_part = clock_ns();
    int r = generate(c->session, g, p->w ? p->w->cancel : NULL, on_token, p, &got, &why);
    struct made *m = p->body.made;
    m->end = r || p->failed.code ? MADE_UNFINISHED : (enum made_end)got.end;
    m->has_state = true;
    m->state = session_hash(c->session);
    size_t wrote = p->body.n_ids - p->body.header;
    if (add_time(m, wrote, since_ms(p->begin)) || settle_text(p))
        return err_nomem(e, "a reply");
    p->r->wrote = wrote;
    p->r->write_seconds = got.seconds;
    p->r->end = m->end;
    p->r->state = m->state;
    if (emit_body(p, EVENT_NODE, l->op, false, e) || conv_wait(c, e))
        return -1;
    if (r || p->failed.code)
        *e = r ? why : p->failed;
    return r || p->failed.code ? -1 : 0;
}

int turn_reply(struct conv *c, const struct lead *l, const struct generate_opts *g, const struct conv_watch *w,
               struct conv_result *r, struct err *e)
{
    struct reply p = { .c = c, .w = w, .r = r, .text = STR_INIT, .node = tree_next_id(&c->tree) };
    int bad = turn_seek(c, l->ids, l->n, w, r, e);
    if (!bad) {
        keep(c, STORE_LOOSE, r); /* writing another one reads nothing */
        if (c->store)
            store_turn(c->store, l->n);
        bad = begin_body(c, l, g, &p, e) || emit_body(&p, EVENT_REPLY, l->op, true, e);
    }
    if (!bad) {
        r->node = p.node;
        bad = write_reply(&p, l, g, e);
        keep(c, STORE_LOOSE, r);
    }
    if (c->store && store_settle(c->store, &p.failed))
        r->kept = p.failed;
    body_release(&p.body);
    str_release(&p.text);
    return bad;
}
