TESTS += tests/golden/screens.sh
dist_check_SCRIPTS += tests/golden/screens.sh
EXTRA_DIST += $(srcdir)/tests/golden
