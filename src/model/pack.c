/* The big work of opening a model: its matrices are repacked for the kernels and everything that shapes a result is
 * hashed, tensor by tensor, so that the mapped source of each can be given back before the next. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/layer.h"

enum { PACK_BYTES = 1 << 18 /* of source a part */, MAX_MATRICES = 9 /* of a layer */ };

/* ---- All matrices of a model, in one list ---- */

struct matrices {
    struct linear **w;
    size_t n;
};

static void list_layer(struct layer *l, struct matrices *all)
{
    struct linear *w[MAX_MATRICES] = { &l->mlp.gate, &l->mlp.up, &l->mlp.down };
    if (l->mixer == MIXER_MAMBA1)
        w[3] = &l->mamba1.in, w[4] = &l->mamba1.x, w[5] = &l->mamba1.dt, w[6] = &l->mamba1.out;
    else if (l->mixer == MIXER_MAMBA2)
        w[3] = &l->mamba2.in, w[4] = &l->mamba2.out;
    else if (l->mixer == MIXER_ATTENTION)
        w[3] = &l->attn.in[0], w[4] = &l->attn.in[1], w[5] = &l->attn.in[2], w[6] = &l->attn.out;
    for (size_t i = 0; i < MAX_MATRICES; i++)
        if (w[i] && w[i]->rows)
            all->w[all->n++] = w[i];
}

static int list_all(struct model *m, struct matrices *all, struct err *e)
{
    all->n = 0;
    all->w = mem_alloc(1 + m->c.n_layer * MAX_MATRICES, sizeof *all->w);
    if (!all->w)
        return err_nomem(e, "the model's layers");
    all->w[all->n++] = &m->output;
    for (size_t i = 0; i < m->c.n_layer; i++)
        list_layer(&m->layer[i], all);
    return 0;
}

static size_t packed_bytes(const struct linear *w)
{
    return kern_pack_size(w->type, w->rows, w->cols);
}

static void count_ops(struct model *m, const struct linear *w)
{
    double n = 2.0 * (double)w->rows * (double)w->cols;
    bool f32 = kern_types[w->type].act == KERN_ACT_F32, output = w == &m->output;
    *(output ? f32 ? &m->ops.output_f32 : &m->ops.output_int8 : f32 ? &m->ops.layers_f32 : &m->ops.layers_int8) += n;
}

/* One block for all packed matrices: huge pages, and one allocation to fail. */
static int reserve(struct model *m, const struct matrices *all, struct err *e)
{
    size_t total = 0;
    m->rows_f32 = true;
    for (size_t i = 0; i < all->n; i++) {
        const struct linear *w = all->w[i];
        if (!mem_add(total, packed_bytes(w), &total))
            return err_nomem(e, "the model's weights");
        m->weight_bytes += packed_bytes(w);
        m->rows_f32 = m->rows_f32 && w->type == KERN_F32;
        count_ops(m, w);
    }
    if (!total)
        return 0;
    m->packed = mem_alloc_aligned(total);
    return m->packed ? 0 : err_nomem(e, "the model's repacked weights");
}

/* ---- One tensor: part 0 hashes it, the others repack it ---- */

struct tensor_job {
    const struct gguf_tensor *t;
    struct linear *w; /* NULL: only hash */
    void *dst;
    size_t groups, per_part;
    struct hash128 digest;
};

static void tensor_part(void *arg, size_t part, unsigned member)
{
    struct tensor_job *j = arg;
    (void)member;
    if (!part) {
        j->digest = hash128(j->t->data, j->t->bytes);
        return;
    }
    size_t g0 = (part - 1) * j->per_part, g1 = g0 + j->per_part;
    kern_pack(j->w->type, j->t->data, j->w->rows, j->w->cols, g0, g1 < j->groups ? g1 : j->groups, j->dst);
}

/* Returns the bytes written to dst. */
static size_t run_tensor(struct tensor_job *j, struct pool *pool)
{
    size_t parts = 1, bytes = j->w ? packed_bytes(j->w) : 0;
    if (bytes) {
        j->groups = (j->w->rows + KERN_GROUP - 1) / KERN_GROUP;
        size_t group = j->t->bytes / j->groups;
        j->per_part = PACK_BYTES / (group ? group : 1);
        if (!j->per_part)
            j->per_part = 1;
        parts += (j->groups + j->per_part - 1) / j->per_part;
    }
    pool_run(pool, parts, tensor_part, j);
    if (bytes)
        j->w->w = j->dst;
    return bytes;
}

/* ---- The model's hash ---- */

static void hash_config(const struct model_config *c, struct str *s)
{
    const size_t sizes[] = { c->n_layer, c->n_embd, c->n_vocab, c->n_ff, c->n_head, c->n_head_kv, c->d_head, c->n_rot,
                             c->d_conv, c->d_inner, c->d_state, c->dt_rank, c->n_ssm_head, c->n_group, c->n_ctx_train };
    str_adds(s, c->arch_name);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        str_addf(s, " %zu", sizes[i]);
    str_addf(s, " %d%d%d %.9g %.9g %.9g %.9g %.9g %.17g %.17g ", c->use_rope, c->rope_neox, c->dt_b_c_rms, (double)c->eps,
             (double)c->attn_scale, (double)c->embedding_scale, (double)c->residual_scale, (double)c->logit_scale,
             c->rope_base, c->rope_scale);
    for (size_t i = 0; i < c->n_layer; i++)
        str_addc(s, (char)('0' + c->mixer[i]));
}

static int by_name(const void *a, const void *b)
{
    const struct gguf_tensor *x = ((const struct tensor_job *)a)->t, *y = ((const struct tensor_job *)b)->t;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int r = memcmp(x->name.p, y->name.p, n);
    return r ? r : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* By name, so that a split model and the same model in one file are one model. */
static int hash_model(struct model *m, struct tensor_job *jobs, size_t n, struct err *e)
{
    struct str s = STR_INIT;
    hash_config(&m->c, &s);
    qsort(jobs, n, sizeof *jobs, by_name);
    for (size_t i = 0; i < n; i++) {
        const struct gguf_tensor *t = jobs[i].t;
        uint64_t head[6] = { t->type, t->ne[0], t->ne[1], t->ne[2], t->ne[3], t->name.n };
        str_add(&s, head, sizeof head);
        str_add(&s, t->name.p, t->name.n);
        str_add(&s, &jobs[i].digest, sizeof jobs[i].digest);
    }
    bool oom = s.oom;
    m->hash = hash128(s.p, s.len);
    str_release(&s);
    return oom ? err_nomem(e, "the model's hash") : 0;
}

/* A file may say what it hashes to (docs/FORMATS.md): then no damaged one is ever talked to. */
static int check_hash(const struct model *m, struct err *e)
{
    struct gguf_str said;
    char hex[HASH128_HEX];
    hash128_hex(m->hash, hex);
    if (!gguf_string(m->g, MODEL_HASH_KEY, &said) || (said.n == HASH128_HEX - 1 && !memcmp(said.p, hex, said.n)))
        return 0;
    return err_set(e, ERR_FORMAT, "%s is damaged: its weights are not those it was made with; fetch or copy it%s again",
                   gguf_path(m->g), gguf_n_parts(m->g) > 1 ? " and the parts beside it" : "");
}

/* ---- The whole ---- */

int weights_pack(struct model *m, const struct model_opts *o, struct err *e)
{
    struct matrices all = { NULL, 0 };
    size_t n = gguf_n_tensors(m->g), total = 0, done = 0;
    struct tensor_job *jobs = mem_zalloc(n, sizeof *jobs);
    int r = -1;
    if (!jobs) {
        err_nomem(e, "the model's tensor list");
        goto fail;
    }
    if (list_all(m, &all, e) || reserve(m, &all, e))
        goto fail;
    for (size_t i = 0; i < n; i++) {
        jobs[i].t = gguf_tensor_at(m->g, i);
        total += jobs[i].t->bytes;
    }
    for (size_t i = 0; i < all.n; i++)
        jobs[all.w[i]->tensor - gguf_tensor_at(m->g, 0)].w = all.w[i]; /* tensors stand in one array */
    unsigned char *dst = m->packed;
    for (size_t i = 0; i < n; i++) {
        const struct gguf_tensor *t = jobs[i].t;
        jobs[i].dst = dst;
        size_t bytes = run_tensor(&jobs[i], o->pool);
        if (bytes) {
            file_map_done(gguf_part(m->g, t->part), t->offset, t->bytes);
            dst += bytes;
        }
        done += t->bytes;
        if (o->progress && o->progress(o->progress_arg, (double)done / (double)total)) {
            err_set(e, ERR_CANCELLED, "loading %s was stopped", gguf_path(m->g));
            goto fail;
        }
    }
    r = hash_model(m, jobs, n, e) || check_hash(m, e) ? -1 : 0;
fail:
    free(jobs);
    free(all.w);
    return r;
}
