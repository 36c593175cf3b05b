/* hiss bench: how fast a model reads and writes here, what its state costs, and what the machine would allow. */
#include "cmd/bench.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/lm.h"

struct asked {
    struct cmd_model model;
    long prefill, decode, runs, batch, positions;
    bool json;
    const char *plot;
    struct opt_list compare;
};

static int measure(const struct asked *a, struct bench_result *r, struct lm *lm, struct err *e)
{
    const atomic_bool *cancel = cmd_interrupts();
    r->n_prefill = (size_t)a->prefill;
    r->n_decode = (size_t)a->decode;
    r->n_batch = (size_t)a->batch;
    if (bench_measure(r, lm, (size_t)a->runs, cancel, e) ||
        bench_limits(&r->limits, model_kern(lm->model), lm->pool, (double)r->weight_bytes, e))
        return -1;
    return a->positions ? bench_positions(r, lm, (size_t)a->positions, cancel, e) : 0;
}

static int tell(const struct asked *a, const struct bench_result *r, const struct bench_earlier *old, struct err *e)
{
    if (a->plot && bench_plot(a->plot, r, old, a->compare.n, e))
        return -1;
    if (a->json)
        return bench_print_json(r, old, a->compare.n, e);
    bench_print(r, old, a->compare.n);
    return 0;
}

/* Earlier runs are read first: a wrong file is told before minutes are spent. */
static int run(const struct asked *a, struct bench_result *r, struct bench_earlier *old)
{
    struct err e = ERR_INIT;
    struct lm *lm;
    struct pool *pool;
    for (size_t i = 0; i < a->compare.n; i++)
        if (bench_read_earlier(a->compare.v[i], &old[i], &e))
            return cmd_fail("bench", &e);
    int status = cmd_open("bench", &a->model, &lm, &pool);
    if (status != CMD_OK)
        return status;
    if (measure(a, r, lm, &e) || tell(a, r, old, &e))
        status = cmd_fail("bench", &e);
    cmd_close(lm, pool);
    return status;
}

static int parse(struct asked *a, int argc, char **argv)
{
    const struct opt table[] = {
        CMD_OPT_MODEL(a->model),
        { 'p', "prefill", OPT_INT, &a->prefill, "N", "tokens read as one prompt (512)", 1, 1 << 20 },
        { 'n', "decode", OPT_INT, &a->decode, "N", "tokens read one by one, from position 0 (128)", 1, 1 << 20 },
        { 'r', "runs", OPT_INT, &a->runs, "N", "runs, alternating (5)", 1, BENCH_MAX_RUNS },
        { 0, "batch", OPT_INT, &a->batch, "N", "also N sequences at once, a token of each a step", 1, BENCH_MAX_BATCH },
        { 0, "positions", OPT_INT, &a->positions, "N", "also a token's cost at positions up to N", 1, 1 << 30 },
        { 0, "plot", OPT_STRING, &a->plot, "FILE", "draw that as an SVG file; needs --positions", 0, 0 },
        { 0, "compare", OPT_STRINGS, &a->compare, "FILE", "hold against an earlier --json; also in the plot", 0, 0 },
        { 0, "json", OPT_FLAG, &a->json, NULL, "print one JSON object", 0, 0 },
        CMD_OPT_THREADS(a->model),
        CMD_OPT_KERNELS(a->model),
    };
    const struct opts o = {
        .command = "bench",
        .usage = "[-m MODEL] [-p N] [-n N] [-t N] [-r N] [--batch N] [--positions N [--plot FILE]] [--compare FILE]... [--json]",
        .about = "Measures tokens read and written a second, loading, and taking, keeping and restoring a state;\n"
                 "prints medians, with the best and the 90th percentile, beside what the machine can do at best.",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
    };
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    if (r == OPTS_GO && a->plot && !a->positions)
        return cmd_usage("bench", "--plot draws what --positions N measures; give both");
    return r;
}

int cmd_bench(int argc, char **argv)
{
    struct asked a = { .prefill = 512, .decode = 128, .runs = 5 };
    struct err e = ERR_INIT;
    int status = parse(&a, argc, argv);
    if (status == OPTS_GO) {
        struct bench_result *r = mem_zalloc(1, sizeof *r);
        struct bench_earlier *old = mem_zalloc(a.compare.n, sizeof *old);
        if (r && old)
            status = run(&a, r, old);
        else {
            err_nomem(&e, "the results");
            status = cmd_fail("bench", &e);
        }
        free(r);
        free(old);
    }
    free(a.compare.v);
    return status;
}
