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
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MAX_MEMBERS = 256, LINE = 128 /* two cache lines: CPUs fetch them in pairs */ };

/* Looks before a member sleeps until the next job, and the caller until the last parts are done. */
enum { IDLE_LOOKS = 8000, END_LOOKS = 2000 };

/* A member that the caller waits for this long, and twice as long as its own parts took on average, has lost its core to
 * somebody else. It rests, that is gets no parts, and twice as long if that comes again soon. Nanoseconds. */
enum { STALL = 1000000, LEAST_REST = 4000000, MOST_REST = 256000000 };

/* So has one that fell asleep and was woken again and again while the caller lost its core each time: it runs there, and
 * looks for parts in the caller's stead. That many times, each within that many nanoseconds of the last, and at least half
 * as many losses. */
enum { OFTEN = 4, SOON = 1000000 };

/* The parts of a job are dealt out in equal ranges, each time the same way, so that a member finds the states of its
 * channels in its own cache. It claims parts of its range from the front; when that is empty, of the others' from the
 * back. A claim succeeds only on a range as it stands now: a member that slept through a job claims parts of the
 * current one or none, and nobody waits for a member that claimed nothing. */
struct member {
    atomic_uint_fast64_t range; /* the next part, and, 32 bits higher, the end */
    char pad1[LINE - sizeof(atomic_uint_fast64_t)];
    atomic_size_t done;         /* parts since the team began; told once a job */
    char pad2[LINE - sizeof(atomic_size_t)];
    atomic_bool working;
    atomic_bool sleeps;         /* and nobody has woken it; set under the lock */
    bool late;                  /* this and what follows is the caller's */
    uint64_t rest, rested;      /* how long the last rest was, when it ended */
    uint64_t rests_until;       /* 0: it does not rest */
    struct pool *pool;
    pthread_t thread;
    unsigned index;
    char pad3[LINE];
};

struct pool {
    unsigned size;
    struct member *members;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    pool_fn fn; /* valid while the current job has unfinished parts */
    void *arg;
    size_t base;  /* first part of this job, for runs of more than UINT32_MAX */
    size_t total; /* parts handed out since the team began */
    unsigned resting;
    uint64_t woken;     /* when somebody was woken last, and how often in a row it was soon after the time before */
    unsigned woken_soon;
    long lost_core;     /* what lost_cores said when that row began */
    char pad[LINE];
    atomic_uint sleepers; /* members with `sleeps` */
    atomic_bool caller_sleeps, quit;
};

static void cpu_relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static bool has_parts(struct member *m)
{
    uint64_t range = atomic_load_explicit(&m->range, memory_order_acquire);
    return (uint32_t)range != range >> 32;
}

static bool claim(struct member *m, bool own, size_t *part)
{
    uint64_t range = atomic_load_explicit(&m->range, memory_order_acquire), rest;
    do {
        uint32_t next = (uint32_t)range, end = (uint32_t)(range >> 32);
        if (next == end)
            return false;
        *part = own ? next : end - 1;
        rest = own ? range + 1 : range - ((uint64_t)1 << 32);
    } while (!atomic_compare_exchange_weak_explicit(&m->range, &range, rest, memory_order_acq_rel, memory_order_acquire));
    return true;
}

/* How many parts it did. */
static size_t work(struct pool *p, unsigned member)
{
    size_t n = 0, part;
    for (unsigned i = 0; i < p->size; i++)
        for (; claim(&p->members[(member + i) % p->size], i == 0, &part); n++)
            p->fn(p->arg, p->base + part, member);
    return n;
}

static void wait_parts(struct member *m)
{
    struct pool *p = m->pool;
    for (int i = 0; i < IDLE_LOOKS; i++) {
        if (has_parts(m) || atomic_load_explicit(&p->quit, memory_order_relaxed))
            return;
        cpu_relax();
    }
    pthread_mutex_lock(&p->lock);
    for (;;) {
        if (!atomic_exchange(&m->sleeps, true))
            atomic_fetch_add(&p->sleepers, 1);
        atomic_thread_fence(memory_order_seq_cst); /* with publish's: either it sees the sleeper or this the parts */
        if (has_parts(m) || atomic_load(&p->quit))
            break;
        pthread_cond_wait(&p->wake, &p->lock);
    }
    if (atomic_exchange(&m->sleeps, false))
        atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
}

static void *member_main(void *arg)
{
    struct member *m = arg;
    struct pool *p = m->pool;
    for (;;) {
        wait_parts(m);
        if (atomic_load(&p->quit))
            return NULL;
        atomic_store_explicit(&m->working, true, memory_order_relaxed);
        size_t n = work(p, m->index);
        atomic_store_explicit(&m->working, false, memory_order_relaxed);
        atomic_fetch_add(&m->done, n);
        if (n && atomic_load(&p->caller_sleeps)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->idle);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

/* ---- The caller ---- */

static bool finished(const struct pool *p)
{
    size_t n = 0;
    for (unsigned i = 0; i < p->size; i++)
        n += atomic_load(&p->members[i].done);
    return n == p->total;
}

static void let_rest(struct pool *p, uint64_t now)
{
    for (unsigned i = 1; i < p->size; i++) {
        struct member *m = &p->members[i];
        if (!m->late || m->rests_until)
            continue;
        bool soon = now - m->rested < m->rest + 2 * LEAST_REST;
        m->rest = !soon ? LEAST_REST : m->rest * 2 < MOST_REST ? m->rest * 2 : MOST_REST;
        m->rests_until = now + m->rest;
        p->resting++;
    }
}

static void call_back(struct pool *p)
{
    uint64_t now = clock_ns();
    for (unsigned i = 1; p->resting && i < p->size; i++) {
        struct member *m = &p->members[i];
        if (m->rests_until && now >= m->rests_until) {
            m->rests_until = 0;
            m->rested = now;
            p->resting--;
        }
    }
}

/* a_part: what the caller needed for one, in nanoseconds. */
static void wait_finished(struct pool *p, uint64_t a_part)
{
    for (int i = 0; i < END_LOOKS; i++) {
        if (finished(p))
            return;
        cpu_relax();
    }
    uint64_t began = clock_ns();
    for (unsigned i = 1; i < p->size; i++)
        p->members[i].late = atomic_load_explicit(&p->members[i].working, memory_order_relaxed);
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_sleeps, true);
    while (!finished(p))
        pthread_cond_wait(&p->idle, &p->lock);
    atomic_store(&p->caller_sleeps, false);
    pthread_mutex_unlock(&p->lock);
    uint64_t now = clock_ns();
    if (now - began > STALL && now - began > 2 * a_part)
        let_rest(p, now);
}

/* Whether one sleeps that does not rest. */
static bool must_wake(struct pool *p)
{
    if (!atomic_load(&p->sleepers))
        return false;
    for (unsigned i = 1; i < p->size; i++)
        if (!p->members[i].rests_until && atomic_load(&p->members[i].sleeps))
            return true;
    return false;
}

/* How often this thread was taken off its core while it had something to do. */
static long lost_cores(void)
{
    struct rusage u;
    return getrusage(RUSAGE_THREAD, &u) ? 0 : u.ru_nivcsw;
}

/* Before members are woken: those who are woken too often rest instead. */
static void count_waking(struct pool *p)
{
    uint64_t now = clock_ns();
    p->woken_soon = now - p->woken < SOON ? p->woken_soon + 1 : 0;
    p->woken = now;
    if (p->woken_soon == 1)
        p->lost_core = lost_cores();
    if (p->woken_soon < OFTEN)
        return;
    p->woken_soon = 0;
    if (lost_cores() - p->lost_core < OFTEN / 2)
        return;
    for (unsigned i = 1; i < p->size; i++)
        p->members[i].late = atomic_load(&p->members[i].sleeps);
    let_rest(p, now);
}

static void wake_sleepers(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 1; i < p->size; i++)
        atomic_store(&p->members[i].sleeps, false);
    atomic_store(&p->sleepers, 0);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

/* Deals out n parts to those who do not rest. */
static void publish(struct pool *p, size_t base, size_t n, pool_fn fn, void *arg)
{
    uint64_t to = p->size - p->resting, at = 0;
    p->fn = fn;
    p->arg = arg;
    p->base = base;
    p->total += n;
    for (unsigned i = 0; i < p->size; i++) {
        struct member *m = &p->members[i];
        if (m->rests_until)
            continue;
        uint64_t next = (n * at + to - 1) / to, end = (n * (at + 1) + to - 1) / to; /* the caller's is never empty */
        atomic_store_explicit(&m->range, end << 32 | next, memory_order_release);
        at++;
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (must_wake(p))
        wake_sleepers(p);
}

static void run_alone(size_t parts, pool_fn fn, void *arg)
{
    for (size_t i = 0; i < parts; i++)
        fn(arg, i, 0);
}

void pool_run(struct pool *p, size_t parts, pool_fn fn, void *arg)
{
    if (!p || p->size == 1 || parts < 2) {
        run_alone(parts, fn, arg);
        return;
    }
    if (p->resting)
        call_back(p);
    if (must_wake(p))
        count_waking(p);
    if (p->resting == p->size - 1) {
        run_alone(parts, fn, arg);
        return;
    }
    for (size_t base = 0, n; base < parts; base += n) {
        n = parts - base < UINT32_MAX ? parts - base : UINT32_MAX;
        uint64_t began = clock_ns();
        publish(p, base, n, fn, arg);
        size_t own = work(p, 0);
        atomic_store_explicit(&p->members[0].done, p->members[0].done + own, memory_order_relaxed);
        if (!finished(p))
            wait_finished(p, (clock_ns() - began) / (own + 1));
    }
}

static int start(struct pool *p, struct err *e)
{
    sigset_t all, old; /* signals are the main thread's: members block them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    unsigned made = 0;
    for (unsigned i = 1; i < p->size; i++) {
        p->members[i].pool = p;
        p->members[i].index = i;
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
    if (!p || !(p->members = mem_alloc_aligned(n * sizeof *p->members))) {
        free(p);
        err_nomem(e, "the thread team");
        return NULL;
    }
    memset(p->members, 0, n * sizeof *p->members);
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
    mem_free_aligned(p->members);
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
