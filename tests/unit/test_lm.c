/* Finding and opening models: if this fails, a model by name is another one, or a file without what hiss needs is not
 * refused with its reason. */
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
#include "base/str.h"
#include "chatmodel.h"
#include "engine/lm.h"
#include "fixture.h"

static char root[] = "/tmp/hiss-test-XXXXXX";
static const char *const files[] = { "a/zebra.gguf", "a/hiss-small.gguf", "a/notes.txt", "b/apple.gguf",
                                     "b/big-00001-of-00002.gguf", "b/big-00002-of-00002.gguf", "b/zebra.gguf" };
enum { N_FILES = sizeof files / sizeof files[0] };

static const char *in_root(const char *below)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, below);
    return path[turn];
}

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str where = STR_INIT;
    if (!mkdtemp(root) || file_mkdirs(in_root("a"), &e) || file_mkdirs(in_root("b"), &e))
        return -1;
    for (size_t i = 0; i < N_FILES; i++) {
        if (file_write(in_root(files[i]), "x", 1, &e))
            return -1;
    }
    str_addf(&where, "/nowhere:%s/a::%s/b", root, root);
    setenv("HISS_MODEL_PATH", where.p, 1);
    setenv("HISS_HOME", root, 1);
    str_release(&where);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FILES; i++)
        unlink(in_root(files[i]));
    unlink(in_root("model.gguf"));
    rmdir(in_root("a"));
    rmdir(in_root("b"));
    return rmdir(root);
}

/* want: below root; NULL when nothing is to be found. */
static void finds(const char *name, const char *want)
{
    struct err e = ERR_INIT;
    struct str got = STR_INIT;
    int r = lm_find(name, &got, &e);
    if (want) {
        assert_int_equal(r, 0);
        assert_string_equal(got.p, in_root(want));
    } else {
        assert_int_equal(r, -1);
        assert_int_equal(e.code, ERR_NOTFOUND);
        assert_non_null(strstr(e.msg, name));
    }
    str_release(&got);
}

static void names_mean_files(void **state)
{
    (void)state;
    finds(NULL, "a/hiss-small.gguf"); /* hiss's own first in its folder */
    finds("zebra", "a/zebra.gguf");   /* the earlier folder first */
    finds("zebra.gguf", "a/zebra.gguf");
    finds("apple", "b/apple.gguf");
    finds("big", "b/big-00001-of-00002.gguf");
    finds("hiss-small", "a/hiss-small.gguf");
    finds("app", NULL);
    finds("big-00002-of-00002", NULL);
    finds("notes.txt", NULL);
    finds("zebr", NULL);
    finds("", NULL);
    finds("../a/zebra", NULL);
    finds(in_root("a/absent.gguf"), NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/b/zebra.gguf", root);
    finds(path, "b/zebra.gguf");
}

static void the_list_is_in_that_order(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str all = STR_INIT, want = STR_INIT;
    assert_int_equal(lm_list(&all, &e), 0);
    str_addf(&want, "%s/a/hiss-small.gguf\n%s/a/zebra.gguf\n%s/b/apple.gguf\n%s/b/big-00001-of-00002.gguf\n%s/b/zebra.gguf\n",
             root, root, root, root, root);
    assert_true(!strncmp(str_z(&all), want.p, want.len)); /* installed ones may follow */
    str_release(&all);
    str_release(&want);
}

static void a_model_without_a_vocabulary_is_refused(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct lm_opts o = { .level = KERN_N_LEVELS };
    struct gguf_writer w;
    gw_init(&w);
    assert_true(fixture_build(&w, "mamba", KERN_F32));
    assert_int_equal(gw_save(&w, in_root("model.gguf")), 0);
    gw_release(&w);
    assert_null(lm_open(in_root("model.gguf"), &o, &e));
    assert_non_null(strstr(e.msg, "model.gguf"));
    assert_null(lm_open_tokenizer(in_root("model.gguf"), &e));
    assert_null(lm_open(in_root("a/zebra.gguf"), &o, &e)); /* one byte */
    assert_int_equal(e.code, ERR_FORMAT);
    assert_null(lm_open(in_root("absent"), &o, &e));
    assert_int_equal(e.code, ERR_NOTFOUND);
}

static void a_broken_template_is_refused(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct lm_opts o = { .level = KERN_N_LEVELS };
    chatmodel_write(in_root("model.gguf"), "mamba", 1, "{% for m in messages %}{{ m.content }");
    assert_null(lm_open(in_root("model.gguf"), &o, &e));
    assert_non_null(strstr(e.msg, "template"));
    o.template = "chatml"; /* and another can be taken instead */
    struct lm *lm = lm_open(in_root("model.gguf"), &o, &e);
    assert_non_null(lm);
    assert_string_equal(template_name(lm->tmpl), "chatml");
    lm_close(lm);
}

static void the_tokenizer_opens_alone(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct ids ids = IDS_INIT;
    chatmodel_write(in_root("model.gguf"), "mamba2", 1, NULL);
    struct lm *lm = lm_open_tokenizer(in_root("model.gguf"), &e);
    assert_non_null(lm);
    assert_null(lm->model);
    struct tok_span span = { .kind = TOK_SCAFFOLD, .p = "<|im_start|>hello", .n = 17 };
    assert_int_equal(tok_encode(lm->tok, &span, 1, true, &ids, NULL, &e), 0);
    assert_int_equal(ids.p[0], CHATMODEL_IM_START);
    assert_int_equal(ids.n, 2); /* the merges make one token of hello */
    ids_release(&ids);
    lm_close(lm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_mean_files),
        cmocka_unit_test(the_list_is_in_that_order),
        cmocka_unit_test(a_model_without_a_vocabulary_is_refused),
        cmocka_unit_test(a_broken_template_is_refused),
        cmocka_unit_test(the_tokenizer_opens_alone),
    };
    return cmocka_run_group_tests_name("lm", tests, setup, teardown);
}
