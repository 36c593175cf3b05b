/* A small GGUF v3 writer for tests: keys and tensors in any order of calls, one file at the end.
 * Running out of memory ends the test program. */
#ifndef TEST_GGUFWRITE_H
#define TEST_GGUFWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "kern.h"

struct gguf_writer {
    struct str kv, info, data;
    uint64_t n_kv, n_tensor;
    uint32_t version; /* 3 unless a test wants another */
};

void gw_init(struct gguf_writer *w);
void gw_release(struct gguf_writer *w);

void gw_u32(struct gguf_writer *w, const char *key, uint32_t v);
void gw_f32(struct gguf_writer *w, const char *key, float v);
void gw_bool(struct gguf_writer *w, const char *key, bool v);
void gw_string(struct gguf_writer *w, const char *key, const char *v);
void gw_i32s(struct gguf_writer *w, const char *key, const int32_t *v, size_t n);
void gw_f32s(struct gguf_writer *w, const char *key, const float *v, size_t n);
void gw_strings(struct gguf_writer *w, const char *key, const char *const *v, size_t n);

/* A tensor of ready bytes, padded to 32 as the format wants. type is the GGUF id. */
void gw_tensor(struct gguf_writer *w, const char *name, uint32_t type, const uint64_t *ne, unsigned n_dims,
               const void *bytes, size_t n);

/* A tensor of f32 values stored as `type`, by the simple recipe of ggml's quantize_row_*_ref. K-quants get a plain
 * recipe of our own (ggml's searches better ones). ne[0] is a multiple of the block. */
void gw_values(struct gguf_writer *w, const char *name, enum kern_type type, const uint64_t *ne, unsigned n_dims,
               const float *v);

void gw_bytes(const struct gguf_writer *w, struct str *out); /* appends the whole file */
int gw_save(const struct gguf_writer *w, const char *path);  /* 0, or -1 with errno */

/* n values of one row to blocks of a type: appended to *out. */
void gw_quantize(enum kern_type type, const float *x, size_t n, struct str *out);

#endif
