CHAT_CPPFLAGS = $(UNIT_CPPFLAGS) $(CJSON_CFLAGS)

check_PROGRAMS += tests/unit/test_journal
TESTS += tests/unit/test_journal
tests_unit_test_journal_SOURCES = tests/unit/test_journal.c
tests_unit_test_journal_CPPFLAGS = $(CHAT_CPPFLAGS)
tests_unit_test_journal_LDADD = $(LIBS_CHAT) $(UNIT_LIBS)

check_PROGRAMS += tests/unit/test_tree
TESTS += tests/unit/test_tree
tests_unit_test_tree_SOURCES = tests/unit/test_tree.c
tests_unit_test_tree_CPPFLAGS = $(CHAT_CPPFLAGS)
tests_unit_test_tree_LDADD = $(LIBS_CHAT) $(UNIT_LIBS)
