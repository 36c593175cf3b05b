UI_TEST_CPPFLAGS = $(UNIT_CPPFLAGS)
UI_TEST_LIBS = $(LIBS_UI) $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_input tests/unit/test_layout tests/unit/test_recall
TESTS += tests/unit/test_input tests/unit/test_layout tests/unit/test_recall
tests_unit_test_input_SOURCES = tests/unit/test_input.c
tests_unit_test_input_CPPFLAGS = $(UI_TEST_CPPFLAGS)
tests_unit_test_input_LDADD = $(UI_TEST_LIBS)
tests_unit_test_layout_SOURCES = tests/unit/test_layout.c
tests_unit_test_layout_CPPFLAGS = $(UI_TEST_CPPFLAGS)
tests_unit_test_layout_LDADD = $(UI_TEST_LIBS)
tests_unit_test_recall_SOURCES = tests/unit/test_recall.c
tests_unit_test_recall_CPPFLAGS = $(UI_TEST_CPPFLAGS) $(READLINE_CFLAGS)
tests_unit_test_recall_LDADD = $(UI_TEST_LIBS)

# The same for what the screen takes in.
EXTRA_DIST += tests/fuzz/fuzz_input.c
FUZZ_INPUT = tests/fuzz/fuzz_input.c src/term/input.c src/term/key.c src/term/layout.c src/term/find.c src/term/markup.c src/term/cells.c src/term/theme.c \
	src/ui/action.c src/base/err.c src/base/mem.c src/base/str.c src/base/utf8.c
.PHONY: fuzz-input
fuzz-input:
	$(MKDIR_P) tests/fuzz
	clang $(AM_CPPFLAGS) $(NCURSES_CFLAGS) $(UTF8PROC_CFLAGS) $(MD4C_CFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined \
		-o tests/fuzz/fuzz_input $(addprefix $(srcdir)/,$(FUZZ_INPUT)) $(NCURSES_LIBS) $(UTF8PROC_LIBS) $(MD4C_LIBS) $(LIBS)
