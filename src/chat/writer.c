#include "chat/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct writer {
    struct journal *journal;
    void (*told)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;    /* holds everything below */
    pthread_cond_t work, done;
    struct str queue;        /* not taken by the thread yet */
    uint64_t last, taken, acknowledged; /* tickets */
    uint64_t attempts, wanted;          /* attempts made, and asked for */
    struct err failed;       /* of the last attempt; ERR_OK when it worked */
    bool stop;
};

/* One attempt: takes the whole queue, so that many lines share one sync. Called and returns with the lock held. */
static void attempt(struct writer *w)
{
    struct err e = ERR_INIT;
    struct str batch = w->queue;
    uint64_t ticket = w->last, number = w->wanted;
    str_init(&w->queue);
    pthread_mutex_unlock(&w->lock);
    int r = journal_append(w->journal, batch.p, batch.len, &e);
    pthread_mutex_lock(&w->lock);
    if (r && !str_add(&batch, w->queue.p, w->queue.len)) { /* back to the front, in order */
        str_release(&w->queue);
        w->queue = batch;
    } else {
        str_release(&batch);
    }
    if (!r)
        w->acknowledged = ticket;
    w->failed = e;
    w->attempts = number;
    pthread_cond_broadcast(&w->done);
}

static void *run(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        while (!w->stop && w->attempts == w->wanted)
            pthread_cond_wait(&w->work, &w->lock);
        if (w->attempts == w->wanted)
            break;
        if (w->queue.len)
            attempt(w);
        else
            w->attempts = w->wanted;
        pthread_cond_broadcast(&w->done);
        pthread_mutex_unlock(&w->lock);
        if (w->told)
            w->told(w->arg);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct writer *writer_new(struct journal *j, void (*told)(void *arg), void *arg, struct err *e)
{
    struct writer *w = mem_zalloc(1, sizeof *w);
    if (!w) {
        err_nomem(e, "the chat's writer");
        return NULL;
    }
    w->journal = j;
    w->told = told;
    w->arg = arg;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    sigset_t all, before; /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r) {
        err_set(e, ERR_NOMEM, "cannot start the thread that writes the chat");
        free(w);
        return NULL;
    }
    return w;
}

uint64_t writer_put(struct writer *w, const char *lines, size_t n)
{
    pthread_mutex_lock(&w->lock);
    uint64_t ticket = 0;
    if (!str_add(&w->queue, lines, n)) {
        ticket = ++w->last;
        w->wanted++;
        pthread_cond_signal(&w->work);
    } else {
        w->queue.oom = false;
    }
    pthread_mutex_unlock(&w->lock);
    return ticket;
}

int writer_wait(struct writer *w, uint64_t ticket, struct err *e)
{
    int r = 0;
    pthread_mutex_lock(&w->lock);
    if (w->acknowledged < ticket && w->attempts == w->wanted) { /* it failed before: once more */
        w->wanted++;
        pthread_cond_signal(&w->work);
    }
    uint64_t number = w->wanted;
    while (w->acknowledged < ticket && w->attempts < number)
        pthread_cond_wait(&w->done, &w->lock);
    if (w->acknowledged < ticket) {
        r = -1;
        if (e)
            *e = w->failed;
    }
    pthread_mutex_unlock(&w->lock);
    return r;
}

uint64_t writer_acknowledged(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    uint64_t ticket = w->acknowledged;
    pthread_mutex_unlock(&w->lock);
    return ticket;
}

int writer_free(struct writer *w, struct err *e)
{
    if (!w)
        return 0;
    pthread_mutex_lock(&w->lock);
    uint64_t last = w->last;
    pthread_mutex_unlock(&w->lock);
    int r = writer_wait(w, last, e);
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    str_release(&w->queue);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return r;
}
