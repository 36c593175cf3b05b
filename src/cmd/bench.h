/* hiss bench, between its files: what was measured (bench_measure.c, bench_limits.c, bench_positions.c), what an earlier
 * run measured (bench_compare.c), and how both are told (bench_report.c, bench_json.c, bench_plot.c). */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct lm;
struct kern;
struct pool;

enum { BENCH_MAX_RUNS = 100, BENCH_MAX_BATCH = 64, BENCH_MAX_POSITIONS = 24 };

/* Seconds of each run, sorted once all are there. */
struct bench_series {
    double s[BENCH_MAX_RUNS];
    size_t n;
};

/* X(enumerator, key in JSON, name for people). Those of a state move bytes only. */
#define BENCH_FIGURES(X)                                  \
    X(PREFILL, "prefill", "prefill")                      \
    X(DECODE, "decode", "decode")                         \
    X(BATCH, "batch", "batch")                            \
    X(TAKE, "state_take", "take")                         \
    X(WRITE, "state_write", "write to disk, synced")      \
    X(READ, "state_read", "read from disk")               \
    X(RESTORE, "state_restore", "put back")

enum bench_what {
#define X(e, key, name) BENCH_##e,
    BENCH_FIGURES(X)
#undef X
        BENCH_N
};
extern const char *const bench_keys[BENCH_N], *const bench_names[BENCH_N];

struct bench_figure {
    struct bench_series t; /* n 0: not measured */
    double tokens;         /* of one run; 0 for states */
    double bytes;          /* moved: weights once a call, states read and written, attention rows read */
    double ops[2];         /* of the matrix products, in f32 and in int8: nothing else is counted */
};

/* What this machine can do, all threads together. */
struct bench_limits {
    double memory_bytes;   /* of what was read again and again: as many as the weights have, 512 MiB at most */
    double memory, fma, int8; /* bytes, operations, operations a second; the best of several */
};

/* One token after `at` others. */
struct bench_position {
    double at;
    double median, min, p90; /* seconds */
};

struct bench_result {
    char model[256], arch[32], kernels[16], cpu[80];
    unsigned threads;
    size_t n_prefill, n_decode, n_batch; /* tokens; sequences */
    size_t weight_bytes;   /* read once a call, however many tokens it holds */
    size_t state_bytes;    /* of a snapshot after the prefill, as a file */
    double load;           /* seconds: mapping, checking, repacking */
    struct bench_figure f[BENCH_N];
    struct bench_limits limits;
    struct bench_position position[BENCH_MAX_POSITIONS];
    size_t n_positions;
};

/* ---- Measuring ---- */

/* runs of each figure, in turn. n_prefill, n_decode and n_batch (0: no batch) are set; the rest is filled in. */
int bench_measure(struct bench_result *r, struct lm *lm, size_t runs, const atomic_bool *cancel, struct err *e);
int bench_limits(struct bench_limits *l, const struct kern *k, struct pool *pool, double bytes, struct err *e);
/* Tokens at positions from 0 to `last`, or to the context length. */
int bench_positions(struct bench_result *r, struct lm *lm, size_t last, const atomic_bool *cancel, struct err *e);

void bench_add(struct bench_series *b, uint64_t began); /* the seconds since clock_ns() was `began` */
void bench_sort(struct bench_series *b);
double bench_median(const struct bench_series *b);
double bench_p90(const struct bench_series *b); /* nine of ten runs took at most this long */

/* The least seconds a run of the figure can take within the limits: of memory and arithmetic the slower. 0: unknown. */
double bench_least(const struct bench_figure *f, const struct bench_limits *l);

/* ---- An earlier run ---- */

struct bench_earlier {
    const char *file;                /* borrowed */
    char model[256], cpu[80], kernels[16];
    double threads;
    double seconds[BENCH_N], tokens[BENCH_N]; /* medians of a run; seconds 0: not measured then */
    struct bench_position position[BENCH_MAX_POSITIONS];
    size_t n_positions;
};

/* What --json wrote. ERR_FORMAT names the file and what it lacks. */
int bench_read_earlier(const char *path, struct bench_earlier *out, struct err *e);

/* ---- Telling; n earlier runs ---- */

void bench_print(const struct bench_result *r, const struct bench_earlier *old, size_t n); /* for people, to stdout */
int bench_print_json(const struct bench_result *r, const struct bench_earlier *old, size_t n, struct err *e);

/* Cost of a token by position as an SVG file, one curve for this run and each earlier one that has positions. */
int bench_plot(const char *path, const struct bench_result *r, const struct bench_earlier *old, size_t n, struct err *e);

/* A model's file name without its folder and ending; `out` holds size bytes. */
void bench_model_name(const char *path, char *out, size_t size);

#endif
