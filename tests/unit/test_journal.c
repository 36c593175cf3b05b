/* journal and writer: if these fail, a crash, a full disk or a second window loses somebody's conversation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"
#include "chat/journal.h"
#include "chat/writer.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/hiss-journal-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char cmd[256];
    snprintf(cmd, sizeof cmd, "chmod -R u+w %s; rm -r %s", dir, dir);
    return system(cmd);
}

static const char *file(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int join_line(void *arg, const char *line, size_t n, size_t number, struct err *e)
{
    (void)e;
    (void)number;
    struct str *s = arg;
    str_add(s, line, n);
    return str_addc(s, '|');
}

static struct journal *open_all(const char *name, enum journal_mode mode, struct str *lines)
{
    struct err e = ERR_INIT;
    str_clear(lines);
    struct journal *j = journal_open(file(name), mode, join_line, lines, &e);
    if (!j)
        print_error("%s\n", e.msg);
    return j;
}

static void lines_come_back(void **state)
{
    (void)state;
    struct str got = STR_INIT;
    struct err e = ERR_INIT;
    assert_null(journal_open(file("deep/chats/a"), JOURNAL_WRITE, NULL, NULL, &e));
    assert_int_equal(e.code, ERR_NOTFOUND);
    struct journal *j = open_all("deep/chats/a", JOURNAL_CREATE, &got);
    assert_non_null(j);
    assert_true(journal_writable(j));
    assert_int_equal(journal_append(j, "one\n", 4, &e), 0);
    assert_int_equal(journal_append(j, "two\nthree\n", 10, &e), 0);
    journal_close(j);
    j = open_all("deep/chats/a", JOURNAL_READ, &got);
    assert_string_equal(got.p, "one|two|three|");
    assert_false(journal_writable(j));
    assert_int_equal(journal_append(j, "x\n", 2, &e), -1);
    journal_close(j);
    struct stat st;
    assert_int_equal(stat(file("deep/chats/a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    str_release(&got);
}

static void a_torn_line_is_kept_aside_at_every_cut(void **state)
{
    (void)state;
    static const char whole[] = "first line\nsecond\nthe third one\n";
    struct str got = STR_INIT, aside = STR_INIT;
    struct err e = ERR_INIT;
    for (size_t cut = 0; cut < sizeof whole; cut++) {
        unlink(file("t"));
        assert_int_equal(file_write(file("t"), whole, cut, &e), 0);
        size_t keep = cut;
        while (keep && whole[keep - 1] != '\n')
            keep--;
        struct journal *j = open_all("t", JOURNAL_READ, &got); /* a reader changes nothing */
        assert_int_equal(journal_torn(j), cut - keep);
        assert_string_equal(journal_torn_path(j), "");
        journal_close(j);
        j = open_all("t", JOURNAL_WRITE, &got);
        assert_int_equal(journal_bytes(j), keep);
        assert_int_equal(journal_torn(j), cut - keep);
        if (cut > keep) {
            str_clear(&aside);
            assert_int_equal(file_read(journal_torn_path(j), 100, &aside, &e), 0);
            assert_int_equal(aside.len, cut - keep);
            assert_memory_equal(aside.p, whole + keep, aside.len);
            unlink(journal_torn_path(j));
        }
        assert_int_equal(journal_append(j, "next\n", 5, &e), 0);
        journal_close(j);
        journal_close(open_all("t", JOURNAL_READ, &got));
        assert_int_equal(got.len, keep + 5);
    }
    str_release(&got);
    str_release(&aside);
}

static void a_second_window_reads_only(void **state)
{
    (void)state;
    struct str got = STR_INIT;
    struct err e = ERR_INIT;
    struct journal *a = open_all("lock", JOURNAL_CREATE, &got), *b;
    journal_append(a, "x\n", 2, &e);
    b = open_all("lock", JOURNAL_CREATE, &got);
    assert_string_equal(got.p, "x|");
    assert_false(journal_writable(b));
    assert_int_equal(journal_why(b)->code, ERR_BUSY);
    assert_int_equal(journal_append(b, "y\n", 2, &e), -1);
    assert_int_equal(e.code, ERR_BUSY);
    journal_close(b);
    assert_int_equal(journal_replace(a, "z\n", 2, &e), 0); /* the lock goes over to the new file */
    b = open_all("lock", JOURNAL_WRITE, &got);
    assert_false(journal_writable(b));
    assert_string_equal(got.p, "z|");
    journal_close(b);
    assert_int_equal(journal_append(a, "w\n", 2, &e), 0);
    journal_close(a);
    b = open_all("lock", JOURNAL_WRITE, &got);
    assert_true(journal_writable(b));
    assert_string_equal(got.p, "z|w|");
    journal_close(b);
    str_release(&got);
}

static void a_read_only_file_can_be_read(void **state)
{
    (void)state;
    struct str got = STR_INIT;
    struct err e = ERR_INIT;
    uid_t me = geteuid();
    file_write(file("ro"), "x\n", 2, &e);
    chmod(dir, 0755);
    chmod(file("ro"), 0444);
    if (me == 0) /* root may write everywhere */
        assert_int_equal(seteuid(65534), 0);
    struct journal *j = open_all("ro", JOURNAL_CREATE, &got);
    if (me == 0)
        assert_int_equal(seteuid(0), 0);
    assert_non_null(j);
    assert_false(journal_writable(j));
    assert_int_equal(journal_why(j)->code, ERR_IO);
    journal_close(j);
    str_release(&got);
}

/* Stands in for a full disk: the system refuses to let files grow beyond the limit. */
static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &r);
}

static void a_full_disk_loses_nothing_acknowledged(void **state)
{
    (void)state;
    struct str got = STR_INIT;
    struct err e = ERR_INIT;
    struct journal *j = open_all("full", JOURNAL_CREATE, &got);
    assert_int_equal(journal_append(j, "safe\n", 5, &e), 0);
    limit_files(12);
    assert_int_equal(journal_append(j, "does not fit\n", 13, &e), -1);
    limit_files(RLIM_INFINITY);
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.msg, "full"));
    struct stat st;
    stat(file("full"), &st);
    assert_int_equal(st.st_size, 5); /* not half a line */
    assert_int_equal(journal_append(j, "again\n", 6, &e), 0);
    journal_close(j);
    journal_close(open_all("full", JOURNAL_READ, &got));
    assert_string_equal(got.p, "safe|again|");
    str_release(&got);
}

static void the_writer_keeps_order_and_tries_again(void **state)
{
    (void)state;
    struct str got = STR_INIT, want = STR_INIT;
    struct err e = ERR_INIT;
    struct journal *j = open_all("w", JOURNAL_CREATE, &got);
    struct writer *w = writer_new(j, NULL, NULL, &e);
    uint64_t last = 0;
    for (int i = 0; i < 500; i++) {
        char line[16];
        int n = snprintf(line, sizeof line, "%d\n", i);
        last = writer_put(w, line, (size_t)n);
        str_addf(&want, "%d|", i);
        if (i % 100 == 0)
            assert_int_equal(writer_wait(w, last, &e), 0);
    }
    assert_int_equal(writer_wait(w, last, &e), 0);
    assert_int_equal(writer_acknowledged(w), 500);
    limit_files((rlim_t)journal_bytes(j));
    last = writer_put(w, "a\n", 2);
    assert_int_equal(writer_wait(w, last, &e), -1);
    assert_non_null(strstr(e.msg, "/w"));
    uint64_t after = writer_put(w, "b\n", 2);
    assert_int_equal(writer_wait(w, after, &e), -1);
    assert_int_equal(writer_acknowledged(w), 500);
    limit_files(RLIM_INFINITY);
    assert_int_equal(writer_wait(w, after, &e), 0); /* room again: both, in order */
    assert_int_equal(writer_free(w, &e), 0);
    journal_close(j);
    str_adds(&want, "a|b|");
    journal_close(open_all("w", JOURNAL_READ, &got));
    assert_string_equal(got.p, want.p);
    str_release(&got);
    str_release(&want);
}

static void a_killed_writer_leaves_whole_lines(void **state)
{
    (void)state;
    struct str got = STR_INIT;
    struct err e = ERR_INIT;
    int told[2];
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (!child) {
        struct journal *j = journal_open(file("k"), JOURNAL_CREATE, NULL, NULL, &e);
        for (int i = 0;; i++) {
            char line[64];
            int n = snprintf(line, sizeof line, "line %d of many\n", i);
            if (!j || journal_append(j, line, (size_t)n, &e) || write(told[1], "x", 1) != 1)
                _exit(1);
        }
    }
    char x[40];
    size_t acknowledged = 0;
    while (acknowledged < sizeof x) {
        ssize_t n = read(told[0], x, sizeof x - acknowledged);
        assert_true(n > 0);
        acknowledged += (size_t)n;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct journal *j = open_all("k", JOURNAL_WRITE, &got);
    assert_true(journal_writable(j)); /* the lock died with its holder */
    size_t lines = 0;
    for (size_t i = 0; i < got.len; i++)
        lines += got.p[i] == '|';
    assert_true(lines >= acknowledged);
    journal_close(j);
    close(told[0]);
    close(told[1]);
    str_release(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(a_torn_line_is_kept_aside_at_every_cut),
        cmocka_unit_test(a_second_window_reads_only),
        cmocka_unit_test(a_read_only_file_can_be_read),
        cmocka_unit_test(a_full_disk_loses_nothing_acknowledged),
        cmocka_unit_test(the_writer_keeps_order_and_tries_again),
        cmocka_unit_test(a_killed_writer_leaves_whole_lines),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
