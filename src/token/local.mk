noinst_LIBRARIES += src/token/libtoken.a
src_token_libtoken_a_SOURCES =
src_token_libtoken_a_CPPFLAGS = $(AM_CPPFLAGS) $(PCRE2_CFLAGS)
