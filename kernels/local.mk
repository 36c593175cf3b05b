# One library per instruction set, each with its own flags; only run-time dispatch (kern.c) decides which one runs.
noinst_LIBRARIES += kernels/libkern_c.a
KERNELS = kernels/libkern_c.a
kernels_libkern_c_a_SOURCES = kernels/kern.h kernels/kern.c
