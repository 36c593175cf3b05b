bin_PROGRAMS += hiss
hiss_SOURCES = \
	src/cmd/main.c src/cmd/cmd.h \
	src/cmd/cmd.c \
	src/cmd/open.c \
	src/cmd/opts.c src/cmd/opts.h \
	src/cmd/chat.c \
	src/cmd/ask.c src/cmd/ask.h src/cmd/ask_run.c src/cmd/ask_persona.c \
	src/cmd/chat_cli.c src/cmd/chat_cli.h \
	src/cmd/chats.c src/cmd/chats_show.c src/cmd/chats.h \
	src/cmd/replay.c \
	src/cmd/models.c \
	src/cmd/tokenize.c \
	src/cmd/logits.c \
	src/cmd/perplexity.c \
	src/cmd/bench.c src/cmd/bench.h src/cmd/bench_measure.c src/cmd/bench_limits.c \
	src/cmd/bench_positions.c src/cmd/bench_json.c src/cmd/bench_plot.c \
	src/cmd/bench_report.c
if SANITIZE
hiss_SOURCES += src/cmd/sanitize.c
else
EXTRA_DIST += src/cmd/sanitize.c
endif
hiss_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS) -include config.h
hiss_LDADD = $(LIBS_UI)
