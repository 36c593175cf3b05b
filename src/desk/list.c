/* What lies on disk: the models that were found, the chats there are, those that were deleted. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "chat/journal.h"
#include "chat/place.h"
#include "desk/parts.h"

/* ---- Models ---- */

/* Bytes of the recurrent state, and of one position's keys and values (docs/ARCHITECTURE.md, "State layout"). */
static void memory_of(const struct model_config *c, struct desk_model_info *m)
{
    size_t chan = c->d_inner + (c->n_ssm_head ? 2 * c->n_group * c->d_state : 0);
    m->state_bytes = c->n_recurrent * ((c->d_conv - 1) * chan + c->d_inner * c->d_state) * sizeof(float);
    m->row_bytes = c->n_attn * 2 * c->n_head_kv * c->d_head * sizeof(uint16_t);
}

/* From the file's header alone. A file that cannot be used is listed with no sizes: choosing it says why. */
static void describe(const char *path, struct desk_model_info *m)
{
    struct err e;
    struct model_config c;
    struct gguf *g = gguf_open(path, &e);
    struct stat st;
    desk_base_name(path, m->name);
    snprintf(m->path, sizeof m->path, "%s", path);
    if (!stat(path, &st))
        m->file_bytes = (size_t)st.st_size;
    if (!g)
        return;
    if (!config_read(&c, g, &e)) {
        snprintf(m->arch, sizeof m->arch, "%s", c.arch_name);
        m->n_ctx = c.n_ctx_train;
        m->n_params = c.n_params;
        memory_of(&c, m);
    }
    m->file_bytes = 0;
    for (size_t i = 0; i < gguf_n_parts(g); i++)
        m->file_bytes += gguf_part(g, i)->n;
    size_t widest = 0; /* the type that holds most of the weights */
    size_t bytes[64] = { 0 };
    for (size_t i = 0; i < gguf_n_tensors(g); i++) {
        const struct gguf_tensor *t = gguf_tensor_at(g, i);
        if (t->type < 64 && (bytes[t->type] += t->bytes) > bytes[widest])
            widest = t->type;
    }
    snprintf(m->type, sizeof m->type, "%s", gguf_type_name((uint32_t)widest));
    gguf_close(g);
}

/* Those that were given by path and lie in no folder that is looked through. */
static size_t add_loaded(struct desk *d, struct desk_model_info *out, size_t n, size_t cap)
{
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->n_models && n < cap; i++) {
        bool listed = false;
        for (size_t k = 0; k < n; k++)
            listed |= !strcmp(out[k].path, d->models[i]->info.path);
        if (!listed) {
            out[n] = (struct desk_model_info){ .loaded = true };
            describe(d->models[i]->info.path, &out[n++]);
        }
    }
    pthread_mutex_unlock(&d->lock);
    return n;
}

size_t desk_models(struct desk *d, struct desk_model_info *out, size_t cap)
{
    struct str list = STR_INIT;
    struct err e;
    size_t n = 0;
    if (lm_list(&list, &e))
        str_clear(&list);
    for (char *p = list.p, *end; p && *p && n < cap; p = end + 1) {
        end = strchr(p, '\n');
        *end = '\0';
        out[n] = (struct desk_model_info){ .loaded = false };
        describe(p, &out[n]);
        out[n].embedded = lm_is_embedded(p);
        pthread_mutex_lock(&d->lock);
        for (size_t i = 0; i < d->n_models; i++)
            out[n].loaded |= !strcmp(d->models[i]->info.path, p);
        pthread_mutex_unlock(&d->lock);
        n++;
    }
    str_release(&list);
    return add_loaded(d, out, n, cap);
}

/* ---- Chats ---- */

/* What a list wants to know of a chat, gathered line by line without folding it. */
struct glance {
    char title[128], first[128]; /* the last title; how the first question begins */
    int64_t time;                /* of the last event but a title */
};

/* How a line begins, as a string. */
static const char *head_of(const char *line, size_t n)
{
    enum { MOST = 256 };
    static char copy[MOST + 1];
    n = n < MOST ? n : MOST;
    memcpy(copy, line, n);
    copy[n] = '\0';
    return copy;
}

static int look(void *arg, const char *line, size_t n, size_t number, struct err *e)
{
    struct glance *g = arg;
    struct event ev;
    struct err ignored;
    const char *head = head_of(line, n), *time = strstr(head, "\"time\":\"");
    (void)number;
    (void)e;
    bool title = strstr(head, "\"event\":\"title\"") != NULL;
    if (time && !title) /* another name is no talk */
        g->time = strtoll(time + 8, NULL, 10);
    bool question = !g->first[0] && strstr(head, "\"event\":\"node\"") && strstr(head, "\"role\":\"user\"");
    if ((!title && !question) || event_read(&ev, line, n, &ignored))
        return 0;
    if (title && ev.name)
        snprintf(g->title, sizeof g->title, "%s", ev.name);
    if (question && ev.body.text)
        desk_short_title(ev.body.text, g->first, sizeof g->first);
    event_release(&ev);
    return 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct desk_chat_info *x = a, *y = b;
    return x->mtime < y->mtime ? 1 : x->mtime > y->mtime ? -1 : strcmp(x->name, y->name);
}

/* Calls fn for each chat file of a folder (PATH_DATA, below). */
typedef void (*chat_fn)(void *arg, const char *name, const char *path, const struct stat *st);

static void each_chat(const char *below, chat_fn fn, void *arg)
{
    struct str folder = STR_INIT, path = STR_INIT;
    struct err e;
    struct dirent *entry;
    DIR *dir = path_user(PATH_DATA, &folder, &e, "%s", below) ? NULL : opendir(folder.p);
    while (dir && (entry = readdir(dir))) {
        struct stat st;
        char name[128];
        size_t len = strlen(entry->d_name);
        if (len < 7 || len - 6 >= sizeof name || strcmp(entry->d_name + len - 6, ".jsonl"))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len - 6, entry->d_name);
        str_clear(&path);
        if (!str_addf(&path, "%s/%s", folder.p, entry->d_name) && !stat(path.p, &st))
            fn(arg, name, path.p, &st);
    }
    if (dir)
        closedir(dir);
    str_release(&folder);
    str_release(&path);
}

/* Files that have not changed since are not read again: the list is filled anew with each turn while it is shown. Of the
 * UI thread. */
static struct known {
    char *path;
    off_t size;
    struct timespec time;
    struct glance g;
} *known;
static size_t n_known, cap_known, known_at;

/* Folders are read in the same order each time, so that the next file is mostly the next one here. */
static struct known *find_known(const char *path)
{
    for (size_t i = 0; i < n_known; i++) {
        struct known *k = &known[(known_at + i) % n_known];
        if (!strcmp(k->path, path)) {
            known_at = (size_t)(k - known) + 1;
            return k;
        }
    }
    return NULL;
}

static void glance_at(const char *path, const struct stat *st, struct glance *g)
{
    struct known *k = find_known(path);
    struct err e;
    if (k && k->size == st->st_size && k->time.tv_sec == st->st_mtim.tv_sec && k->time.tv_nsec == st->st_mtim.tv_nsec) {
        *g = k->g;
        return;
    }
    *g = (struct glance){ .time = (int64_t)st->st_mtim.tv_sec * 1000 };
    journal_close(journal_open(path, JOURNAL_READ, look, g, &e));
    if (!k) {
        char *copy = mem_strdup(path);
        if (!copy || mem_grow(&known, &cap_known, n_known + 1, sizeof *known)) {
            free(copy);
            return;
        }
        k = &known[n_known++];
        k->path = copy;
    }
    k->size = st->st_size;
    k->time = st->st_mtim;
    k->g = *g;
}

struct list {
    struct desk_chat_info *out;
    size_t n, cap;
    bool deleted;
};

static void list_chat(void *arg, const char *name, const char *path, const struct stat *st)
{
    struct list *l = arg;
    struct glance g;
    if (l->n == l->cap)
        return;
    struct desk_chat_info *info = &l->out[l->n++];
    glance_at(path, st, &g);
    *info = (struct desk_chat_info){ .mtime = g.time, .deleted = l->deleted };
    snprintf(info->name, sizeof info->name, "%s", name);
    snprintf(info->title, sizeof info->title, "%s", g.title[0] ? g.title : chat_is_dated(name) ? g.first : name);
}

size_t desk_chats(struct desk *d, struct desk_chat_info *out, size_t cap)
{
    struct list l = { .out = out, .cap = cap };
    (void)d;
    each_chat("chats", list_chat, &l);
    l.deleted = true;
    each_chat("chats/deleted", list_chat, &l);
    qsort(out, l.n, sizeof *out, newest_first);
    return l.n;
}

struct newest {
    char *name;
    struct timespec time;
};

static void take_newer(void *arg, const char *name, const char *path, const struct stat *st)
{
    struct newest *best = arg;
    struct timespec t = st->st_mtim;
    (void)path;
    if (best->name[0] && (t.tv_sec < best->time.tv_sec || (t.tv_sec == best->time.tv_sec && t.tv_nsec <= best->time.tv_nsec)))
        return;
    snprintf(best->name, 128, "%s", name);
    best->time = t;
}

bool desk_chat_last(struct desk *d, char out[128], bool *held)
{
    struct newest best = { .name = out };
    struct str path = STR_INIT;
    struct err e;
    (void)d;
    out[0] = '\0';
    each_chat("chats", take_newer, &best);
    *held = out[0] && !path_user(PATH_DATA, &path, &e, "chats/%s.jsonl", out) && journal_held(path.p);
    if (*held)
        out[0] = '\0';
    str_release(&path);
    return out[0] != '\0';
}

/* Makes the empty file, so that no other chat gets the name. 1: there is one of that name, here or in the trash. */
static int reserve(const char *name, struct err *e)
{
    struct str path = STR_INIT, trash = STR_INIT, folder = STR_INIT;
    int r = -1;
    if (path_user(PATH_DATA, &path, e, "chats/%s.jsonl", name) || path_user(PATH_DATA, &folder, e, "chats") ||
        path_user(PATH_DATA, &trash, e, "chats/deleted/%s.jsonl", name) || file_mkdirs(folder.p, e))
        goto done;
    if (file_exists(trash.p)) {
        r = 1;
        goto done;
    }
    int fd = open(path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        r = errno == EEXIST ? 1 : err_sys(e, "cannot create %s", path.p);
        goto done;
    }
    close(fd);
    r = 0;
done:
    str_release(&path);
    str_release(&trash);
    str_release(&folder);
    return r;
}

int desk_chat_new_name(struct desk *d, char out[128], struct err *e)
{
    time_t now = (time_t)(clock_wall() / 1000);
    struct tm tm;
    char date[32];
    int r = 1;
    (void)d;
    localtime_r(&now, &tm);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    for (int i = 1; i < 10000 && r > 0; i++) {
        snprintf(out, 128, "%s-%d", date, i);
        r = reserve(out, e);
    }
    return r > 0 ? err_set(e, ERR_LIMIT, "there are 9,999 chats of %s already; give this one a name", date) : r;
}

/* Its file keeps its time: a new name makes no chat the one that was used last. */
int desk_chat_rename(struct desk *d, const char *name, bool deleted, const char *title, struct err *e)
{
    struct str path = STR_INIT;
    struct conv_opts o = { .mode = JOURNAL_WRITE };
    struct conv *c = NULL;
    struct stat st;
    int r = -1;
    (void)d;
    if (path_user(PATH_DATA, &path, e, deleted ? "chats/deleted/%s.jsonl" : "chats/%s.jsonl", name))
        goto done;
    o.path = path.p;
    if (stat(path.p, &st)) {
        err_sys(e, "cannot open %s", path.p);
        goto done;
    }
    if ((c = conv_open(&o, e)))
        r = conv_title(c, title, e);
    if (conv_close(c, r ? NULL : e))
        r = -1;
    if (!r)
        utimensat(AT_FDCWD, path.p, (struct timespec[]){ st.st_atim, st.st_mtim }, 0);
done:
    str_release(&path);
    return r;
}

int desk_chat_move(struct desk *d, const char *name, bool to_trash, struct err *e)
{
    struct str from = STR_INIT, to = STR_INIT;
    int r = -1;
    (void)d;
    if (path_user(PATH_DATA, &to, e, "chats/deleted") || file_mkdirs(to.p, e) ||
        path_user(PATH_DATA, &from, e, to_trash ? "chats/%s.jsonl" : "chats/deleted/%s.jsonl", name) ||
        path_user(PATH_DATA, &to, e, to_trash ? "chats/deleted/%s.jsonl" : "chats/%s.jsonl", name))
        goto done;
    if (file_exists(to.p)) {
        err_set(e, ERR_BUSY, "there is another chat of the name %s; rename one of the two files first", name);
        goto done;
    }
    r = rename(from.p, to.p) && errno != ENOENT ? err_sys(e, "cannot move %s", from.p) : 0;
done:
    str_release(&from);
    str_release(&to);
    return r;
}
