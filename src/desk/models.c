/* The desk's models: opened on a thread of their own, kept while a chat uses them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "desk/parts.h"

double desk_loading(const struct desk *d)
{
    int p = atomic_load(&d->load_permille);
    return p < 0 ? -1 : p / 1000.0;
}

static bool load_progress(void *arg, double fraction)
{
    struct desk *d = arg;
    int permille = (int)(fraction * 1000);
    if (permille / 20 != atomic_exchange(&d->load_permille, permille) / 20) /* wake the screen now and then */
        desk_tell(d, &(struct desk_event){ .kind = DESK_STAGE, .stage = DESK_LOADING, .progress = fraction });
    return atomic_load(&d->quit);
}

void desk_base_name(const char *path, char out[64])
{
    const char *slash = strrchr(path, '/');
    snprintf(out, 64, "%s", slash ? slash + 1 : path);
    char *dot = strstr(out, ".gguf");
    if (dot)
        *dot = '\0';
    char *split = strstr(out, "-00001-of-");
    if (split)
        *split = '\0';
}

static void info_of(const struct lm *lm, const char *path, struct desk_model_info *info)
{
    const struct model *m = lm->model;
    const struct model_config *c = model_config(m);
    *info = (struct desk_model_info){ .loaded = true, .n_params = c->n_params, .n_ctx = c->n_ctx_train };
    desk_base_name(path, info->name);
    snprintf(info->arch, sizeof info->arch, "%s", c->arch_name);
    snprintf(info->path, sizeof info->path, "%s", path);
    info->state_bytes = model_rec_floats(m) * sizeof(float);
    info->row_bytes = model_row_bytes(m);
    info->file_bytes = model_weight_bytes(m);
}

/* Takes the model in, unless there is no room: then it is closed, and *e says so. */
static void take_in(struct desk *d, struct lm *lm, const char *path, struct err *e)
{
    struct desk_model *m = mem_zalloc(1, sizeof *m);
    if (m && d->n_models < DESK_MAX_MODELS) {
        m->lm = lm;
        info_of(lm, path, &m->info);
        d->models[d->n_models++] = d->current = m;
        return;
    }
    free(m);
    lm_close(lm);
    err_set(e, ERR_LIMIT, "%d models are loaded already; close a chat that uses another one", DESK_MAX_MODELS);
}

static void load_ended(struct desk *d, struct lm *lm, const char *path, struct err *e)
{
    pthread_mutex_lock(&d->lock);
    if (lm)
        take_in(d, lm, path, e);
    d->load_err = *e;
    d->loading = false;
    atomic_store(&d->load_permille, -1);
    pthread_cond_broadcast(&d->loaded);
    pthread_mutex_unlock(&d->lock);
    desk_tell(d, &(struct desk_event){ .kind = DESK_MODEL, .err = *e });
}

static void *loader_main(void *arg)
{
    struct desk *d = arg;
    struct err e = ERR_INIT;
    struct str path = STR_INIT;
    struct lm *lm = NULL;
    kern_thread_init();
    if (!lm_find(d->wanted[0] ? d->wanted : NULL, &path, &e)) {
        struct lm_opts o = { .level = KERN_N_LEVELS, .pool = d->pool, .progress = load_progress, .progress_arg = d };
        if (d->kernels[0])
            kern_level_parse(d->kernels, &o.level);
        lm = lm_open(path.p, &o, &e);
    }
    load_ended(d, lm, str_z(&path), &e);
    str_release(&path);
    return NULL;
}

/* With the lock held and nothing loading. */
static int start_load(struct desk *d, const char *name, struct err *e)
{
    if (d->loader_runs) {
        pthread_join(d->loader, NULL);
        d->loader_runs = false;
    }
    snprintf(d->wanted, sizeof d->wanted, "%s", name ? name : "");
    atomic_store(&d->load_permille, 0);
    d->loading = true;
    if (pthread_create(&d->loader, NULL, loader_main, d)) {
        d->loading = false;
        atomic_store(&d->load_permille, -1);
        return err_set(e, ERR_LIMIT, "no thread could be started to load the model");
    }
    d->loader_runs = true;
    return 0;
}

int desk_load_first(struct desk *d, const char *name, struct err *e)
{
    pthread_mutex_lock(&d->lock);
    int r = start_load(d, name, e);
    pthread_mutex_unlock(&d->lock);
    return r;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* By its name, or by the file that this name or path means, however it is written. */
static struct desk_model *find_model(struct desk *d, const char *name, const char *path)
{
    if (!name)
        return d->current;
    for (size_t i = 0; i < d->n_models; i++) {
        struct desk_model *m = d->models[i];
        if (!strcmp(m->info.name, name) || same_file(m->info.path, path))
            return m;
    }
    return NULL;
}

/* With the lock held: the current model, and those that chats use, stay; one that is left is taken out. Given; NULL. */
static struct lm *drop_unused(struct desk *d)
{
    for (size_t i = 0; i < d->n_models; i++) {
        struct desk_model *m = d->models[i];
        if (m->users || m == d->current)
            continue;
        struct lm *lm = m->lm;
        d->models[i] = d->models[--d->n_models];
        free(m);
        return lm;
    }
    return NULL;
}

void desk_leave_model(struct desk *d, const struct lm *lm)
{
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; lm && i < d->n_models; i++)
        d->models[i]->users -= d->models[i]->lm == lm;
    struct lm *unused = drop_unused(d);
    pthread_mutex_unlock(&d->lock);
    lm_close(unused);
}

static bool goes_on_waiting(const struct desk_chat *c, bool yields)
{
    bool more = atomic_load(&c->asked) - atomic_load(&c->served) > 1; /* than what is being done */
    return !atomic_load(&c->cancel) && !atomic_load(&c->desk->quit) && !(yields && more);
}

void desk_wake_waiting(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->loaded);
    pthread_mutex_unlock(&d->lock);
}

struct lm *desk_wait_model(struct desk_chat *c, const char *name, bool yields, struct desk_model_info *info, struct err *e)
{
    struct desk *d = c->desk;
    struct desk_model *m;
    struct lm *lm = NULL;
    struct str path = STR_INIT;
    struct err unknown;
    bool tried = false;
    if (name)
        lm_find(name, &path, &unknown); /* when it means none, loading it says so */
    pthread_mutex_lock(&d->lock);
    while (!(m = find_model(d, name, str_z(&path))) && goes_on_waiting(c, yields)) {
        if (d->loading) {
            pthread_cond_wait(&d->loaded, &d->lock);
        } else if (tried || !name) { /* the default was asked for at the start */
            *e = d->load_err.code ? d->load_err : *e;
            break;
        } else {
            tried = true;
            if (start_load(d, name, e))
                break;
        }
    }
    if (m) {
        lm = m->lm;
        m->users++;
        *info = m->info;
        if (name)
            d->current = m;
    }
    pthread_mutex_unlock(&d->lock);
    str_release(&path);
    if (!lm && !e->code)
        err_set(e, ERR_CANCELLED, "stopped before the model was loaded");
    return lm;
}

bool desk_model_now(struct desk *d, struct desk_model_info *out)
{
    pthread_mutex_lock(&d->lock);
    bool have = d->current != NULL;
    if (have)
        *out = d->current->info;
    pthread_mutex_unlock(&d->lock);
    return have;
}

void desk_models_free(struct desk *d)
{
    if (d->loader_runs)
        pthread_join(d->loader, NULL);
    for (size_t i = 0; i < d->n_models; i++) {
        lm_close(d->models[i]->lm);
        free(d->models[i]);
    }
    d->n_models = 0;
}
