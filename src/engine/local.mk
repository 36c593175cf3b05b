noinst_LIBRARIES += src/engine/libengine.a
src_engine_libengine_a_CPPFLAGS = $(AM_CPPFLAGS) \
	-DHISS_MODELS_INSTALLED='"$(pkgdatadir)/models"' -DHISS_MODELS_SOURCE='"$(abs_top_srcdir)/models"'
src_engine_libengine_a_SOURCES = \
	src/engine/lm.c src/engine/lm.h \
	src/engine/lm_find.c \
	src/engine/session.c src/engine/session.h \
	src/engine/snapshot.c src/engine/snapshot.h \
	src/engine/sampler.c src/engine/sampler.h \
	src/engine/stop.c src/engine/stop.h \
	src/engine/generate.c src/engine/generate.h
