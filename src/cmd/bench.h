/* What `hiss bench` measured, between the part that measures and the part that tells. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_MAX_RUNS = 100 };

/* Seconds of each run, sorted once all are there. */
struct bench_series {
    double s[BENCH_MAX_RUNS];
    size_t n;
};

struct bench_result {
    char model[256], arch[32], kernels[16], cpu[80];
    unsigned threads;
    size_t n_prefill, n_decode;
    size_t weight_bytes;   /* read once for every decoded token: what GB/s counts; states and rows are not in it */
    size_t state_bytes;    /* of a snapshot after the prefill, as a file */
    double load;           /* seconds: mapping, checking, repacking */
    struct bench_series prefill, decode;
    struct bench_series save, write, read, restore; /* a state: taken; to a file, synced; from it; put back */
    struct bench_series memory; /* reading memory_bytes with all threads */
    size_t memory_bytes;
};

void bench_sort(struct bench_series *b);
double bench_median(const struct bench_series *b);
double bench_p90(const struct bench_series *b); /* nine of ten runs took at most this long */

void bench_print(const struct bench_result *r);      /* for people, to stdout */
int bench_print_json(const struct bench_result *r);  /* -1 no memory */

#endif
