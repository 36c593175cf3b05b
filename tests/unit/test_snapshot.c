/* State files: if this fails, a damaged or foreign file is taken for a conversation's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/snapshot.h"

static char dir[] = "/tmp/hiss-test-XXXXXX", path[64];

static struct snapshot make(void)
{
    struct snapshot k = {
        .arith = 1, .model = { 1, 2 }, .state = { 3, 4 }, .rolled = { 5, 6 },
        .n_pos = 9, .rows_from = 4, .rec_bytes = 64, .row_bytes = 24, .hidden_bytes = 32,
        .payload_bytes = 64 + 32 + 5 * 24,
    };
    k.payload = mem_alloc_aligned(k.payload_bytes);
    assert_non_null(k.payload);
    for (size_t i = 0; i < k.payload_bytes; i++)
        k.payload[i] = (unsigned char)rng_u64(1, i);
    return k;
}

static void write_it(const struct snapshot *k)
{
    struct err e = ERR_INIT;
    if (snapshot_write(k, path, &e))
        fail_msg("%s", e.msg);
}

static void same_header(const struct snapshot *a, const struct snapshot *b)
{
    assert_int_equal(a->arith, b->arith);
    assert_true(hash128_equal(a->model, b->model) && hash128_equal(a->state, b->state) && hash128_equal(a->rolled, b->rolled));
    assert_int_equal(a->n_pos, b->n_pos);
    assert_int_equal(a->rows_from, b->rows_from);
    assert_int_equal(a->rec_bytes, b->rec_bytes);
    assert_int_equal(a->row_bytes, b->row_bytes);
    assert_int_equal(a->hidden_bytes, b->hidden_bytes);
    assert_int_equal(a->payload_bytes, b->payload_bytes);
}

static void a_file_gives_back_what_was_kept(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct stat st;
    struct snapshot k = make(), back, head;
    write_it(&k);
    assert_int_equal(snapshot_read(&back, path, &e), 0);
    assert_int_equal(snapshot_peek(&head, path, &e), 0);
    assert_null(head.payload);
    assert_memory_equal(back.payload, k.payload, k.payload_bytes);
    same_header(&head, &k);
    same_header(&back, &k);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, snapshot_bytes(&k));
    snapshot_release(&k);
    snapshot_release(&back);
}

static void refused(const void *bytes, size_t n, const char *what, size_t at)
{
    struct err e = ERR_INIT;
    struct snapshot k;
    assert_int_equal(file_write(path, bytes, n, &e), 0);
    if (!snapshot_read(&k, path, &e))
        fail_msg("a state file %s at %zu was taken", what, at);
    assert_int_equal(e.code, ERR_FORMAT);
    assert_non_null(strstr(e.msg, path));
    assert_null(k.payload);
}

static void every_cut_and_every_wrong_bit_is_found(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str all = STR_INIT;
    struct snapshot k = make();
    write_it(&k);
    assert_int_equal(file_read(path, 1 << 20, &all, &e), 0);
    for (size_t n = 0; n < all.len; n += 7)
        refused(all.p, n, "cut", n);
    refused(all.p, all.len - 1, "cut", all.len - 1);
    for (size_t i = 0; i < all.len; i++) {
        if (i >= 160 && i % 5) /* the header everywhere, the payload here and there */
            continue;
        all.p[i] = (char)(all.p[i] ^ 1 << i % 8);
        refused(all.p, all.len, "changed", i);
        all.p[i] = (char)(all.p[i] ^ 1 << i % 8);
    }
    str_addc(&all, 'x');
    refused(all.p, all.len, "too long", all.len);
    str_release(&all);
    snapshot_release(&k);
}

static void missing_files_and_folders_are_said(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct snapshot k = make(), back;
    assert_int_equal(snapshot_read(&back, "/nowhere/state", &e), -1);
    assert_int_equal(e.code, ERR_NOTFOUND);
    assert_int_equal(snapshot_write(&k, "/nowhere/state", &e), -1);
    assert_non_null(strstr(e.msg, "/nowhere/state"));
    assert_int_equal(snapshot_read(&back, dir, &e), -1);
    snapshot_release(&k);
}

int main(void)
{
    if (!mkdtemp(dir))
        return 99;
    snprintf(path, sizeof path, "%s/state", dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gives_back_what_was_kept),
        cmocka_unit_test(every_cut_and_every_wrong_bit_is_found),
        cmocka_unit_test(missing_files_and_folders_are_said),
    };
    int failed = cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
    unlink(path);
    rmdir(dir);
    return failed;
}
