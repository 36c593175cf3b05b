/* gguf: if these fail, a damaged or hostile model file crashes hiss, reads foreign memory, or is taken for a good one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/str.h"
#include "fixture.h"
#include "model/gguf.h"

static char dir[] = "/tmp/hiss-gguf-XXXXXX";

/* The worked file: made by another program (gguf-py), so reader and writer are not merely two of a kind. */
static const char worked_hex[] =
    "474755460300000002000000000000000300000000000000140000000000000067656e6572616c2e61726368697465637475726508000000"
    "05000000000000006d616d6261010000000000000061090000000500000003000000000000000100000000000000020000000100000000"
    "000000620700000001010000000000000077020000000300000000000000020000000000000000000000000000000000000001000000"
    "0000000076010000000200000000000000000000002000000000000000"
    "000000000000000000000000000000000000000000000000000000000000"
    "000000000000803f0000004000004040000080400000a0400000000000000000"
    "0000104100000041000000000000000000000000000000000000000000000000";
enum { WORKED_BYTES = 288 };

static void worked_file(struct str *out)
{
    for (const char *c = worked_hex; *c; c += 2) {
        unsigned byte;
        assert_int_equal(sscanf(c, "%2x", &byte), 1);
        str_addc(out, (char)byte);
    }
    assert_int_equal(out->len, WORKED_BYTES);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static const char *save(const char *name, const void *p, size_t n)
{
    const char *path = path_of(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

/* Touches everything a reader can ask for, so that a sanitizer sees what would be read. */
static unsigned touch(const struct gguf *g)
{
    struct str line = STR_INIT;
    unsigned sum = 0;
    for (size_t i = 0; i < gguf_n_kv(g); i++)
        gguf_kv_print(g, i, &line);
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        for (size_t b = 0; b < t->bytes; b++)
            sum += t->data[b];
    }
    sum += (unsigned)line.len;
    str_release(&line);
    return sum;
}

/* The file of these bytes must be refused by a sentence that names it; returns the sentence. */
static const char *refused(const void *p, size_t n)
{
    static struct err e;
    const char *path = save("bad.gguf", p, n);
    e = (struct err)ERR_INIT;
    struct gguf *g = gguf_open(path, &e);
    if (g)
        print_error("a bad file of %zu bytes was taken\n", n);
    assert_null(g);
    assert_int_not_equal(e.code, ERR_OK);
    assert_non_null(strstr(e.msg, path));
    assert_true(strchr(e.msg, ';') || strchr(e.msg, ':')); /* what is wrong, then what to do */
    return e.msg;
}

static void the_worked_file_reads_as_written(void **state)
{
    (void)state;
    struct str bytes = STR_INIT, line = STR_INIT;
    struct err e = ERR_INIT;
    worked_file(&bytes);
    struct gguf *g = gguf_open(save("worked.gguf", bytes.p, bytes.len), &e);
    assert_non_null(g);
    struct gguf_str s;
    bool b;
    int64_t v;
    enum gguf_kind kind;
    size_t n;
    assert_true(gguf_string(g, "general.architecture", &s) && s.n == 5 && !memcmp(s.p, "mamba", 5));
    assert_true(gguf_array(g, "a", &kind, &n) && kind == GGUF_I32 && n == 3);
    assert_true(gguf_array_i64(g, "a", 2, &v) && v == 2);
    assert_false(gguf_array_i64(g, "a", 3, &v));
    assert_true(gguf_bool(g, "b", &b) && b);
    assert_false(gguf_has(g, "c"));
    const struct gguf_tensor *w = gguf_tensor(g, "w"), *t = gguf_tensor(g, "v");
    assert_true(w && w->ne[0] == 3 && w->ne[1] == 2 && w->ne[2] == 1 && w->bytes == 24 && w->offset == 224);
    assert_memory_equal(t->data, ((float[]){ 9, 8 }), 8);
    gguf_kv_print(g, 1, &line);
    assert_string_equal(line.p, "[3] 1, 0, 2");
    gguf_close(g);
    bytes.p[4] = 2; /* version 2 differs in nothing else */
    assert_non_null(g = gguf_open(save("v2.gguf", bytes.p, bytes.len), &e));
    gguf_close(g);
    str_release(&bytes);
    str_release(&line);
}

static void our_writer_makes_the_worked_file(void **state)
{
    (void)state;
    struct gguf_writer w;
    struct str theirs = STR_INIT, ours = STR_INIT;
    worked_file(&theirs);
    gw_init(&w);
    gw_string(&w, "general.architecture", "mamba");
    gw_i32s(&w, "a", (int32_t[]){ 1, 0, 2 }, 3);
    gw_bool(&w, "b", true);
    gw_tensor(&w, "w", 0, (uint64_t[]){ 3, 2 }, 2, (float[]){ 0, 1, 2, 3, 4, 5 }, 24);
    gw_tensor(&w, "v", 0, (uint64_t[]){ 2 }, 1, (float[]){ 9, 8 }, 8);
    gw_bytes(&w, &ours);
    assert_int_equal(ours.len, theirs.len);
    assert_memory_equal(ours.p, theirs.p, ours.len);
    gw_release(&w);
    str_release(&theirs);
    str_release(&ours);
}

static void a_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    struct str bytes = STR_INIT;
    worked_file(&bytes);
    for (size_t n = 0; n < 256 + 8; n++) /* the padding after the last tensor may be missing */
        refused(bytes.p, n);
    assert_non_null(strstr(refused(bytes.p, 250), "cut short"));
    str_release(&bytes);
}

static void flipped_bits_never_crash(void **state)
{
    (void)state;
    enum { ROUNDS = 3000 };
    struct gguf_writer w;
    struct str good = STR_INIT;
    gw_init(&w);
    assert_true(fixture_build(&w, "mamba2", KERN_Q8_0));
    gw_strings(&w, "names", (const char *const[]){ "one", "", "three" }, 3);
    gw_bytes(&w, &good);
    uint64_t seed = 20261125;
    size_t head = w.kv.len + w.info.len + 24, taken = 0; /* all but the tensors' bytes */
    char *bad = malloc(head);
    FILE *f = fopen(save("flip.gguf", good.p, good.len), "r+b");
    assert_true(bad && f);
    for (uint64_t i = 0; i < ROUNDS; i++) {
        memcpy(bad, good.p, head);
        for (uint64_t flips = rng_u64(seed, 3 * i) % 4 + 1; flips; flips--) {
            uint64_t r = rng_u64(seed, 1000000 + 8 * i + flips);
            bad[r % head] ^= (char)(1 << (r >> 40) % 8);
        }
        rewind(f);
        assert_true(fwrite(bad, 1, head, f) == head && !fflush(f));
        struct err e = ERR_INIT;
        struct gguf *g = gguf_open(path_of("flip.gguf"), &e);
        if (!g && e.code == ERR_OK)
            fail_msg("seed %llu round %llu: refused without a word", (unsigned long long)seed, (unsigned long long)i);
        if (g)
            taken += touch(g) != 1;
        gguf_close(g);
    }
    fclose(f);
    assert_true(taken > 0 && taken < ROUNDS);
    free(bad);
    str_release(&good);
    gw_release(&w);
}

/* Puts a little-endian u64 (n = 8) or u32 (n = 4) at a place of the worked file, and demands a refusal that says so. */
static void refuse_patched(size_t at, uint64_t v, int n, const char *says)
{
    struct str bytes = STR_INIT;
    worked_file(&bytes);
    for (int i = 0; i < n; i++)
        bytes.p[at + (size_t)i] = (char)(v >> 8 * i);
    const char *msg = refused(bytes.p, bytes.len);
    if (!strstr(msg, says))
        fail_msg("patched at %zu: \"%s\" does not say \"%s\"", at, msg, says);
    str_release(&bytes);
}

static void hostile_fields_are_named(void **state)
{
    (void)state;
    enum { N_TENSOR = 8, N_KV = 16, KEY_LEN = 24, KIND = 0x34, A_ELEM = 0x52, A_COUNT = 0x56, W_LEN = 0x78, W_DIMS = 0x81,
           W_NE0 = 0x85, W_NE1 = 0x8D, W_TYPE = 0x95, W_OFFSET = 0x99, V_NAME = 0xA9, V_NE0 = 0xAE, V_OFFSET = 0xBA };
    refuse_patched(0, 0x46554748, 4, "not a GGUF file");
    refuse_patched(4, 1, 4, "version 1");
    refuse_patched(4, 4, 4, "version 4");
    refuse_patched(4, 0x03000000, 4, "big-endian");
    refuse_patched(N_TENSOR, UINT64_MAX, 8, "tensors, more than fit");
    refuse_patched(N_TENSOR, 1 << 20, 8, "tensors, more than fit");
    refuse_patched(N_KV, (uint64_t)1 << 63, 8, "metadata keys, more than fit");
    refuse_patched(KEY_LEN, UINT64_MAX, 8, "claims");
    refuse_patched(KEY_LEN, 0, 8, "0 bytes (1 to");
    refuse_patched(KIND, 13, 4, "unknown type 13");
    refuse_patched(A_ELEM, 9, 4, "unknown type 9"); /* arrays of arrays */
    refuse_patched(A_COUNT, (uint64_t)1 << 62, 8, "claims");
    refuse_patched(A_COUNT, 1000, 8, "claims");
    refuse_patched(W_LEN, 64, 8, "64 bytes (1 to 63");
    refuse_patched(W_DIMS, 5, 4, "more than four dimensions");
    refuse_patched(W_NE0, 0, 8, "dimension of zero");
    refuse_patched(W_NE1, 0, 8, "dimension of zero");
    refuse_patched(W_NE0, UINT64_MAX, 8, "more elements than");
    refuse_patched(W_NE1, (uint64_t)1 << 62, 8, "more elements than");
    refuse_patched(W_NE1, 1000, 8, "cut short");
    refuse_patched(W_TYPE, 4, 4, "does not know"); /* removed */
    refuse_patched(W_TYPE, 99, 4, "does not know");
    refuse_patched(W_TYPE, 8, 4, "whole number of blocks");
    refuse_patched(W_OFFSET, 16, 8, "not aligned");
    refuse_patched(V_OFFSET, 0, 8, "over another tensor");
    refuse_patched(V_OFFSET, UINT64_MAX - 31, 8, "cut short");
    refuse_patched(V_NE0, 100, 8, "cut short");
    refuse_patched(V_NAME, 'w', 1, "stands twice");
}

static void doubled_keys_and_odd_alignments_are_refused(void **state)
{
    (void)state;
    static const uint32_t odd[] = { 0, 3, 48, 1u << 21 };
    for (size_t i = 0; i < 5; i++) {
        struct gguf_writer w;
        struct str bytes = STR_INIT;
        gw_init(&w);
        gw_u32(&w, "general.alignment", i < 4 ? odd[i] : 32);
        if (i == 4)
            gw_u32(&w, "general.alignment", 32);
        gw_bytes(&w, &bytes);
        const char *msg = refused(bytes.p, bytes.len);
        assert_non_null(strstr(msg, i == 4 ? "stands twice" : "power of two"));
        gw_release(&w);
        str_release(&bytes);
    }
}

static void messages_cannot_steer_a_terminal(void **state)
{
    (void)state;
    struct gguf_writer w;
    struct str bytes = STR_INIT;
    gw_init(&w);
    gw_tensor(&w, "\033[2Jx", 99, (uint64_t[]){ 2 }, 1, "12345678", 8);
    gw_bytes(&w, &bytes);
    const char *msg = refused(bytes.p, bytes.len);
    assert_null(strchr(msg, '\033'));
    gw_release(&w);
    str_release(&bytes);
}

/* ---- Split files ---- */

static void save_part(const char *name, int no, int count, int tensors, const char *arch, const char *tensor)
{
    struct gguf_writer w;
    gw_init(&w);
    if (arch)
        gw_string(&w, "general.architecture", arch);
    gw_u32(&w, "split.no", (uint32_t)no);
    gw_u32(&w, "split.count", (uint32_t)count);
    gw_u32(&w, "split.tensors.count", (uint32_t)tensors);
    float v[2] = { (float)no, 1 };
    gw_tensor(&w, tensor, 0, (uint64_t[]){ 2 }, 1, v, sizeof v);
    assert_int_equal(gw_save(&w, path_of(name)), 0);
    gw_release(&w);
}

static const char *split_refused(const char *first)
{
    static struct err e;
    e = (struct err)ERR_INIT;
    assert_null(gguf_open(path_of(first), &e));
    return e.msg;
}

static void split_files_open_as_one(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    save_part("m-00001-of-00003.gguf", 0, 3, 3, "llama", "a");
    save_part("m-00002-of-00003.gguf", 1, 3, 3, NULL, "b");
    assert_non_null(strstr(split_refused("m-00001-of-00003.gguf"), "m-00003-of-00003.gguf")); /* missing: named */
    save_part("m-00003-of-00003.gguf", 2, 3, 3, NULL, "c");
    struct gguf *g = gguf_open(path_of("m-00001-of-00003.gguf"), &e);
    assert_non_null(g);
    assert_int_equal(gguf_n_parts(g), 3);
    assert_int_equal(gguf_n_tensors(g), 3);
    const struct gguf_tensor *t = gguf_tensor(g, "c");
    assert_true(t && t->part == 2);
    assert_memory_equal(t->data, ((float[]){ 2, 1 }), 8);
    gguf_close(g);
    assert_non_null(strstr(split_refused("m-00002-of-00003.gguf"), "open the first part"));
}

static void foreign_parts_are_named(void **state)
{
    (void)state;
    save_part("f-00001-of-00002.gguf", 0, 2, 2, "llama", "a");
    save_part("f-00002-of-00002.gguf", 0, 2, 2, NULL, "b"); /* another first part under this name */
    assert_non_null(strstr(split_refused("f-00001-of-00002.gguf"), "f-00002-of-00002.gguf is not part 2"));
    save_part("f-00002-of-00002.gguf", 1, 2, 9, NULL, "b"); /* of a model with other tensors */
    assert_non_null(strstr(split_refused("f-00001-of-00002.gguf"), "f-00002-of-00002.gguf is not part 2"));
    save_part("f-00002-of-00002.gguf", 1, 2, 2, "mamba", "b");
    assert_non_null(strstr(split_refused("f-00001-of-00002.gguf"), "f-00002-of-00002.gguf is not part 2"));
    save_part("f-00002-of-00002.gguf", 1, 2, 2, NULL, "a");
    assert_non_null(strstr(split_refused("f-00001-of-00002.gguf"), "another part too"));
    save("f-00002-of-00002.gguf", "GGUF", 4);
    assert_non_null(strstr(split_refused("f-00001-of-00002.gguf"), "f-00002-of-00002.gguf is cut short"));
    save_part("renamed.gguf", 0, 2, 2, "llama", "a");
    assert_non_null(strstr(split_refused("renamed.gguf"), "give it its name back"));
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char cmd[64];
    snprintf(cmd, sizeof cmd, "rm -r %s", dir);
    return system(cmd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_file_reads_as_written),
        cmocka_unit_test(our_writer_makes_the_worked_file),
        cmocka_unit_test(a_cut_at_any_byte_is_refused),
        cmocka_unit_test(flipped_bits_never_crash),
        cmocka_unit_test(hostile_fields_are_named),
        cmocka_unit_test(doubled_keys_and_odd_alignments_are_refused),
        cmocka_unit_test(messages_cannot_steer_a_terminal),
        cmocka_unit_test(split_files_open_as_one),
        cmocka_unit_test(foreign_parts_are_named),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
