#include "base/rng.h"

#include <stdio.h>
#include <time.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

uint64_t rng_u64(uint64_t seed, uint64_t counter)
{
    const uint64_t golden = 0x9E3779B97F4A7C15u;
    return mix(mix(seed + golden) + (counter + 1) * golden);
}

double rng_unit(uint64_t seed, uint64_t counter)
{
    return (double)(rng_u64(seed, counter) >> 11) * 0x1p-53;
}

uint64_t rng_seed(void)
{
    uint64_t s = 0;
    FILE *f = fopen("/dev/urandom", "rb");
    if (!f || fread(&s, sizeof s, 1, f) != 1) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        s = mix((uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec);
    }
    if (f)
        fclose(f);
    return s;
}
