/* Typed reads of metadata. Integers of any width are taken where they fit, since writers differ. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "model/gguf_parse.h"

enum { PRINT_ELEMENTS = 8, PRINT_BYTES = 120 };

size_t gguf_n_kv(const struct gguf *g)
{
    return g->part[0].n_kv;
}

struct gguf_str gguf_kv_key(const struct gguf *g, size_t i)
{
    return i < g->part[0].n_kv ? g->part[0].kv[i].key : (struct gguf_str){ "", 0 };
}

static const struct gguf_kv *find(const struct gguf *g, const char *key)
{
    return gguf_file_kv(&g->part[0], key);
}

bool gguf_element_i64(enum gguf_kind kind, const unsigned char *p, int64_t *out)
{
    switch (kind) {
    case GGUF_U8: case GGUF_BOOL:
        *out = *p;
        return true;
    case GGUF_I8:
        *out = (int8_t)*p;
        return true;
    case GGUF_U16:
        *out = p[0] | p[1] << 8;
        return true;
    case GGUF_I16:
        *out = (int16_t)(p[0] | p[1] << 8);
        return true;
    case GGUF_U32:
        *out = gguf_load_u32(p);
        return true;
    case GGUF_I32:
        *out = (int32_t)gguf_load_u32(p);
        return true;
    case GGUF_I64: case GGUF_U64:
        *out = (int64_t)gguf_load_u64(p);
        return kind == GGUF_I64 || *out >= 0;
    case GGUF_F32: case GGUF_F64: case GGUF_STRING: case GGUF_ARRAY:
        break;
    }
    return false;
}

bool gguf_element_f64(enum gguf_kind kind, const unsigned char *p, double *out)
{
    int64_t i;
    if (kind == GGUF_F32) {
        uint32_t bits = gguf_load_u32(p);
        float f;
        memcpy(&f, &bits, sizeof f);
        *out = f;
        return true;
    }
    if (kind == GGUF_F64) {
        uint64_t bits = gguf_load_u64(p);
        memcpy(out, &bits, sizeof *out);
        return true;
    }
    if (kind == GGUF_BOOL || !gguf_element_i64(kind, p, &i))
        return false;
    *out = (double)i;
    return true;
}

bool gguf_scalar_u64(const struct gguf_kv *kv, uint64_t *out)
{
    int64_t i;
    if (!kv || kv->kind == GGUF_BOOL)
        return false;
    if (kv->kind == GGUF_U64) {
        *out = gguf_load_u64(kv->p);
        return true;
    }
    if (!gguf_element_i64(kv->kind, kv->p, &i) || i < 0)
        return false;
    *out = (uint64_t)i;
    return true;
}

bool gguf_has(const struct gguf *g, const char *key)
{
    return find(g, key) != NULL;
}

bool gguf_u64(const struct gguf *g, const char *key, uint64_t *out)
{
    return gguf_scalar_u64(find(g, key), out);
}

bool gguf_f64(const struct gguf *g, const char *key, double *out)
{
    const struct gguf_kv *kv = find(g, key);
    return kv && gguf_element_f64(kv->kind, kv->p, out);
}

bool gguf_bool(const struct gguf *g, const char *key, bool *out)
{
    const struct gguf_kv *kv = find(g, key);
    if (!kv || kv->kind != GGUF_BOOL)
        return false;
    *out = kv->p[0] != 0;
    return true;
}

bool gguf_string(const struct gguf *g, const char *key, struct gguf_str *out)
{
    const struct gguf_kv *kv = find(g, key);
    if (!kv || kv->kind != GGUF_STRING)
        return false;
    *out = (struct gguf_str){ (const char *)kv->p, kv->n };
    return true;
}

bool gguf_array(const struct gguf *g, const char *key, enum gguf_kind *kind, size_t *n)
{
    const struct gguf_kv *kv = find(g, key);
    if (!kv || kv->kind != GGUF_ARRAY)
        return false;
    *kind = kv->elem;
    *n = kv->n;
    return true;
}

/* Element i of a number array; NULL outside or when it is none. */
static const unsigned char *element(const struct gguf *g, const char *key, size_t i, enum gguf_kind *kind)
{
    const struct gguf_kv *kv = find(g, key);
    if (!kv || kv->kind != GGUF_ARRAY || kv->elem == GGUF_STRING || i >= kv->n)
        return NULL;
    *kind = kv->elem;
    return kv->p + i * gguf_kind_bytes(kv->elem);
}

bool gguf_array_i64(const struct gguf *g, const char *key, size_t i, int64_t *out)
{
    enum gguf_kind kind;
    const unsigned char *p = element(g, key, i, &kind);
    return p && gguf_element_i64(kind, p, out);
}

bool gguf_array_f64(const struct gguf *g, const char *key, size_t i, double *out)
{
    enum gguf_kind kind;
    const unsigned char *p = element(g, key, i, &kind);
    return p && gguf_element_f64(kind, p, out);
}

bool gguf_array_strings(const struct gguf *g, const char *key, struct gguf_str *out, size_t n)
{
    const struct gguf_kv *kv = find(g, key);
    if (!kv || kv->kind != GGUF_ARRAY || kv->elem != GGUF_STRING || n > kv->n)
        return false;
    const unsigned char *p = kv->p; /* every length was checked by gguf_parse */
    for (size_t i = 0; i < n; i++) {
        size_t len = (size_t)gguf_load_u64(p);
        out[i] = (struct gguf_str){ (const char *)p + 8, len };
        p += 8 + len;
    }
    return true;
}

/* ---- For people ---- */

/* Text of a file in one line that cannot steer a terminal: controls as \xHH, invalid UTF-8 as U+FFFD. */
static void print_text(const unsigned char *p, size_t n, struct str *out)
{
    bool cut = n > PRINT_BYTES;
    if (cut)
        n = PRINT_BYTES;
    str_addc(out, '"');
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        char utf8[4];
        i += utf8_decode((const char *)p + i, n - i, &cp, NULL);
        if (cp == '\n')
            str_adds(out, "\\n");
        else if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
            str_addf(out, "\\x%02x", (unsigned)cp);
        else
            str_add(out, utf8, utf8_encode(cp, utf8));
    }
    str_adds(out, cut ? "\" ..." : "\"");
}

static void print_number(enum gguf_kind kind, const unsigned char *p, struct str *out)
{
    int64_t i;
    double d;
    if (kind == GGUF_BOOL)
        str_adds(out, *p ? "true" : "false");
    else if (kind == GGUF_U64)
        str_addf(out, "%" PRIu64, gguf_load_u64(p));
    else if (gguf_element_i64(kind, p, &i))
        str_addf(out, "%" PRId64, i);
    else if (gguf_element_f64(kind, p, &d))
        str_addf(out, "%.9g", d);
}

static void print_array(const struct gguf_kv *kv, struct str *out)
{
    const unsigned char *p = kv->p;
    str_addf(out, "[%zu] ", kv->n);
    for (size_t i = 0; i < kv->n && i < PRINT_ELEMENTS; i++) {
        if (i)
            str_adds(out, ", ");
        if (kv->elem == GGUF_STRING) {
            size_t len = (size_t)gguf_load_u64(p);
            print_text(p + 8, len, out);
            p += 8 + len;
        } else {
            print_number(kv->elem, p, out);
            p += gguf_kind_bytes(kv->elem);
        }
    }
    if (kv->n > PRINT_ELEMENTS)
        str_adds(out, ", ...");
}

void gguf_kv_print(const struct gguf *g, size_t i, struct str *out)
{
    if (i >= g->part[0].n_kv)
        return;
    const struct gguf_kv *kv = &g->part[0].kv[i];
    if (kv->kind == GGUF_STRING)
        print_text(kv->p, kv->n, out);
    else if (kv->kind == GGUF_ARRAY)
        print_array(kv, out);
    else
        print_number(kv->kind, kv->p, out);
}
