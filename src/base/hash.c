#include "base/hash.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

uint64_t hash64(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

struct hash128 hash128(const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(p, n);
    return (struct hash128){ h.low64, h.high64 };
}

struct hash128 hash128_roll(struct hash128 prev, const void *p, size_t n)
{
    /* Seeding with both halves in turn keeps the whole of prev without copying p. */
    XXH128_hash_t h = XXH3_128bits_withSeed(p, n, prev.lo);
    uint64_t mix[4] = { prev.lo, prev.hi, h.low64, h.high64 };
    return hash128(mix, sizeof mix);
}

bool hash128_equal(struct hash128 a, struct hash128 b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

void hash128_hex(struct hash128 h, char out[HASH128_HEX])
{
    snprintf(out, HASH128_HEX, "%016" PRIx64 "%016" PRIx64, h.hi, h.lo);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hash128_parse(const char *hex, struct hash128 *out)
{
    uint64_t half[2] = { 0, 0 };
    for (int i = 0; i < 32; i++) {
        int d = digit(hex[i]);
        if (d < 0)
            return false;
        half[i / 16] = half[i / 16] << 4 | (unsigned)d;
    }
    if (hex[32])
        return false;
    *out = (struct hash128){ half[1], half[0] };
    return true;
}

void sha256_hex(const void *p, size_t n, char out[SHA256_HEX])
{
    struct sha256_ctx c;
    uint8_t d[SHA256_DIGEST_SIZE];
    sha256_init(&c);
    sha256_update(&c, n, p);
    sha256_digest(&c, sizeof d, d);
    for (size_t i = 0; i < sizeof d; i++)
        snprintf(out + 2 * i, 3, "%02x", d[i]);
}
