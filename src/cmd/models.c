/* hiss models list | info FILE: what is here, and what one file holds. No weight is read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"
#include "engine/lm.h"
#include "model/config.h"
#include "model/gguf.h"

enum { N_GGUF_TYPES = 64 }; /* more than the format has */

static void print_size(struct str *out, uint64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1000 && u + 1 < sizeof units / sizeof units[0]; u++)
        v /= 1000;
    str_addf(out, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

/* ---- list ---- */

static uint64_t all_parts(const struct gguf *g)
{
    uint64_t n = 0;
    for (size_t i = 0; i < gguf_n_parts(g); i++)
        n += gguf_part(g, i)->n;
    return n;
}

/* One model a line: whether hiss runs it, its size, its path. */
static void list_one(const char *path)
{
    struct err e = ERR_INIT;
    struct str size = STR_INIT;
    struct model_config *c = malloc(sizeof *c);
    struct gguf *g = c ? gguf_open(path, &e) : NULL;
    if (g && !config_read(c, g, &e)) {
        print_size(&size, all_parts(g));
        printf("%-14s %9s  %s\n", c->arch_name, str_z(&size), path);
    } else {
        printf("%-14s %9s  %s\n", "unusable", "", path);
        cmd_note("models", "%s", e.msg);
    }
    gguf_close(g);
    free(c);
    str_release(&size);
}

static int list(void)
{
    struct err e = ERR_INIT;
    struct str all = STR_INIT, none = STR_INIT;
    if (lm_list(&all, &e) || (!all.len && lm_find(NULL, &none, &e))) {
        str_release(&all);
        return cmd_fail("models", &e);
    }
    for (char *p = all.p, *end; p && *p; p = end + 1) {
        end = strchr(p, '\n');
        *end = '\0';
        list_one(p);
    }
    str_release(&all);
    return CMD_OK;
}

/* ---- info ---- */

static void print_types(const struct gguf *g)
{
    size_t n[N_GGUF_TYPES] = { 0 };
    uint64_t bytes[N_GGUF_TYPES] = { 0 };
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        if (t->type < N_GGUF_TYPES) {
            n[t->type]++;
            bytes[t->type] += t->bytes;
        }
    }
    for (uint32_t type = 0; type < N_GGUF_TYPES; type++) {
        struct str size = STR_INIT;
        if (!n[type])
            continue;
        print_size(&size, bytes[type]);
        printf("tensors        %zu %s, %s\n", n[type], gguf_type_name(type), str_z(&size));
        str_release(&size);
    }
}

static void print_shape(const struct model_config *c)
{
    printf("architecture   %s\n", c->arch_name);
    printf("parameters     %.1f million\n", (double)c->n_params * 1e-6);
    printf("layers         %zu: %zu recurrent, %zu attention\n", c->n_layer, c->n_recurrent, c->n_attn);
    printf("width          %zu, vocabulary %zu\n", c->n_embd, c->n_vocab);
    if (c->n_recurrent)
        printf("recurrence     inner width %zu, state %zu, convolution %zu\n", c->d_inner, c->d_state, c->d_conv);
    if (c->n_attn)
        printf("attention      %zu heads of %zu, %zu for keys and values\n", c->n_head, c->d_head, c->n_head_kv);
    if (c->n_ctx_train)
        printf("context        trained on %zu tokens%s\n", c->n_ctx_train, c->n_attn ? ", and no more can be read" : "");
}

static int info(const char *name)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT, value = STR_INIT;
    struct model_config *c = malloc(sizeof *c);
    struct gguf *g = NULL;
    int r = CMD_OK;
    if (!c) {
        err_nomem(&e, "a model's description");
        r = cmd_fail("models", &e);
    } else if (lm_find(name, &path, &e) || !(g = gguf_open(path.p, &e))) {
        r = cmd_fail("models", &e);
    } else {
        print_size(&value, all_parts(g));
        printf("file           %s\nsize           %s in %zu file%s\n", path.p, str_z(&value), gguf_n_parts(g),
               gguf_n_parts(g) > 1 ? "s" : "");
        if (config_read(c, g, &e))
            r = cmd_fail("models", &e);
        else
            print_shape(c);
        print_types(g);
        for (size_t i = 0; i < gguf_n_kv(g); i++) {
            struct gguf_str key = gguf_kv_key(g, i);
            str_clear(&value);
            gguf_kv_print(g, i, &value);
            utf8_printf(stdout, "%.*s = %s\n", (int)key.n, key.p, str_z(&value));
        }
    }
    gguf_close(g);
    free(c);
    str_release(&path);
    str_release(&value);
    return r;
}

/* ---- check ---- */

static int check(const char *name)
{
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct model_opts o = { .level = KERN_N_LEVELS };
    struct model *m = lm_find(name, &path, &e) ? NULL : model_open(path.p, &o, &e);
    int r = CMD_OK;
    if (m) {
        char hex[HASH128_HEX];
        struct gguf_str said;
        hash128_hex(model_hash(m), hex);
        printf("%s  %s%s\n", hex, path.p, gguf_string(model_gguf(m), MODEL_HASH_KEY, &said) ? "  as it was made" : "");
    } else {
        r = cmd_fail("models", &e);
    }
    model_close(m);
    str_release(&path);
    return r;
}

int cmd_models(int argc, char **argv)
{
    static const struct opts o = {
        .command = "models",
        .usage = "list | info MODEL | check MODEL",
        .about = "Lists the model files in HISS_MODEL_PATH, the installed and the user's folder (the first is the default),\n"
                 "prints what one file says about itself, or reads all its weights and prints their hash.",
        .min_args = 1,
        .max_args = 2,
    };
    size_t n;
    int r = opts_parse(&o, argc, argv, &n);
    if (r != OPTS_GO)
        return r;
    if (!strcmp(argv[1], "list") && n == 1)
        return list();
    if (!strcmp(argv[1], "info") && n == 2)
        return info(argv[2]);
    if (!strcmp(argv[1], "check") && n == 2)
        return check(argv[2]);
    if (!strcmp(argv[1], "info") || !strcmp(argv[1], "check"))
        return cmd_usage("models", "%s needs a model: hiss models %s MODEL", argv[1], argv[1]);
    return cmd_usage("models", "'%s' is none of 'list', 'info MODEL', 'check MODEL'", strcmp(argv[1], "list") ? argv[1] : argv[2]);
}
