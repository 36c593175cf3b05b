TESTS += tests/golden/screens.sh
dist_check_SCRIPTS += tests/golden/screens.sh
GOLDEN_FILES = $(wildcard $(srcdir)/tests/golden/*.play $(srcdir)/tests/golden/*.txt $(srcdir)/tests/golden/*.jsonl)
EXTRA_DIST += $(patsubst $(srcdir)/%,%,$(GOLDEN_FILES))
