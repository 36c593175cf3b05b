# Tests of the program as a user calls it.
CLI_TESTS = \
	tests/cli/options.sh \
	tests/cli/badinput.sh \
	tests/cli/numbers.sh \
	tests/cli/samebits.sh \
	tests/cli/ask.sh \
	tests/cli/ask_stop.sh \
	tests/cli/chat.sh \
	tests/cli/reopen.sh \
	tests/cli/embedded.sh \
	tests/cli/chats.sh \
	tests/cli/facts.sh \
	tests/cli/linear.sh \
	tests/cli/waiting.sh \
	tests/cli/replay.sh \
	tests/cli/tiny.sh
TESTS += $(CLI_TESTS)
dist_check_SCRIPTS += $(CLI_TESTS)
EXTRA_DIST += tests/lib/tap.sh tests/data/tiny.gguf

# A maker of tiny models.
check_PROGRAMS += tests/lib/mkmodel
tests_lib_mkmodel_SOURCES = tests/lib/mkmodel.c tests/lib/chatmodel.c tests/lib/chatmodel.h
tests_lib_mkmodel_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_lib_mkmodel_LDADD = tests/lib/libfixture.a $(LIBS_KERN) $(LIBS_BASE)
