/* Prefill, decode, a batch and what a state costs, each run of one after a run of the others. */
#include "cmd/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "engine/session.h"

struct bench {
    struct bench_result *r;
    struct session *s;
    struct session *batch[BENCH_MAX_BATCH];
    int32_t *ids;              /* [n_ids] */
    size_t n_ids;
    char dir[64], file[80];    /* a folder of our own for the state file */
    const atomic_bool *cancel;
};

/* ---- Series ---- */

void bench_add(struct bench_series *b, uint64_t began)
{
    b->s[b->n++] = (double)(clock_ns() - began) * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void bench_sort(struct bench_series *b)
{
    qsort(b->s, b->n, sizeof b->s[0], by_value);
}

double bench_median(const struct bench_series *b)
{
    return b->n % 2 ? b->s[b->n / 2] : (b->s[b->n / 2 - 1] + b->s[b->n / 2]) / 2;
}

double bench_p90(const struct bench_series *b)
{
    return b->s[(b->n * 9 + 9) / 10 - 1];
}

double bench_least(const struct bench_figure *f, const struct bench_limits *l)
{
    double memory = f->bytes / l->memory, ops = f->ops[0] / l->fma + f->ops[1] / l->int8;
    return memory > ops ? memory : ops;
}

/* ---- Runs ---- */

static int prefill(struct bench *b, struct err *e)
{
    session_clear(b->s);
    uint64_t began = clock_ns();
    if (session_feed(b->s, b->ids, b->r->n_prefill, b->cancel, NULL, NULL, e))
        return -1;
    bench_add(&b->r->f[BENCH_PREFILL].t, began);
    return 0;
}

/* One token a call from position 0, the logits of each included. */
static int decode(struct bench *b, struct err *e)
{
    session_clear(b->s);
    uint64_t began = clock_ns();
    for (size_t i = 0; i < b->r->n_decode; i++) {
        if (session_feed(b->s, &b->ids[i], 1, b->cancel, NULL, NULL, e))
            return -1;
    }
    bench_add(&b->r->f[BENCH_DECODE].t, began);
    return 0;
}

/* One token of every sequence a call. */
static int batch(struct bench *b, struct err *e)
{
    size_t n = b->r->n_batch;
    int32_t ids[BENCH_MAX_BATCH];
    for (size_t i = 0; i < n; i++)
        session_clear(b->batch[i]);
    uint64_t began = clock_ns();
    for (size_t i = 0; i < b->r->n_decode; i++) {
        for (size_t j = 0; j < n; j++)
            ids[j] = b->ids[(i + 17 * j) % b->n_ids];
        if (b->cancel && atomic_load(b->cancel))
            return err_set(e, ERR_CANCELLED, "stopped");
        if (session_feed_batch(b->batch, ids, n, e))
            return -1;
    }
    bench_add(&b->r->f[BENCH_BATCH].t, began);
    return 0;
}

static int state(struct bench *b, struct err *e)
{
    struct snapshot taken, back;
    struct bench_figure *f = b->r->f;
    struct hash128 before = session_hash(b->s);
    int r = -1;
    int32_t *ids = mem_dup(session_ids(b->s), session_pos(b->s) * sizeof *ids);
    snapshot_init(&back);
    snapshot_init(&taken);
    if (!ids) {
        err_nomem(e, "the token list");
        goto done;
    }
    uint64_t began = clock_ns();
    if (session_save(b->s, 0, &taken, e))
        goto done;
    bench_add(&f[BENCH_TAKE].t, began);
    b->r->state_bytes = snapshot_bytes(&taken);
    began = clock_ns();
    if (snapshot_write(&taken, b->file, e))
        goto done;
    bench_add(&f[BENCH_WRITE].t, began);
    began = clock_ns();
    if (snapshot_read(&back, b->file, e))
        goto done;
    bench_add(&f[BENCH_READ].t, began);
    const struct snapshot *chain[] = { &back };
    began = clock_ns();
    if (session_load(b->s, chain, 1, ids, e))
        goto done;
    bench_add(&f[BENCH_RESTORE].t, began);
    r = hash128_equal(before, session_hash(b->s)) ? 0 : err_set(e, ERR_MISMATCH, "a state came back changed; this is a bug");
done:
    snapshot_release(&taken);
    snapshot_release(&back);
    free(ids);
    return r;
}

static int one_run(struct bench *b, struct err *e)
{
    if (prefill(b, e) || state(b, e) || decode(b, e))
        return -1;
    return b->r->n_batch ? batch(b, e) : 0;
}

/* A short first run warms caches and threads; it is not counted. */
static int warm_up(struct bench *b, struct err *e)
{
    size_t n = b->r->n_prefill < 64 ? b->r->n_prefill : 64;
    session_clear(b->s);
    return session_feed(b->s, b->ids, n, b->cancel, NULL, NULL, e);
}

/* ---- What a run moves and multiplies ---- */

static void count_products(struct bench_figure *f, const struct model *m, double tokens, double outputs)
{
    struct model_ops o = model_ops(m);
    f->tokens = tokens;
    f->ops[0] = tokens * o.layers_f32 + outputs * o.output_f32;
    f->ops[1] = tokens * o.layers_int8 + outputs * o.output_int8;
}

/* Calls of one token for each of n sequences. */
static void count_decode(struct bench_figure *f, const struct model *m, double calls, double n)
{
    double state = (double)model_rec_floats(m) * sizeof(float), rows = (double)model_row_bytes(m) * (calls + 1) / 2;
    count_products(f, m, calls * n, calls * n);
    f->bytes = calls * ((double)model_weight_bytes(m) + n * (2 * state + rows));
}

static void count(struct bench_result *r, const struct model *m)
{
    double n = (double)r->n_prefill, slices = (double)((r->n_prefill + SESSION_SLICE - 1) / SESSION_SLICE);
    double state = (double)model_rec_floats(m) * sizeof(float), size = (double)r->state_bytes;
    count_products(&r->f[BENCH_PREFILL], m, n, 1);
    r->f[BENCH_PREFILL].bytes = slices * ((double)model_weight_bytes(m) + 2 * state);
    count_decode(&r->f[BENCH_DECODE], m, (double)r->n_decode, 1);
    if (r->n_batch)
        count_decode(&r->f[BENCH_BATCH], m, (double)r->n_decode, (double)r->n_batch);
    r->f[BENCH_TAKE].bytes = r->f[BENCH_RESTORE].bytes = 2 * size; /* read and written */
    r->f[BENCH_WRITE].bytes = r->f[BENCH_READ].bytes = size;
}

/* ---- The whole ---- */

static void cpu_name(char *out, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown CPU");
    while (f && fgets(line, sizeof line, f)) {
        char *value = strchr(line, ':');
        if (!value || strncmp(line, "model name", 10))
            continue;
        value[strcspn(value, "\n")] = '\0';
        snprintf(out, size, "%s", value + 2);
        break;
    }
    if (f)
        fclose(f);
}

static void describe(struct bench_result *r, const struct lm *lm)
{
    snprintf(r->model, sizeof r->model, "%s", model_path(lm->model));
    snprintf(r->arch, sizeof r->arch, "%s", model_config(lm->model)->arch_name);
    snprintf(r->kernels, sizeof r->kernels, "%s", kern_level_name(model_kern(lm->model)->level));
    cpu_name(r->cpu, sizeof r->cpu);
    r->threads = pool_size(lm->pool);
    r->weight_bytes = model_weight_bytes(lm->model);
    r->load = model_load_seconds(lm->model);
}

static int make_folder(struct bench *b, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    if (snprintf(b->dir, sizeof b->dir, "%s/hiss-bench-XXXXXX", tmp && tmp[0] ? tmp : "/tmp") >= (int)sizeof b->dir) {
        b->dir[0] = '\0';
        return err_set(e, ERR_ARG, "TMPDIR is too long; set it to a shorter path");
    }
    if (!mkdtemp(b->dir)) {
        err_sys(e, "cannot make a folder %s", b->dir);
        b->dir[0] = '\0';
        return -1;
    }
    snprintf(b->file, sizeof b->file, "%s/state", b->dir);
    return 0;
}

static int prepare(struct bench *b, struct lm *lm, struct err *e)
{
    b->s = session_new(lm, e);
    if (!b->s)
        return -1;
    for (size_t i = 0; i < b->r->n_batch; i++) {
        b->batch[i] = session_new(lm, e);
        if (!b->batch[i])
            return -1;
    }
    b->n_ids = b->r->n_prefill > b->r->n_decode ? b->r->n_prefill : b->r->n_decode;
    b->ids = mem_alloc(b->n_ids, sizeof *b->ids);
    if (!b->ids)
        return err_nomem(e, "the token list");
    for (size_t i = 0; i < b->n_ids; i++)
        b->ids[i] = (int32_t)(rng_u64(1, i) % model_config(lm->model)->n_vocab);
    return make_folder(b, e);
}

static void release(struct bench *b)
{
    if (b->dir[0]) {
        unlink(b->file);
        rmdir(b->dir);
    }
    session_free(b->s);
    for (size_t i = 0; i < b->r->n_batch; i++)
        session_free(b->batch[i]);
    free(b->ids);
}

int bench_measure(struct bench_result *r, struct lm *lm, size_t runs, const atomic_bool *cancel, struct err *e)
{
    struct bench b = { .r = r, .cancel = cancel };
    int status = -1;
    describe(r, lm);
    if (prepare(&b, lm, e) || warm_up(&b, e))
        goto done;
    for (size_t i = 0; i < runs; i++) {
        if (one_run(&b, e))
            goto done;
    }
    count(r, lm->model);
    for (int i = 0; i < BENCH_N; i++)
        bench_sort(&r->f[i].t);
    status = 0;
done:
    release(&b);
    return status;
}
