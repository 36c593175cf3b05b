#include "model/gguf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "model/gguf_parse.h"

enum { MAX_PARTS = 1024, SUFFIX_BYTES = 20 /* "-00001-of-00009.gguf" */ };

const struct gguf_kv *gguf_file_kv(const struct gguf_file *f, const char *key)
{
    uint64_t i;
    return map_get(&f->kv_index, key, strlen(key), &i) ? &f->kv[i] : NULL;
}

static void release_file(struct gguf_file *f)
{
    map_release(&f->kv_index);
    map_release(&f->tensor_index);
    free(f->kv);
    free(f->tensor);
    file_map_close(&f->map);
    free(f->path);
}

static int open_file(struct gguf_file *f, const char *path, struct err *e)
{
    *f = (struct gguf_file){ .map = { .fd = -1 } };
    f->path = mem_strdup(path);
    if (!f->path)
        return err_nomem(e, path);
    if (file_map_open(&f->map, path, e))
        return -1;
    return gguf_parse(f, e);
}

/* ---- Split models: NAME-00001-of-0000N.gguf and the N-1 others beside it ---- */

static uint64_t split_key(const struct gguf_file *f, const char *key, uint64_t absent)
{
    uint64_t v;
    return gguf_scalar_u64(gguf_file_kv(f, key), &v) ? v : absent;
}

/* The path of part i (from 0) of n, given the path of the first. NULL when that does not end as a first part does, or
 * no memory. Given. */
static char *part_path(const char *first, size_t i, size_t n, struct err *e)
{
    char suffix[64];
    size_t len = strlen(first);
    snprintf(suffix, sizeof suffix, "-%05d-of-%05zu.gguf", 1, n);
    if (len < SUFFIX_BYTES || strcmp(first + len - SUFFIX_BYTES, suffix)) {
        err_set(e, ERR_FORMAT, "%s is the first of %zu parts, but its name does not end in %s; give it its name back",
                first, n, suffix);
        return NULL;
    }
    struct str path = STR_INIT;
    str_add(&path, first, len - SUFFIX_BYTES);
    str_addf(&path, "-%05zu-of-%05zu.gguf", i + 1, n);
    char *p = str_take(&path);
    if (!p)
        err_nomem(e, first);
    return p;
}

/* A part must say that it is that part of a model of as many parts and tensors, and of no other architecture. */
static int check_part(const struct gguf *g, size_t i, size_t n, struct err *e)
{
    const struct gguf_file *first = &g->part[0], *f = &g->part[i];
    const struct gguf_kv *arch = gguf_file_kv(f, "general.architecture"), *own = gguf_file_kv(first, "general.architecture");
    bool same_arch = !arch || (own && arch->kind == own->kind && arch->n == own->n && !memcmp(arch->p, own->p, own->n));
    if (split_key(f, "split.no", UINT64_MAX) == i && split_key(f, "split.count", 0) == n &&
        split_key(f, "split.tensors.count", 0) == split_key(first, "split.tensors.count", 0) && same_arch)
        return 0;
    return err_set(e, ERR_FORMAT, "%s is not part %zu of the %zu parts of %s; fetch that part again", f->path, i + 1, n,
                   first->path);
}

static int open_parts(struct gguf *g, struct err *e)
{
    uint64_t n = split_key(&g->part[0], "split.count", 1), no = split_key(&g->part[0], "split.no", 0);
    const char *path = g->part[0].path;
    if (no)
        return err_set(e, ERR_ARG, "%s is part %" PRIu64 " of %" PRIu64 "; open the first part, it finds the others", path,
                       no + 1, n);
    if (n < 2)
        return 0;
    if (n > MAX_PARTS)
        return err_set(e, ERR_FORMAT, "%s claims %" PRIu64 " parts, more than %d; the file is damaged", path, n, MAX_PARTS);
    struct gguf_file *part = realloc(g->part, (size_t)n * sizeof *part);
    if (!part)
        return err_nomem(e, path);
    g->part = part;
    for (size_t i = 1; i < n; i++) {
        char *p = part_path(g->part[0].path, i, (size_t)n, e);
        if (!p)
            return -1;
        g->n_part = i + 1;
        int r = open_file(&g->part[i], p, e);
        free(p);
        if (r)
            return err_prefix(e, "part %zu of %zu of the model", i + 1, (size_t)n);
        if (check_part(g, i, (size_t)n, e))
            return -1;
    }
    return 0;
}

/* One list and one index over the tensors of all parts. */
static int gather_tensors(struct gguf *g, struct err *e)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_part; i++)
        n += g->part[i].n_tensor;
    g->tensor = mem_alloc(n, sizeof *g->tensor);
    if (!g->tensor || map_reserve(&g->tensor_index, n))
        return err_nomem(e, "the model's tensor list");
    for (size_t i = 0; i < g->n_part; i++) {
        for (size_t j = 0; j < g->part[i].n_tensor; j++) {
            struct gguf_tensor *t = &g->tensor[g->n_tensor];
            *t = g->part[i].tensor[j];
            t->part = i;
            int fresh = map_put(&g->tensor_index, t->name.p, t->name.n, g->n_tensor++);
            if (fresh < 0)
                return err_nomem(e, "the model's tensor list");
            if (!fresh)
                return err_set(e, ERR_FORMAT, "%s: the tensor %.*s stands in another part too; fetch the parts again",
                               g->part[i].path, (int)t->name.n, t->name.p);
        }
    }
    uint64_t claimed = split_key(&g->part[0], "split.tensors.count", n);
    if (g->n_part > 1 && claimed != n)
        return err_set(e, ERR_FORMAT, "%s: its parts hold %zu tensors where it claims %" PRIu64 "; fetch the parts again",
                       g->part[0].path, n, claimed);
    return 0;
}

/* Names from the file stand in messages: nothing in them may steer a terminal. */
static void disarm(struct err *e)
{
    for (char *c = e->msg; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

struct gguf *gguf_open(const char *path, struct err *e)
{
    struct gguf *g = mem_zalloc(1, sizeof *g);
    if (!g || !(g->part = mem_zalloc(1, sizeof *g->part))) {
        err_nomem(e, path);
        goto fail;
    }
    g->n_part = 1;
    if (open_file(&g->part[0], path, e) || open_parts(g, e) || gather_tensors(g, e))
        goto fail;
    return g;
fail:
    if (e)
        disarm(e);
    gguf_close(g);
    return NULL;
}

void gguf_close(struct gguf *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_part; i++)
        release_file(&g->part[i]);
    map_release(&g->tensor_index);
    free(g->tensor);
    free(g->part);
    free(g);
}

/* ---- Lookups ---- */

const char *gguf_path(const struct gguf *g)
{
    return g->part[0].path;
}

size_t gguf_n_tensors(const struct gguf *g)
{
    return g->n_tensor;
}

const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i)
{
    return i < g->n_tensor ? &g->tensor[i] : NULL;
}

const struct gguf_tensor *gguf_tensor(const struct gguf *g, const char *name)
{
    uint64_t i;
    return map_get(&g->tensor_index, name, strlen(name), &i) ? &g->tensor[i] : NULL;
}

size_t gguf_n_parts(const struct gguf *g)
{
    return g->n_part;
}

const struct file_map *gguf_part(const struct gguf *g, size_t i)
{
    return i < g->n_part ? &g->part[i].map : NULL;
}
