TINYLM = tests/lib/tinylm.c tests/lib/tinylm.h tests/lib/chatmodel.c tests/lib/chatmodel.h
TINYLM_LIBS = tests/lib/libfixture.a $(LIBS_ENGINE) $(UNIT_LIBS)
ENGINE_TESTS = \
	tests/unit/test_sampler \
	tests/unit/test_session \
	tests/unit/test_snapshot \
	tests/unit/test_generate \
	tests/unit/test_lm
check_PROGRAMS += $(ENGINE_TESTS)
TESTS += $(ENGINE_TESTS)
tests_unit_test_sampler_SOURCES = tests/unit/test_sampler.c
tests_unit_test_sampler_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sampler_LDADD = $(LIBS_ENGINE) $(UNIT_LIBS)
tests_unit_test_session_SOURCES = tests/unit/test_session.c $(TINYLM)
tests_unit_test_session_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_session_LDADD = $(TINYLM_LIBS)
tests_unit_test_snapshot_SOURCES = tests/unit/test_snapshot.c
tests_unit_test_snapshot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_snapshot_LDADD = $(LIBS_ENGINE) $(UNIT_LIBS)
tests_unit_test_generate_SOURCES = tests/unit/test_generate.c $(TINYLM)
tests_unit_test_generate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_generate_LDADD = $(TINYLM_LIBS)
tests_unit_test_lm_SOURCES = tests/unit/test_lm.c $(TINYLM)
tests_unit_test_lm_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_lm_LDADD = $(TINYLM_LIBS)
