#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_ALLOC = 32, SAMPLES = 41 };
static const double COLD_BYTES = 192e6; /* well above the last-level caches of today */
static const double SAMPLE_S = 2e-3;    /* a sample repeats the call for at least this long */

struct kc_bench {
    const char *name, *level;
    struct kc kc; /* random numbers only */
    void *alloc[MAX_ALLOC];
    int n_alloc;
};

/* Time of this thread on a core: what other programs take does not count. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

float *kc_bench_floats(struct kc_bench *b, size_t n, float lo, float hi)
{
    float *x = aligned_alloc(64, (n * sizeof *x + 63) / 64 * 64);
    if (!x || b->n_alloc == MAX_ALLOC) {
        fprintf(stderr, "kcheck --bench: out of memory\n");
        exit(1);
    }
    for (size_t i = 0; i < n; i++)
        x[i] = (float)kc_uniform(&b->kc, lo, hi);
    b->alloc[b->n_alloc++] = x;
    return x;
}

size_t kc_bench_copies(double bytes)
{
    return bytes >= COLD_BYTES ? 1 : (size_t)(COLD_BYTES / bytes) + 1;
}

static void sample(struct kc_bench *b, const char *what, const char *cache, void (*call)(void *, size_t), void *ctx,
                   size_t n_copy, double bytes, double flops)
{
    double s[SAMPLES], t0 = now();
    size_t reps = 0, at = 0;
    do {
        call(ctx, at++ % n_copy);
        reps++;
    } while (now() - t0 < SAMPLE_S);
    for (int i = 0; i < SAMPLES; i++) {
        double t = now();
        for (size_t r = 0; r < reps; r++)
            call(ctx, at++ % n_copy);
        s[i] = (now() - t) / (double)reps;
    }
    qsort(s, SAMPLES, sizeof *s, by_value);
    double mid = s[SAMPLES / 2];
    printf("%-14s %-7s %-26s %-5s %10.3f %8.2f %8.2f %9.2f\n", b->name, b->level, what, cache, mid * 1e6,
           s[SAMPLES * 9 / 10] / s[0], bytes / mid * 1e-9, flops / mid * 1e-9);
    fflush(stdout);
}

void kc_time(struct kc_bench *b, const char *what, void (*call)(void *ctx, size_t i), void *ctx, size_t n_copy,
             double bytes, double flops)
{
    sample(b, what, "hot", call, ctx, 1, bytes, flops);
    if (n_copy > 1)
        sample(b, what, "cold", call, ctx, n_copy, bytes, flops);
}

void bench_case(const struct kc_case *cs, const struct kern *k, uint64_t seed)
{
    struct kc_bench b = { .name = cs->name, .level = kern_level_name(k->level), .kc = { .rng = seed } };
    cs->bench(&b, k);
    while (b.n_alloc)
        free(b.alloc[--b.n_alloc]);
}
