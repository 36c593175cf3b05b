noinst_LIBRARIES += src/desk/libdesk.a
src_desk_libdesk_a_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
src_desk_libdesk_a_SOURCES = \
	src/desk/ask.c \
	src/desk/desk.c src/desk/desk.h \
	src/desk/list.c \
	src/desk/models.c \
	src/desk/parts.h \
	src/desk/preset.c src/desk/preset.h \
	src/desk/replay.c \
	src/desk/settings.c src/desk/settings.h \
	src/desk/show.c \
	src/desk/shown.c src/desk/shown.h \
	src/desk/tab.c src/desk/tab.h \
	src/desk/worker.c
