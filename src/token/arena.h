/* Memory that is freed all at once, with a cap on how much there may be: what an untrusted template works in. */
#ifndef TOKEN_ARENA_H
#define TOKEN_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *top;
    size_t used, cap; /* bytes handed out; the most there may be */
};

void arena_init(struct arena *a, size_t cap);
void arena_release(struct arena *a);

/* n zero bytes aligned for any object, borrowed until release. NULL: no memory, or over the cap. */
void *arena_get(struct arena *a, size_t n);

#endif
