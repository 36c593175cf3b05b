#include "engine/generate.h"

#include "base/clock.h"
#include "engine/stop.h"

const char *const generate_end_names[] = {
    [GENERATE_EOT] = "end-of-turn", [GENERATE_STOP] = "stop", [GENERATE_LENGTH] = "length",
    [GENERATE_CANCELLED] = "cancelled", [GENERATE_CONTEXT] = "context",
};

/* One reply on its way. */
struct run {
    struct session *s;
    const struct generate_opts *o;
    struct sampler_work *work;
    struct tok_stream stream;
    struct stop stop;
    struct str piece, text; /* a token's bytes; what may be told of them */
    size_t n_vocab;
};

/* What was held back comes out: nothing more will follow it. */
static void flush_text(struct run *r)
{
    str_clear(&r->piece);
    tok_stream_end(&r->stream, &r->piece);
    if (!stop_feed(&r->stop, str_z(&r->piece), r->piece.len, &r->text))
        stop_flush(&r->stop, &r->text);
}

/* Is the reply over with this token, which is number n? *end says why; r->text is what it made printable. */
static bool take_token(struct run *r, int32_t id, size_t n, const atomic_bool *cancel, enum generate_end *end)
{
    const struct tok *tok = session_lm(r->s)->tok;
    bool eog = tok_is_eog(tok, id);
    str_clear(&r->piece);
    str_clear(&r->text);
    if (!eog) {
        tok_stream_next(tok, &r->stream, id, &r->piece);
        if (stop_feed(&r->stop, str_z(&r->piece), r->piece.len, &r->text)) {
            *end = GENERATE_STOP;
            return true;
        }
    }
    if (eog)
        *end = GENERATE_EOT;
    else if (r->o->max_tokens && n >= r->o->max_tokens)
        *end = GENERATE_LENGTH;
    else if (session_full(r->s))
        *end = GENERATE_CONTEXT;
    else if (cancel && atomic_load(cancel))
        *end = GENERATE_CANCELLED;
    else
        return false;
    flush_text(r);
    return true;
}

static bool tell(struct run *r, const struct sampler_draw *d, generate_fn fn, void *arg, struct generate_result *out)
{
    struct generate_event ev = { d->id, d->prob, d->logprob, str_z(&r->text), r->text.len };
    out->n_tokens++;
    out->n_text += r->text.len;
    return fn && fn(arg, &ev);
}

/* Draws, feeds and tells one token. 1: over, 0: go on, -1: error. */
static int step(struct run *r, const atomic_bool *cancel, generate_fn fn, void *arg, struct generate_result *out,
                struct err *e)
{
    struct sampler_draw d;
    const float *logits = session_logits(r->s, e);
    size_t pos = session_pos(r->s);
    if (!logits || sampler_pick(&r->o->sampler, r->work, logits, r->n_vocab, session_ids(r->s), pos, pos, &d, e))
        return -1;
    if (session_feed(r->s, &d.id, 1, NULL, NULL, NULL, e)) {
        if (e->code != ERR_LIMIT)
            return -1;
        out->end = GENERATE_CONTEXT;
        return 1;
    }
    bool over = take_token(r, d.id, out->n_tokens + 1, cancel, &out->end);
    if (tell(r, &d, fn, arg, out) && !over) {
        out->end = GENERATE_CANCELLED;
        over = true;
    }
    if (r->text.oom || r->piece.oom)
        return err_nomem(e, "a reply's text");
    return over;
}

int generate(struct session *s, const struct generate_opts *o, const atomic_bool *cancel, generate_fn fn, void *arg,
             struct generate_result *out, struct err *e)
{
    const struct lm *lm = session_lm(s);
    struct run r = { .s = s, .o = o, .piece = STR_INIT, .text = STR_INIT };
    uint64_t began = clock_ns();
    int over = 0;
    *out = (struct generate_result){ .end = GENERATE_CANCELLED };
    if (sampler_check(&o->sampler, e))
        return -1;
    r.n_vocab = model_config(lm->model)->n_vocab;
    r.work = sampler_work_new(r.n_vocab, model_kern(lm->model));
    if (!r.work)
        return err_nomem(e, "the sampler");
    stop_init(&r.stop, o->stops, o->n_stops);
    if (cancel && atomic_load(cancel))
        over = 1;
    while (!over)
        over = step(&r, cancel, fn, arg, out, e);
    out->seconds = (double)(clock_ns() - began) * 1e-9;
    stop_release(&r.stop);
    str_release(&r.piece);
    str_release(&r.text);
    sampler_work_free(r.work);
    return over < 0 ? -1 : 0;
}
