#include "ui/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/app.h"

struct replay {
    struct desk_replay data;
    struct shown *whole;   /* the chat as it is; counted */
    size_t at;             /* steps that have been shown */
    double ms;             /* of the replay's own time */
    double speed;
    uint64_t last_ns;
    bool paused;
};

/* The transcript shows the messages up to the current step, the last one as far as it had come. */
static void show(struct app *a)
{
    struct replay *r = a->replaying;
    struct tab *t = app_tab(a);
    if (!r->at)
        return;
    struct desk_replay_step step = r->data.steps[r->at - 1];
    const struct shown_msg *m = step.message < r->whole->n ? r->whole->msgs[step.message] : NULL;
    bool partial = m && m->role == SHOWN_REPLY && step.n_text < m->n;
    size_t n = step.message + !partial < r->whole->n ? step.message + !partial : r->whole->n;
    struct shown *s = shown_new(n);
    if (!s)
        return;
    for (size_t i = 0; i < n; i++)
        s->msgs[i] = shown_msg_ref(r->whole->msgs[i]);
    s->name = mem_strdup(r->whole->name);
    s->title = mem_strdup(r->whole->title);
    s->model = mem_strdup(r->whole->model);
    s->state_bytes = r->whole->state_bytes;
    transcript_show(&t->view, s);
    transcript_live_end(&t->view);
    if (partial) {
        transcript_live_begin(&t->view);
        transcript_live_add(&t->view, m->text, step.n_text);
    }
    transcript_end(&t->view);
}

unsigned replay_begin(struct app *a)
{
    struct tab *t = app_tab(a);
    struct err e;
    if (!t || !t->view.shown || !t->view.shown->n || tab_works(t->state) || a->replaying) {
        err_set(&e, ERR_ARG, t && tab_works(t->state) ? "a reply is being written; ^C stops it" : "nothing to replay yet");
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    struct replay *r = mem_zalloc(1, sizeof *r);
    if (!r || desk_replay_load(t->chat, &r->data, &e)) {
        free(r);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    r->whole = shown_ref(t->view.shown);
    r->speed = 1;
    r->last_ns = clock_ns();
    r->at = r->data.n ? 1 : 0;
    a->replaying = r;
    a->focus = FOCUS_TRANSCRIPT;
    show(a);
    return ACT_REPAINT | ACT_LAYOUT;
}

void replay_end(struct app *a)
{
    struct replay *r = a->replaying;
    struct tab *t = app_tab(a);
    if (!r)
        return;
    a->replaying = NULL;
    a->focus = FOCUS_COMPOSER;
    if (t) {
        transcript_unmark(&t->view);
        transcript_live_end(&t->view);
        transcript_show(&t->view, r->whole);
        transcript_end(&t->view);
    } else {
        shown_unref(r->whole);
    }
    desk_replay_release(&r->data);
    free(r);
}

static bool running(const struct replay *r)
{
    return r && !r->paused && r->at < r->data.n;
}

unsigned replay_tick(struct app *a)
{
    struct replay *r = a->replaying;
    if (!running(r))
        return ACT_NONE;
    uint64_t now = clock_ns();
    size_t before = r->at;
    r->ms += (double)(now - r->last_ns) * 1e-6 * r->speed;
    r->last_ns = now;
    while (r->at < r->data.n && r->data.steps[r->at].ms <= r->ms)
        r->at++;
    if (r->at == before)
        return ACT_NONE;
    show(a);
    return ACT_REPAINT;
}

int replay_wait_ms(const struct app *a)
{
    enum { LONGEST = 250, SHORTEST = 15 }; /* no more than some sixty frames a second */
    const struct replay *r = a->replaying;
    if (!running(r))
        return -1;
    double wait = (r->data.steps[r->at].ms - r->ms) / r->speed;
    return wait < SHORTEST ? SHORTEST : wait > LONGEST ? LONGEST : (int)wait;
}

unsigned replay_pause(struct app *a)
{
    struct replay *r = a->replaying;
    if (r) {
        r->paused = !r->paused;
        r->last_ns = clock_ns();
    }
    return ACT_REPAINT;
}

unsigned replay_step(struct app *a, int messages, int tokens)
{
    struct replay *r = a->replaying;
    if (!r || !r->at)
        return ACT_NONE;
    size_t message = r->data.steps[r->at - 1].message;
    r->paused = true;
    if (tokens < 0 && r->at > 1)
        r->at--;
    if (tokens > 0 && r->at < r->data.n)
        r->at++;
    if (messages < 0) { /* to the beginning of this message, or of the one before */
        size_t first = r->at - 1;
        while (first > 0 && r->data.steps[first - 1].message == message)
            first--;
        r->at = first + 1 < r->at || !first ? first + 1 : first;
    }
    while (messages > 0 && r->at < r->data.n && r->data.steps[r->at - 1].message <= message)
        r->at++;
    r->ms = r->data.steps[r->at - 1].ms;
    show(a);
    return ACT_REPAINT;
}

void replay_show_node(struct app *a, uint32_t node)
{
    struct replay *r = a->replaying;
    size_t message = 0;
    while (message < r->whole->n && r->whole->msgs[message]->node != node)
        message++;
    if (message == r->whole->n) /* it is on another branch */
        return;
    r->paused = true;
    while (r->at > 1 && r->data.steps[r->at - 1].message > message)
        r->at--;
    while (r->at < r->data.n && r->data.steps[r->at].message <= message)
        r->at++;
    r->ms = r->data.steps[r->at - 1].ms;
    show(a);
    transcript_go(&app_tab(a)->view, node); /* its head, where the mark is */
}

unsigned replay_speed(struct app *a, double factor)
{
    struct replay *r = a->replaying;
    if (r && r->speed * factor >= 0.125 && r->speed * factor <= 64)
        r->speed *= factor;
    return ACT_REPAINT;
}

void replay_place(const struct replay *r, char *out, size_t n)
{
    size_t message = r->at ? r->data.steps[r->at - 1].message : 0;
    snprintf(out, n, "%s %zu/%zu", r->paused ? "▮▮" : "▶", message + 1, r->whole->n);
}

void replay_title(const struct replay *r, char *out, size_t n)
{
    size_t message = r->at ? r->data.steps[r->at - 1].message : 0;
    unsigned s = (unsigned)(r->ms / 1000);
    snprintf(out, n, "%s %gx   message %zu of %zu   %u:%02u", r->paused ? "▮▮" : "▶", r->speed, message + 1, r->whole->n, s / 60,
             s % 60);
}
