/* GGUF v2 and v3 (docs/FORMATS.md; the format document is ggml's docs/gguf.md): a checked, read-only view.
 * Every count, length, type and offset is checked against the file before use; nothing is trusted.
 * Strings and arrays are borrowed from the mapping and live until gguf_close. */
#ifndef MODEL_GGUF_H
#define MODEL_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"

enum gguf_kind {
    GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL, GGUF_STRING, GGUF_ARRAY,
    GGUF_U64, GGUF_I64, GGUF_F64,
};

struct gguf_str {
    const char *p; /* not NUL-terminated */
    size_t n;
};

struct gguf_tensor {
    struct gguf_str name;
    uint32_t type;            /* GGUF type id */
    unsigned n_dims;
    uint64_t ne[4];           /* ne[0] is the contiguous dimension; missing ones are 1 */
    const unsigned char *data;
    size_t bytes;
    size_t part;              /* which file of a split model */
    size_t offset;            /* of data in that file */
};

struct gguf;

/* Opens path and, when it is the first of split files (split.count), the others beside it. Given. */
struct gguf *gguf_open(const char *path, struct err *e);
void gguf_close(struct gguf *g);

const char *gguf_path(const struct gguf *g);      /* of the first part */
const char *gguf_type_name(uint32_t id);          /* of a tensor type: "Q4_K"; "unknown" for an id not in the format */

size_t gguf_n_tensors(const struct gguf *g);
const struct gguf_tensor *gguf_tensor_at(const struct gguf *g, size_t i);
const struct gguf_tensor *gguf_tensor(const struct gguf *g, const char *name); /* NULL if absent */
size_t gguf_n_parts(const struct gguf *g);
const struct file_map *gguf_part(const struct gguf *g, size_t i);

size_t gguf_n_kv(const struct gguf *g);
struct gguf_str gguf_kv_key(const struct gguf *g, size_t i);

/* Typed reads, lenient about the integer type. False when the key is absent or is not of that kind. */
bool gguf_has(const struct gguf *g, const char *key);
bool gguf_u64(const struct gguf *g, const char *key, uint64_t *out);
bool gguf_f64(const struct gguf *g, const char *key, double *out);
bool gguf_bool(const struct gguf *g, const char *key, bool *out);
bool gguf_string(const struct gguf *g, const char *key, struct gguf_str *out);

/* An array: its length and element kind; then its elements by index. */
bool gguf_array(const struct gguf *g, const char *key, enum gguf_kind *kind, size_t *n);
bool gguf_array_i64(const struct gguf *g, const char *key, size_t i, int64_t *out);
bool gguf_array_f64(const struct gguf *g, const char *key, size_t i, double *out);
/* All strings of an array at once, since they lie packed: out[n] borrowed pointers. False if not a string array. */
bool gguf_array_strings(const struct gguf *g, const char *key, struct gguf_str *out, size_t n);

/* One line a person can read, for `hiss models info`: the value of key i, arrays shortened. Appends to *out. */
struct str;
void gguf_kv_print(const struct gguf *g, size_t i, struct str *out);

#endif
