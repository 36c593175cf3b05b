/* A hash table from byte strings to 64-bit values. Keys are borrowed: their bytes must outlive the map.
 * Hash: XXH3 with a per-process seed, so that hostile vocabularies cannot choose their collisions. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;
struct map {
    struct map_slot *slots;
    size_t n, cap; /* cap is a power of two, or 0 */
};

#define MAP_INIT { NULL, 0, 0 }

void map_init(struct map *m);
void map_release(struct map *m);
int map_reserve(struct map *m, size_t n); /* room for n keys without growing; -1 no memory */

/* Inserts or replaces. 1 if the key was new, 0 if it was replaced, -1 no memory. */
int map_put(struct map *m, const void *key, size_t len, uint64_t value);

/* True and *value set when the key is there. */
bool map_get(const struct map *m, const void *key, size_t len, uint64_t *value);

#endif
