/* The limits of the C level: what one multiplication and addition after the other, as the compiler takes them, can do. */
#include "impl.h"

#include <math.h>

enum { CHAINS = 8 };

double kern_peak_fma_c(size_t rounds)
{
    float acc[CHAINS] = { 0 };
    volatile float sink;
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < CHAINS; i++)
            acc[i] = fmaf(acc[i], 0.5f, 1.0f);
    for (size_t i = 0; i < CHAINS; i++)
        sink = acc[i];
    (void)sink;
    return 2.0 * CHAINS * (double)rounds;
}

double kern_peak_int8_c(size_t rounds)
{
    static volatile int8_t x = 3;
    int32_t acc[CHAINS] = { 0 };
    volatile int32_t sink;
    for (size_t r = 0; r < rounds; r++) {
        int8_t v = x;
        for (size_t i = 0; i < CHAINS; i++)
            acc[i] = (acc[i] & 0xff) + v * v;
    }
    for (size_t i = 0; i < CHAINS; i++)
        sink = acc[i];
    (void)sink;
    return 2.0 * CHAINS * (double)rounds;
}

void kern_peak_read_c(const void *p, size_t n)
{
    const uint64_t *q = p;
    uint64_t s[8] = { 0 };
    volatile uint64_t sink;
    for (size_t i = 0; i < n / sizeof *q; i += 8)
        for (size_t j = 0; j < 8; j++)
            s[j] += q[i + j];
    sink = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7];
    (void)sink;
}
