# Every test speaks TAP, so that each case is counted.
TEST_EXTENSIONS = .sh
TEST_LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TEST_LOG_DRIVER)
SH_LOG_DRIVER = $(TEST_LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/lib/cmocka.sh
EXTRA_DIST += tests/lib/cmocka.sh
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	HISS='$(abs_top_builddir)/hiss'; export HISS;
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -I$(top_srcdir)/tests/lib
UNIT_LIBS = $(CMOCKA_LIBS)

include tests/unit/base.mk
include tests/unit/model.mk
include tests/unit/token.mk
include tests/unit/engine.mk
include tests/unit/chat.mk
include tests/unit/ui.mk
include tests/unit/panels.mk
include tests/kcheck/local.mk
include tests/bench/local.mk
include tests/cli/local.mk
include tests/golden/local.mk
include tests/pty/local.mk
include tests/lint/local.mk
