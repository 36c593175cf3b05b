#include "engine/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kern.h"

struct session {
    struct lm *lm;
    struct mstate state;
    struct model_scratch *scratch;
    struct ids ids;       /* what was read: ids.n == state.n_pos */
    float *logits;        /* [n_vocab] of the last id, once asked for or computed */
    bool has_logits;
};

struct session *session_new(struct lm *lm, struct err *e)
{
    struct session *s = mem_zalloc(1, sizeof *s);
    size_t n_vocab = model_config(lm->model)->n_vocab;
    if (!s) {
        err_nomem(e, "a session");
        return NULL;
    }
    s->lm = lm;
    s->scratch = model_scratch_new();
    s->logits = mem_alloc(n_vocab, sizeof *s->logits);
    if (!s->scratch || !s->logits) {
        err_nomem(e, "a session");
        goto fail;
    }
    if (mstate_init(&s->state, lm->model, e))
        goto fail;
    return s;
fail:
    model_scratch_free(s->scratch);
    free(s->logits);
    free(s);
    return NULL;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    mstate_release(&s->state);
    model_scratch_free(s->scratch);
    ids_release(&s->ids);
    free(s->logits);
    free(s);
}

const struct lm *session_lm(const struct session *s)
{
    return s->lm;
}

size_t session_pos(const struct session *s)
{
    return s->state.n_pos;
}

const int32_t *session_ids(const struct session *s)
{
    return s->ids.p;
}

struct hash128 session_hash(const struct session *s)
{
    return mstate_hash(&s->state, s->lm->model);
}

void session_clear(struct session *s)
{
    mstate_clear(&s->state, s->lm->model);
    s->ids.n = 0;
    s->has_logits = false;
}

/* ---- Reading ---- */

/* One call to the model, in turn with the other conversations on it. The logits of the last n_logits tokens go to out. */
static int forward(struct session *s, const int32_t *ids, size_t n, float *out, size_t n_logits, struct err *e)
{
    struct model_seq q = { &s->state, ids, n, out, n_logits };
    if (ids_add(&s->ids, ids, n))
        return err_nomem(e, "the token list");
    gate_enter(&s->lm->gate);
    int r = model_forward(s->lm->model, s->lm->pool, s->scratch, &q, 1, e);
    gate_leave(&s->lm->gate);
    s->ids.n = s->state.n_pos;
    s->has_logits = !r && out == s->logits;
    return r;
}

size_t session_limit(const struct session *s)
{
    const struct model_config *c = model_config(s->lm->model);
    return c->n_attn && c->n_ctx_train ? c->n_ctx_train : SIZE_MAX;
}

static size_t room(const struct session *s)
{
    size_t most = session_limit(s);
    return s->state.n_pos < most ? most - s->state.n_pos : 0;
}

bool session_full(const struct session *s)
{
    return room(s) == 0;
}

/* At the context length nothing is read that would not fit. */
static int check_room(const struct session *s, size_t n, struct err *e)
{
    if (n <= room(s))
        return 0;
    return err_set(e, ERR_LIMIT, "this model reads at most %zu tokens and has read %zu; %zu more do not fit: "
                   "begin a new chat, or branch from an earlier message", model_config(s->lm->model)->n_ctx_train,
                   s->state.n_pos, n);
}

int session_feed(struct session *s, const int32_t *ids, size_t n, const atomic_bool *cancel, session_progress progress,
                 void *progress_arg, struct err *e)
{
    if (check_room(s, n, e) || mstate_reserve(&s->state, s->lm->model, s->state.n_pos + n, e))
        return -1;
    for (size_t done = 0; done < n;) {
        size_t slice = n - done < SESSION_SLICE ? n - done : SESSION_SLICE;
        bool last = done + slice == n;
        if (cancel && atomic_load(cancel))
            return err_set(e, ERR_CANCELLED, "stopped after reading %zu of %zu tokens", done, n);
        if (forward(s, ids + done, slice, last ? s->logits : NULL, last ? 1 : 0, e))
            return -1;
        done += slice;
        if (progress)
            progress(progress_arg, done, n);
    }
    return 0;
}

int session_feed_all(struct session *s, const int32_t *ids, size_t n, float *out, struct err *e)
{
    size_t n_vocab = model_config(s->lm->model)->n_vocab;
    if (check_room(s, n, e))
        return -1;
    for (size_t done = 0; done < n;) {
        size_t slice = n - done < SESSION_SLICE ? n - done : SESSION_SLICE;
        if (forward(s, ids + done, slice, out + done * n_vocab, slice, e))
            return -1;
        done += slice;
    }
    return 0;
}

int session_feed_batch(struct session *const *s, const int32_t *ids, size_t n, struct err *e)
{
    if (!n)
        return 0;
    struct lm *lm = s[0]->lm;
    struct model_seq *q = mem_alloc(n, sizeof *q);
    int r = -1;
    if (!q)
        return err_nomem(e, "a batch");
    for (size_t i = 0; i < n; i++) {
        if (s[i]->lm != lm) {
            err_set(e, ERR_ARG, "the sessions of a batch must share a model");
            goto done;
        }
        if (check_room(s[i], 1, e))
            goto done;
        if (ids_push(&s[i]->ids, ids[i])) {
            err_nomem(e, "the token list");
            goto done;
        }
        q[i] = (struct model_seq){ &s[i]->state, &ids[i], 1, s[i]->logits, 1 };
    }
    gate_enter(&lm->gate);
    r = model_forward(lm->model, lm->pool, s[0]->scratch, q, n, e);
    gate_leave(&lm->gate);
done:
    for (size_t i = 0; i < n; i++) {
        s[i]->ids.n = s[i]->state.n_pos;
        s[i]->has_logits = s[i]->has_logits && r ? true : !r;
    }
    free(q);
    return r;
}

const float *session_logits(struct session *s, struct err *e)
{
    if (s->has_logits)
        return s->logits;
    gate_enter(&s->lm->gate);
    int r = model_logits(s->lm->model, s->lm->pool, s->scratch, &s->state, s->logits, e);
    gate_leave(&s->lm->gate);
    s->has_logits = !r;
    return r ? NULL : s->logits;
}

/* ---- Keeping ---- */

int session_copy(struct session *to, const struct session *from, struct err *e)
{
    if (to->lm != from->lm)
        return err_set(e, ERR_ARG, "a state can only be copied between sessions of one model");
    if (mstate_copy(&to->state, &from->state, to->lm->model, e))
        return -1;
    to->ids.n = 0;
    to->has_logits = false;
    return ids_add(&to->ids, from->ids.p, from->ids.n) ? err_nomem(e, "the token list") : 0;
}

/* What is kept or put back, cut into parts for the team: some hashes, then the recurrent state by bytes and the rows by
 * blocks of positions, each read once. */
enum { COPY_BYTES = 1 << 20, COPY_ROWS = KERN_ATTN_BLOCK };

static size_t n_cuts(size_t n, size_t size)
{
    return (n + size - 1) / size;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void copy_cut(void *to, const void *from, size_t bytes, size_t cut)
{
    size_t at = cut * COPY_BYTES;
    memcpy((char *)to + at, (const char *)from + at, min(COPY_BYTES, bytes - at));
}

/* The team does one thing at a time, as for a forward pass. */
static void run_parts(struct lm *lm, size_t parts, pool_fn fn, void *arg)
{
    gate_enter(&lm->gate);
    pool_run(lm->pool, parts, fn, arg);
    gate_leave(&lm->gate);
}

struct save {
    const struct session *s;
    struct snapshot *out;
    size_t rec_cuts;
};

static void save_part(void *arg, size_t part, unsigned member)
{
    const struct save *v = arg;
    const struct session *s = v->s;
    struct snapshot *k = v->out;
    (void)member;
    if (part == 0)
        k->state = session_hash(s);
    else if (part <= v->rec_cuts)
        copy_cut(k->payload, s->state.rec, k->rec_bytes, part - 1);
    else {
        size_t p0 = k->rows_from + (part - 1 - v->rec_cuts) * COPY_ROWS, p1 = min(p0 + COPY_ROWS, k->n_pos);
        unsigned char *rows = k->payload + k->rec_bytes + k->hidden_bytes;
        mstate_rows_get(&s->state, s->lm->model, p0, p1, rows + (p0 - k->rows_from) * k->row_bytes);
    }
}

int session_save(const struct session *s, size_t rows_from, struct snapshot *out, struct err *e)
{
    const struct model *m = s->lm->model;
    size_t row = model_row_bytes(m);
    snapshot_init(out);
    if (rows_from > s->state.n_pos)
        return err_set(e, ERR_ARG, "a state at token %zu has no rows from %zu on", s->state.n_pos, rows_from);
    out->arith = KERN_ARITH;
    out->model = model_hash(m);
    out->rolled = s->state.rolled;
    out->n_pos = s->state.n_pos;
    out->rows_from = row ? rows_from : s->state.n_pos;
    out->rec_bytes = model_rec_floats(m) * sizeof(float);
    out->row_bytes = row;
    out->hidden_bytes = model_config(m)->n_embd * sizeof(float);
    size_t rows = out->n_pos - out->rows_from;
    out->payload_bytes = out->rec_bytes + out->hidden_bytes + rows * row;
    out->payload = mem_alloc_aligned(out->payload_bytes);
    if (!out->payload) {
        snapshot_init(out);
        return err_nomem(e, "a state");
    }
    struct save v = { s, out, n_cuts(out->rec_bytes, COPY_BYTES) };
    memcpy(out->payload + out->rec_bytes, s->state.hidden, out->hidden_bytes);
    run_parts(s->lm, 1 + v.rec_cuts + n_cuts(rows, COPY_ROWS), save_part, &v);
    return 0;
}

static int check_kin(const struct session *s, const struct snapshot *k, struct err *e)
{
    const struct model *m = s->lm->model;
    if (k->arith != KERN_ARITH)
        return err_set(e, ERR_MISMATCH, "a state made by arithmetic %u; this is %d", k->arith, KERN_ARITH);
    if (!hash128_equal(k->model, model_hash(m)))
        return err_set(e, ERR_MISMATCH, "a state of another model");
    if (k->rec_bytes != model_rec_floats(m) * sizeof(float) || k->row_bytes != model_row_bytes(m) ||
        k->hidden_bytes != model_config(m)->n_embd * sizeof(float))
        return err_set(e, ERR_MISMATCH, "a state of another layout");
    return 0;
}

/* Positions [p0, p1) and where their rows are. */
struct span {
    size_t p0, p1;
    const unsigned char *rows;
    size_t parts; /* of this one and those before */
};

struct load {
    struct session *s;
    const struct snapshot *leaf;
    struct span *span;
    size_t n_spans, rec_cuts;
    struct hash128 rolled, state;
};

/* Rows of all pieces, ancestors first; a later piece takes over where it begins. */
static int list_spans(struct load *v, const struct snapshot *const *chain, size_t n, struct err *e)
{
    size_t have = 0;
    for (size_t i = 0; i < n && chain[i]->row_bytes; i++) {
        const struct snapshot *k = chain[i];
        if (k->rows_from > have)
            return err_set(e, ERR_FORMAT, "a state's rows from %zu to %zu are missing", have, (size_t)k->rows_from);
        while (v->n_spans && v->span[v->n_spans - 1].p0 >= k->rows_from)
            v->n_spans--;
        if (v->n_spans)
            v->span[v->n_spans - 1].p1 = k->rows_from;
        v->span[v->n_spans++] = (struct span){ k->rows_from, k->n_pos, k->payload + k->rec_bytes + k->hidden_bytes, 0 };
        have = k->n_pos;
    }
    for (size_t i = 0, parts = 0; i < v->n_spans; i++)
        v->span[i].parts = parts += n_cuts(v->span[i].p1 - v->span[i].p0, COPY_ROWS);
    return 0;
}

/* Over all rows from the first, so that a piece of another branch is found out. */
static void roll_rows(struct load *v)
{
    size_t row = v->leaf->row_bytes;
    for (size_t i = 0; i < v->n_spans; i++)
        for (size_t p = v->span[i].p0; p < v->span[i].p1; p++)
            v->rolled = hash128_roll(v->rolled, v->span[i].rows + (p - v->span[i].p0) * row, row);
}

static void put_rows(struct load *v, size_t part)
{
    const struct span *a = v->span;
    for (; part >= a->parts; a++)
        ;
    size_t p0 = a->p0 + (part - (a == v->span ? 0 : a[-1].parts)) * COPY_ROWS;
    mstate_rows_put(&v->s->state, v->s->lm->model, p0, min(p0 + COPY_ROWS, a->p1), a->rows + (p0 - a->p0) * v->leaf->row_bytes);
}

static void load_part(void *arg, size_t part, unsigned member)
{
    struct load *v = arg;
    const struct snapshot *k = v->leaf;
    struct mstate *s = &v->s->state;
    (void)member;
    if (part == 0)
        roll_rows(v);
    else if (part == 1) {
        struct mstate kept = { .rec = (float *)k->payload, .n_pos = k->n_pos, .rolled = k->rolled };
        v->state = mstate_hash(&kept, v->s->lm->model);
    } else if (part - 2 < v->rec_cuts)
        copy_cut(s->rec, k->payload, k->rec_bytes, part - 2);
    else
        put_rows(v, part - 2 - v->rec_cuts);
}

static int load_all(struct load *v, const struct snapshot *const *chain, size_t n, struct err *e)
{
    const struct snapshot *k = v->leaf;
    if (list_spans(v, chain, n, e))
        return -1;
    size_t row_parts = v->n_spans ? v->span[v->n_spans - 1].parts : 0;
    run_parts(v->s->lm, 2 + v->rec_cuts + row_parts, load_part, v);
    if (k->row_bytes && !hash128_equal(v->rolled, k->rolled))
        return err_set(e, ERR_FORMAT, "a state's attention rows are not the ones it was kept with");
    if (!hash128_equal(v->state, k->state))
        return err_set(e, ERR_FORMAT, "a kept state does not have the hash it was kept under");
    memcpy(v->s->state.hidden, k->payload + k->rec_bytes, k->hidden_bytes);
    v->s->state.n_pos = k->n_pos;
    v->s->state.rolled = k->rolled;
    return 0;
}

int session_load(struct session *s, const struct snapshot *const *chain, size_t n, const int32_t *ids, struct err *e)
{
    session_clear(s);
    if (!n)
        return err_set(e, ERR_ARG, "no state to load");
    const struct snapshot *leaf = chain[n - 1];
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        if (check_kin(s, chain[i], e))
            return -1;
        most = chain[i]->n_pos > most ? chain[i]->n_pos : most;
    }
    if (ids_add(&s->ids, ids, leaf->n_pos))
        return err_nomem(e, "the token list");
    struct load v = { .s = s, .leaf = leaf, .rec_cuts = n_cuts(leaf->rec_bytes, COPY_BYTES) };
    v.span = mem_alloc(n, sizeof *v.span);
    int r = -1;
    if (!v.span)
        err_nomem(e, "a state's attention rows");
    else if (!mstate_reserve(&s->state, s->lm->model, most, e))
        r = load_all(&v, chain, n, e);
    free(v.span);
    if (r)
        session_clear(s);
    return r;
}
