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
    ret kern_##name##_neon args;
KERN_LIST(X)
#undef X

/* kernels/x86/linear_q_amx.c over tiles in C (kcheck only). */
void kern_linear_q4_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q4_1_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q5_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q5_1_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);
void kern_linear_q8_0_amx_emulated(const struct kern_linear *a, size_t g0, size_t g1);

#endif
