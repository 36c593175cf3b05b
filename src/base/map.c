#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

struct map_slot {
    const void *key; /* NULL: free */
    size_t len;
    uint64_t hash, value;
};

static uint64_t seed(void)
{
    static int here; /* its address differs between processes */
    return (uint64_t)(uintptr_t)&here * 0x9E3779B97F4A7C15u;
}

void map_init(struct map *m)
{
    *m = (struct map)MAP_INIT;
}

void map_release(struct map *m)
{
    free(m->slots);
    map_init(m);
}

static struct map_slot *find(struct map_slot *slots, size_t cap, const void *key, size_t len, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (slots[i].key) {
        if (slots[i].hash == hash && slots[i].len == len && !memcmp(slots[i].key, key, len))
            break;
        i = (i + 1) & (cap - 1);
    }
    return &slots[i];
}

static int rehash(struct map *m, size_t cap)
{
    struct map_slot *slots = mem_zalloc(cap, sizeof *slots);
    if (!slots)
        return -1;
    for (size_t i = 0; i < m->cap; i++) {
        struct map_slot *s = &m->slots[i];
        if (s->key)
            *find(slots, cap, s->key, s->len, s->hash) = *s;
    }
    free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return 0;
}

int map_reserve(struct map *m, size_t n)
{
    size_t cap = m->cap ? m->cap : 16;
    while (cap / 4 * 3 <= n) {
        if (!mem_mul(cap, 2, &cap))
            return -1;
    }
    return cap > m->cap ? rehash(m, cap) : 0;
}

int map_put(struct map *m, const void *key, size_t len, uint64_t value)
{
    if (map_reserve(m, m->n + 1))
        return -1;
    uint64_t h = hash64(key, len, seed());
    struct map_slot *s = find(m->slots, m->cap, key, len, h);
    bool fresh = !s->key;
    if (fresh) {
        *s = (struct map_slot){ key, len, h, 0 };
        m->n++;
    }
    s->value = value;
    return fresh;
}

bool map_get(const struct map *m, const void *key, size_t len, uint64_t *value)
{
    if (!m->cap)
        return false;
    const struct map_slot *s = find(m->slots, m->cap, key, len, hash64(key, len, seed()));
    if (!s->key)
        return false;
    *value = s->value;
    return true;
}
