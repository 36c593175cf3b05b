/* What Up recalls. If this fails, what was sent from one window is gone when another one ends, or is recalled in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <readline/history.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "ui/recall.h"

enum { KEPT = 2000, PER_WINDOW = 1200 };

static char folder[] = "/tmp/hiss-recall-XXXXXX", path[64];

static const char *entry(int i)
{
    return history_get(history_base + i)->line;
}

static void open_anew(void)
{
    struct err e = ERR_INIT;
    recall_close();
    clear_history();
    assert_int_equal(recall_open(path, &e), 0);
}

static void add(const char *line)
{
    struct err e = ERR_INIT;
    assert_int_equal(recall_add(line, true, &e), 0);
}

static void put(const char *text)
{
    struct err e;
    assert_int_equal(file_write(path, text, strlen(text), &e), 0);
}

static void expect_file(const char *want)
{
    struct str s = STR_INIT;
    struct err e;
    assert_int_equal(file_read(path, 1 << 20, &s, &e), 0);
    assert_string_equal(str_z(&s), want);
    str_release(&s);
}

static int begin(void **state)
{
    (void)state;
    remove(path);
    recall_close();
    clear_history();
    return 0;
}

static void lines_come_back_as_they_were_sent(void **state)
{
    (void)state;
    static const char *const sent[] = { "one", "two\nlines", "#1 is a row\n#2 too\n#3", "a blank\n\nrow", "its end is a blank row\n", "one" };
    enum { N = sizeof sent / sizeof *sent };
    open_anew();
    for (int i = 0; i < N; i++)
        add(sent[i]);
    add("one");
    open_anew();
    assert_int_equal(history_length, N);
    for (int i = 0; i < N; i++)
        assert_string_equal(entry(i), sent[i]);
}

static void files_without_times_are_read(void **state)
{
    (void)state;
    put("first\nsecond\n#1700000000\nthird\nof two rows\n");
    open_anew();
    assert_int_equal(history_length, 3);
    assert_string_equal(entry(1), "second");
    assert_string_equal(entry(2), "third\nof two rows");
}

/* Entries are counted, not rows: long ones push nothing out. */
static void long_entries_are_whole(void **state)
{
    (void)state;
    char text[4 * 1500 + 1];
    open_anew();
    add("short");
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 1500; k++)
            snprintf(text + 4 * k, 5, "%c%02d\n", 'a' + i, k % 100);
        add(text);
    }
    open_anew();
    open_anew();
    assert_int_equal(history_length, 4);
    assert_string_equal(entry(0), "short");
    assert_string_equal(entry(3), text);
}

static void add_many(const char *window)
{
    char line[64];
    for (int i = 0; i < PER_WINDOW; i++) {
        snprintf(line, sizeof line, "%s\n%d", window, i);
        add(line);
    }
}

/* Both add at once, more than is kept, and the one that ends last began before the other. */
static void windows_add_beside_each_other(void **state)
{
    (void)state;
    char begun[] = "nothing", last[64];
    int status, n_first = 0, n_second = 0;
    open_anew();
    add(begun);
    pid_t second = fork();
    if (!second) {
        open_anew();
        add_many("second");
        _exit(0);
    }
    add_many("first");
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_int_equal(status, 0);
    open_anew();
    assert_int_equal(history_length, KEPT);
    for (int i = 0; i < KEPT; i++) {
        bool of_first = !strncmp(entry(i), "first\n", 6);
        assert_true(of_first || !strncmp(entry(i), "second\n", 7));
        n_first += of_first;
        n_second += !of_first;
        snprintf(last, sizeof last, "%s", entry(i) + (of_first ? 6 : 7));
    }
    assert_string_equal(last, "1199"); /* the newest of the one that ended last */
    assert_true(n_first > 0 && n_second > 0 && n_first <= PER_WINDOW && n_second <= PER_WINDOW);
    open_anew(); /* shortened on disk, too */
    assert_int_equal(history_length, KEPT);
    struct str all = STR_INIT;
    struct err e;
    assert_int_equal(file_read(path, 1 << 20, &all, &e), 0);
    assert_null(strstr(str_z(&all), begun));
    str_release(&all);
}

static void a_torn_row_takes_nothing_with_it(void **state)
{
    (void)state;
    put("#1700000000\nwhole\n#1700000001\nto");
    open_anew();
    assert_int_equal(history_length, 2);
    assert_string_equal(entry(1), "to");
    add("after it");
    open_anew();
    assert_int_equal(history_length, 3);
    assert_string_equal(entry(1), "to");
    assert_string_equal(entry(2), "after it");
}

static void what_cannot_be_read_is_left(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(recall_open(path, &e), -1);
    assert_non_null(strstr(e.msg, "left as it is"));
    assert_non_null(strstr(e.msg, path));
    assert_int_equal(recall_add("only here", true, &e), 0);
    assert_string_equal(entry(0), "only here");
    assert_int_equal(rmdir(path), 0);
}

/* A full disk: half of what is added would fit. */
static void what_cannot_be_written_leaves_no_piece(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct rlimit was, full;
    put("#1700000000\nthere\n");
    open_anew();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    full = was;
    full.rlim_cur = 30;
    setrlimit(RLIMIT_FSIZE, &full);
    int r = recall_add("a message of many bytes", true, &e), again = recall_add("another", true, NULL);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(r, -1);
    assert_non_null(strstr(e.msg, "in this window only"));
    assert_int_equal(again, 0); /* told once */
    assert_int_equal(history_length, 3);
    expect_file("#1700000000\nthere\n");
}

/* The file is shortened where a link leads, and the link stays. */
static void links_stay(void **state)
{
    (void)state;
    char aside[80];
    struct stat st;
    snprintf(aside, sizeof aside, "%s/aside", folder);
    FILE *f = fopen(aside, "w");
    assert_non_null(f);
    for (int i = 0; i <= KEPT; i++)
        fprintf(f, "#1700000000\nline %d\n", i);
    fclose(f);
    assert_int_equal(symlink("aside", path), 0);
    open_anew();
    assert_int_equal(history_length, KEPT);
    assert_string_equal(entry(0), "line 1");
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    remove(aside);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/history", folder);
    return 0;
}

static int remove_folder(void **state)
{
    char lock[80];
    (void)state;
    recall_close();
    clear_history();
    remove(path);
    snprintf(lock, sizeof lock, "%s.lock", path);
    remove(lock);
    snprintf(lock, sizeof lock, "%s/aside.lock", folder);
    remove(lock);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_come_back_as_they_were_sent, begin),
        cmocka_unit_test_setup(files_without_times_are_read, begin),
        cmocka_unit_test_setup(long_entries_are_whole, begin),
        cmocka_unit_test_setup(windows_add_beside_each_other, begin),
        cmocka_unit_test_setup(a_torn_row_takes_nothing_with_it, begin),
        cmocka_unit_test_setup(what_cannot_be_read_is_left, begin),
        cmocka_unit_test_setup(what_cannot_be_written_leaves_no_piece, begin),
        cmocka_unit_test_setup(links_stay, begin),
    };
    return cmocka_run_group_tests_name("recall", tests, make_folder, remove_folder);
}
