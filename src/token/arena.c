#include "token/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 1 << 14 };

struct arena_block {
    struct arena_block *below;
    size_t n, cap;
    max_align_t data[];
};

void arena_init(struct arena *a, size_t cap)
{
    *a = (struct arena){ NULL, 0, cap };
}

void arena_release(struct arena *a)
{
    while (a->top) {
        struct arena_block *b = a->top;
        a->top = b->below;
        free(b);
    }
    a->used = 0;
}

static struct arena_block *block_new(size_t cap)
{
    size_t bytes;
    struct arena_block *b = mem_add(cap, sizeof *b, &bytes) ? malloc(bytes) : NULL;
    if (b) {
        b->n = 0;
        b->cap = cap;
    }
    return b;
}

void *arena_get(struct arena *a, size_t n)
{
    size_t align = sizeof(max_align_t);
    if (n > a->cap || (n = (n + align - 1) / align * align) > a->cap - a->used)
        return NULL;
    struct arena_block *b = a->top;
    if (!b || n > b->cap - b->n) {
        b = block_new(n > BLOCK / 4 ? n : BLOCK);
        if (!b)
            return NULL;
        if (n > BLOCK / 4 && a->top) { /* a block of its own, below: the top one still has room */
            b->below = a->top->below;
            a->top->below = b;
        } else {
            b->below = a->top;
            a->top = b;
        }
    }
    void *p = (char *)b->data + b->n;
    b->n += n;
    a->used += n;
    return memset(p, 0, n);
}
