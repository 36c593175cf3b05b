noinst_LIBRARIES += src/token/libtoken.a
src_token_libtoken_a_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
src_token_libtoken_a_SOURCES = \
	src/token/tok.h src/token/vocab.h src/token/vocab.c src/token/ids.c \
	src/token/alphabet.h src/token/alphabet.c \
	src/token/pretok.h src/token/pretok.c \
	src/token/bpe.h src/token/bpe.c \
	src/token/spm.h src/token/spm.c \
	src/token/special.h src/token/special.c \
	src/token/encode.c src/token/decode.c \
	src/token/template.h src/token/template.c \
	src/token/arena.h src/token/arena.c \
	src/token/jinja_lex.h src/token/jinja_lex.c \
	src/token/jinja_ast.h src/token/jinja_parse.c \
	src/token/jinja_expr.c src/token/jinja_stmt.c \
	src/token/jinja_value.h src/token/jinja_value.c src/token/jinja_ops.c \
	src/token/jinja_eval.h src/token/jinja_eval.c src/token/jinja_exec.c \
	src/token/jinja_text.c src/token/jinja_filter.c src/token/jinja_test.c src/token/jinja_method.c
