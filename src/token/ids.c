#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "token/tok.h"

void ids_release(struct ids *v)
{
    free(v->p);
    *v = (struct ids)IDS_INIT;
}

int ids_add(struct ids *v, const int32_t *p, size_t n)
{
    size_t need;
    if (!mem_add(v->n, n, &need) || mem_grow(&v->p, &v->cap, need, sizeof *v->p))
        return -1;
    if (n)
        memcpy(v->p + v->n, p, n * sizeof *p);
    v->n = need;
    return 0;
}

int ids_push(struct ids *v, int32_t id)
{
    return ids_add(v, &id, 1);
}
