/* base: if these fail, sizes overflow, text is cut inside characters, or threads lose work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/pool.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/utf8.h"

static void sizes_do_not_wrap(void **state)
{
    (void)state;
    size_t n;
    assert_true(mem_mul(3, 5, &n) && n == 15);
    assert_false(mem_mul(SIZE_MAX / 2, 3, &n));
    assert_false(mem_add(SIZE_MAX, 1, &n));
    assert_null(mem_alloc(SIZE_MAX / 2, 4));
}

static void strings_hold_nuls_and_grow(void **state)
{
    (void)state;
    struct str s = STR_INIT;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(str_addf(&s, "%d,", i), 0);
    assert_int_equal(str_add(&s, "a\0b", 3), 0);
    assert_int_equal(s.len, 3890 + 3);
    assert_memory_equal(s.p + s.len - 3, "a\0b", 4);
    char *z = str_take(&s);
    assert_non_null(z);
    assert_null(s.p);
    free(z);
}

static void utf8_takes_what_rfc3629_allows(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char b[4];
        uint32_t back;
        bool ok;
        size_t n = utf8_encode(cp, b);
        assert_int_equal(utf8_decode(b, n, &back, &ok), n);
        assert_int_equal(back, cp >= 0xD800 && cp <= 0xDFFF ? UTF8_REPLACEMENT : cp);
        assert_true(ok);
        for (size_t cut = 1; cut < n; cut++)
            assert_int_equal(utf8_pending(b, cut), cut);
        assert_int_equal(utf8_pending(b, n), 0);
    }
    static const char *const bad[] = { "\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
}

static void map_finds_what_was_put(void **state)
{
    (void)state;
    enum { N = 20000 };
    static char keys[N][12];
    struct map m = MAP_INIT;
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        assert_int_equal(map_put(&m, keys[i], strlen(keys[i]), (uint64_t)i), 1);
    }
    assert_int_equal(map_put(&m, keys[7], strlen(keys[7]), 70), 0);
    uint64_t v;
    for (int i = 0; i < N; i++) {
        assert_true(map_get(&m, keys[i], strlen(keys[i]), &v));
        assert_int_equal(v, i == 7 ? 70 : i);
    }
    assert_false(map_get(&m, "nope", 4, &v));
    map_release(&m);
}

static void hashes_are_the_published_ones(void **state)
{
    (void)state;
    char hex[SHA256_HEX], h[HASH128_HEX];
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct hash128 a = hash128("", 0), b;
    hash128_hex(a, h);
    assert_string_equal(h, "99aa06d3014798d86001c324468d497f"); /* XXH3_128bits("") */
    assert_true(hash128_parse(h, &b) && hash128_equal(a, b));
    assert_false(hash128_parse("xyz", &b));
    assert_false(hash128_equal(hash128_roll(a, "x", 1), hash128_roll(hash128("y", 1), "x", 1)));
}

static void random_numbers_are_uniform_enough(void **state)
{
    (void)state;
    double sum = 0;
    unsigned low = 0;
    enum { N = 100000 };
    for (uint64_t i = 0; i < N; i++) {
        double u = rng_unit(42, i);
        assert_true(u >= 0 && u < 1);
        sum += u;
        low += u < 0.1;
    }
    assert_true(sum / N > 0.497 && sum / N < 0.503);
    assert_true(low > 9700 && low < 10300);
    assert_true(rng_u64(1, 2) == rng_u64(1, 2) && rng_u64(1, 2) != rng_u64(2, 1));
}

struct tally {
    unsigned char seen[5000];
    unsigned sums[64];
};

static void count_part(void *arg, size_t part, unsigned member)
{
    struct tally *t = arg;
    t->seen[part]++;
    t->sums[member]++;
}

static void pool_runs_every_part_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 5; n++) {
        struct err e = ERR_INIT;
        struct pool *p = pool_new(n, &e);
        assert_non_null(p);
        for (size_t parts = 0; parts < 5000; parts = parts * 2 + 1) {
            for (int again = 0; again < 50; again++) {
                struct tally t = { { 0 }, { 0 } };
                pool_run(p, parts, count_part, &t);
                for (size_t i = 0; i < parts; i++)
                    assert_int_equal(t.seen[i], 1);
            }
        }
        pool_free(p);
    }
}

static void files_are_replaced_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/hiss-test-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct str path = STR_INIT, got = STR_INIT;
    struct err e = ERR_INIT;
    str_addf(&path, "%s/a/b", dir);
    assert_int_equal(file_mkdirs(path.p, &e), 0);
    str_adds(&path, "/f");
    assert_int_equal(file_read(path.p, 100, &got, &e), -1);
    assert_int_equal(e.code, ERR_NOTFOUND);
    assert_int_equal(file_write(path.p, "one", 3, &e), 0);
    assert_int_equal(file_write(path.p, "second", 6, &e), 0);
    assert_int_equal(file_read(path.p, 100, &got, &e), 0);
    assert_string_equal(got.p, "second");
    str_clear(&got);
    assert_int_equal(file_read(path.p, 5, &got, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    struct file_map m;
    assert_int_equal(file_map_open(&m, path.p, &e), 0);
    assert_memory_equal(m.p, "second", 6);
    file_map_close(&m);
    assert_int_equal(file_map_open(&m, dir, &e), -1);
    str_release(&got);
    str_clear(&path);
    str_addf(&path, "rm -r %s", dir);
    assert_int_equal(system(path.p), 0);
    str_release(&path);
}

static void places_follow_xdg(void **state)
{
    (void)state;
    struct str p = STR_INIT;
    struct err e = ERR_INIT;
    unsetenv("HISS_HOME");
    setenv("HOME", "/home/u", 1);
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_int_equal(path_user(PATH_DATA, &p, &e, "chats/%s", "x"), 0);
    assert_string_equal(p.p, "/home/u/.local/share/hiss/chats/x");
    setenv("XDG_DATA_HOME", "/d", 1);
    assert_int_equal(path_user(PATH_DATA, &p, &e, "%s", ""), 0);
    assert_string_equal(p.p, "/d/hiss/");
    setenv("HISS_HOME", "/h", 1);
    assert_int_equal(path_user(PATH_CACHE, &p, &e, "states"), 0);
    assert_string_equal(p.p, "/h/cache/states");
    str_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_do_not_wrap),
        cmocka_unit_test(strings_hold_nuls_and_grow),
        cmocka_unit_test(utf8_takes_what_rfc3629_allows),
        cmocka_unit_test(map_finds_what_was_put),
        cmocka_unit_test(hashes_are_the_published_ones),
        cmocka_unit_test(random_numbers_are_uniform_enough),
        cmocka_unit_test(pool_runs_every_part_once),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(places_follow_xdg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
