noinst_LIBRARIES += src/term/libterm.a
src_term_libterm_a_CPPFLAGS = $(AM_CPPFLAGS) $(NCURSES_CFLAGS) $(UTF8PROC_CFLAGS) $(MD4C_CFLAGS)
src_term_libterm_a_SOURCES = \
	src/term/cells.c src/term/cells.h \
	src/term/dump.c src/term/dump.h \
	src/term/find.c src/term/find.h \
	src/term/input.c src/term/input.h \
	src/term/key.c src/term/key.h \
	src/term/layout.c src/term/layout.h src/term/layout_parts.h \
	src/term/markup.c \
	src/term/table.c src/term/table.h \
	src/term/term.c src/term/term.h \
	src/term/theme.c src/term/theme.h
