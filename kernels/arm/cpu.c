/* Bits of AT_HWCAP and AT_HWCAP2: Linux, Documentation/arch/arm64/elf_hwcaps.rst. FPCR: Arm ARM (DDI 0487), C5.2. */
#include "arm/cpu.h"

#include <sys/auxv.h>

enum { HAVE_ASIMDDP = 1 << 20, HAVE2_I8MM = 1 << 13, FPCR_FZ16_FZ_AHP = 0x5080000 };

bool kern_arm_usable(enum kern_level level)
{
    bool neon = getauxval(AT_HWCAP) & HAVE_ASIMDDP;
    return neon && (level == KERN_NEON || (level == KERN_I8MM && getauxval(AT_HWCAP2) & HAVE2_I8MM));
}

void kern_arm_keep_denormals(void)
{
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    fpcr &= ~(uint64_t)FPCR_FZ16_FZ_AHP;
    __asm__ volatile("msr fpcr, %0" : : "r"(fpcr));
}
