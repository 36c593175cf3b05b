/* What an AArch64 CPU and its system can run. */
#ifndef KERN_ARM_CPU_H
#define KERN_ARM_CPU_H

#include "kern.h"

/* The system says which instructions there are (getauxval): NEON needs the integer dot products (asimddp), I8MM also
 * the products of 8-bit matrices (i8mm). */
bool kern_arm_usable(enum kern_level level);

/* Denormals are neither read nor written as zeros, f16 is the format of IEEE 754 (FPCR.FZ, .FZ16, .AHP off). */
void kern_arm_keep_denormals(void);

#endif
