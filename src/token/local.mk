noinst_LIBRARIES += src/token/libtoken.a
src_token_libtoken_a_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
src_token_libtoken_a_SOURCES = \
	src/token/tok.h src/token/vocab.h src/token/vocab.c src/token/ids.c \
	src/token/alphabet.h src/token/alphabet.c \
	src/token/pretok.h src/token/pretok.c \
	src/token/bpe.h src/token/bpe.c \
	src/token/special.h src/token/special.c \
	src/token/encode.c src/token/decode.c \
	src/token/template.h
