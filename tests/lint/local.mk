TESTS += tests/lint/rooms.sh
dist_check_SCRIPTS += tests/lint/rooms.sh
