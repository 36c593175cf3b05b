#define _GNU_SOURCE /* sched_getaffinity, CPU_COUNT */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SPINS = 20000, MAX_MEMBERS = 256 };

/* The job word packs ticket (16 bits), number of parts (24) and the next unclaimed part (24), so that one fetch_add
 * claims a part of exactly the job it belongs to: a member that slept through a job cannot take a part of the next
 * one with the old one's function, and nobody waits for a member that claimed nothing. */
#define PART_BITS 24
#define PART_MASK ((1u << PART_BITS) - 1)
#define MAX_PARTS (PART_MASK - MAX_MEMBERS) /* late claims overshoot by one a member */

struct member {
    struct pool *pool;
    pthread_t thread;
    unsigned index;
};

struct pool {
    unsigned size;
    struct member *members;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    atomic_uint_fast64_t job;
    atomic_size_t finished; /* parts of the current job */
    atomic_uint sleepers;
    atomic_bool caller_sleeps, quit;
    pool_fn fn; /* valid while the current job has unfinished parts */
    void *arg;
    size_t base; /* first part of this job, for runs of more than MAX_PARTS */
};

static void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static unsigned job_ticket(uint64_t job)
{
    return (unsigned)(job >> 2 * PART_BITS);
}

static size_t job_parts(uint64_t job)
{
    return job >> PART_BITS & PART_MASK;
}

static void work(struct pool *p, unsigned member)
{
    for (;;) {
        uint64_t job = atomic_fetch_add_explicit(&p->job, 1, memory_order_acq_rel);
        size_t part = job & PART_MASK, parts = job_parts(job);
        if (part >= parts)
            return;
        p->fn(p->arg, p->base + part, member);
        if (atomic_fetch_add(&p->finished, 1) + 1 == parts && atomic_load(&p->caller_sleeps)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->idle);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

/* Waits until a job with a ticket other than `seen` is out: spins, then sleeps. Returns its ticket. */
static unsigned next_job(struct pool *p, unsigned seen)
{
    unsigned t;
    for (int i = 0; i < SPINS; i++) {
        t = job_ticket(atomic_load_explicit(&p->job, memory_order_acquire));
        if (t != seen || atomic_load_explicit(&p->quit, memory_order_relaxed))
            return t;
        cpu_relax();
    }
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while ((t = job_ticket(atomic_load(&p->job))) == seen && !atomic_load(&p->quit))
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
    return t;
}

static void *member_main(void *arg)
{
    struct member *m = arg;
    unsigned seen = 0;
    for (;;) {
        seen = next_job(m->pool, seen);
        if (atomic_load(&m->pool->quit))
            return NULL;
        work(m->pool, m->index);
    }
}

static void wait_finished(struct pool *p, size_t parts)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&p->finished, memory_order_acquire) == parts)
            return;
        cpu_relax();
    }
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_sleeps, true);
    while (atomic_load(&p->finished) != parts)
        pthread_cond_wait(&p->idle, &p->lock);
    atomic_store(&p->caller_sleeps, false);
    pthread_mutex_unlock(&p->lock);
}

static void publish(struct pool *p, size_t base, size_t parts, pool_fn fn, void *arg)
{
    p->fn = fn;
    p->arg = arg;
    p->base = base;
    atomic_store(&p->finished, 0);
    uint64_t ticket = job_ticket(atomic_load(&p->job)) + 1u;
    atomic_store(&p->job, (ticket & 0xFFFF) << 2 * PART_BITS | (uint64_t)parts << PART_BITS);
    if (atomic_load(&p->sleepers)) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
}

void pool_run(struct pool *p, size_t parts, pool_fn fn, void *arg)
{
    if (!p || p->size == 1 || parts < 2) {
        for (size_t i = 0; i < parts; i++)
            fn(arg, i, 0);
        return;
    }
    for (size_t base = 0; base < parts; base += MAX_PARTS) {
        size_t n = parts - base < MAX_PARTS ? parts - base : MAX_PARTS;
        publish(p, base, n, fn, arg);
        work(p, 0);
        wait_finished(p, n);
    }
}

static int start(struct pool *p, struct err *e)
{
    sigset_t all, old; /* signals are the main thread's: members block them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    unsigned made = 0;
    for (unsigned i = 1; i < p->size; i++) {
        p->members[i] = (struct member){ .pool = p, .index = i };
        if (pthread_create(&p->members[i].thread, NULL, member_main, &p->members[i]))
            break;
        made = i;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (made + 1 < p->size) {
        p->size = made + 1; /* fewer than asked is slower, not wrong */
        if (!made)
            return err_set(e, ERR_LIMIT, "no thread could be started; run with -t 1");
    }
    return 0;
}

struct pool *pool_new(unsigned n, struct err *e)
{
    if (!n)
        n = pool_default();
    if (n > MAX_MEMBERS)
        n = MAX_MEMBERS;
    struct pool *p = mem_zalloc(1, sizeof *p);
    if (!p || !(p->members = mem_zalloc(n, sizeof *p->members))) {
        free(p);
        err_nomem(e, "the thread team");
        return NULL;
    }
    p->size = n;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->idle, NULL);
    if (n > 1 && start(p, e)) {
        p->size = 1;
        pool_free(p);
        return NULL;
    }
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    atomic_store(&p->quit, 1);
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 1; i < p->size; i++)
        pthread_join(p->members[i].thread, NULL);
    pthread_cond_destroy(&p->idle);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->members);
    free(p);
}

unsigned pool_size(const struct pool *p)
{
    return p ? p->size : 1;
}

/* cgroup v2 cpu.max holds "QUOTA PERIOD" in microseconds, or "max PERIOD". */
static unsigned quota(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    long q = 0, period = 0;
    if (!f)
        return MAX_MEMBERS;
    int n = fscanf(f, "%ld %ld", &q, &period);
    fclose(f);
    if (n != 2 || q <= 0 || period <= 0)
        return MAX_MEMBERS;
    return q < period ? 1 : (unsigned)(q / period);
}

unsigned pool_default(void)
{
    cpu_set_t set;
    unsigned n = 1;
    if (!sched_getaffinity(0, sizeof set, &set))
        n = (unsigned)CPU_COUNT(&set);
    unsigned q = quota();
    n = n < q ? n : q;
    return n < 1 ? 1 : n > MAX_MEMBERS ? MAX_MEMBERS : n;
}
