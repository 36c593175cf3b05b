# make spike: times products; not part of check.
EXTRA_PROGRAMS = tests/bench/spike
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_spike_SOURCES = tests/bench/spike.c
tests_bench_spike_LDADD = $(KERNELS) $(LIBS_BASE)
spike: tests/bench/spike$(EXEEXT)
.PHONY: spike
EXTRA_DIST += tests/bench/peers/ggml_mul_mat.py
