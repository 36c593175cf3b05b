bin_PROGRAMS += hiss
hiss_SOURCES = src/cmd/main.c
hiss_CPPFLAGS = $(AM_CPPFLAGS) -include config.h
hiss_LDADD = $(LIBS_CHAT)
