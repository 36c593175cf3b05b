#include <stdio.h>
#include <stdlib.h>

#include <cJSON.h>

#include "cmd/bench.h"
#include "kern.h"

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void bench_sort(struct bench_series *b)
{
    qsort(b->s, b->n, sizeof b->s[0], by_value);
}

double bench_median(const struct bench_series *b)
{
    return b->n % 2 ? b->s[b->n / 2] : (b->s[b->n / 2 - 1] + b->s[b->n / 2]) / 2;
}

double bench_p90(const struct bench_series *b)
{
    return b->s[(b->n * 9 + 9) / 10 - 1];
}

/* ---- For people ---- */

static void rate(const char *name, size_t n, const struct bench_series *b, const char *note)
{
    printf("%-8s %5zu tokens  %9.1f tokens/s  (best %.1f, p90 %.1f)%s\n", name, n, (double)n / bench_median(b),
           (double)n / b->s[0], (double)n / bench_p90(b), note);
}

static void time_of(const char *name, const struct bench_series *b)
{
    printf("  %-22s %9.3f ms  (best %.3f, p90 %.3f)\n", name, bench_median(b) * 1e3, b->s[0] * 1e3, bench_p90(b) * 1e3);
}

void bench_print(const struct bench_result *r)
{
    char note[80];
    double decode = (double)r->weight_bytes * (double)r->n_decode / bench_median(&r->decode) * 1e-9;
    double memory = (double)r->memory_bytes / bench_median(&r->memory) * 1e-9;
    printf("%s (%s)\n%s, kernels %s, %u thread%s, %zu runs\n", r->model, r->arch, r->cpu, r->kernels, r->threads,
           r->threads == 1 ? "" : "s", r->prefill.n);
    printf("load     %.3f s: mapping, checking and repacking the weights\n", r->load);
    rate("prefill", r->n_prefill, &r->prefill, "");
    snprintf(note, sizeof note, "  %.1f GB/s", decode);
    rate("decode", r->n_decode, &r->decode, note);
    printf("weights  %.1f MB are read for each decoded token; GB/s counts these bytes and no others\n",
           (double)r->weight_bytes * 1e-6);
    printf("memory   %.1f GB/s: plain reading of %.0f MB; decode reaches %.0f %% of it\n", memory,
           (double)r->memory_bytes * 1e-6, 100 * decode / memory);
    printf("state    %.3f MB after %zu tokens\n", (double)r->state_bytes * 1e-6, r->n_prefill);
    time_of("take", &r->save);
    time_of("write to disk, synced", &r->write);
    time_of("read from disk", &r->read);
    time_of("put back", &r->restore);
}

/* ---- For programs ---- */

static void add_series(cJSON *to, const char *name, const struct bench_series *b, size_t n_tokens)
{
    cJSON *o = cJSON_AddObjectToObject(to, name);
    if (n_tokens) {
        cJSON_AddNumberToObject(o, "tokens", (double)n_tokens);
        cJSON_AddNumberToObject(o, "tokens_per_second", (double)n_tokens / bench_median(b));
    }
    cJSON_AddNumberToObject(o, "median_s", bench_median(b));
    cJSON_AddNumberToObject(o, "min_s", b->s[0]);
    cJSON_AddNumberToObject(o, "p90_s", bench_p90(b));
    cJSON_AddItemToObject(o, "runs_s", cJSON_CreateDoubleArray(b->s, (int)b->n));
}

int bench_print_json(const struct bench_result *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "version", PACKAGE_VERSION);
    cJSON_AddNumberToObject(o, "arith", KERN_ARITH);
    cJSON_AddStringToObject(o, "model", r->model);
    cJSON_AddStringToObject(o, "architecture", r->arch);
    cJSON_AddStringToObject(o, "cpu", r->cpu);
    cJSON_AddStringToObject(o, "kernels", r->kernels);
    cJSON_AddNumberToObject(o, "threads", r->threads);
    cJSON_AddNumberToObject(o, "load_s", r->load);
    cJSON_AddNumberToObject(o, "weight_bytes", (double)r->weight_bytes);
    cJSON_AddNumberToObject(o, "state_bytes", (double)r->state_bytes);
    add_series(o, "prefill", &r->prefill, r->n_prefill);
    add_series(o, "decode", &r->decode, r->n_decode);
    cJSON_AddNumberToObject(o, "decode_gb_per_s",
                            (double)r->weight_bytes * (double)r->n_decode / bench_median(&r->decode) * 1e-9);
    cJSON_AddNumberToObject(o, "memory_gb_per_s", (double)r->memory_bytes / bench_median(&r->memory) * 1e-9);
    add_series(o, "state_take", &r->save, 0);
    add_series(o, "state_write", &r->write, 0);
    add_series(o, "state_read", &r->read, 0);
    add_series(o, "state_restore", &r->restore, 0);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text)
        return -1;
    puts(text);
    cJSON_free(text);
    return 0;
}
