check_PROGRAMS += tests/unit/test_persona tests/unit/test_settings tests/unit/test_panel
TESTS += tests/unit/test_persona tests/unit/test_settings tests/unit/test_panel
tests_unit_test_persona_SOURCES = tests/unit/test_persona.c
tests_unit_test_persona_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_persona_LDADD = src/chat/libchat.a $(LIBS_BASE) $(UNIT_LIBS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c
tests_unit_test_settings_CPPFLAGS = $(UI_TEST_CPPFLAGS)
tests_unit_test_settings_LDADD = $(UI_TEST_LIBS)
tests_unit_test_panel_SOURCES = tests/unit/test_panel.c tests/lib/app_stub.c tests/lib/app_stub.h \
	tests/lib/screen.c tests/lib/screen.h
tests_unit_test_panel_CPPFLAGS = $(UI_TEST_CPPFLAGS) $(NCURSES_CFLAGS)
tests_unit_test_panel_LDADD = $(UI_TEST_LIBS)
