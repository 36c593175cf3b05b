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

# Start to first frame, on a pseudo-terminal: make bench-start MODEL=FILE.gguf (without one: a tiny model).
if VTERM
EXTRA_PROGRAMS += tests/bench/first_frame
tests_bench_first_frame_SOURCES = tests/bench/first_frame.c
tests_bench_first_frame_CPPFLAGS = $(UNIT_CPPFLAGS) $(VTERM_CFLAGS) -I$(top_srcdir)/tests/pty
tests_bench_first_frame_LDADD = tests/pty/libpty.a tests/lib/libfixture.a $(LIBS_KERN) $(LIBS_BASE) $(VTERM_LIBS)
bench-start: hiss tests/bench/first_frame tests/lib/mkmodel
	tests/lib/mkmodel tests/bench/tiny.gguf mamba2 1
	HISS=$(abs_top_builddir)/hiss tests/bench/first_frame $(if $(MODEL),$(MODEL),$(abs_top_builddir)/tests/bench/tiny.gguf)
else
EXTRA_DIST += tests/bench/first_frame.c
endif
CLEANFILES += tests/bench/tiny.gguf
.PHONY: bench-start
