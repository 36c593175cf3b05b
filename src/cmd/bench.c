/* hiss bench: how fast a model reads and writes here, what its state costs, and what the memory would allow. */
#include "cmd/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/session.h"

struct bench {
    struct session *s;
    int32_t *ids;              /* [max(n_prefill, n_decode)] */
    char dir[64], file[80];    /* a folder of our own for the state file */
    const atomic_bool *cancel;
    struct bench_result r;
};

static void add(struct bench_series *b, uint64_t began)
{
    b->s[b->n++] = (double)(clock_ns() - began) * 1e-9;
}

/* ---- Memory ---- */

enum { MEMORY_BYTES = 512 << 20, MEMORY_PART = 4 << 20 };

struct memory {
    const uint64_t *p;
    uint64_t *sums; /* [parts]: so that the reads are not left out */
};

static void sum_part(void *arg, size_t part, unsigned member)
{
    const struct memory *m = arg;
    const uint64_t *p = m->p + part * (MEMORY_PART / sizeof *p);
    uint64_t s[8] = { 0 };
    (void)member;
    for (size_t i = 0; i < MEMORY_PART / sizeof *p; i += 8) {
        for (size_t j = 0; j < 8; j++)
            s[j] += p[i + j];
    }
    m->sums[part] = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
}

static int bench_memory(struct bench_result *r, struct pool *pool, size_t runs, struct err *e)
{
    enum { PARTS = MEMORY_BYTES / MEMORY_PART };
    uint64_t *p = mem_alloc_aligned(MEMORY_BYTES), sums[PARTS];
    struct memory m = { p, sums };
    if (!p)
        return err_nomem(e, "measuring the memory");
    memset(p, 1, MEMORY_BYTES);
    r->memory_bytes = MEMORY_BYTES;
    for (size_t i = 0; i < runs; i++) {
        uint64_t began = clock_ns();
        pool_run(pool, PARTS, sum_part, &m);
        add(&r->memory, began);
    }
    mem_free_aligned(p);
    return 0;
}

/* ---- Tokens and states ---- */

static int bench_prefill(struct bench *b, struct err *e)
{
    session_clear(b->s);
    uint64_t began = clock_ns();
    if (session_feed(b->s, b->ids, b->r.n_prefill, b->cancel, NULL, NULL, e))
        return -1;
    add(&b->r.prefill, began);
    return 0;
}

/* One token a call from position 0, the logits of each included. */
static int bench_decode(struct bench *b, struct err *e)
{
    session_clear(b->s);
    uint64_t began = clock_ns();
    for (size_t i = 0; i < b->r.n_decode; i++) {
        if (session_feed(b->s, &b->ids[i], 1, b->cancel, NULL, NULL, e))
            return -1;
    }
    add(&b->r.decode, began);
    return 0;
}

static int bench_state(struct bench *b, struct err *e)
{
    struct snapshot taken, back;
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
    add(&b->r.save, began);
    b->r.state_bytes = snapshot_bytes(&taken);
    began = clock_ns();
    if (snapshot_write(&taken, b->file, e))
        goto done;
    add(&b->r.write, began);
    began = clock_ns();
    if (snapshot_read(&back, b->file, e))
        goto done;
    add(&b->r.read, began);
    const struct snapshot *chain[] = { &back };
    began = clock_ns();
    if (session_load(b->s, chain, 1, ids, e))
        goto done;
    add(&b->r.restore, began);
    r = hash128_equal(before, session_hash(b->s)) ? 0 : err_set(e, ERR_MISMATCH, "a state came back changed; this is a bug");
done:
    snapshot_release(&taken);
    snapshot_release(&back);
    free(ids);
    return r;
}

static int one_run(struct bench *b, struct err *e)
{
    return bench_prefill(b, e) || bench_state(b, e) || bench_decode(b, e) ? -1 : 0;
}

/* A short first run warms caches and threads; it is not counted. */
static int warm_up(struct bench *b, struct err *e)
{
    size_t n = b->r.n_prefill < 64 ? b->r.n_prefill : 64;
    session_clear(b->s);
    return session_feed(b->s, b->ids, n, b->cancel, NULL, NULL, e);
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

static int prepare(struct bench *b, struct lm *lm, struct err *e)
{
    const struct model_config *c = model_config(lm->model);
    size_t n = b->r.n_prefill > b->r.n_decode ? b->r.n_prefill : b->r.n_decode;
    const char *tmp = getenv("TMPDIR");
    b->s = session_new(lm, e);
    if (!b->s)
        return -1;
    b->ids = mem_alloc(n, sizeof *b->ids);
    if (!b->ids)
        return err_nomem(e, "the token list");
    for (size_t i = 0; i < n; i++)
        b->ids[i] = (int32_t)(rng_u64(1, i) % c->n_vocab);
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
    snprintf(b->r.model, sizeof b->r.model, "%s", model_path(lm->model));
    snprintf(b->r.arch, sizeof b->r.arch, "%s", c->arch_name);
    snprintf(b->r.kernels, sizeof b->r.kernels, "%s", kern_level_name(model_kern(lm->model)->level));
    cpu_name(b->r.cpu, sizeof b->r.cpu);
    b->r.threads = pool_size(lm->pool);
    b->r.weight_bytes = model_weight_bytes(lm->model);
    b->r.load = model_load_seconds(lm->model);
    return 0;
}

static void release(struct bench *b)
{
    if (b->dir[0]) {
        unlink(b->file);
        rmdir(b->dir);
    }
    session_free(b->s);
    free(b->ids);
}

static int measure(struct bench *b, struct lm *lm, size_t runs, struct err *e)
{
    struct bench_result *r = &b->r;
    struct bench_series *all[] = { &r->prefill, &r->decode, &r->save, &r->write, &r->read, &r->restore, &r->memory };
    if (prepare(b, lm, e) || warm_up(b, e))
        return -1;
    for (size_t i = 0; i < runs; i++) {
        if (one_run(b, e))
            return -1;
    }
    if (bench_memory(r, lm->pool, runs, e))
        return -1;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        bench_sort(all[i]);
    return 0;
}

static int run(const struct cmd_model *m, struct bench *b, size_t runs, bool json)
{
    struct err e = ERR_INIT;
    struct lm *lm;
    struct pool *pool;
    int r = cmd_open("bench", m, &lm, &pool);
    if (r != CMD_OK)
        return r;
    b->cancel = cmd_interrupts();
    if (measure(b, lm, runs, &e))
        r = cmd_fail("bench", &e);
    else if (!json)
        bench_print(&b->r);
    else if (bench_print_json(&b->r)) {
        err_nomem(&e, "the report");
        r = cmd_fail("bench", &e);
    }
    release(b);
    cmd_close(lm, pool);
    return r;
}

int cmd_bench(int argc, char **argv)
{
    struct cmd_model m = { 0 };
    long prefill = 512, decode = 128, runs = 5;
    bool json = false;
    const struct opt table[] = {
        CMD_OPT_MODEL(m),
        { 'p', "prefill", OPT_INT, &prefill, "N", "tokens read as one prompt (512)", 1, 1 << 20 },
        { 'n', "decode", OPT_INT, &decode, "N", "tokens read one by one, from position 0 (128)", 1, 1 << 20 },
        { 'r', "runs", OPT_INT, &runs, "N", "runs, alternating (5)", 1, BENCH_MAX_RUNS },
        { 0, "json", OPT_FLAG, &json, NULL, "print one JSON object", 0, 0 },
        CMD_OPT_THREADS(m),
        CMD_OPT_KERNELS(m),
    };
    const struct opts o = {
        .command = "bench",
        .usage = "[-m MODEL] [-p N] [-n N] [-t N] [-r N] [--json]",
        .about = "Measures tokens read and written a second, loading, and taking, keeping and restoring a state;\n"
                 "prints medians, with the best and the 90th percentile.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
    };
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    if (r != OPTS_GO)
        return r;
    struct bench *b = mem_zalloc(1, sizeof *b);
    struct err e = ERR_INIT;
    if (!b) {
        err_nomem(&e, "the results");
        return cmd_fail("bench", &e);
    }
    b->r.n_prefill = (size_t)prefill;
    b->r.n_decode = (size_t)decode;
    r = run(&m, b, (size_t)runs, json);
    free(b);
    return r;
}
