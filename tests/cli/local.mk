# Tests of the program as a user calls it.
CLI_TESTS = \
	tests/cli/options.sh
TESTS += $(CLI_TESTS)
dist_check_SCRIPTS += $(CLI_TESTS)
EXTRA_DIST += tests/lib/tap.sh
