#include "desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "desk/parts.h"

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
    if (!d->pool || desk_load_first(d, o->model, e)) {
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
    desk_wake_waiting(d);
    desk_models_free(d);
    pool_free(d->pool);
    chan_free(d->events);
    pthread_cond_destroy(&d->loaded);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
