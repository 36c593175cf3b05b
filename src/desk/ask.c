/* An open chat as the screen has it: opening and closing it, and what can be asked of its worker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chat/place.h"
#include "desk/parts.h"

void desk_request_free(void *item)
{
    struct desk_request *q = item;
    free(q->text);
    free(q);
}

struct desk_chat *desk_open(struct desk *d, const char *name, const struct chat_settings *s, struct err *e)
{
    struct desk_chat *c = mem_zalloc(1, sizeof *c);
    if (!c) {
        err_nomem(e, "a chat");
        return NULL;
    }
    c->desk = d;
    c->settings = *s;
    atomic_init(&c->asked, 1);
    snprintf(c->name, sizeof c->name, "%s", name);
    pthread_mutex_init(&c->lock, NULL);
    c->requests = chan_new(DESK_REQUESTS, desk_request_free, e);
    if (!c->requests || chat_path(name, &c->path, e))
        goto fail;
    if (pthread_create(&c->thread, NULL, desk_worker, c)) {
        err_set(e, ERR_LIMIT, "no thread could be started for the chat");
        goto fail;
    }
    return c;
fail:
    chan_free(c->requests);
    str_release(&c->path);
    free(c);
    return NULL;
}

static int ask(struct desk_chat *c, struct desk_request q, const char *text, size_t n)
{
    struct desk_request *copy = mem_dup(&q, sizeof q);
    if (!desk_busy(c)) /* a stop that came when the last one had just ended is not meant for this one */
        atomic_store(&c->cancel, false);
    if (copy && text) {
        copy->text = mem_alloc(n + 1, 1);
        if (copy->text) {
            memcpy(copy->text, text, n);
            copy->text[n] = '\0';
            copy->n = n;
        }
    }
    atomic_fetch_add(&c->asked, 1);
    if (!copy || (text && !copy->text) || !chan_put(c->requests, copy)) {
        atomic_fetch_sub(&c->asked, 1);
        if (copy)
            desk_request_free(copy);
        return -1;
    }
    desk_wake_waiting(c->desk);
    return 0;
}

void desk_close(struct desk_chat *c, bool drop)
{
    c->drop = drop;
    ask(c, (struct desk_request){ .want = WANT_QUIT }, NULL, 0);
    desk_stop(c);
    pthread_join(c->thread, NULL);
    chan_free(c->requests);
    pthread_mutex_destroy(&c->lock);
    str_release(&c->path);
    free(c);
}

const char *desk_chat_name(const struct desk_chat *c)
{
    return c->name;
}

bool desk_busy(const struct desk_chat *c)
{
    return atomic_load(&c->asked) != atomic_load(&c->served);
}

void desk_stop(struct desk_chat *c)
{
    atomic_store(&c->cancel, true);
    desk_wake_waiting(c->desk);
}

void desk_set(struct desk_chat *c, const struct chat_settings *s)
{
    pthread_mutex_lock(&c->lock);
    bool known = c->unkept; /* the worker was told, and has not come to it yet */
    c->settings = *s;
    c->unkept = true;
    pthread_mutex_unlock(&c->lock);
    if (!known)
        ask(c, (struct desk_request){ .want = WANT_SETTINGS }, NULL, 0);
}

int desk_send(struct desk_chat *c, const char *text, size_t n)
{
    return ask(c, (struct desk_request){ .want = WANT_SEND }, text, n);
}

int desk_system(struct desk_chat *c, const char *text, size_t n)
{
    return ask(c, (struct desk_request){ .want = WANT_SYSTEM }, text, n);
}

int desk_edit(struct desk_chat *c, uint32_t node, const char *text, size_t n)
{
    return ask(c, (struct desk_request){ .want = WANT_EDIT, .node = node }, text, n);
}

int desk_regenerate(struct desk_chat *c, uint32_t node)
{
    return ask(c, (struct desk_request){ .want = WANT_REGENERATE, .node = node }, NULL, 0);
}

int desk_continue(struct desk_chat *c, uint32_t node)
{
    return ask(c, (struct desk_request){ .want = WANT_CONTINUE, .node = node }, NULL, 0);
}

int desk_go(struct desk_chat *c, uint32_t node, int by)
{
    return ask(c, (struct desk_request){ .want = WANT_GO, .node = node, .by = by }, NULL, 0);
}

int desk_delete(struct desk_chat *c, uint32_t node)
{
    return ask(c, (struct desk_request){ .want = WANT_DELETE, .node = node }, NULL, 0);
}

int desk_undo(struct desk_chat *c)
{
    return ask(c, (struct desk_request){ .want = WANT_UNDO }, NULL, 0);
}

int desk_redo(struct desk_chat *c)
{
    return ask(c, (struct desk_request){ .want = WANT_REDO }, NULL, 0);
}

int desk_rate(struct desk_chat *c, uint32_t node, int rating)
{
    return ask(c, (struct desk_request){ .want = WANT_RATE, .node = node, .by = rating }, NULL, 0);
}

int desk_title(struct desk_chat *c, const char *title)
{
    return ask(c, (struct desk_request){ .want = WANT_TITLE }, title, strlen(title));
}

int desk_use_model(struct desk_chat *c, const char *name_or_path)
{
    return ask(c, (struct desk_request){ .want = WANT_MODEL }, name_or_path, strlen(name_or_path));
}

int desk_verify(struct desk_chat *c)
{
    return ask(c, (struct desk_request){ .want = WANT_VERIFY }, NULL, 0);
}
