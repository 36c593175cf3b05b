/* Bits of AT_HWCAP: Linux, Documentation/arch/arm64/elf_hwcaps.rst. FPCR: Arm ARM (DDI 0487), C5.2. */
#include "arm/cpu.h"

#include <sys/auxv.h>

enum { HAVE_ASIMDDP = 1 << 20, FPCR_FZ16_FZ_AHP = 0x5080000 };

bool kern_arm_usable(enum kern_level level)
{
    return level == KERN_NEON && getauxval(AT_HWCAP) & HAVE_ASIMDDP;
}

void kern_arm_keep_denormals(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr &= ~(uint64_t)FPCR_FZ16_FZ_AHP;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}
