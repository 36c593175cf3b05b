#include "chat/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/generate.h"
#include "engine/session.h"

struct run {
    const struct tree *t;
    struct session *session;
    const struct node *node;
    const atomic_bool *cancel;
    struct verify_result *r;
    size_t done;             /* sampled ids of this reply that agree */
};

static size_t message_number(const struct tree *t, const struct node *n)
{
    size_t count = 0;
    for (; n; n = tree_node(t, n->body.parent))
        count += !n->body.continues;
    return count;
}

static void differ(struct run *run, int32_t recorded, int32_t now, bool state)
{
    const struct made *m = run->node->body.made;
    run->r->differs = true;
    run->r->first = (struct verify_difference){
        .node = run->node->id, .message = message_number(run->t, run->node), .token = run->done,
        .recorded = recorded, .now = now, .state_differs = state,
        .template_differs = m->template_hash != template_hash(session_lm(run->session)->tmpl) };
}

static bool on_token(void *arg, const struct generate_event *ev)
{
    struct run *run = arg;
    const struct body *b = &run->node->body;
    size_t n = b->n_ids - b->header;
    int32_t recorded = run->done < n ? b->ids[b->header + run->done] : -1;
    if (recorded == ev->id) {
        run->done++;
        return false;
    }
    differ(run, recorded, ev->id, false);
    return true;
}

/* Brings the session to ids[0..n): goes on from where it stands when it can, else reads all. */
static int read_to(struct run *run, const int32_t *ids, size_t n, struct err *e)
{
    size_t pos = session_pos(run->session);
    if (pos > n || (pos && memcmp(session_ids(run->session), ids, pos * sizeof *ids))) {
        session_clear(run->session);
        pos = 0;
    }
    return session_feed(run->session, ids + pos, n - pos, run->cancel, NULL, NULL, e);
}

/* Samples the reply again, setting by setting. */
static int sample(struct run *run, struct err *e)
{
    const struct body *b = &run->node->body;
    const struct made *m = b->made;
    size_t n = b->n_ids - b->header;
    for (size_t i = 0; i < m->n_settings && !run->r->differs && run->done < n; i++) {
        size_t until = i + 1 < m->n_settings && m->settings[i + 1].from < n ? m->settings[i + 1].from : n;
        struct generate_opts g = { .sampler = m->settings[i].sampler, .max_tokens = until - run->done };
        struct generate_result got;
        if (until <= run->done)
            continue;
        if (generate(run->session, &g, run->cancel, on_token, run, &got, e))
            return -1;
        if (got.end == GENERATE_CANCELLED && !run->r->differs)
            return err_set(e, ERR_CANCELLED, "stopped");
        if (run->done < until && !run->r->differs) /* it ended earlier than the record */
            differ(run, b->ids[b->header + run->done], -1, false);
    }
    return 0;
}

/* How likely both tokens of the difference were: the text before them is read once more. */
static int weigh(struct run *run, const struct ids *ids, struct err *e)
{
    const struct body *b = &run->node->body;
    struct verify_difference *d = &run->r->first;
    const float *logits;
    float top = -INFINITY;
    double sum = 0;
    session_clear(run->session);
    if (read_to(run, ids->p, b->at + b->header + d->token, e) || !(logits = session_logits(run->session, e)))
        return -1;
    size_t n = model_config(session_lm(run->session)->model)->n_vocab;
    for (size_t i = 0; i < n; i++)
        top = logits[i] > top ? logits[i] : top;
    for (size_t i = 0; i < n; i++)
        sum += exp((double)(logits[i] - top));
    if (d->recorded >= 0)
        d->p_recorded = (float)(exp((double)(logits[d->recorded] - top)) / sum);
    if (d->now >= 0)
        d->p_now = (float)(exp((double)(logits[d->now] - top)) / sum);
    return 0;
}

static int check_reply(struct run *run, struct ids *ids, struct err *e)
{
    const struct body *b = &run->node->body;
    run->done = 0;
    if (tree_ids(run->t, run->node->id, b->model, ids, e) || sampler_check(&b->made->settings[0].sampler, e) ||
        read_to(run, ids->p, b->at + b->header, e) || sample(run, e))
        return err_prefix(e, "message %u", run->node->id);
    if (run->r->differs)
        return weigh(run, ids, e);
    if (b->made->has_state && !hash128_equal(b->made->state, session_hash(run->session)))
        differ(run, -1, -1, true);
    else {
        run->r->n_replies++;
        run->r->n_tokens += b->n_ids - b->header;
        run->r->n_no_state += !b->made->has_state;
    }
    return 0;
}

int verify(const struct tree *t, struct lm *lm, const atomic_bool *cancel, verify_fn told, void *arg,
           struct verify_result *r, struct err *e)
{
    struct run run = { .t = t, .cancel = cancel, .r = r, .session = session_new(lm, e) };
    struct ids ids = IDS_INIT;
    int bad = run.session ? 0 : -1;
    *r = (struct verify_result){ 0 };
    for (size_t i = 0; i < t->n_nodes && !bad && !r->differs; i++) {
        const struct node *n = run.node = &t->nodes[i];
        enum verify_outcome outcome = VERIFY_NOT_RUN;
        if (!n->body.made || !n->body.made->n_settings || !tree_visible(t, n->id))
            continue;
        if (n->body.made->arith != KERN_ARITH) {
            r->n_other_arith++;
            r->other_arith = n->body.made->arith;
        } else if (!hash128_equal(n->body.model, model_hash(lm->model))) {
            r->n_other_model++;
        } else {
            bad = check_reply(&run, &ids, e);
            outcome = r->differs ? VERIFY_DIFFERS : VERIFY_SAME;
        }
        if (told && !bad)
            told(arg, n->id, outcome, r);
    }
    ids_release(&ids);
    session_free(run.session);
    return bad;
}
