# One library per instruction set, each with its own flags; only run-time dispatch (kern.c) decides which one runs.
noinst_LIBRARIES += kernels/libkern_c.a
KERNELS = kernels/libkern_c.a
kernels_libkern_c_a_SOURCES = kernels/kern.h kernels/kern.c
kernels_libkern_c_a_SOURCES += kernels/impl.h
kernels_libkern_c_a_SOURCES += kernels/curve.h
kernels_libkern_c_a_SOURCES += kernels/c/sum16.h
kernels_libkern_c_a_SOURCES += kernels/c/math.c
kernels_libkern_c_a_SOURCES += kernels/c/linear_f.c
kernels_libkern_c_a_SOURCES += kernels/c/norm.c
kernels_libkern_c_a_SOURCES += kernels/c/elem.c
kernels_libkern_c_a_SOURCES += kernels/c/rope.c
kernels_libkern_c_a_SOURCES += kernels/c/attn.c
kernels_libkern_c_a_SOURCES += kernels/c/conv.c
kernels_libkern_c_a_SOURCES += kernels/c/scan1.c
kernels_libkern_c_a_SOURCES += kernels/c/scan2.c
kernels_libkern_c_a_SOURCES += kernels/layout.h
kernels_libkern_c_a_SOURCES += kernels/c/pack.c
kernels_libkern_c_a_SOURCES += kernels/c/dequant.c
kernels_libkern_c_a_SOURCES += kernels/c/quant.c
kernels_libkern_c_a_SOURCES += kernels/c/linear_q.c
kernels_libkern_c_a_SOURCES += kernels/c/peak.c
if X86_64
kernels_libkern_c_a_SOURCES += kernels/x86/cpu.h
kernels_libkern_c_a_SOURCES += kernels/x86/have.h
kernels_libkern_c_a_SOURCES += kernels/x86/cpu.c
endif
if AARCH64
kernels_libkern_c_a_SOURCES += kernels/arm/cpu.h
kernels_libkern_c_a_SOURCES += kernels/arm/have.h
kernels_libkern_c_a_SOURCES += kernels/arm/cpu.c
endif

# The levels of x86-64. kern.c calls into them and they into it: libkern_c stands at both ends of the list.
KERN_CFLAGS_AVX2 = $(AM_CFLAGS) -mavx2 -mfma -mf16c
KERN_CFLAGS_AVXVNNI = $(KERN_CFLAGS_AVX2) -mavxvnni
KERN_CFLAGS_AVX512 = $(KERN_CFLAGS_AVX2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni
if X86_64
noinst_LIBRARIES += kernels/libkern_avx2.a kernels/libkern_avxvnni.a kernels/libkern_avx512.a kernels/libkern_amx.a
KERNELS += kernels/libkern_amx.a kernels/libkern_avx2.a kernels/libkern_avxvnni.a kernels/libkern_avx512.a kernels/libkern_c.a
kernels_libkern_avx2_a_CFLAGS = $(KERN_CFLAGS_AVX2)
kernels_libkern_avx2_a_SOURCES = kernels/vec.h kernels/x86/avx2.h
kernels_libkern_avx2_a_SOURCES += kernels/linear_f.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/linear_f_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/norm.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/norm_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/elem.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/elem_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/rope.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/rope_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/attn.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/attn_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/conv.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/conv_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/scan1.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/scan1_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/scan2.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/scan2_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/tile.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/half.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/half32.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/half256.h
kernels_libkern_avx2_a_SOURCES += kernels/x86/linear_q_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/x86/linear_qk_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/x86/act_q_avx2.c
kernels_libkern_avx2_a_SOURCES += kernels/x86/peak_avx2.c
kernels_libkern_avxvnni_a_CFLAGS = $(KERN_CFLAGS_AVXVNNI)
kernels_libkern_avxvnni_a_SOURCES = kernels/x86/vnni256.h
kernels_libkern_avxvnni_a_SOURCES += kernels/x86/linear_q_avxvnni.c
kernels_libkern_avxvnni_a_SOURCES += kernels/x86/linear_qk_avxvnni.c
kernels_libkern_avxvnni_a_SOURCES += kernels/x86/peak_avxvnni.c
kernels_libkern_avx512_a_CFLAGS = $(KERN_CFLAGS_AVX512)
kernels_libkern_avx512_a_SOURCES = kernels/vec.h kernels/x86/avx512.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/linear_f_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/norm.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/norm_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/elem.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/elem_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/rope.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/rope_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/attn.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/attn_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/conv.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/conv_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/scan1.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/scan1_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/scan2.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/scan2_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/tile.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/block32.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/block256.h
kernels_libkern_avx512_a_SOURCES += kernels/x86/linear_q_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/x86/linear_qk_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/x86/act_q_avx512.c
kernels_libkern_avx512_a_SOURCES += kernels/x86/peak_avx512.c
kernels_libkern_amx_a_CFLAGS = $(KERN_CFLAGS_AVX512) -mamx-tile -mamx-int8
kernels_libkern_amx_a_SOURCES = kernels/x86/amx.h
kernels_libkern_amx_a_SOURCES += kernels/x86/amx_tokens.h
kernels_libkern_amx_a_SOURCES += kernels/x86/linear_q_amx.c
kernels_libkern_amx_a_SOURCES += kernels/x86/linear_qk_amx.c
kernels_libkern_amx_a_SOURCES += kernels/x86/amx_probe.c
# The same kernels with AMX's tiles and AVX-VNNI's instruction in C, for kcheck on CPUs without them.
EXTRA_LIBRARIES = kernels/libkern_amx_emulated.a kernels/libkern_avxvnni_emulated.a
CLEANFILES += $(EXTRA_LIBRARIES)
KERN_EMULATED = $(EXTRA_LIBRARIES)
kernels_libkern_avxvnni_emulated_a_CFLAGS = $(KERN_CFLAGS_AVX2)
kernels_libkern_avxvnni_emulated_a_CPPFLAGS = $(AM_CPPFLAGS) -DKERN_AVXVNNI_EMULATED
kernels_libkern_avxvnni_emulated_a_SOURCES = kernels/x86/linear_q_avxvnni.c
kernels_libkern_avxvnni_emulated_a_SOURCES += kernels/x86/linear_qk_avxvnni.c
kernels_libkern_amx_emulated_a_CFLAGS = $(KERN_CFLAGS_AVX512)
kernels_libkern_amx_emulated_a_CPPFLAGS = $(AM_CPPFLAGS) -DKERN_AMX_EMULATED
kernels_libkern_amx_emulated_a_SOURCES = kernels/x86/linear_q_amx.c
kernels_libkern_amx_emulated_a_SOURCES += kernels/x86/linear_qk_amx.c
endif

# The levels of AArch64. tests/kcheck/arm.sh builds it with a cross compiler and runs it under qemu.
if AARCH64
noinst_LIBRARIES += kernels/libkern_neon.a kernels/libkern_i8mm.a
KERNELS += kernels/libkern_i8mm.a kernels/libkern_neon.a kernels/libkern_c.a
kernels_libkern_neon_a_CFLAGS = $(AM_CFLAGS) -march=armv8.2-a+dotprod
kernels_libkern_neon_a_SOURCES = kernels/vec.h kernels/arm/neon.h
kernels_libkern_neon_a_SOURCES += kernels/linear_f.h
kernels_libkern_neon_a_SOURCES += kernels/arm/linear_f_neon.c
kernels_libkern_neon_a_SOURCES += kernels/norm.h
kernels_libkern_neon_a_SOURCES += kernels/arm/norm_neon.c
kernels_libkern_neon_a_SOURCES += kernels/elem.h
kernels_libkern_neon_a_SOURCES += kernels/arm/elem_neon.c
kernels_libkern_neon_a_SOURCES += kernels/rope.h
kernels_libkern_neon_a_SOURCES += kernels/arm/rope_neon.c
kernels_libkern_neon_a_SOURCES += kernels/attn.h
kernels_libkern_neon_a_SOURCES += kernels/arm/attn_neon.c
kernels_libkern_neon_a_SOURCES += kernels/conv.h
kernels_libkern_neon_a_SOURCES += kernels/arm/conv_neon.c
kernels_libkern_neon_a_SOURCES += kernels/scan1.h
kernels_libkern_neon_a_SOURCES += kernels/arm/scan1_neon.c
kernels_libkern_neon_a_SOURCES += kernels/scan2.h
kernels_libkern_neon_a_SOURCES += kernels/arm/scan2_neon.c
kernels_libkern_neon_a_SOURCES += kernels/tile.h
kernels_libkern_neon_a_SOURCES += kernels/arm/dot.h
kernels_libkern_neon_a_SOURCES += kernels/arm/open.h
kernels_libkern_neon_a_SOURCES += kernels/arm/linear_q_neon.c
kernels_libkern_neon_a_SOURCES += kernels/arm/linear_qk_neon.c
kernels_libkern_neon_a_SOURCES += kernels/arm/act_q_neon.c
kernels_libkern_i8mm_a_CFLAGS = $(AM_CFLAGS) -march=armv8.2-a+dotprod+i8mm
kernels_libkern_i8mm_a_SOURCES = kernels/arm/mmla.h
kernels_libkern_i8mm_a_SOURCES += kernels/arm/linear_q_i8mm.c
kernels_libkern_i8mm_a_SOURCES += kernels/arm/linear_qk_i8mm.c
endif
