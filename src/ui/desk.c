#include "ui/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "ui/desk_parts.h"

/* ---- Events ---- */

void desk_event_free(struct desk_event *ev)
{
    if (!ev)
        return;
    shown_unref(ev->shown);
    free(ev->text);
    free(ev);
}

static void drop_event(void *item)
{
    desk_event_free(item);
}

void desk_tell(struct desk *d, const struct desk_event *ev)
{
    struct desk_event *copy = mem_dup(ev, sizeof *ev);
    if (!copy || !chan_put(d->events, copy)) {
        free(copy);
        shown_unref(ev->shown);
        free(ev->text);
    }
}

void desk_tell_err(struct desk *d, struct desk_chat *c, const struct err *e)
{
    desk_tell(d, &(struct desk_event){ .kind = DESK_ERROR, .chat = c, .err = *e });
}

void desk_tell_note(struct desk *d, struct desk_chat *c, const char *text)
{
    desk_tell(d, &(struct desk_event){ .kind = DESK_NOTE, .chat = c, .text = mem_strdup(text), .n = strlen(text) });
}

int desk_fd(const struct desk *d)
{
    return chan_fd(d->events);
}

struct desk_event *desk_next(struct desk *d)
{
    return chan_take(d->events, false);
}

/* ---- Models ---- */

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

static void load_ended(struct desk *d, struct lm *lm, const char *path, const struct err *e)
{
    pthread_mutex_lock(&d->lock);
    d->load_err = *e;
    if (lm && d->n_models < DESK_MAX_MODELS) {
        struct desk_model *m = &d->models[d->n_models];
        m->lm = lm;
        info_of(lm, path, &m->info);
        d->current = d->n_models++;
    }
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

static struct desk_model *find_model(struct desk *d, const char *name)
{
    if (!name)
        return d->n_models ? &d->models[d->current] : NULL;
    for (size_t i = 0; i < d->n_models; i++) {
        if (!strcmp(d->models[i].info.name, name) || !strcmp(d->models[i].info.path, name))
            return &d->models[i];
    }
    return NULL;
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
    bool tried = false;
    pthread_mutex_lock(&d->lock);
    while (!(m = find_model(d, name)) && goes_on_waiting(c, yields)) {
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
        *info = m->info;
        if (name)
            d->current = (size_t)(m - d->models);
    }
    pthread_mutex_unlock(&d->lock);
    if (!lm && !e->code)
        err_set(e, ERR_CANCELLED, "stopped before the model was loaded");
    return lm;
}

bool desk_model_now(struct desk *d, struct desk_model_info *out)
{
    pthread_mutex_lock(&d->lock);
    bool have = d->n_models > 0;
    if (have)
        *out = d->models[d->current].info;
    pthread_mutex_unlock(&d->lock);
    return have;
}

/* ---- Life ---- */

struct desk *desk_new(const struct desk_opts *o, struct err *e)
{
    struct desk *d = mem_zalloc(1, sizeof *d);
    if (!d) {
        err_nomem(e, "the desk");
        return NULL;
    }
    d->opts = *o;
    snprintf(d->kernels, sizeof d->kernels, "%s", o->kernels ? o->kernels : "");
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->loaded, NULL);
    atomic_init(&d->load_permille, -1);
    d->events = chan_new(DESK_EVENTS, drop_event, e);
    d->pool = d->events ? pool_new(o->threads, e) : NULL;
    if (!d->pool || start_load(d, o->model, e)) {
        desk_free(d);
        return NULL;
    }
    return d;
}

void desk_free(struct desk *d)
{
    if (!d)
        return;
    atomic_store(&d->quit, true);
    if (d->events)
        chan_close(d->events);
    pthread_mutex_lock(&d->lock);
    pthread_cond_broadcast(&d->loaded);
    pthread_mutex_unlock(&d->lock);
    if (d->loader_runs)
        pthread_join(d->loader, NULL);
    for (size_t i = 0; i < d->n_models; i++)
        lm_close(d->models[i].lm);
    pool_free(d->pool);
    chan_free(d->events);
    pthread_cond_destroy(&d->loaded);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
