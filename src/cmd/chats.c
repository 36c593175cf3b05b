/* hiss chats: saved conversations as files. Nothing here needs a model. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cJSON.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"
#include "chat/compact.h"
#include "chat/place.h"
#include "cmd/chat_cli.h"
#include "cmd/chats.h"
#include "cmd/cmd.h"
#include "cmd/opts.h"

struct saved {
    char *name;
    int64_t changed; /* seconds since 1970 */
};

struct saved_list {
    struct saved *p;
    size_t n, cap;
};

static void list_release(struct saved_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->p[i].name);
    free(l->p);
}

static int newest_first(const void *a, const void *b)
{
    const struct saved *x = a, *y = b;
    return x->changed != y->changed ? (x->changed < y->changed) - (x->changed > y->changed) : strcmp(x->name, y->name);
}

static int add_file(struct saved_list *l, DIR *d, const char *file, struct err *e)
{
    struct stat st;
    size_t n = strlen(file), tail = strlen(".jsonl");
    if (n <= tail || strcmp(file + n - tail, ".jsonl") || fstatat(dirfd(d), file, &st, 0) || !S_ISREG(st.st_mode))
        return 0;
    char *name = mem_dup(file, n + 1);
    if (!name || mem_grow(&l->p, &l->cap, l->n + 1, sizeof *l->p)) {
        free(name);
        return err_nomem(e, "the list of chats");
    }
    name[n - tail] = '\0';
    l->p[l->n++] = (struct saved){ name, (int64_t)st.st_mtime };
    return 0;
}

static int list_all(struct saved_list *l, struct err *e)
{
    struct str folder = STR_INIT;
    struct dirent *f;
    int r = path_user(PATH_DATA, &folder, e, "chats");
    DIR *d = r ? NULL : opendir(folder.p);
    while (d && !r && (f = readdir(d)))
        r = add_file(l, d, f->d_name, e);
    if (d)
        closedir(d);
    if (l->n)
        qsort(l->p, l->n, sizeof *l->p, newest_first);
    str_release(&folder);
    return r;
}

static struct conv *open_chat(const char *name, enum journal_mode mode, struct store *st, struct err *e)
{
    struct str path = STR_INIT;
    struct conv_opts o = { .mode = mode, .store = st };
    struct conv *c = NULL;
    if (!chat_path(name, &path, e)) {
        o.path = path.p;
        if (!file_exists(path.p))
            err_set(e, ERR_NOTFOUND, "there is no chat '%s'; hiss chats list shows them", name);
        else
            c = conv_open(&o, e);
    }
    str_release(&path);
    return c;
}

/* ---- list ---- */

static void print_json(const struct saved *s, const struct tree *t, size_t n)
{
    char time[24];
    cJSON *o = cJSON_CreateObject();
    snprintf(time, sizeof time, "%lld", (long long)s->changed * 1000);
    cJSON_AddStringToObject(o, "name", s->name);
    cJSON_AddStringToObject(o, "title", tree_title(t));
    cJSON_AddNumberToObject(o, "messages", (double)n);
    cJSON_AddStringToObject(o, "changed", time);
    cJSON_AddStringToObject(o, "model", tree_model_name(t));
    char *line = cJSON_PrintUnformatted(o);
    puts(line ? line : "{}");
    free(line);
    cJSON_Delete(o);
}

/* An untitled chat of a name that says nothing is known by how its first question begins. */
static void print_title(const struct saved *s, const struct tree *t, const uint32_t *path, size_t n)
{
    enum { MOST = 48 };
    const char *title = tree_title(t);
    for (size_t i = 0; i < n && !*title && chat_is_dated(s->name); i++)
        if (tree_node(t, path[i])->body.role == ROLE_USER)
            title = tree_node(t, path[i])->body.text;
    size_t len = strcspn(title, "\n"), cut = len > MOST ? MOST : len;
    while (cut < len && cut && ((unsigned char)title[cut] & 0xC0) == 0x80) /* never inside a character */
        cut--;
    utf8_print(stdout, title, cut);
    puts(title[cut] ? "…" : "");
}

static void print_row(const struct saved *s, const struct tree *t, const uint32_t *path, size_t n)
{
    char when[32] = "";
    time_t changed = (time_t)s->changed;
    struct tm tm;
    if (localtime_r(&changed, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    printf("%s  %4zu %-8s  %-24s  ", when, n, n == 1 ? "message" : "messages", s->name);
    print_title(s, t, path, n);
}

static int list(bool json)
{
    struct saved_list l = { 0 };
    struct err e = ERR_INIT;
    int status = list_all(&l, &e) ? chat_fail("chats", &e) : CMD_OK;
    for (size_t i = 0; i < l.n; i++) {
        struct conv *c = open_chat(l.p[i].name, JOURNAL_READ, NULL, &e);
        uint32_t *path = NULL;
        if (!c) {
            status = chat_fail("chats", &e);
            continue;
        }
        size_t n = tree_path(conv_tree(c), conv_tree(c)->head, &path);
        if (json)
            print_json(&l.p[i], conv_tree(c), n);
        else
            print_row(&l.p[i], conv_tree(c), path, n);
        free(path);
        conv_close(c, &e);
    }
    list_release(&l);
    return status;
}

/* ---- show, check, compact ---- */

static int show(const char *name, bool all, bool json)
{
    struct err e = ERR_INIT;
    struct conv *c = open_chat(name, JOURNAL_READ, NULL, &e);
    if (!c)
        return chat_fail("chats", &e);
    int status = chats_show(name, c, all, json);
    conv_close(c, &e);
    return status;
}

static int check(char **names, size_t n)
{
    struct saved_list l = { 0 };
    struct err e = ERR_INIT;
    int status = CMD_OK;
    struct store *st = chat_store(&e);
    if (!st || (!n && list_all(&l, &e)))
        status = chat_fail("chats", &e);
    for (size_t i = 0; st && i < (n ? n : l.n); i++) {
        const char *name = n ? names[i] : l.p[i].name;
        struct conv *c = open_chat(name, JOURNAL_READ, st, &e);
        if (!c)
            status = chat_fail("chats", &e);
        else if (chats_check(name, c, st) && status == CMD_OK)
            status = CMD_FAILED;
        conv_close(c, &e);
    }
    store_close(st);
    list_release(&l);
    return status;
}

static int compact_one(const char *name)
{
    struct err e = ERR_INIT;
    struct compact_result r;
    struct store *st = chat_store(&e);
    struct conv *c = st ? open_chat(name, JOURNAL_WRITE, st, &e) : NULL;
    int status = CMD_OK;
    if (!c || compact(c, &r, &e))
        status = chat_fail("chats", &e);
    else
        printf("%s: %zu messages gone, %llu bytes became %llu\n", name, r.messages_gone,
               (unsigned long long)r.bytes_before, (unsigned long long)r.bytes_after);
    store_close(st);
    return status;
}

/* ---- gc ---- */

/* The random ids of all chats that are here. */
struct known {
    char **ids;
    size_t n, cap;
};

static bool is_known(void *arg, const char *chat)
{
    const struct known *k = arg;
    for (size_t i = 0; i < k->n; i++)
        if (!strcmp(k->ids[i], chat))
            return true;
    return false;
}

static int know_all(struct known *k, struct err *e)
{
    struct saved_list l = { 0 };
    int r = list_all(&l, e);
    for (size_t i = 0; i < l.n && !r; i++) {
        struct conv *c = open_chat(l.p[i].name, JOURNAL_READ, NULL, e);
        char *id = c ? mem_strdup(conv_tree(c)->id) : NULL;
        if (!c) /* its states cannot be told from others': then none go for want of a chat */
            r = -1;
        else if (!id || mem_grow(&k->ids, &k->cap, k->n + 1, sizeof *k->ids)) {
            free(id);
            r = err_nomem(e, "the list of chats");
        } else {
            k->ids[k->n++] = id;
        }
        conv_close(c, NULL);
    }
    list_release(&l);
    return r;
}

static int gc(const char *cap_text)
{
    struct known k = { 0 };
    struct err e = ERR_INIT;
    struct store *st = chat_store(&e);
    uint64_t cap = st ? store_cap(st) : 0;
    int status = CMD_OK;
    if (cap_text && !chat_parse_bytes(cap_text, &cap)) {
        store_close(st);
        return cmd_usage("chats", "--cap takes a number of bytes such as 500M or 4G, not '%s'", cap_text);
    }
    if (!st || know_all(&k, &e)) {
        status = chat_fail("chats", &e);
    } else {
        uint64_t freed = store_gc(st, cap, is_known, &k);
        printf("freed %.1f MB; %.1f MB of states are kept, %.1f MB are allowed\n", (double)freed / 1e6,
               (double)store_bytes(st) / 1e6, (double)store_cap(st) / 1e6);
    }
    for (size_t i = 0; i < k.n; i++)
        free(k.ids[i]);
    free(k.ids);
    store_close(st);
    return status;
}

int cmd_chats(int argc, char **argv)
{
    bool json = false, all = false;
    const char *cap = NULL;
    size_t n;
    const struct opt table[] = {
        { 0, "all", OPT_FLAG, &all, NULL, "show: every message of every branch, not the shown line alone", 0, 0 },
        { 0, "json", OPT_FLAG, &json, NULL, "list, show: one JSON object a line", 0, 0 },
        { 0, "cap", OPT_STRING, &cap, "BYTES", "gc: keep at most so much (500M, 4G); else HISS_STATES_MAX, or 2G", 0, 0 },
    };
    const struct opts o = {
        .command = "chats",
        .usage = "list | show NAME | check [NAME...] | gc | compact NAME",
        .about = "list     saved conversations, the last changed first\n"
                 "show     the text of one\n"
                 "check    what can be told without a model: lines, ids, kept states\n"
                 "gc       remove kept states that nobody needs; only time is lost\n"
                 "compact  rewrite a chat without what was deleted or undone",
        .opts = table,
        .n_opts = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 1 << 20,
    };
    int r = opts_parse(&o, argc, argv, &n);
    if (r != OPTS_GO)
        return r;
    const char *what = argv[1];
    if (!strcmp(what, "list") && n == 1)
        return list(json);
    if (!strcmp(what, "check"))
        return check(argv + 2, n - 1);
    if (!strcmp(what, "gc") && n == 1)
        return gc(cap);
    if (!strcmp(what, "show") && n == 2)
        return show(argv[2], all, json);
    if (!strcmp(what, "compact") && n == 2)
        return compact_one(argv[2]);
    return cmd_usage("chats", "'%s' with %zu names is not one of: %s", what, n - 1, o.usage);
}
