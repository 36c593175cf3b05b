check_PROGRAMS += tests/unit/test_sampler
TESTS += tests/unit/test_sampler
tests_unit_test_sampler_SOURCES = tests/unit/test_sampler.c
tests_unit_test_sampler_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_sampler_LDADD = $(LIBS_ENGINE) $(UNIT_LIBS)
