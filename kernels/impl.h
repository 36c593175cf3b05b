/* Inside kernels/ only: one function a kernel and level, kern_<name>_<level>. kern.c fills the table from those that
 * exist; a declaration alone promises nothing. */
#ifndef KERN_IMPL_H
#define KERN_IMPL_H

#include "kern.h"

#define X(ret, name, args)        \
    ret kern_##name##_c args;      \
    ret kern_##name##_avx2 args;   \
    ret kern_##name##_avx512 args; \
    ret kern_##name##_amx args;    \
    ret kern_##name##_neon args;   \
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

/* The products by AMX over tiles in C (kcheck only). */
void kern_linear_q4_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q4_1_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q5_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q5_1_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q8_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q4_k_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q6_k_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);

#endif
