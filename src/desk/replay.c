/* A chat's tokens with their times, for playing it again; and proving that it can be made again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/verify.h"
#include "desk/parts.h"

enum { PAUSE_MS = 1200, MAX_PAUSE_MS = 2000, READING_MS = 40 /* a token, where no times were kept */ };

static bool add_step(struct desk_replay *r, size_t *cap, uint32_t ms, size_t message, size_t n_text)
{
    if (mem_grow(&r->steps, cap, r->n + 1, sizeof *r->steps))
        return false;
    r->steps[r->n++] = (struct desk_replay_step){ ms, message, n_text };
    return true;
}

/* When the node's i-th sampled id came, between the times that were written down. */
static uint32_t time_of(const struct made *made, size_t i, size_t n)
{
    struct made_time before = { 0, 0 };
    for (size_t k = 0; made && k < made->n_times; k++) {
        struct made_time t = made->times[k];
        if (t.n > i)
            return before.ms + (uint32_t)((uint64_t)(t.ms - before.ms) * (i - before.n) / (t.n - before.n));
        before = t;
    }
    (void)n;
    return before.ms + (uint32_t)((i - before.n) * READING_MS);
}

/* A reply's steps, one an id; text grows by what the tokenizer says, or evenly where the model is not there. */
static bool reply_steps(const struct desk_chat *c, const struct node *node, size_t message, size_t text_before,
                        uint32_t from, struct desk_replay *out, size_t *cap)
{
    const struct body *b = &node->body;
    size_t n = b->n_ids > b->header ? b->n_ids - b->header : 0, shown = 0;
    struct tok_stream stream = { .n_held = 0 };
    struct str piece = STR_INIT;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        str_clear(&piece);
        if (c->lm && !tok_is_special(c->lm->tok, b->ids[b->header + i]))
            tok_stream_next(c->lm->tok, &stream, b->ids[b->header + i], &piece);
        shown = c->lm ? shown + piece.len : b->n_text * (i + 1) / n;
        if (shown > b->n_text || i + 1 == n)
            shown = b->n_text;
        ok = add_step(out, cap, from + time_of(b->made, i, n), message, text_before + shown);
    }
    if (!n)
        ok = add_step(out, cap, from, message, text_before + b->n_text);
    str_release(&piece);
    return ok;
}

int desk_replay_load(struct desk_chat *c, struct desk_replay *out, struct err *e)
{
    const struct tree *t = conv_tree(c->conv);
    uint32_t *path = NULL, now = 0;
    size_t n = tree_path(t, t->head, &path), cap = 0, message = 0;
    bool ok = n != SIZE_MAX;
    *out = (struct desk_replay){ NULL, 0 };
    for (size_t i = 0; ok && i < n; i++) {
        const struct node *node = tree_node(t, path[i]);
        if (i && !node->body.continues) {
            message++;
            now += PAUSE_MS;
        }
        size_t before = node->body.continues ? node->body.keep : 0;
        if (node->body.role == ROLE_ASSISTANT)
            ok = reply_steps(c, node, message, before, now, out, &cap);
        else
            ok = add_step(out, &cap, now, message, node->body.n_text);
        if (out->n)
            now = out->steps[out->n - 1].ms;
    }
    free(path);
    if (!ok) {
        desk_replay_release(out);
        return err_nomem(e, "the replay");
    }
    return 0;
}

void desk_replay_release(struct desk_replay *r)
{
    free(r->steps);
    *r = (struct desk_replay){ NULL, 0 };
}

/* ---- Proof ---- */

struct proof {
    struct desk_chat *c;
    size_t all; /* sampled ids of all replies */
};

static size_t count_ids(const struct tree *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        const struct body *b = &t->nodes[i].body;
        n += b->made && tree_visible(t, t->nodes[i].id) ? b->n_ids - b->header : 0;
    }
    return n;
}

static void told(void *arg, uint32_t node, enum verify_outcome outcome, const struct verify_result *r)
{
    const struct proof *p = arg;
    desk_tell(p->c->desk, &(struct desk_event){ .kind = DESK_VERIFIED, .chat = p->c, .node = node, .outcome = outcome });
    desk_tell_stage(p->c, DESK_VERIFYING, p->all ? (double)r->n_tokens / (double)p->all : -1);
}

static void add_token(const struct lm *lm, int32_t id, float p, const char *when, struct str *out)
{
    if (id < 0) {
        str_addf(out, "nothing %s", when);
        return;
    }
    str_adds(out, "'");
    tok_piece(lm->tok, id, true, out);
    str_addf(out, "' (%.2f) %s", (double)p, when);
}

static void add_difference(const struct lm *lm, const struct verify_difference *d, struct str *out)
{
    if (d->state_differs) {
        str_addf(out, "message %zu: the same %zu tokens, another state after them", d->message, d->token);
        return;
    }
    str_addf(out, "message %zu differs at token %zu: ", d->message, d->token + 1);
    add_token(lm, d->recorded, d->p_recorded, "was recorded, ", out);
    add_token(lm, d->now, d->p_now, "comes now; ", out);
    str_addf(out, "model, arithmetic and settings are those of the record%s",
             d->template_differs ? ", the chat template is another" : "");
}

static void add_outcome(const struct lm *lm, const struct verify_result *r, struct str *out)
{
    if (r->differs) {
        add_difference(lm, &r->first, out);
        return;
    }
    str_addf(out, "verified %zu %s, %zu tokens", r->n_replies, r->n_replies == 1 ? "reply" : "replies", r->n_tokens);
    if (r->n_other_arith)
        str_addf(out, "; %zu more were made by arithmetic %u", r->n_other_arith, r->other_arith);
    if (r->n_other_model)
        str_addf(out, "; %zu more were made by another model", r->n_other_model);
}

void desk_verify_run(struct desk_chat *c)
{
    struct proof p = { c, count_ids(conv_tree(c->conv)) };
    struct verify_result r = { .n_replies = 0 };
    struct str text = STR_INIT;
    struct err e = ERR_INIT;
    desk_tell_stage(c, DESK_VERIFYING, 0);
    int failed = !c->lm ? err_set(&e, ERR_NOTFOUND, "no model is loaded that could run the replies again")
                        : verify(conv_tree(c->conv), c->lm, &c->cancel, told, &p, &r, &e);
    desk_tell_stage(c, DESK_IDLE, -1);
    if (failed) {
        desk_tell_err(c->desk, c, &e);
        return;
    }
    add_outcome(c->lm, &r, &text);
    desk_tell_note(c->desk, c, str_z(&text));
    str_release(&text);
}
