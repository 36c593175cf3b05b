/* hiss bench for people. */
#include "cmd/bench.h"

#include <stdio.h>
#include <string.h>

const char *const bench_keys[BENCH_N] = {
#define X(e, key, name) key,
    BENCH_FIGURES(X)
#undef X
};
const char *const bench_names[BENCH_N] = {
#define X(e, key, name) name,
    BENCH_FIGURES(X)
#undef X
};

void bench_model_name(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(out, size, "%s", slash ? slash + 1 : path);
    char *end = strrchr(out, '.');
    if (end && !strcmp(end, ".gguf"))
        *end = '\0';
}

/* ---- This run ---- */

static void speed(const struct bench_result *r, enum bench_what what, const char *shape)
{
    const struct bench_figure *f = &r->f[what];
    double t = bench_median(&f->t);
    printf("%-8s %-16s %9.1f %9.1f %9.1f  %7.1f %8.0f %8.0f %%\n", bench_names[what], shape, f->tokens / t,
           f->tokens / f->t.s[0], f->tokens / bench_p90(&f->t), f->bytes / t * 1e-9, (f->ops[0] + f->ops[1]) / t * 1e-9,
           100 * bench_least(f, &r->limits) / t);
}

static void speeds(const struct bench_result *r)
{
    char shape[40];
    printf("\n%-25s %9s %9s %9s  %7s %8s %10s\n", "", "tokens/s", "best", "p90", "GB/s", "Gop/s", "of limit");
    snprintf(shape, sizeof shape, "%zu tokens", r->n_prefill);
    speed(r, BENCH_PREFILL, shape);
    snprintf(shape, sizeof shape, "%zu tokens", r->n_decode);
    speed(r, BENCH_DECODE, shape);
    if (r->n_batch) {
        snprintf(shape, sizeof shape, "%zu at once", r->n_batch);
        speed(r, BENCH_BATCH, shape);
    }
}

static void states(const struct bench_result *r)
{
    char size[40];
    snprintf(size, sizeof size, "%.3f MB, %zu tokens", (double)r->state_bytes * 1e-6, r->n_prefill);
    printf("\nstate %-19s %9s %9s %9s  %7s\n", size, "ms", "best", "p90", "GB/s");
    for (int i = BENCH_TAKE; i < BENCH_N; i++) {
        const struct bench_series *t = &r->f[i].t;
        printf("  %-23s %9.3f %9.3f %9.3f  %7.2f\n", bench_names[i], bench_median(t) * 1e3, t->s[0] * 1e3,
               bench_p90(t) * 1e3, r->f[i].bytes / bench_median(t) * 1e-9);
    }
}

static void positions(const struct bench_result *r)
{
    printf("\n%-25s %9s %9s %9s\n", "a token at position", "ms", "best", "p90");
    for (size_t i = 0; i < r->n_positions; i++) {
        const struct bench_position *p = &r->position[i];
        printf("  %-23.0f %9.3f %9.3f %9.3f\n", p->at, p->median * 1e3, p->min * 1e3, p->p90 * 1e3);
    }
}

/* ---- Earlier ones ---- */

static void compared(const struct bench_result *r, const struct bench_earlier *old)
{
    char name[256];
    bench_model_name(old->model, name, sizeof name);
    printf("\nbeside %s: %s, %s, kernels %s, %.0f thread%s\n", old->file, name, old->cpu, old->kernels, old->threads,
           old->threads == 1 ? "" : "s");
    for (int i = 0; i < BENCH_N; i++) {
        const struct bench_figure *f = &r->f[i];
        if (!f->t.n || old->seconds[i] <= 0)
            continue;
        if (f->tokens > 0) {
            double was = old->tokens[i] / old->seconds[i], is = f->tokens / bench_median(&f->t);
            printf("  %-23s %9.1f tokens/s then, %9.1f now: %.2f times\n", bench_names[i], was, is, is / was);
        } else {
            double was = old->seconds[i], is = bench_median(&f->t);
            printf("  %-23s %9.3f ms then, %15.3f now: %.2f times as fast\n", bench_names[i], was * 1e3, is * 1e3, was / is);
        }
    }
}

void bench_print(const struct bench_result *r, const struct bench_earlier *old, size_t n)
{
    const struct bench_limits *l = &r->limits;
    printf("%s (%s)\n%s, kernels %s, %u thread%s, %zu run%s\n", r->model, r->arch, r->cpu, r->kernels, r->threads,
           r->threads == 1 ? "" : "s", r->f[BENCH_PREFILL].t.n, r->f[BENCH_PREFILL].t.n == 1 ? "" : "s");
    printf("limits   memory %.1f GB/s (%.0f MB, again and again), f32 %.0f GFLOP/s, int8 %.0f Gop/s\n", l->memory * 1e-9,
           l->memory_bytes * 1e-6, l->fma * 1e-9, l->int8 * 1e-9);
    printf("load     %.3f s: mapping, checking and repacking %.1f MB of weights\n", r->load, (double)r->weight_bytes * 1e-6);
    speeds(r);
    printf("GB/s: weights once a call, states read and written, attention rows read. Gop/s: matrix products alone.\n");
    states(r);
    if (r->n_positions)
        positions(r);
    for (size_t i = 0; i < n; i++)
        compared(r, &old[i]);
}
