#include "base/chan.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct chan {
    void **items; /* a ring */
    size_t cap, first, n;
    void (*drop)(void *item);
    pthread_mutex_t lock;
    pthread_cond_t filled, freed;
    int wake[2];
    bool woken, closed; /* woken: a byte lies in the pipe */
};

struct chan *chan_new(size_t cap, void (*drop)(void *item), struct err *e)
{
    struct chan *c = mem_zalloc(1, sizeof *c);
    if (!c || !(c->items = mem_zalloc(cap, sizeof *c->items))) {
        free(c);
        err_nomem(e, "a channel");
        return NULL;
    }
    c->cap = cap;
    c->drop = drop;
    if (pipe(c->wake)) {
        err_sys(e, "cannot make a pipe");
        free(c->items);
        free(c);
        return NULL;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(c->wake[i], F_SETFD, FD_CLOEXEC);
        fcntl(c->wake[i], F_SETFL, O_NONBLOCK);
    }
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->filled, NULL);
    pthread_cond_init(&c->freed, NULL);
    return c;
}

void chan_free(struct chan *c)
{
    if (!c)
        return;
    while (c->n && c->drop) {
        c->drop(c->items[c->first]);
        c->first = (c->first + 1) % c->cap;
        c->n--;
    }
    close(c->wake[0]);
    close(c->wake[1]);
    pthread_cond_destroy(&c->freed);
    pthread_cond_destroy(&c->filled);
    pthread_mutex_destroy(&c->lock);
    free(c->items);
    free(c);
}

int chan_fd(const struct chan *c)
{
    return c->wake[0];
}

/* With the lock held. A full pipe cannot happen: at most one byte lies in it. */
static void ring(struct chan *c)
{
    if (!c->woken) {
        ssize_t ignored = write(c->wake[1], "", 1);
        (void)ignored;
        c->woken = true;
    }
}

bool chan_put(struct chan *c, void *item)
{
    pthread_mutex_lock(&c->lock);
    while (c->n == c->cap && !c->closed)
        pthread_cond_wait(&c->freed, &c->lock);
    bool ok = !c->closed;
    if (ok) {
        c->items[(c->first + c->n++) % c->cap] = item;
        ring(c);
        pthread_cond_signal(&c->filled);
    }
    pthread_mutex_unlock(&c->lock);
    return ok;
}

void *chan_take(struct chan *c, bool wait)
{
    void *item = NULL;
    pthread_mutex_lock(&c->lock);
    while (wait && !c->n && !c->closed)
        pthread_cond_wait(&c->filled, &c->lock);
    if (c->n) {
        item = c->items[c->first];
        c->first = (c->first + 1) % c->cap;
        c->n--;
        pthread_cond_signal(&c->freed);
    }
    if (!c->n && c->woken) {
        char byte;
        ssize_t ignored = read(c->wake[0], &byte, 1);
        (void)ignored;
        c->woken = false;
    }
    pthread_mutex_unlock(&c->lock);
    return item;
}

void chan_close(struct chan *c)
{
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    ring(c);
    pthread_cond_broadcast(&c->filled);
    pthread_cond_broadcast(&c->freed);
    pthread_mutex_unlock(&c->lock);
}
