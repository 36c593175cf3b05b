noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_CPPFLAGS = $(AM_CPPFLAGS) $(XXHASH_CFLAGS) $(NETTLE_CFLAGS) \
	-DHISS_SHAREDIR='"$(pkgdatadir)"'
src_base_libbase_a_SOURCES = \
	src/base/err.c src/base/err.h \
	src/base/mem.c src/base/mem.h \
	src/base/str.c src/base/str.h \
	src/base/utf8.c src/base/utf8.h \
	src/base/map.c src/base/map.h \
	src/base/file.c src/base/file.h \
	src/base/path.c src/base/path.h \
	src/base/hash.c src/base/hash.h \
	src/base/number.c src/base/number.h \
	src/base/rng.c src/base/rng.h \
	src/base/clock.c src/base/clock.h \
	src/base/pool.c src/base/pool.h \
	src/base/chan.c src/base/chan.h \
	src/base/gate.c src/base/gate.h
