UI_TEST_CPPFLAGS = $(UNIT_CPPFLAGS)
UI_TEST_LIBS = src/ui/libui.a $(LIBS_CHAT) $(READLINE_LIBS) $(NCURSES_LIBS) $(UTF8PROC_LIBS) $(MD4C_LIBS) $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_input tests/unit/test_layout
TESTS += tests/unit/test_input tests/unit/test_layout
tests_unit_test_input_SOURCES = tests/unit/test_input.c
tests_unit_test_input_CPPFLAGS = $(UI_TEST_CPPFLAGS)
tests_unit_test_input_LDADD = $(UI_TEST_LIBS)
tests_unit_test_layout_SOURCES = tests/unit/test_layout.c
tests_unit_test_layout_CPPFLAGS = $(UI_TEST_CPPFLAGS)
tests_unit_test_layout_LDADD = $(UI_TEST_LIBS)
