# make spike: times products; not part of check.
EXTRA_PROGRAMS = tests/bench/spike
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_spike_SOURCES = tests/bench/spike.c
tests_bench_spike_LDADD = $(KERNELS) $(LIBS_BASE)
spike: tests/bench/spike$(EXEEXT)
.PHONY: spike
EXTRA_DIST += tests/bench/peers/ggml_mul_mat.py

# The screen: frame times with few and with many messages.
EXTRA_PROGRAMS += tests/bench/frames
tests_bench_frames_SOURCES = tests/bench/frames.c
tests_bench_frames_CPPFLAGS = $(UNIT_CPPFLAGS) $(NCURSES_CFLAGS)
tests_bench_frames_LDADD = $(LIBS_UI)
bench-frames: tests/bench/frames
	tests/bench/frames
.PHONY: bench-frames
