/* hiss bench for programs, and what it wrote read again. */
#include "cmd/bench.h"

#include <stdio.h>
#include <string.h>

#include <cJSON.h>

#include "base/file.h"
#include "base/str.h"
#include "kern.h"

/* ---- Writing ---- */

static void add_figure(cJSON *to, const char *key, const struct bench_figure *f, const struct bench_limits *l)
{
    cJSON *o = cJSON_AddObjectToObject(to, key);
    double t = bench_median(&f->t);
    if (f->tokens > 0) {
        cJSON_AddNumberToObject(o, "tokens", f->tokens);
        cJSON_AddNumberToObject(o, "tokens_per_second", f->tokens / t);
        cJSON_AddNumberToObject(o, "gop_per_s", (f->ops[0] + f->ops[1]) / t * 1e-9);
        cJSON_AddNumberToObject(o, "of_limit", bench_least(f, l) / t);
    }
    cJSON_AddNumberToObject(o, "gb_per_s", f->bytes / t * 1e-9);
    cJSON_AddNumberToObject(o, "median_s", t);
    cJSON_AddNumberToObject(o, "min_s", f->t.s[0]);
    cJSON_AddNumberToObject(o, "p90_s", bench_p90(&f->t));
    cJSON_AddItemToObject(o, "runs_s", cJSON_CreateDoubleArray(f->t.s, (int)f->t.n));
}

static void add_limits(cJSON *to, const struct bench_limits *l)
{
    cJSON *o = cJSON_AddObjectToObject(to, "limits");
    cJSON_AddNumberToObject(o, "memory_bytes", l->memory_bytes);
    cJSON_AddNumberToObject(o, "memory_gb_per_s", l->memory * 1e-9);
    cJSON_AddNumberToObject(o, "f32_gop_per_s", l->fma * 1e-9);
    cJSON_AddNumberToObject(o, "int8_gop_per_s", l->int8 * 1e-9);
}

static void add_positions(cJSON *to, const struct bench_result *r)
{
    cJSON *a = cJSON_AddArrayToObject(to, "positions");
    for (size_t i = 0; i < r->n_positions; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "position", r->position[i].at);
        cJSON_AddNumberToObject(o, "median_s", r->position[i].median);
        cJSON_AddNumberToObject(o, "min_s", r->position[i].min);
        cJSON_AddNumberToObject(o, "p90_s", r->position[i].p90);
        cJSON_AddItemToArray(a, o);
    }
}

/* How many times as fast as then. */
static void add_compared(cJSON *to, const struct bench_result *r, const struct bench_earlier *old)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "file", old->file);
    cJSON_AddStringToObject(o, "model", old->model);
    for (int i = 0; i < BENCH_N; i++) {
        const struct bench_figure *f = &r->f[i];
        double work = f->tokens > 0 && old->tokens[i] > 0 ? f->tokens / old->tokens[i] : 1;
        if (f->t.n && old->seconds[i] > 0)
            cJSON_AddNumberToObject(o, bench_keys[i], work * old->seconds[i] / bench_median(&f->t));
    }
    cJSON_AddItemToArray(to, o);
}

static cJSON *whole(const struct bench_result *r, const struct bench_earlier *old, size_t n)
{
    const struct bench_figure *decode = &r->f[BENCH_DECODE];
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
    add_limits(o, &r->limits);
    cJSON_AddNumberToObject(o, "batch_sequences", (double)r->n_batch);
    for (int i = 0; i < BENCH_N; i++)
        if (r->f[i].t.n)
            add_figure(o, bench_keys[i], &r->f[i], &r->limits);
    cJSON_AddNumberToObject(o, "decode_gb_per_s", decode->bytes / bench_median(&decode->t) * 1e-9);
    cJSON_AddNumberToObject(o, "memory_gb_per_s", r->limits.memory * 1e-9);
    if (r->n_positions)
        add_positions(o, r);
    cJSON *compared = n ? cJSON_AddArrayToObject(o, "compared") : NULL;
    for (size_t i = 0; i < n; i++)
        add_compared(compared, r, &old[i]);
    return o;
}

int bench_print_json(const struct bench_result *r, const struct bench_earlier *old, size_t n, struct err *e)
{
    cJSON *o = whole(r, old, n);
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text)
        return err_nomem(e, "the report");
    puts(text);
    cJSON_free(text);
    return 0;
}

/* ---- Reading ---- */

enum { MOST_BYTES = 16 << 20 };

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static void string(const cJSON *o, const char *key, char *out, size_t size)
{
    const char *z = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    snprintf(out, size, "%s", z ? z : "?");
}

static void read_positions(const cJSON *o, struct bench_earlier *out)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(o, "positions"))
    {
        struct bench_position at = { number(p, "position"), number(p, "median_s"), number(p, "min_s"), number(p, "p90_s") };
        if (out->n_positions < BENCH_MAX_POSITIONS && at.at >= 0 && at.median > 0)
            out->position[out->n_positions++] = at;
    }
}

static int read_all(const cJSON *o, struct bench_earlier *out, struct err *e)
{
    string(o, "model", out->model, sizeof out->model);
    string(o, "cpu", out->cpu, sizeof out->cpu);
    string(o, "kernels", out->kernels, sizeof out->kernels);
    out->threads = number(o, "threads");
    for (int i = 0; i < BENCH_N; i++) {
        const cJSON *f = cJSON_GetObjectItemCaseSensitive(o, bench_keys[i]);
        out->seconds[i] = number(f, "median_s");
        out->tokens[i] = number(f, "tokens");
    }
    read_positions(o, out);
    if (out->seconds[BENCH_DECODE] <= 0 || out->tokens[BENCH_DECODE] <= 0)
        return err_set(e, ERR_FORMAT, "%s is no report of hiss bench --json: it has no decode", out->file);
    return 0;
}

int bench_read_earlier(const char *path, struct bench_earlier *out, struct err *e)
{
    struct str text;
    str_init(&text);
    out->file = path;
    int r = file_read(path, MOST_BYTES, &text, e);
    if (!r) {
        cJSON *o = cJSON_ParseWithLength(text.p, text.len);
        r = o ? read_all(o, out, e) : err_set(e, ERR_FORMAT, "%s is no JSON; give what hiss bench --json wrote", path);
        cJSON_Delete(o);
    }
    str_release(&text);
    return r;
}
