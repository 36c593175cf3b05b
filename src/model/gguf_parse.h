/* Inside the GGUF reader: the parsed form of one file, shared by gguf_parse.c (bytes to structs), gguf.c (files,
 * split models, lookups) and gguf_value.c (typed reads). Not for other rooms: they include model/gguf.h. */
#ifndef MODEL_GGUF_PARSE_H
#define MODEL_GGUF_PARSE_H

#include "base/map.h"
#include "model/gguf.h"

struct gguf_kv {
    struct gguf_str key;
    enum gguf_kind kind;
    enum gguf_kind elem;    /* of an array */
    size_t n;               /* elements of an array; bytes of a string */
    const unsigned char *p; /* the value's bytes: of a string after its length, of an array its first element */
};

struct gguf_file {
    char *path;
    struct file_map map;
    struct gguf_kv *kv;
    size_t n_kv;
    struct gguf_tensor *tensor;
    size_t n_tensor;
    struct map kv_index, tensor_index; /* key or name to index */
};

struct gguf {
    struct gguf_file *part;
    size_t n_part;
    struct gguf_tensor *tensor; /* of all parts, in file order */
    size_t n_tensor;
    struct map tensor_index;
};

/* Parses and checks the mapped bytes of f (path and map set, the rest zero). On error f stays releasable. */
int gguf_parse(struct gguf_file *f, struct err *e);

const struct gguf_kv *gguf_file_kv(const struct gguf_file *f, const char *key); /* NULL if absent */
bool gguf_scalar_u64(const struct gguf_kv *kv, uint64_t *out);
bool gguf_element_i64(enum gguf_kind kind, const unsigned char *p, int64_t *out);
bool gguf_element_f64(enum gguf_kind kind, const unsigned char *p, double *out);

/* Bytes of one value of a kind; 0 for strings and arrays, whose size is in the file. */
size_t gguf_kind_bytes(enum gguf_kind kind);

/* Little-endian loads from anywhere. */
uint64_t gguf_load_u64(const unsigned char *p);
uint32_t gguf_load_u32(const unsigned char *p);

#endif
