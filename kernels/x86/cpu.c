/* cpuid leaves 1 and 7 and XCR0: Intel SDM volume 2 (CPUID), volume 1 section 13.3; AMD APM volume 3 appendix E. */
#include "x86/cpu.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <xmmintrin.h>

enum {
    XCR0_AVX = 0x6,          /* SSE and AVX */
    XCR0_AVX512 = 0xe6,      /* and opmask, upper halves, zmm16-31 */
    XCR0_AMX = 0x60000,      /* tile configuration and data */
    MXCSR_DAZ_FTZ = 0x8040
};

static uint64_t xcr0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool has(uint32_t reg, unsigned bit)
{
    return reg >> bit & 1;
}

/* The best level by cpuid and XCR0 alone. */
static enum kern_level level_by_cpuid(void)
{
    uint32_t a, b, c, d, b7 = 0, c7 = 0, d7 = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27)) /* OSXSAVE */
        return KERN_C;
    bool fma = has(c, 12), f16c = has(c, 29);
    uint64_t saved = xcr0();
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7))
        return KERN_C;
    if (!fma || !f16c || !has(b7, 5) || (saved & XCR0_AVX) != XCR0_AVX) /* AVX2 */
        return KERN_C;
    bool avx512 = has(b7, 16) && has(b7, 17) && has(b7, 30) && has(b7, 31) && has(c7, 11); /* F DQ BW VL VNNI */
    if (!avx512 || (saved & XCR0_AVX512) != XCR0_AVX512)
        return KERN_AVX2;
    bool amx = has(d7, 24) && has(d7, 25); /* AMX-TILE, AMX-INT8 */
    return amx && (saved & XCR0_AMX) == XCR0_AMX ? KERN_AMX : KERN_AVX512;
}

static enum kern_level find_level(void)
{
    enum kern_level level = level_by_cpuid();
    if (level == KERN_AMX && !kern_amx_probe())
        return KERN_AVX512;
    return level;
}

bool kern_x86_usable(enum kern_level level)
{
    static atomic_int known; /* level + 1; two threads that come first find the same */
    int k = atomic_load(&known);
    if (k == 0) {
        k = (int)find_level() + 1;
        atomic_store(&known, k);
    }
    return (int)level < k;
}

void kern_x86_keep_denormals(void)
{
    _mm_setcsr(_mm_getcsr() & ~(unsigned)MXCSR_DAZ_FTZ);
}
