/* Times one product at a time, activations' preparation included, as ggml's mul_mat does it:
 *   spike                                             the table of docs/SPEED.md at this CPU's levels
 *   spike TYPE ROWS COLS TOKENS THREADS hot|cold LEVEL   one line: microseconds (best and median), GB/s, Gop/s
 * hot: the same weights again and again; cold: as many copies in turn as overflow the last-level cache. One thread's time
 * is its own: what other programs take of its core does not count. */
#include "base/clock.h"
#include "base/pool.h"
#include "kern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static const double COLD_BYTES = 192e6;
static const uint64_t SAMPLE_NS = 1000000, RUN_NS = 400000000; /* of a sample, of all */
enum { MIN_SAMPLES = 9, MAX_SAMPLES = 1000, PARTS_A_THREAD = 4 };

struct setup {
    enum kern_type type;
    size_t rows, cols, n_tok, threads;
    bool cold;
    enum kern_level level;
};

struct job {
    struct kern k;
    enum kern_type type;
    struct kern_linear a;
    const float *x;
    void *rows_x;
    size_t parts;
};

static void *must(void *p)
{
    if (!p) {
        fprintf(stderr, "spike: out of memory\n");
        exit(1);
    }
    return p;
}

static void *aligned(size_t bytes)
{
    return must(aligned_alloc(64, (bytes + 63) / 64 * 64));
}

static void prepare_part(void *arg, size_t part, unsigned member)
{
    struct job *j = arg;
    (void)member;
    size_t t0 = j->a.n_tok * part / j->parts, t1 = j->a.n_tok * (part + 1) / j->parts;
    kern_act_rows(&j->k, kern_types[j->type].act, j->x + t0 * j->a.cols, j->a.cols, t1 - t0, j->a.cols,
                  (uint8_t *)j->rows_x + t0 * j->a.x_stride, j->a.x_stride);
}

static void product_part(void *arg, size_t part, unsigned member)
{
    struct job *j = arg;
    (void)member;
    size_t groups = (j->a.rows + KERN_GROUP - 1) / KERN_GROUP;
    kern_linear_of(&j->k, j->type)(&j->a, groups * part / j->parts, groups * (part + 1) / j->parts);
}

static void product(struct job *j, struct pool *pool)
{
    if (j->a.n_tok == 1)
        kern_act_rows(&j->k, kern_types[j->type].act, j->x, j->a.cols, 1, j->a.cols, j->rows_x, j->a.x_stride);
    else
        pool_run(pool, j->parts, prepare_part, j);
    pool_run(pool, j->parts, product_part, j);
}

/* Nanoseconds: of this thread where it works alone. */
static uint64_t now(const struct setup *s)
{
    struct timespec t;
    if (s->threads > 1)
        return clock_ns();
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint32_t next_random(void)
{
    static uint32_t s = 1;
    return s = s * 1664525u + 1013904223u;
}

/* Packed weights with random codes and ordinary scales: a packed block is as good as another, so only f16 scales that
 * are no numbers must not appear: the top bits of each half are cleared. */
static uint8_t *weights(size_t bytes)
{
    const size_t huge = 2 << 20; /* as the program keeps them */
    uint8_t *w = must(aligned_alloc(huge, (bytes + huge - 1) / huge * huge));
    madvise(w, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i++)
        w[i] = (uint8_t)(next_random() >> 24) & 0xbf;
    return w;
}

/* Seconds of a product: best and median of many samples. */
static void measure(const struct setup *s, double *best, double *median)
{
    struct err e;
    struct pool *pool = s->threads > 1 ? must(pool_new((unsigned)s->threads, &e)) : NULL;
    enum kern_act act = kern_types[s->type].act;
    size_t bytes = kern_pack_size(s->type, s->rows, s->cols), copies = s->cold ? (size_t)(COLD_BYTES / (double)bytes) + 1 : 1;
    uint8_t *w = weights(bytes * copies);
    struct job j = { .type = s->type, .parts = s->threads == 1 ? 1 : s->threads * PARTS_A_THREAD };
    kern_init(&j.k, s->level);
    float *x = aligned(s->n_tok * s->cols * 4);
    for (size_t i = 0; i < s->n_tok * s->cols; i++)
        x[i] = (float)(next_random() >> 8) / 8388608 - 1;
    j.x = x;
    j.a = (struct kern_linear){ .rows = s->rows, .cols = s->cols, .n_tok = s->n_tok, .y_stride = s->rows,
                                .ahead = j.k.ahead };
    j.a.x_stride = kern_act_size(act, s->cols);
    j.rows_x = act == KERN_ACT_F32 ? x : aligned(s->n_tok * j.a.x_stride);
    j.a.x = j.rows_x;
    j.a.y = aligned(s->n_tok * s->rows * 4);
    static double times[MAX_SAMPLES];
    size_t at = 0;
    int n = -1; /* the first sample warms up */
    for (uint64_t begin = now(s); n < MIN_SAMPLES || (n < MAX_SAMPLES && now(s) - begin < RUN_NS); n++) {
        uint64_t t0 = now(s), t1;
        size_t reps = 0;
        do {
            j.a.w = w + at++ % copies * bytes;
            product(&j, pool);
            reps++;
            t1 = now(s);
        } while (t1 - t0 < SAMPLE_NS);
        if (n >= 0)
            times[n] = (double)(t1 - t0) / (double)reps * 1e-9;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    *best = times[0];
    *median = times[n / 2];
    free(w);
    free(x);
    free(j.a.y);
    if (j.rows_x != x)
        free(j.rows_x);
    pool_free(pool);
}

static void report(const struct setup *s)
{
    double t, median, file = (double)(s->rows * s->cols / kern_types[s->type].block * kern_types[s->type].bytes);
    measure(s, &t, &median);
    printf("%-5s %6zu x %-6zu %4zu tokens  %zu threads  %-4s  %-7s best %11.2f us (median %11.2f) %8.2f GB/s %8.1f Gop/s\n",
           kern_types[s->type].name, s->rows, s->cols, s->n_tok, s->threads, s->cold ? "cold" : "hot",
           kern_level_name(s->level), t * 1e6, median * 1e6, file / t * 1e-9,
           2.0 * (double)(s->rows * s->cols * s->n_tok) / t * 1e-9);
    fflush(stdout);
}

static int table(void)
{
    static const enum kern_type types[] = { KERN_Q8_0, KERN_Q4_1, KERN_Q4_K, KERN_F16 };
    static const size_t shape[][2] = { { 3072, 768 }, { 768, 1536 } }; /* mamba-130m: in_proj, out_proj */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int level = KERN_C; level < KERN_N_LEVELS; level++)
            for (size_t n = 0; n < 2 * 2 * 2; n++) {
                struct setup s = { types[i], shape[n & 1][0], shape[n & 1][1], n & 2 ? 512 : 1, n & 4 ? 2 : 1, false,
                                   (enum kern_level)level };
                s.cold = s.n_tok == 1;
                if (kern_level_usable(s.level) && !(level == KERN_C && s.n_tok > 1))
                    report(&s);
            }
    return 0;
}

int main(int argc, char **argv)
{
    struct setup s = { KERN_N_TYPES, 0, 0, 0, 0, false, KERN_C };
    kern_thread_init();
    if (argc == 1)
        return table();
    if (argc == 8) {
        for (int i = 0; i < KERN_N_TYPES; i++)
            if (!strcmp(argv[1], kern_types[i].name))
                s.type = (enum kern_type)i;
        s.rows = strtoul(argv[2], NULL, 10);
        s.cols = strtoul(argv[3], NULL, 10);
        s.n_tok = strtoul(argv[4], NULL, 10);
        s.threads = strtoul(argv[5], NULL, 10);
        s.cold = !strcmp(argv[6], "cold");
    }
    if (s.type == KERN_N_TYPES || !s.rows || !s.cols || s.cols % kern_types[s.type].block || !s.n_tok || !s.threads ||
        !kern_level_parse(argv[7], &s.level) || !kern_level_usable(s.level)) {
        fprintf(stderr, "usage: spike [TYPE ROWS COLS TOKENS THREADS hot|cold c|avx2|avxvnni|avx512|amx]\n");
        return 2;
    }
    report(&s);
    return 0;
}
