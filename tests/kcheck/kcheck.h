/* kcheck: every kernel at every level this CPU can run, against the C kernel bit for bit; the C kernels against double.
 *
 * A kernel X of KERN_LIST has a case `const struct kc_case kc_X` in one of the check_*.c files; a kernel without one
 * fails to link. A case makes shapes and arrays and calls both kernels. Arrays come from guarded buffers: an
 * unreadable page lies right before or right behind each (the two alternate), what is not part of an array holds a
 * pattern that is checked afterwards, outputs begin as NaN, inputs are sealed against writing. */
#ifndef KCHECK_H
#define KCHECK_H

#include "kern.h"

enum { KC_MAX_BUF = 32 };

struct kc {
    const struct kern *c, *k;    /* the reference and the level under test (both the reference in an oracle) */
    uint64_t rng;
    bool front;                  /* arrays lie right behind a guard page, not right before one */
    char shape[160];             /* the shape being tried, for the message */
    bool failed;
    char why[400];
    int n_buf;                   /* guarded buffers handed out in this trial */
};

struct kc_bench;

struct kc_case {
    const char *name;
    size_t entry;                        /* offset of the kernel's pointer in struct kern */
    void (*compare)(struct kc *kc);      /* k against c */
    void (*oracle)(struct kc *kc);       /* c against double */
    void (*bench)(struct kc_bench *b, const struct kern *k); /* may be NULL */
};

/* Defines the case of kernel NAME from static functions. */
#define KC_CASE(NAME, COMPARE, ORACLE, BENCH) \
    const struct kc_case kc_##NAME = { #NAME, offsetof(struct kern, NAME), COMPARE, ORACLE, BENCH }

#define X(ret, name, args) extern const struct kc_case kc_##name;
KERN_LIST(X)
#undef X

/* Cases beside the kernels: scalars, packing. They run once, as oracles. */
#define KC_EXTRAS(X) \
    X(curves)        \
    X(curves64)      \
    X(pack)          \
    X(amx_emulated)  \
    X(avxvnni_emulated)

#define X(name) extern const struct kc_case kc_##name;
KC_EXTRAS(X)
#undef X
#define KC_EXTRA(NAME, ORACLE) const struct kc_case kc_##NAME = { #NAME, 0, NULL, ORACLE, NULL }

/* The sizes of the contract: 0 to 67, 127 to 129, and one long odd one. */
enum { KC_N_SIZES = 72 };
size_t kc_size(size_t i);

/* ---- A trial: kc_begin, arrays, both kernels, kc_same for each output, kc_end --------------------------------- */

/* Gives back all arrays of the trial before and notes the shape (printf). Alternates the side of the guard page. */
void kc_begin(struct kc *kc, const char *fmt, ...);

/* Looks for writes outside the arrays. True while nothing failed: loops stop at the first failure. */
bool kc_end(struct kc *kc);

void *kc_out(struct kc *kc, size_t bytes);                      /* all bits set: NaN as f32 and as f16 */
void *kc_out_aligned(struct kc *kc, size_t bytes);              /* the same, 64-byte aligned (bytes rounded up to 64) */
void *kc_copy(struct kc *kc, const void *src, size_t bytes);    /* writable */
float *kc_in(struct kc *kc, size_t n, float lo, float hi);      /* read only; n floats of kc_float */
void kc_seal(struct kc *kc, const void *array);                 /* from here on a write to the array fails */

/* A matrix of a file's bytes as kernels take it, sealed. */
const void *kc_packed(struct kc *kc, enum kern_type type, const void *file, size_t rows, size_t cols);

/* n floats: equal bits, or both not a number. Says which one differs. */
bool kc_same(struct kc *kc, const char *what, const float *c, const float *k, size_t n);
bool kc_same_bytes(struct kc *kc, const char *what, const void *c, const void *k, size_t n);
/* |got - want| <= bound, or both the same infinity or not a number. */
bool kc_near(struct kc *kc, const char *what, size_t i, double got, double want, double bound);
void kc_fail(struct kc *kc, const char *fmt, ...);

/* The bound of a sum of n terms: (2 + sqrt n) eps times the sum of their magnitudes, and denormals. */
double kc_sum_bound(size_t n, double sum_abs);
#define KC_EPS 0x1p-23
#define KC_TINY 0x1p-126 /* results below it may be flushed */

uint64_t kc_u64(struct kc *kc);
size_t kc_below(struct kc *kc, size_t n);                       /* 0 .. n-1 */
double kc_uniform(struct kc *kc, double lo, double hi);
float kc_float(struct kc *kc, float lo, float hi);              /* mostly uniform; one in 32 is 0, -0, tiny or 1 */
extern bool kc_exhaustive;                                      /* --exhaustive: all 2^32 floats */

/* ---- Bench ---------------------------------------------------------------------------------------------------- */

/* Times call(ctx, i): hot with i = 0 always, cold with i = 0 .. n_copy-1 in turn (the caller made that many copies of
 * its data, more than the last-level cache holds; n_copy 1: no cold run). bytes and flops of one call; 0: not shown. */
void kc_time(struct kc_bench *b, const char *what, void (*call)(void *ctx, size_t i), void *ctx, size_t n_copy,
             double bytes, double flops);
/* Zero pages do not count as data: n random floats in [lo, hi), 64-byte aligned, freed when the bench ends. */
float *kc_bench_floats(struct kc_bench *b, size_t n, float lo, float hi);
/* Copies needed for bytes of data to overflow the last-level cache. */
size_t kc_bench_copies(double bytes);

#endif
