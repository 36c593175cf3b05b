TESTS += tests/lint/rooms.sh
dist_check_SCRIPTS += tests/lint/rooms.sh
TESTS += tests/lint/commands.sh
dist_check_SCRIPTS += tests/lint/commands.sh
