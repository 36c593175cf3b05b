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

CHAT_MODEL_SOURCES = tests/lib/chatmodel.c tests/lib/chatmodel.h

check_PROGRAMS += tests/unit/test_property
TESTS += tests/unit/test_property
tests_unit_test_property_SOURCES = tests/unit/test_property.c tests/lib/naive_chat.c tests/lib/naive_chat.h $(CHAT_MODEL_SOURCES)
tests_unit_test_property_CPPFLAGS = $(CHAT_CPPFLAGS)
tests_unit_test_property_LDADD = tests/lib/libfixture.a $(LIBS_CHAT) $(UNIT_LIBS)
