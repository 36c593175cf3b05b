/* An open chat's worker: takes requests one by one, runs them on its conversation, tells the screen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "chat/place.h"
#include "desk/parts.h"

/* ---- Telling ---- */

void desk_tell_stage(struct desk_chat *c, enum desk_stage stage, double progress)
{
    c->stage = stage;
    c->stage_ns = clock_ns();
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_STAGE, .chat = c, .stage = stage, .progress = progress });
}

static void tell_shown(struct desk_chat *c, bool writing)
{
    const char *model = conv_tree(c->conv) ? tree_model_name(conv_tree(c->conv)) : "";
    struct shown *s = shown_of(c->conv, c->name, model, c->last, writing);
    if (!s)
        return;
    shown_unref(c->last);
    c->last = shown_ref(s);
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_SHOWN, .chat = c, .shown = s });
}

static void tell_stats(struct desk_chat *c)
{
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_STATS, .chat = c, .stats = c->stats });
}

/* ---- Settings ---- */

/* Changed settings go into the file with the next thing that does; a chat in which nothing was said yet gets none. */
static void keep_settings(struct desk_chat *c)
{
    struct err e = ERR_INIT;
    if (!conv_writable(c->conv) || !conv_tree(c->conv)->n_nodes)
        return;
    pthread_mutex_lock(&c->lock);
    struct chat_settings s = c->settings;
    bool unkept = c->unkept;
    c->unkept = false;
    pthread_mutex_unlock(&c->lock);
    if (unkept && conv_set(c->conv, &s, &e))
        desk_tell_err(c->desk, c, &e);
}

/* A chat goes on with the settings it was left with, unless others were asked for while it was being opened. */
static void take_settings(struct desk_chat *c)
{
    const struct tree *t = conv_tree(c->conv);
    pthread_mutex_lock(&c->lock);
    bool take = t->has_settings && !c->unkept;
    if (take)
        c->settings = t->settings;
    pthread_mutex_unlock(&c->lock);
    if (take)
        desk_tell(c->desk, &(struct desk_event){ .kind = DESK_SETTINGS, .chat = c, .settings = t->settings });
}

/* ---- While a turn runs ---- */

/* The message that was sent is on the tree by the time reading or writing begins. */
static void show_begun(struct desk_chat *c)
{
    if (!c->begun)
        tell_shown(c, true);
    c->begun = true;
}

static void on_read(void *arg, size_t done, size_t total)
{
    struct desk_chat *c = arg;
    show_begun(c);
    c->stats.read = done;
    desk_tell_stage(c, DESK_READING, total ? (double)done / (double)total : -1);
}

static bool on_token(void *arg, const struct generate_event *ev)
{
    struct desk_chat *c = arg;
    uint64_t now = clock_ns();
    show_begun(c);
    if (c->stage != DESK_WRITING) {
        desk_tell_stage(c, DESK_WRITING, -1);
        c->stats.wrote = 0;
        tell_stats(c);
    }
    c->stats.wrote++;
    c->stats.write_seconds = (double)(now - c->stage_ns) * 1e-9;
    if (ev->n_text) {
        char *text = mem_dup(ev->text, ev->n_text);
        if (text)
            desk_tell(c->desk, &(struct desk_event){ .kind = DESK_TEXT, .chat = c, .text = text, .n = ev->n_text });
    }
    if (c->stats.wrote % 16 == 0)
        tell_stats(c);
    pthread_mutex_lock(&c->lock); /* a setting changed meanwhile holds from the next token */
    uint64_t seed = c->generate.sampler.seed;
    c->generate.sampler = c->settings.sampler;
    if (!c->settings.fixed_seed)
        c->generate.sampler.seed = seed;
    pthread_mutex_unlock(&c->lock);
    return false;
}

static void begin_turn(struct desk_chat *c)
{
    pthread_mutex_lock(&c->lock);
    c->generate = (struct generate_opts){ .sampler = c->settings.sampler, .max_tokens = c->settings.max_tokens };
    bool fixed = c->settings.fixed_seed;
    pthread_mutex_unlock(&c->lock);
    if (!fixed)
        c->generate.sampler.seed = rng_seed();
    c->stats = (struct desk_stats){ .seed = c->generate.sampler.seed };
    c->begun = false;
}

static void end_turn(struct desk_chat *c, const struct conv_result *r, int failed, const struct err *e)
{
    c->stats.restored = r->restored;
    c->stats.read = r->read;
    c->stats.wrote = r->wrote;
    c->stats.read_seconds = r->read_seconds;
    c->stats.write_seconds = r->write_seconds;
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_ENDED, .chat = c });
    tell_shown(c, false);
    tell_stats(c);
    desk_tell_stage(c, DESK_IDLE, -1);
    if (failed && e->code != ERR_CANCELLED)
        desk_tell_err(c->desk, c, e);
    if (r->rewritten > 1) { /* one: another end-of-turn token than the one that was sampled */
        char note[128];
        snprintf(note, sizeof note, "the chat template writes earlier turns differently now: %zu tokens were read again",
                 r->rewritten);
        desk_tell_note(c->desk, c, note);
    }
    if (r->kept.code)
        desk_tell_err(c->desk, c, &r->kept);
}

/* ---- The model ---- */

/* A conversation goes on with its own model when that is the loaded one, else with the current one. yields: only until
 * something else is asked for. */
static int ensure_model(struct desk_chat *c, const char *name, bool yields, struct err *e)
{
    struct desk_model_info info;
    if (c->lm && !name)
        return 0;
    desk_tell_stage(c, DESK_LOADING, -1);
    struct lm *lm = desk_wait_model(c, name, yields, &info, e), *left = c->lm;
    if (!lm)
        return -1;
    if (lm != c->lm && conv_use(c->conv, lm, info.name, e)) {
        desk_leave_model(c->desk, lm);
        return -1;
    }
    c->lm = lm;
    memcpy(c->model, info.name, sizeof c->model);
    desk_leave_model(c->desk, left); /* the same one, perhaps: it was counted twice */
    return 0;
}

static void restore(struct desk_chat *c)
{
    struct conv_watch w = { .cancel = &c->cancel, .progress = on_read, .arg = c };
    struct conv_result r = { .node = 0 };
    struct err e = ERR_INIT;
    if (ensure_model(c, NULL, true, &e)) {
        desk_tell_stage(c, DESK_IDLE, -1);
        return; /* the desk has told why */
    }
    uint64_t began = clock_ns();
    desk_tell_stage(c, DESK_REBUILDING, -1);
    int failed = conv_tree(c->conv)->head ? conv_restore(c->conv, &w, &r, &e) : 0;
    end_turn(c, &r, failed, &e);
    c->stats.restore_ms = (double)(clock_ns() - began) * 1e-6;
    tell_stats(c);
}

/* ---- Requests ---- */

static int turn(struct desk_chat *c, const struct desk_request *q, struct conv_result *r, struct err *e)
{
    struct conv_watch w = { .cancel = &c->cancel, .progress = on_read, .token = on_token, .arg = c };
    begin_turn(c);
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_BEGUN, .chat = c });
    switch (q->want) {
    case WANT_SEND: return conv_send(c->conv, q->text, q->n, &c->generate, &w, r, e);
    case WANT_EDIT: return conv_edit(c->conv, q->node, q->text, q->n, &c->generate, &w, r, e);
    case WANT_ANSWER: return conv_answer(c->conv, q->node, &c->generate, &w, r, e);
    case WANT_REGENERATE: return conv_reply(c->conv, q->node, &c->generate, &w, r, e);
    default: return conv_continue(c->conv, q->node, SIZE_MAX, NULL, 0, &c->generate, &w, r, e);
    }
}

/* The system text is the first message; another one is a branch from the beginning. */
static int set_system(struct desk_chat *c, const char *text, size_t n, struct err *e)
{
    const struct tree *t = conv_tree(c->conv);
    uint32_t *path = NULL, id = 0;
    size_t len = tree_path(t, t->head, &path);
    bool has = len && len != SIZE_MAX && tree_node(t, path[0])->body.role == ROLE_SYSTEM;
    uint32_t first = has ? path[0] : 0;
    struct conv_result r;
    int failed;
    free(path);
    if (!len || len == SIZE_MAX)
        failed = conv_say(c->conv, ROLE_SYSTEM, text, n, &id, e);
    else if (has)
        failed = conv_edit(c->conv, first, text, n, NULL, NULL, &r, e);
    else
        failed = err_set(e, ERR_ARG, "a system text comes first: begin a new chat (:new), or a persona");
    return failed;
}

/* Undoes or redoes, and says what. */
static int take_back(struct desk_chat *c, uint64_t op, int (*run)(struct conv *, struct err *), const char *word,
                     struct err *e)
{
    struct str text = STR_INIT;
    int r = run(c->conv, e);
    str_addf(&text, "%s: ", word);
    if (!r && !tree_op_words(conv_tree(c->conv), op, &text))
        desk_tell_note(c->desk, c, str_z(&text));
    str_release(&text);
    return r;
}

static int change(struct desk_chat *c, const struct desk_request *q, struct err *e)
{
    uint32_t to;
    switch (q->want) {
    case WANT_SYSTEM: return set_system(c, q->text, q->n, e);
    case WANT_GO:
        to = shown_alternative(conv_tree(c->conv), q->node, q->by);
        return to ? conv_goto(c->conv, tree_leaf(conv_tree(c->conv), to), e) : 0;
    case WANT_DELETE: return conv_delete(c->conv, q->node, e);
    case WANT_UNDO: return take_back(c, tree_undoable(conv_tree(c->conv)), conv_undo, "undone", e);
    case WANT_REDO: return take_back(c, tree_redoable(conv_tree(c->conv)), conv_redo, "redone", e);
    case WANT_RATE: return conv_rate(c->conv, q->node, q->by, e);
    case WANT_TITLE: return conv_title(c->conv, q->text, e);
    default: return 0;
    }
}

static void use_model(struct desk_chat *c, const struct desk_request *q)
{
    struct err e = ERR_INIT;
    if (ensure_model(c, q->text, false, &e)) {
        desk_tell_stage(c, DESK_IDLE, -1);
        desk_tell_err(c->desk, c, &e);
        return;
    }
    restore(c);
}

/* While the model loads, what was sent is written and shown at once; it is then answered as any message is. */
static int say_first(struct desk_chat *c, struct desk_request *q, struct err *e)
{
    struct conv_result r;
    uint32_t id;
    if (c->lm || (q->want != WANT_SEND && q->want != WANT_EDIT))
        return 0;
    if (q->want == WANT_SEND ? conv_say(c->conv, ROLE_USER, q->text, q->n, &id, e)
                             : conv_edit(c->conv, q->node, q->text, q->n, NULL, NULL, &r, e))
        return -1;
    tell_shown(c, false);
    q->want = WANT_ANSWER;
    q->node = conv_tree(c->conv)->head;
    return 0;
}

/* What was written goes back to who wrote it. */
static void give_back(struct desk_chat *c, struct desk_request *q)
{
    if (q->want != WANT_SEND && q->want != WANT_EDIT)
        return;
    desk_tell(c->desk, &(struct desk_event){ .kind = DESK_REFUSED, .chat = c, .text = q->text, .n = q->n, .node = q->node });
    q->text = NULL;
}

static void serve(struct desk_chat *c, struct desk_request *q)
{
    struct conv_result r = { .node = 0 };
    struct err e = ERR_INIT;
    size_t n_before;
    int failed;
    switch (q->want) {
    case WANT_SEND:
    case WANT_EDIT:
    case WANT_REGENERATE:
    case WANT_CONTINUE:
        n_before = conv_tree(c->conv)->n_nodes;
        failed = say_first(c, q, &e) || ensure_model(c, NULL, false, &e) || turn(c, q, &r, &e);
        if (failed && conv_tree(c->conv)->n_nodes == n_before)
            give_back(c, q);
        end_turn(c, &r, failed, &e);
        break;
    case WANT_MODEL: use_model(c, q); break;
    case WANT_RESTORE: restore(c); break;
    case WANT_VERIFY: desk_verify_run(c); break;
    case WANT_SETTINGS: break; /* kept below, as after every request */
    default:
        if (change(c, q, &e))
            desk_tell_err(c->desk, c, &e);
        tell_shown(c, false);
        desk_tell_stage(c, DESK_IDLE, -1);
    }
}

static void tell_damage(void *arg, const char *sentence)
{
    struct desk_chat *c = arg;
    desk_tell_note(c->desk, c, sentence);
}

static bool open_conv(struct desk_chat *c, struct err *e)
{
    c->store = chat_store(e);
    if (!c->store)
        desk_tell_err(c->desk, c, e); /* the chat works without: it is read anew each time */
    struct conv_opts o = { .path = c->path.p, .mode = JOURNAL_CREATE, .store = c->store };
    c->conv = conv_open(&o, e);
    if (!c->conv)
        return false;
    conv_tell_damage(c->conv, tell_damage, c);
    if (!conv_writable(c->conv) && conv_journal(c->conv))
        desk_tell_note(c->desk, c, journal_why(conv_journal(c->conv))->msg);
    return true;
}

/* The screen hears of it after the count has moved, so that it never takes an earlier request's end for this one's. */
static void request_done(struct desk_chat *c)
{
    atomic_fetch_add(&c->served, 1);
    desk_tell_stage(c, DESK_IDLE, -1);
}

/* Another hiss had it open. If that one has ended, what it wrote is read and the chat can be written here. */
static void take_over(struct desk_chat *c)
{
    struct err e = ERR_INIT;
    struct conv_opts o = { .path = c->path.p, .mode = JOURNAL_WRITE, .store = c->store, .lm = c->lm, .model_name = c->model };
    struct conv *again = conv_open(&o, &e);
    if (!again || !conv_writable(again)) {
        conv_close(again, NULL);
        return;
    }
    conv_close(c->conv, NULL);
    c->conv = again;
    tell_shown(c, false);
}

/* A chat that could not be opened answers everything with the reason. */
static void answer(struct desk_chat *c, struct desk_request *q, const struct err *closed)
{
    if (closed->code) {
        give_back(c, q);
        desk_tell_err(c->desk, c, closed);
        return;
    }
    if (!conv_writable(c->conv))
        take_over(c);
    serve(c, q);
    keep_settings(c);
    if (!c->lm) /* once the model is there the chat is made ready, whatever was asked for meanwhile */
        restore(c);
}

/* Made by hiss and never used. One that somebody named, or that another hiss has open, is not. */
static bool is_empty(const struct desk_chat *c)
{
    return c->conv && conv_writable(c->conv) && !conv_tree(c->conv)->last_op && chat_is_dated(c->name);
}

void *desk_worker(void *arg)
{
    struct desk_chat *c = arg;
    struct desk_request *q;
    struct err closed = ERR_INIT, e = ERR_INIT;
    kern_thread_init();
    if (open_conv(c, &e)) {
        take_settings(c);
        tell_shown(c, false);
        restore(c);
    } else {
        closed = e;
        desk_tell_err(c->desk, c, &closed);
    }
    request_done(c);
    while ((q = chan_take(c->requests, true))) {
        bool quit = q->want == WANT_QUIT;
        if (!quit)
            answer(c, q, &closed);
        desk_request_free(q);
        if (quit)
            break;
        atomic_store(&c->cancel, false);
        request_done(c);
    }
    if (c->drop && is_empty(c))
        remove(c->path.p);
    if (c->conv && conv_close(c->conv, &e))
        desk_tell_err(c->desk, NULL, &e);
    desk_leave_model(c->desk, c->lm);
    store_close(c->store);
    shown_unref(c->last);
    return NULL;
}
