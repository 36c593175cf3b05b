/* Hashes: XXH3 (xxhash) for speed, SHA-256 (nettle) where a stranger's file must match a published sum. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t lo, hi;
};

enum { HASH128_HEX = 33, SHA256_HEX = 65 }; /* characters with the closing NUL */

uint64_t hash64(const void *p, size_t n, uint64_t seed);
struct hash128 hash128(const void *p, size_t n);

/* The rolling hash of a sequence: mixes all of prev with the bytes p[0..n). The same cuts give the same value;
 * callers roll once per token, so that it never depends on how a prompt was sliced. */
struct hash128 hash128_roll(struct hash128 prev, const void *p, size_t n);

bool hash128_equal(struct hash128 a, struct hash128 b);
void hash128_hex(struct hash128 h, char out[HASH128_HEX]); /* 32 hex digits, most significant first */
bool hash128_parse(const char *hex, struct hash128 *out);  /* false unless exactly 32 hex digits */

void sha256_hex(const void *p, size_t n, char out[SHA256_HEX]);

#endif
