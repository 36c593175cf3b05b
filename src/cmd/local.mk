bin_PROGRAMS += hiss
hiss_SOURCES = \
	src/cmd/main.c src/cmd/cmd.h \
	src/cmd/cmd.c \
	src/cmd/opts.c src/cmd/opts.h \
	src/cmd/models.c
hiss_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
hiss_LDADD = $(LIBS_CHAT)
