/* Checked sizes and allocation. Every pointer returned is given: the caller frees it
 * (mem_free for mem_alloc_aligned, free for the rest). NULL means no memory or a size that overflows. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* *out = a * b or a + b; false (and *out untouched) when it overflows size_t. */
bool mem_mul(size_t a, size_t b, size_t *out);
bool mem_add(size_t a, size_t b, size_t *out);

void *mem_alloc(size_t n, size_t size);  /* n * size bytes, contents undefined */
void *mem_zalloc(size_t n, size_t size); /* n * size zero bytes */
void *mem_dup(const void *p, size_t n);  /* a copy of n bytes */
char *mem_strdup(const char *s);

/* Bytes aligned to 64 (a cache line, one zmm); big blocks to 2 MiB and advised to be huge pages. */
void *mem_alloc_aligned(size_t bytes);
void mem_free_aligned(void *p);

/* Makes room for `need` elements of `size` bytes in *p, doubling. 0, or -1 with *p unchanged. */
int mem_grow(void *p, size_t *cap, size_t need, size_t size);

#endif
