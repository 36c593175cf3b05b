#include "kcheck.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "selftest.h"

bool kc_exhaustive;

/* ---- Guarded buffers ------------------------------------------------------------------------------------------ */

enum { BUF_BYTES = 1 << 21, MARGIN = 192 }; /* MARGIN: bytes looked at on the open side of an array */

static struct buf {
    unsigned char *base; /* BUF_BYTES of memory between two unreadable pages */
    unsigned char *at;
    size_t bytes;
    bool sealed;
} bufs[KC_MAX_BUF];

static void bufs_open(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < KC_MAX_BUF; i++) {
        unsigned char *p = mmap(NULL, BUF_BYTES + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p + page, BUF_BYTES, PROT_READ | PROT_WRITE)) {
            printf("Bail out! guarded memory: %s\n", strerror(errno));
            exit(1);
        }
        bufs[i].base = p + page;
    }
}

static struct buf *buf_take(struct kc *kc, size_t bytes, size_t align)
{
    size_t round = (bytes + align - 1) / align * align;
    if (kc->n_buf == KC_MAX_BUF || round + MARGIN > BUF_BYTES) {
        printf("Bail out! a check asks for more guarded memory than there is (%zu bytes)\n", bytes);
        exit(1);
    }
    struct buf *b = &bufs[kc->n_buf++];
    b->at = kc->front ? b->base : b->base + BUF_BYTES - round;
    b->bytes = bytes;
    unsigned char *open = kc->front ? b->at + bytes : b->at - MARGIN;
    memset(open, 0xa5, MARGIN);
    memset(b->at + bytes, 0xa5, kc->front ? MARGIN : round - bytes);
    return b;
}

static bool buf_clean(const struct kc *kc, const struct buf *b)
{
    const unsigned char *open = kc->front ? b->at + b->bytes : b->at - MARGIN;
    for (size_t i = 0; i < MARGIN; i++)
        if (open[i] != 0xa5)
            return false;
    for (const unsigned char *p = b->at + b->bytes; !kc->front && p < b->base + BUF_BYTES; p++)
        if (*p != 0xa5)
            return false;
    return true;
}

static void bufs_give_back(struct kc *kc)
{
    for (int i = 0; i < kc->n_buf; i++)
        if (bufs[i].sealed) {
            mprotect(bufs[i].base, BUF_BYTES, PROT_READ | PROT_WRITE);
            bufs[i].sealed = false;
        }
    kc->n_buf = 0;
}

void *kc_out(struct kc *kc, size_t bytes)
{
    struct buf *b = buf_take(kc, bytes, 1);
    memset(b->at, 0xff, bytes);
    return b->at;
}

void *kc_out_aligned(struct kc *kc, size_t bytes)
{
    struct buf *b = buf_take(kc, bytes, 64);
    memset(b->at, 0xff, bytes);
    return b->at;
}

void *kc_copy(struct kc *kc, const void *src, size_t bytes)
{
    struct buf *b = buf_take(kc, bytes, 1);
    if (bytes)
        memcpy(b->at, src, bytes);
    return b->at;
}

void kc_seal(struct kc *kc, const void *array)
{
    for (int i = 0; i < kc->n_buf; i++)
        if (bufs[i].at == array && !bufs[i].sealed) {
            mprotect(bufs[i].base, BUF_BYTES, PROT_READ);
            bufs[i].sealed = true;
        }
}

const void *kc_packed(struct kc *kc, enum kern_type type, const void *file, size_t rows, size_t cols)
{
    void *w = kc_out_aligned(kc, kern_pack_size(type, rows, cols));
    kern_pack(type, file, rows, cols, 0, (rows + 15) / 16, w);
    kc_seal(kc, w);
    return w;
}

float *kc_in(struct kc *kc, size_t n, float lo, float hi)
{
    float *x = (float *)(void *)buf_take(kc, n * sizeof *x, 1)->at;
    for (size_t i = 0; i < n; i++)
        x[i] = kc_float(kc, lo, hi);
    kc_seal(kc, x);
    return x;
}

/* ---- Trials --------------------------------------------------------------------------------------------------- */

void kc_begin(struct kc *kc, const char *fmt, ...)
{
    va_list ap;
    bufs_give_back(kc);
    kc->front = !kc->front;
    va_start(ap, fmt);
    vsnprintf(kc->shape, sizeof kc->shape, fmt, ap);
    va_end(ap);
}

bool kc_end(struct kc *kc)
{
    for (int i = 0; i < kc->n_buf; i++)
        if (!buf_clean(kc, &bufs[i]))
            kc_fail(kc, "wrote outside array %d of the trial", i);
    return !kc->failed;
}

void kc_fail(struct kc *kc, const char *fmt, ...)
{
    char what[200];
    va_list ap;
    if (kc->failed)
        return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(kc->why, sizeof kc->why, "%s: %s", kc->shape, what);
    kc->failed = true;
}

bool kc_same(struct kc *kc, const char *what, const float *c, const float *k, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(c + i, k + i, sizeof *c) && (c[i] == c[i] || k[i] == k[i])) {
            kc_fail(kc, "%s[%zu] is %a, c gives %a", what, i, (double)k[i], (double)c[i]);
            return false;
        }
    return true;
}

bool kc_same_bytes(struct kc *kc, const char *what, const void *c, const void *k, size_t n)
{
    const unsigned char *a = c, *b = k;
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i]) {
            kc_fail(kc, "%s: byte %zu is 0x%02x, c gives 0x%02x", what, i, b[i], a[i]);
            return false;
        }
    return true;
}

bool kc_near(struct kc *kc, const char *what, size_t i, double got, double want, double bound)
{
    bool same = got == want || (got != got && want != want);
    bool overflow = isinf(got) && fabs(want) >= 0x1.fffffep127 && (got > 0) == (want > 0);
    if (same || overflow || fabs(got - want) <= bound)
        return true;
    kc_fail(kc, "%s[%zu] is %.9g, double gives %.17g: off by %.3g, bound %.3g", what, i, got, want, got - want, bound);
    return false;
}

double kc_sum_bound(size_t n, double sum_abs)
{
    return (2 + sqrt((double)n)) * KC_EPS * sum_abs + KC_TINY;
}

size_t kc_size(size_t i)
{
    return i < 68 ? i : i < 71 ? 127 + (i - 68) : 1003;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t kc_u64(struct kc *kc)
{
    uint64_t z = kc->rng += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

size_t kc_below(struct kc *kc, size_t n)
{
    return (size_t)(kc_u64(kc) % n);
}

double kc_uniform(struct kc *kc, double lo, double hi)
{
    return lo + (hi - lo) * ((double)(kc_u64(kc) >> 11) * 0x1p-53);
}

float kc_float(struct kc *kc, float lo, float hi)
{
    static const float special[] = { 0.0f, -0.0f, 0x1p-140f, -0x1p-130f, 0x1p-126f, 1.0f, -1.0f, 0x1p-60f };
    float x = (float)kc_uniform(kc, lo, hi);
    if (kc_below(kc, 32) == 0) {
        float s = special[kc_below(kc, sizeof special / sizeof *special)];
        x = s >= lo && s <= hi ? s : x;
    }
    return x;
}

/* ---- Running a case ------------------------------------------------------------------------------------------- */

static sigjmp_buf fault;

static void on_fault(int sig)
{
    siglongjmp(fault, sig);
}

static bool run(struct kc *kc, void (*body)(struct kc *), uint64_t seed, const struct kern *c, const struct kern *k)
{
    *kc = (struct kc){ .c = c, .k = k, .rng = seed };
    if (sigsetjmp(fault, 1) == 0)
        body(kc);
    else
        kc_fail(kc, "reads or writes outside its arrays, or writes an input");
    bufs_give_back(kc);
    return !kc->failed;
}

bool kc_self_run(const struct kc_case *cs, uint64_t seed, const struct kern *c, const struct kern *k)
{
    struct kc kc;
    return run(&kc, cs->compare, seed, c, k);
}

static const struct kc_case *const cases[] = {
#define X(ret, name, args) &kc_##name,
    KERN_LIST(X)
#undef X
};
static const struct kc_case *const extras[] = {
#define X(name) &kc_##name,
    KC_EXTRAS(X)
#undef X
};
enum { N_CASES = sizeof cases / sizeof *cases, N_EXTRAS = sizeof extras / sizeof *extras };

static int n_tests, n_failed;

static void tap(const char *name, const char *how, bool ok, const char *note)
{
    n_failed += !ok;
    printf("%s %d - %s %s%s\n", ok ? "ok" : "not ok", ++n_tests, name, how, note);
    fflush(stdout);
}

static void tap_run(const struct kc_case *cs, const char *how, void (*body)(struct kc *), uint64_t seed,
                    const struct kern *c, const struct kern *k)
{
    struct kc kc;
    bool ok = run(&kc, body, seed, c, k);
    tap(cs->name, how, ok, "");
    if (!ok)
        printf("# %s (repeat with --seed %llu --kernel %s)\n", kc.why, (unsigned long long)seed, cs->name);
}

static bool same_entry(const struct kc_case *cs, const struct kern *a, const struct kern *b)
{
    return !memcmp((const char *)a + cs->entry, (const char *)b + cs->entry, sizeof(void (*)(void)));
}

/* A level without a kernel of its own has nothing to compare; one that cannot run is told once, in check_all. */
static void check_level(const struct kc_case *cs, enum kern_level level, uint64_t seed, const struct kern *tables)
{
    const char *name = kern_level_name(level);
    if (!cs->compare)
        tap(cs->name, name, true, " # SKIP no check yet");
    else if (kern_level_usable(level) && !same_entry(cs, &tables[level], &tables[level - 1]))
        tap_run(cs, name, cs->compare, seed, &tables[KERN_C], &tables[level]);
}

struct options {
    uint64_t seed;
    const char *kernel;
    enum kern_level level;
    bool one_level, bench;
};

static void check_all(const struct options *o, const struct kern *tables)
{
    for (int l = KERN_C + 1; l < KERN_N_LEVELS; l++)
        if (!kern_level_usable((enum kern_level)l))
            tap("every kernel at level", kern_level_name((enum kern_level)l), true, " # SKIP not on this CPU or system");
    for (int i = 0; i < N_CASES; i++) {
        if (o->kernel && strcmp(o->kernel, cases[i]->name))
            continue;
        if (cases[i]->oracle && !o->one_level)
            tap_run(cases[i], "c against double", cases[i]->oracle, o->seed, tables, tables);
        for (int l = KERN_C + 1; l < KERN_N_LEVELS; l++)
            if (!o->one_level || o->level == (enum kern_level)l)
                check_level(cases[i], (enum kern_level)l, o->seed, tables);
    }
    for (int i = 0; i < N_EXTRAS && !o->one_level; i++)
        if (extras[i]->oracle && (!o->kernel || !strcmp(o->kernel, extras[i]->name)))
            tap_run(extras[i], "against double", extras[i]->oracle, o->seed, tables, tables);
    if (!o->kernel && !o->one_level)
        for (size_t i = 0; i < selftest_count(); i++)
            tap("self-test:", selftest_name(i), selftest_caught(i, o->seed, tables), "");
}

static void bench_all(const struct options *o, const struct kern *tables)
{
    printf("%-14s %-7s %-26s %-5s %10s %8s %8s %9s\n", "kernel", "level", "shape", "cache", "median us", "p90/min",
           "GB/s", "GFLOP/s");
    for (int i = 0; i < N_CASES; i++)
        for (int l = KERN_C; l < KERN_N_LEVELS; l++) {
            bool wanted = (!o->kernel || !strcmp(o->kernel, cases[i]->name)) &&
                          (!o->one_level || o->level == (enum kern_level)l);
            if (wanted && cases[i]->bench && kern_level_usable((enum kern_level)l) &&
                (l == KERN_C || !same_entry(cases[i], &tables[l], &tables[l - 1])))
                bench_case(cases[i], &tables[l], o->seed);
        }
}

static int parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--bench"))
            o->bench = true;
        else if (!strcmp(argv[i], "--exhaustive"))
            kc_exhaustive = true;
        else if (!strcmp(argv[i], "--seed") && value)
            o->seed = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(argv[i], "--kernel") && value)
            o->kernel = argv[++i];
        else if (!strcmp(argv[i], "--level") && value && kern_level_parse(value, &o->level))
            o->one_level = true, i++;
        else
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1 };
    static struct kern tables[KERN_N_LEVELS];
    if (parse(&o, argc, argv)) {
        fprintf(stderr, "usage: kcheck [--bench] [--exhaustive] [--seed N] [--kernel NAME] [--level c|avx2|avxvnni|avx512|amx|neon|i8mm]\n");
        return 2;
    }
    kern_thread_init();
    for (int l = 0; l < KERN_N_LEVELS; l++) {
        tables[l] = tables[l ? l - 1 : 0];
        if (kern_level_usable((enum kern_level)l))
            kern_init(&tables[l], (enum kern_level)l);
    }
    if (o.bench) {
        bench_all(&o, tables);
        return 0;
    }
    struct sigaction sa = { .sa_handler = on_fault };
    sigemptyset(&sa.sa_mask);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    bufs_open();
    printf("# seed %llu, best level %s\n", (unsigned long long)o.seed, kern_level_name(kern_level_best()));
    check_all(&o, tables);
    printf("1..%d\n", n_tests);
    return n_failed != 0;
}
