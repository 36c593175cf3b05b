# The program on a pseudo-terminal; libvterm shows what is on the screen.
PTY_TESTS = tests/pty/signals tests/pty/leaving tests/pty/resize tests/pty/terminals tests/pty/editor tests/pty/windows \
	tests/pty/hostile tests/pty/report tests/pty/reading
if VTERM
check_LIBRARIES += tests/pty/libpty.a
tests_pty_libpty_a_SOURCES = tests/pty/pty.c tests/pty/pty.h tests/pty/stage.c tests/pty/stage.h \
	tests/lib/chatmodel.c tests/lib/chatmodel.h
tests_pty_libpty_a_CPPFLAGS = $(UNIT_CPPFLAGS) $(VTERM_CFLAGS)
PTY_CPPFLAGS = $(UNIT_CPPFLAGS) $(VTERM_CFLAGS)
PTY_LIBS = tests/pty/libpty.a tests/lib/libfixture.a $(LIBS_KERN) $(LIBS_BASE) $(VTERM_LIBS)
check_PROGRAMS += $(PTY_TESTS)
TESTS += $(PTY_TESTS)
tests_pty_signals_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_signals_LDADD = $(PTY_LIBS)
tests_pty_leaving_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_leaving_LDADD = $(PTY_LIBS)
tests_pty_resize_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_resize_LDADD = $(PTY_LIBS)
tests_pty_terminals_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_terminals_LDADD = $(PTY_LIBS)
tests_pty_editor_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_editor_LDADD = $(PTY_LIBS)
tests_pty_windows_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_windows_LDADD = $(PTY_LIBS)
tests_pty_hostile_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_hostile_LDADD = $(PTY_LIBS)
tests_pty_report_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_report_LDADD = $(PTY_LIBS)
tests_pty_reading_CPPFLAGS = $(PTY_CPPFLAGS)
tests_pty_reading_LDADD = $(PTY_LIBS)
else
TESTS += tests/pty/without.sh
EXTRA_DIST += $(PTY_TESTS:=.c)
endif
dist_check_SCRIPTS += tests/pty/without.sh
