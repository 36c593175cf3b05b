/* Inside kernels/ only: one function a kernel and level, kern_<name>_<level>. kern.c fills the table from those that
 * exist; a declaration alone promises nothing. */
#ifndef KERN_IMPL_H
#define KERN_IMPL_H

#include "kern.h"

#define X(ret, name, args)        \
    ret kern_##name##_c args;      \
    ret kern_##name##_avx2 args;   \
    ret kern_##name##_avx512 args; \
    ret kern_##name##_amx args;
KERN_LIST(X)
#undef X

#endif
