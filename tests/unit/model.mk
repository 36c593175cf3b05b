# A writer of small GGUF files and the fixture models: linked by every test that needs a model.
check_LIBRARIES = tests/lib/libfixture.a
tests_lib_libfixture_a_SOURCES = \
	tests/lib/ggufwrite.c tests/lib/ggufwrite.h \
	tests/lib/fixture.c tests/lib/fixture.h \
	tests/lib/emulate.c tests/lib/emulate.h \
	tests/lib/emulate_num.c tests/lib/emulate_num.h
MODEL_TEST_LIBS = tests/lib/libfixture.a $(LIBS_MODEL) $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_gguf tests/unit/test_config
TESTS += tests/unit/test_gguf tests/unit/test_config
tests_unit_test_gguf_SOURCES = tests/unit/test_gguf.c
tests_unit_test_gguf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_gguf_LDADD = $(MODEL_TEST_LIBS)
tests_unit_test_config_SOURCES = tests/unit/test_config.c
tests_unit_test_config_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_config_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/unit/test_model
TESTS += tests/unit/test_model
tests_unit_test_model_SOURCES = tests/unit/test_model.c
tests_unit_test_model_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_model_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/unit/test_model_open
TESTS += tests/unit/test_model_open
tests_unit_test_model_open_SOURCES = tests/unit/test_model_open.c
tests_unit_test_model_open_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_model_open_LDADD = $(MODEL_TEST_LIBS)

check_PROGRAMS += tests/unit/test_model_definition
TESTS += tests/unit/test_model_definition
tests_unit_test_model_definition_SOURCES = tests/unit/test_model_definition.c
tests_unit_test_model_definition_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_model_definition_LDADD = $(MODEL_TEST_LIBS)

# Not part of check: needs clang and its libFuzzer. What parses a file is instrumented, kernels are linked as they are.
EXTRA_DIST += tests/fuzz/fuzz_gguf.c
FUZZ_GGUF = tests/fuzz/fuzz_gguf.c src/model/gguf.c src/model/gguf_parse.c src/model/gguf_value.c src/model/config.c \
	src/base/err.c src/base/mem.c src/base/str.c src/base/utf8.c src/base/map.c src/base/file.c src/base/hash.c
.PHONY: fuzz
fuzz: $(KERNELS)
	$(MKDIR_P) tests/fuzz
	clang $(AM_CPPFLAGS) $(XXHASH_CFLAGS) $(NETTLE_CFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined \
		-o tests/fuzz/fuzz_gguf $(addprefix $(srcdir)/,$(FUZZ_GGUF)) $(KERNELS) $(XXHASH_LIBS) $(NETTLE_LIBS) $(LIBS)

# Not part of check: comparisons with other programs (docs/PARITY.md) and random models for benches. Python.
EXTRA_DIST += tests/parity/hf_random.py tests/parity/smollm2.py tests/parity/tiny_vocab.py tests/bench/make_random.py
