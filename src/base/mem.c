#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGN_SMALL = 64, ALIGN_HUGE = 2 << 20 };

bool mem_mul(size_t a, size_t b, size_t *out)
{
    if (b && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool mem_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes;
    if (!mem_mul(n, size, &bytes))
        return NULL;
    return malloc(bytes ? bytes : 1);
}

void *mem_zalloc(size_t n, size_t size)
{
    return calloc(n ? n : 1, size ? size : 1);
}

void *mem_dup(const void *p, size_t n)
{
    void *q = mem_alloc(n, 1);
    if (q && n)
        memcpy(q, p, n);
    return q;
}

char *mem_strdup(const char *s)
{
    return mem_dup(s, strlen(s) + 1);
}

void *mem_alloc_aligned(size_t bytes)
{
    size_t align = bytes >= 2 * (size_t)ALIGN_HUGE ? ALIGN_HUGE : ALIGN_SMALL;
    size_t padded;
    if (!mem_add(bytes ? bytes : 1, align - 1, &padded))
        return NULL;
    padded -= padded % align;
    void *p = aligned_alloc(align, padded);
    if (p && align == ALIGN_HUGE)
        madvise(p, padded, MADV_HUGEPAGE); /* advice: a refusal costs speed only */
    return p;
}

void mem_free_aligned(void *p)
{
    free(p);
}

int mem_grow(void *p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return 0;
    size_t n = *cap ? *cap : 8, bytes;
    while (n < need) {
        if (!mem_mul(n, 2, &n))
            return -1;
    }
    if (!mem_mul(n, size, &bytes))
        return -1;
    void *old, *grown;
    memcpy(&old, p, sizeof old); /* p is the address of a pointer of any type */
    grown = realloc(old, bytes);
    if (!grown)
        return -1;
    memcpy(p, &grown, sizeof grown);
    *cap = n;
    return 0;
}
