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

enum { HAVE_AVX2 = 1 << KERN_AVX2, HAVE_AVXVNNI = 1 << KERN_AVXVNNI, HAVE_AVX512 = 1 << KERN_AVX512, HAVE_AMX = 1 << KERN_AMX };

/* The levels by cpuid and XCR0 alone, a bit each. */
static int levels_by_cpuid(void)
{
    uint32_t a, b, c, d, a7 = 0, b7 = 0, c7 = 0, d7 = 0, more = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27)) /* OSXSAVE */
        return 0;
    bool fma = has(c, 12), f16c = has(c, 29);
    uint64_t saved = xcr0();
    if (!__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7))
        return 0;
    if (!fma || !f16c || !has(b7, 5) || (saved & XCR0_AVX) != XCR0_AVX) /* AVX2 */
        return 0;
    int levels = HAVE_AVX2;
    if (a7 >= 1 && __get_cpuid_count(7, 1, &more, &b, &c, &d) && has(more, 4)) /* AVX-VNNI, with VEX encoding */
        levels |= HAVE_AVXVNNI;
    bool avx512 = has(b7, 16) && has(b7, 17) && has(b7, 30) && has(b7, 31) && has(c7, 11); /* F DQ BW VL VNNI */
    if (!avx512 || (saved & XCR0_AVX512) != XCR0_AVX512)
        return levels;
    levels |= HAVE_AVX512;
    bool amx = has(d7, 24) && has(d7, 25); /* AMX-TILE, AMX-INT8 */
    return amx && (saved & XCR0_AMX) == XCR0_AMX ? levels | HAVE_AMX : levels;
}

static int find_levels(void)
{
    int levels = levels_by_cpuid();
    return levels & HAVE_AMX && !kern_amx_probe() ? levels & ~HAVE_AMX : levels;
}

bool kern_x86_usable(enum kern_level level)
{
    static atomic_int known; /* the levels and a bit above all; two threads that come first find the same */
    int levels = atomic_load(&known);
    if (levels == 0) {
        levels = find_levels() | 1 << KERN_N_LEVELS;
        atomic_store(&known, levels);
    }
    return levels >> level & 1;
}

static bool made_by_amd(void)
{
    uint32_t a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
}

size_t kern_x86_ahead(void)
{
    bool zen4 = made_by_amd() && kern_x86_usable(KERN_AVX512);
    return zen4 ? 1 << 10 : 8 << 10;
}

void kern_x86_keep_denormals(void)
{
    _mm_setcsr(_mm_getcsr() & ~(unsigned)MXCSR_DAZ_FTZ);
}
