/* A CPU that has AVX-512, as far as the float kernels know. Its quantised products, whose 512-bit instructions are not
 * emulated, are AVX2's, and it has no AMX. */
#include "impl.h"
#include "x86/cpu.h"

bool kern_x86_usable(enum kern_level level)
{
    return level <= KERN_AVX512;
}

size_t kern_x86_ahead(void)
{
    return 0;
}

void kern_x86_keep_denormals(void)
{
}

#define AVX2_FOR(type, level)                                                                  \
    void kern_linear_##type##_##level(const struct kern_linear *a, size_t g0, size_t g1)        \
    {                                                                                          \
        kern_linear_##type##_avx2(a, g0, g1);                                                  \
    }
#define PRODUCT(type)               \
    AVX2_FOR(type, avxvnni)         \
    AVX2_FOR(type, avx512)          \
    AVX2_FOR(type, amx)             \
    AVX2_FOR(type, amx_emulated)    \
    AVX2_FOR(type, avxvnni_emulated)
PRODUCT(q4_0)
PRODUCT(q4_1)
PRODUCT(q5_0)
PRODUCT(q5_1)
PRODUCT(q8_0)
PRODUCT(q4_k)
PRODUCT(q6_k)

void kern_act_q8_avx512(const float *x, size_t n, void *out)
{
    kern_act_q8_avx2(x, n, out);
}

void kern_act_q8k_avx512(const float *x, size_t n, void *out)
{
    kern_act_q8k_avx2(x, n, out);
}

double kern_peak_fma_avx512(size_t rounds)
{
    return kern_peak_fma_avx2(rounds);
}

double kern_peak_int8_avxvnni(size_t rounds)
{
    return kern_peak_int8_avx2(rounds);
}

double kern_peak_int8_avx512(size_t rounds)
{
    return kern_peak_int8_avx2(rounds);
}

void kern_peak_read_avx512(const void *p, size_t n)
{
    kern_peak_read_avx2(p, n);
}
