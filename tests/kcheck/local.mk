# Every kernel, every level, against C; the C kernels against double. kcheck --bench times them.
check_PROGRAMS += tests/kcheck/kcheck
TESTS += tests/kcheck/kcheck
tests_kcheck_kcheck_SOURCES = \
	tests/kcheck/kcheck.h tests/kcheck/kcheck.c \
	tests/kcheck/bench.h tests/kcheck/bench.c \
	tests/kcheck/selftest.h tests/kcheck/selftest.c \
	tests/kcheck/check_attn.c \
	tests/kcheck/check_conv.c \
	tests/kcheck/check_elem.c \
	tests/kcheck/check_linear_f.c \
	tests/kcheck/check_linear_q.c \
	tests/kcheck/check_math.c \
	tests/kcheck/check_norm.c \
	tests/kcheck/check_quant.c \
	tests/kcheck/check_rope.c \
	tests/kcheck/check_scan.c
tests_kcheck_kcheck_LDADD = $(KERN_EMULATED) $(KERNELS)

# The levels of AArch64 on a machine of another kind: 45 s of building and running, so not part of check.
EXTRA_DIST += tests/kcheck/arm.sh
check-arm:
	top_srcdir='$(abs_top_srcdir)' $(SHELL) $(top_srcdir)/tests/kcheck/arm.sh
.PHONY: check-arm

# The AVX-512 float kernels on a machine without: 80 s of building and running, so not part of check either.
EXTRA_DIST += tests/kcheck/avx512.sh tests/kcheck/emulated/immintrin.h tests/kcheck/emulated/machine.c
check-avx512:
	top_srcdir='$(abs_top_srcdir)' CC='$(CC)' $(SHELL) $(top_srcdir)/tests/kcheck/avx512.sh
.PHONY: check-avx512
