/* What the machine can do at best: reading memory, f32 multiplications, 8-bit dot products. */
#include "cmd/bench.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"
#include "kern.h"

enum { MOST_BYTES = 512 << 20, PART_BYTES = 1 << 20, TRIES = 7, PARTS_A_MEMBER = 8, ROUNDS = 20000 };

struct job {
    enum kern_level level;
    const unsigned char *p;
    double (*peak)(enum kern_level level, size_t rounds);
};

static void read_part(void *arg, size_t part, unsigned member)
{
    const struct job *j = arg;
    (void)member;
    kern_peak_read(j->level, j->p + part * PART_BYTES, PART_BYTES);
}

static void peak_part(void *arg, size_t part, unsigned member)
{
    const struct job *j = arg;
    (void)part;
    (void)member;
    kern_thread_init();
    j->peak(j->level, ROUNDS);
}

/* The least seconds of several runs of all parts. */
static double least(struct pool *pool, size_t parts, pool_fn fn, struct job *j)
{
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        uint64_t began = clock_ns();
        pool_run(pool, parts, fn, j);
        double s = (double)(clock_ns() - began) * 1e-9;
        best = i && best < s ? best : s;
    }
    return best;
}

static double operations(struct pool *pool, enum kern_level level, double (*peak)(enum kern_level, size_t))
{
    struct job j = { .level = level, .peak = peak };
    size_t parts = (size_t)pool_size(pool) * PARTS_A_MEMBER;
    return (double)parts * peak(level, ROUNDS) / least(pool, parts, peak_part, &j);
}

int bench_limits(struct bench_limits *l, const struct kern *k, struct pool *pool, double bytes, struct err *e)
{
    size_t parts = bytes < MOST_BYTES ? (size_t)bytes / PART_BYTES + 1 : MOST_BYTES / PART_BYTES;
    unsigned char *p = mem_alloc_aligned(parts * PART_BYTES);
    if (!p)
        return err_nomem(e, "measuring the memory");
    memset(p, 1, parts * PART_BYTES);
    l->memory_bytes = (double)(parts * PART_BYTES);
    l->memory = l->memory_bytes / least(pool, parts, read_part, &(struct job){ .level = k->level, .p = p });
    mem_free_aligned(p);
    l->fma = operations(pool, k->level, kern_peak_fma);
    l->int8 = operations(pool, k->level, kern_peak_int8);
    return 0;
}
