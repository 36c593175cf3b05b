#include "model/gguf_parse.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    MIN_KV_BYTES = 13,     /* key length, type, one byte of value */
    MIN_TENSOR_BYTES = 24, /* name length, dimensions, type, offset */
    MAX_KEY_BYTES = 65535,
    MAX_NAME_BYTES = 63,
    MAX_DIMS = 4,
    DEFAULT_ALIGN = 32,
    MAX_ALIGN = 1 << 20,
    MAX_ELEMENTS = 1 << 30, /* of a string or an array */
};

/* Every tensor type that a file may hold, so that an unsupported one is named and its bytes are checked all the same.
 * Ids 4, 5, 31 to 33 and 36 to 38 were removed from the format (ggml.h). */
static const struct type_row {
    const char *name;
    uint32_t id;
    unsigned block, bytes;
} type_rows[] = {
    { "F32", 0, 1, 4 },         { "F16", 1, 1, 2 },        { "Q4_0", 2, 32, 18 },      { "Q4_1", 3, 32, 20 },
    { "Q5_0", 6, 32, 22 },      { "Q5_1", 7, 32, 24 },     { "Q8_0", 8, 32, 34 },      { "Q8_1", 9, 32, 36 },
    { "Q2_K", 10, 256, 84 },    { "Q3_K", 11, 256, 110 },  { "Q4_K", 12, 256, 144 },   { "Q5_K", 13, 256, 176 },
    { "Q6_K", 14, 256, 210 },   { "Q8_K", 15, 256, 292 },  { "IQ2_XXS", 16, 256, 66 }, { "IQ2_XS", 17, 256, 74 },
    { "IQ3_XXS", 18, 256, 98 }, { "IQ1_S", 19, 256, 50 },  { "IQ4_NL", 20, 32, 18 },   { "IQ3_S", 21, 256, 110 },
    { "IQ2_S", 22, 256, 82 },   { "IQ4_XS", 23, 256, 136 }, { "I8", 24, 1, 1 },        { "I16", 25, 1, 2 },
    { "I32", 26, 1, 4 },        { "I64", 27, 1, 8 },       { "F64", 28, 1, 8 },        { "IQ1_M", 29, 256, 56 },
    { "BF16", 30, 1, 2 },       { "TQ1_0", 34, 256, 54 },  { "TQ2_0", 35, 256, 66 },   { "MXFP4", 39, 32, 17 },
    { "NVFP4", 40, 64, 36 },    { "Q1_0", 41, 128, 18 },   { "Q2_0", 42, 64, 18 },
};

static const struct type_row *type_row(uint32_t id)
{
    for (size_t i = 0; i < sizeof type_rows / sizeof type_rows[0]; i++)
        if (type_rows[i].id == id)
            return &type_rows[i];
    return NULL;
}

const char *gguf_type_name(uint32_t id)
{
    const struct type_row *t = type_row(id);
    return t ? t->name : "unknown";
}

uint64_t gguf_load_u64(const unsigned char *p)
{
    return gguf_load_u32(p) | (uint64_t)gguf_load_u32(p + 4) << 32;
}

uint32_t gguf_load_u32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

size_t gguf_kind_bytes(enum gguf_kind kind)
{
    switch (kind) {
    case GGUF_U8: case GGUF_I8: case GGUF_BOOL:
        return 1;
    case GGUF_U16: case GGUF_I16:
        return 2;
    case GGUF_U32: case GGUF_I32: case GGUF_F32:
        return 4;
    case GGUF_U64: case GGUF_I64: case GGUF_F64:
        return 8;
    case GGUF_STRING: case GGUF_ARRAY:
        break;
    }
    return 0;
}

/* How many bytes of a name go into a message. */
static int shown(struct gguf_str s)
{
    return s.n < MAX_NAME_BYTES ? (int)s.n : MAX_NAME_BYTES;
}

/* ---- A cursor over the file: every read is checked against the bytes that are left ---- */

struct cursor {
    const unsigned char *p;
    size_t pos, n;
    const char *path;
    struct err *e;
};

static size_t left(const struct cursor *c)
{
    return c->n - c->pos;
}

static int cut_short(const struct cursor *c, const char *what)
{
    return err_set(c->e, ERR_FORMAT, "%s is cut short inside its %s (at byte %zu of %zu); fetch it again", c->path, what,
                   c->pos, c->n);
}

static int read_u32(struct cursor *c, const char *what, uint32_t *out)
{
    if (left(c) < 4)
        return cut_short(c, what);
    *out = gguf_load_u32(c->p + c->pos);
    c->pos += 4;
    return 0;
}

static int read_u64(struct cursor *c, const char *what, uint64_t *out)
{
    if (left(c) < 8)
        return cut_short(c, what);
    *out = gguf_load_u64(c->p + c->pos);
    c->pos += 8;
    return 0;
}

static int read_string(struct cursor *c, const char *what, struct gguf_str *out)
{
    uint64_t n;
    if (read_u64(c, what, &n))
        return -1;
    if (n > left(c) || n > MAX_ELEMENTS)
        return err_set(c->e, ERR_FORMAT,
                       "%s: a string in its %s claims %" PRIu64 " bytes where %zu are left; the file is damaged, fetch it again",
                       c->path, what, n, left(c));
    *out = (struct gguf_str){ (const char *)c->p + c->pos, (size_t)n };
    c->pos += (size_t)n;
    return 0;
}

/* ---- Keys and values ---- */

static int read_array(struct cursor *c, struct gguf_kv *kv)
{
    uint32_t elem;
    uint64_t n;
    if (read_u32(c, "metadata", &elem) || read_u64(c, "metadata", &n))
        return -1;
    if (elem > GGUF_F64 || elem == GGUF_ARRAY)
        return err_set(c->e, ERR_FORMAT, "%s: the array %.*s holds values of the unknown type %" PRIu32
                       "; the file is damaged or newer than hiss", c->path, shown(kv->key), kv->key.p, elem);
    size_t min = elem == GGUF_STRING ? 8 : gguf_kind_bytes(elem), bytes;
    if (n > MAX_ELEMENTS || !mem_mul((size_t)n, min, &bytes) || bytes > left(c))
        return err_set(c->e, ERR_FORMAT, "%s: the array %.*s claims %" PRIu64
                       " values, more than the file holds; the file is damaged, fetch it again", c->path,
                       shown(kv->key), kv->key.p, n);
    kv->elem = elem;
    kv->n = (size_t)n;
    kv->p = c->p + c->pos;
    if (elem != GGUF_STRING) {
        c->pos += bytes;
        return 0;
    }
    struct gguf_str s;
    for (size_t i = 0; i < kv->n; i++)
        if (read_string(c, "metadata", &s))
            return -1;
    return 0;
}

static int read_kv(struct cursor *c, struct gguf_kv *kv)
{
    uint32_t kind;
    if (read_string(c, "metadata", &kv->key))
        return -1;
    if (!kv->key.n || kv->key.n > MAX_KEY_BYTES)
        return err_set(c->e, ERR_FORMAT, "%s: a metadata key has %zu bytes (1 to %d are allowed); the file is damaged",
                       c->path, kv->key.n, MAX_KEY_BYTES);
    if (read_u32(c, "metadata", &kind))
        return -1;
    if (kind > GGUF_F64)
        return err_set(c->e, ERR_FORMAT, "%s: the key %.*s has the unknown type %" PRIu32
                       "; the file is damaged or newer than hiss", c->path, shown(kv->key), kv->key.p, kind);
    kv->kind = kind;
    if (kind == GGUF_ARRAY)
        return read_array(c, kv);
    if (kind == GGUF_STRING) {
        struct gguf_str s;
        if (read_string(c, "metadata", &s))
            return -1;
        kv->p = (const unsigned char *)s.p;
        kv->n = s.n;
        return 0;
    }
    if (left(c) < gguf_kind_bytes(kind))
        return cut_short(c, "metadata");
    kv->p = c->p + c->pos;
    c->pos += gguf_kind_bytes(kind);
    return 0;
}

static int read_kvs(struct cursor *c, struct gguf_file *f, uint64_t n)
{
    if (n > left(c) / MIN_KV_BYTES)
        return err_set(c->e, ERR_FORMAT, "%s claims %" PRIu64 " metadata keys, more than fit into it; the file is damaged",
                       c->path, n);
    f->kv = mem_zalloc((size_t)n, sizeof *f->kv);
    if (!f->kv || map_reserve(&f->kv_index, (size_t)n))
        return err_nomem(c->e, "the model's metadata");
    for (; f->n_kv < n; f->n_kv++) {
        struct gguf_kv *kv = &f->kv[f->n_kv];
        if (read_kv(c, kv))
            return -1;
        int fresh = map_put(&f->kv_index, kv->key.p, kv->key.n, f->n_kv);
        if (fresh < 0)
            return err_nomem(c->e, "the model's metadata");
        if (!fresh)
            return err_set(c->e, ERR_FORMAT, "%s: the key %.*s stands twice; the file is damaged or made to deceive",
                           c->path, shown(kv->key), kv->key.p);
    }
    return 0;
}

/* ---- Tensors ---- */

static int bad_tensor(const struct cursor *c, const struct gguf_tensor *t, const char *why)
{
    return err_set(c->e, ERR_FORMAT, "%s: the tensor %.*s %s; the file is damaged, fetch it again", c->path,
                   shown(t->name), t->name.p, why);
}

/* Checks the shape and type of t and sets its size in bytes. */
static int measure(const struct cursor *c, struct gguf_tensor *t)
{
    const struct type_row *type = type_row(t->type);
    if (!type)
        return bad_tensor(c, t, "has a type that the format does not know");
    if (t->ne[0] % type->block)
        return bad_tensor(c, t, "has rows that are no whole number of blocks");
    size_t n = 1;
    for (unsigned i = 0; i < MAX_DIMS; i++) {
        if (!t->ne[i])
            return bad_tensor(c, t, "has a dimension of zero");
        if (t->ne[i] > INT64_MAX || !mem_mul(n, (size_t)t->ne[i], &n) || n > INT64_MAX)
            return bad_tensor(c, t, "has more elements than can be counted");
    }
    if (!mem_mul(n / type->block, type->bytes, &t->bytes))
        return bad_tensor(c, t, "has more bytes than can be addressed");
    return 0;
}

static int read_tensor(struct cursor *c, struct gguf_tensor *t, uint64_t *offset)
{
    uint32_t dims;
    if (read_string(c, "tensor list", &t->name))
        return -1;
    if (!t->name.n || t->name.n > MAX_NAME_BYTES)
        return err_set(c->e, ERR_FORMAT, "%s: a tensor's name has %zu bytes (1 to %d are allowed); the file is damaged",
                       c->path, t->name.n, MAX_NAME_BYTES);
    if (read_u32(c, "tensor list", &dims))
        return -1;
    if (dims > MAX_DIMS)
        return bad_tensor(c, t, "has more than four dimensions");
    t->n_dims = dims;
    for (unsigned i = 0; i < MAX_DIMS; i++) {
        t->ne[i] = 1;
        if (i < dims && read_u64(c, "tensor list", &t->ne[i]))
            return -1;
    }
    if (read_u32(c, "tensor list", &t->type) || read_u64(c, "tensor list", offset))
        return -1;
    return measure(c, t);
}

/* The tensor list; t->offset is still relative to the data section. */
static int read_tensors(struct cursor *c, struct gguf_file *f, uint64_t n, size_t align)
{
    if (n > left(c) / MIN_TENSOR_BYTES)
        return err_set(c->e, ERR_FORMAT, "%s claims %" PRIu64 " tensors, more than fit into it; the file is damaged",
                       c->path, n);
    f->tensor = mem_zalloc((size_t)n, sizeof *f->tensor);
    if (!f->tensor || map_reserve(&f->tensor_index, (size_t)n))
        return err_nomem(c->e, "the model's tensor list");
    for (; f->n_tensor < n; f->n_tensor++) {
        struct gguf_tensor *t = &f->tensor[f->n_tensor];
        uint64_t offset;
        if (read_tensor(c, t, &offset))
            return -1;
        if (offset % align)
            return bad_tensor(c, t, "begins at an offset that is not aligned");
        if (offset > SIZE_MAX)
            return bad_tensor(c, t, "begins behind the end of the file");
        t->offset = (size_t)offset;
        int fresh = map_put(&f->tensor_index, t->name.p, t->name.n, f->n_tensor);
        if (fresh < 0)
            return err_nomem(c->e, "the model's tensor list");
        if (!fresh)
            return bad_tensor(c, t, "stands twice");
    }
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct gguf_tensor *x = *(const struct gguf_tensor *const *)a, *y = *(const struct gguf_tensor *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Any order and any gaps are fine; two tensors in the same bytes are not. */
static int check_overlaps(const struct cursor *c, const struct gguf_file *f)
{
    const struct gguf_tensor **sorted = mem_alloc(f->n_tensor, sizeof *sorted);
    if (!sorted)
        return err_nomem(c->e, "the model's tensor list");
    for (size_t i = 0; i < f->n_tensor; i++)
        sorted[i] = &f->tensor[i];
    qsort(sorted, f->n_tensor, sizeof *sorted, by_offset);
    int r = 0;
    for (size_t i = 1; i < f->n_tensor && !r; i++)
        if (sorted[i]->offset < sorted[i - 1]->offset + sorted[i - 1]->bytes)
            r = bad_tensor(c, sorted[i], "lies over another tensor");
    free(sorted);
    return r;
}

/* Turns offsets into places in the file and checks that each tensor lies inside it. */
static int place_tensors(struct cursor *c, struct gguf_file *f, size_t align)
{
    size_t start;
    if (!f->n_tensor)
        return 0;
    if (!mem_add(c->pos, align - 1, &start))
        return cut_short(c, "padding");
    start -= start % align;
    for (size_t i = 0; i < f->n_tensor; i++) {
        struct gguf_tensor *t = &f->tensor[i];
        size_t end;
        if (!mem_add(t->offset, start, &t->offset) || !mem_add(t->offset, t->bytes, &end) || end > c->n)
            return err_set(c->e, ERR_FORMAT, "%s is cut short: the tensor %.*s needs bytes past its end at %zu; fetch it again",
                           c->path, shown(t->name), t->name.p, c->n);
        t->data = c->p + t->offset;
    }
    return check_overlaps(c, f);
}

/* ---- The whole file ---- */

static int read_header(struct cursor *c, uint64_t *n_tensor, uint64_t *n_kv)
{
    uint32_t version;
    if (c->n < 4 || memcmp(c->p, "GGUF", 4))
        return err_set(c->e, ERR_FORMAT, "%s is not a GGUF file; give a model file whose name ends in .gguf", c->path);
    c->pos = 4;
    if (read_u32(c, "header", &version))
        return -1;
    if (version && !(version & 0xFFFF))
        return err_set(c->e, ERR_UNSUPPORTED, "%s is a big-endian GGUF file; hiss reads little-endian ones: convert it",
                       c->path);
    if (version != 2 && version != 3)
        return err_set(c->e, ERR_UNSUPPORTED, "%s is GGUF version %" PRIu32 "; hiss reads versions 2 and 3: convert it",
                       c->path, version);
    return read_u64(c, "header", n_tensor) || read_u64(c, "header", n_kv) ? -1 : 0;
}

static int read_align(const struct cursor *c, const struct gguf_file *f, size_t *align)
{
    const struct gguf_kv *kv = gguf_file_kv(f, "general.alignment");
    *align = DEFAULT_ALIGN;
    if (!kv)
        return 0;
    *align = kv->kind == GGUF_U32 ? gguf_load_u32(kv->p) : 0;
    if (!*align || *align & (*align - 1) || *align > MAX_ALIGN)
        return err_set(c->e, ERR_FORMAT, "%s: general.alignment is not a power of two up to %d; the file is damaged",
                       c->path, MAX_ALIGN);
    return 0;
}

int gguf_parse(struct gguf_file *f, struct err *e)
{
    struct cursor c = { f->map.p, 0, f->map.n, f->path, e };
    uint64_t n_tensor, n_kv;
    size_t align;
    if (read_header(&c, &n_tensor, &n_kv) || read_kvs(&c, f, n_kv) || read_align(&c, f, &align))
        return -1;
    if (read_tensors(&c, f, n_tensor, align))
        return -1;
    return place_tensors(&c, f, align);
}
