/* What an x86-64 CPU and its system can run. */
#ifndef KERN_X86_CPU_H
#define KERN_X86_CPU_H

#include "kern.h"

/* cpuid has the instructions and XCR0 says that the system saves their registers; for AMX the system has also granted
 * the tiles and a product has been tried. Answers are found once and kept. */
bool kern_x86_usable(enum kern_level level);

/* Bytes from weights in use to those asked for meanwhile (docs/SPEED.md, Decode): Intel's prefetcher and Zen 3's lose a
 * stream that is computed with; Zen 4's follows it, and less well when asked too. */
size_t kern_x86_ahead(void);

/* Denormals are neither read nor written as zeros (MXCSR.DAZ, .FTZ off). */
void kern_x86_keep_denormals(void);

/* kernels/x86/amx_probe.c: asks the system for the tiles and compares a product with C, guarded against SIGILL and
 * SIGSEGV. cpuid and XCR0 must have said yes. */
bool kern_amx_probe(void);

#endif
