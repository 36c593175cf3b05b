#include "base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

static bool frozen(void)
{
    static atomic_int known = -1; /* any thread may ask first */
    int k = atomic_load_explicit(&known, memory_order_relaxed);
    if (k < 0) {
        k = getenv("HISS_FAKE_CLOCK") != NULL;
        atomic_store_explicit(&known, k, memory_order_relaxed);
    }
    return k;
}

uint64_t clock_ns(void)
{
    struct timespec t;
    if (frozen())
        return 1000000000; /* nothing takes any time */
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_wall(void)
{
    const char *fake = getenv("HISS_FAKE_CLOCK");
    if (fake)
        return strtoll(fake, NULL, 10);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
