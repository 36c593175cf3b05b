/* Inside kernels/ only: one function a kernel and level, kern_<name>_<level>. kern.c fills the table from those that
 * exist; a declaration alone promises nothing. */
#ifndef KERN_IMPL_H
#define KERN_IMPL_H

#include "kern.h"

#define X(ret, name, args)          \
    ret kern_##name##_c args;       \
    ret kern_##name##_avx2 args;    \
    ret kern_##name##_avxvnni args; \
    ret kern_##name##_avx512 args;  \
    ret kern_##name##_amx args;     \
    ret kern_##name##_neon args;    \
    ret kern_##name##_i8mm args;
KERN_LIST(X)
#undef X

#define KERN_PEAK(level)                                \
    double kern_peak_fma_##level(size_t rounds);        \
    double kern_peak_int8_##level(size_t rounds);       \
    void kern_peak_read_##level(const void *p, size_t n);
KERN_PEAK(c)
KERN_PEAK(avx2)
KERN_PEAK(avx512)
#undef KERN_PEAK
double kern_peak_int8_avxvnni(size_t rounds);

/* The products by AMX and by AVX-VNNI with those instructions in C (kcheck only). */
#define KERN_EMULATED(name)                                                                        \
    void kern_linear_##name##_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);     \
    void kern_linear_##name##_avxvnni_emulated(const struct kern_linear *a, size_t g0, size_t g1);
KERN_EMULATED(q4_0)
KERN_EMULATED(q4_1)
KERN_EMULATED(q5_0)
KERN_EMULATED(q5_1)
KERN_EMULATED(q8_0)
KERN_EMULATED(q4_k)
KERN_EMULATED(q6_k)
#undef KERN_EMULATED

#endif
