/* What the workers said, taken into the screen's state. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/replay.h"

static struct tab *tab_of(struct app *a, const struct desk_chat *c)
{
    for (size_t i = 0; c && i < a->n_tabs; i++) {
        if (a->tabs[i].chat == c)
            return &a->tabs[i];
    }
    return NULL;
}

static void stage(struct app *a, struct tab *t, const struct desk_event *ev)
{
    bool changed = t->stage != ev->stage;
    bool done = ev->stage == DESK_IDLE && !desk_busy(t->chat); /* what it said before may be heard only after all is done */
    if (changed)
        t->since_ns = clock_ns();
    t->stage = ev->stage;
    t->progress = ev->progress;
    t->state = tab_next(t->state, done ? TAB_DONE : TAB_WORKS);
    if (t->state == TAB_FREE && (!a->replaying || t != app_tab(a))) /* a replay shows replies half written */
        transcript_live_end(&t->view);
    if (a->panel && changed) /* who writes stands in the list of chats */
        panel_refill(a, a->panel);
}

static void ended(struct app *a, struct tab *t)
{
    if (t->view.has_live && t != app_tab(a)) /* restoring a chat ends too, but nothing came */
        t->unread = true;
    transcript_live_end(&t->view);
}

/* A tick beside each reply that came out the same; the first that did not is shown. */
static void verified(struct app *a, struct tab *t, const struct desk_event *ev)
{
    transcript_mark(&t->view, ev->node, ev->outcome);
    if (ev->outcome == VERIFY_DIFFERS && t == app_tab(a) && a->replaying)
        replay_show_node(a, ev->node);
    else if (ev->outcome == VERIFY_DIFFERS)
        transcript_go(&t->view, ev->node);
}

static void shown(struct app *a, struct tab *t, struct desk_event *ev)
{
    bool first = !t->view.shown;
    transcript_show(&t->view, ev->shown);
    ev->shown = NULL; /* the transcript has it */
    if (first && t == app_tab(a)) /* it may have been left in the middle of an edit */
        app_say_editing(a);
    if (a->panel)
        panel_refill(a, a->panel);
}

/* Back into the line, unless something else is being written by now: then Up brings it back. */
static void refused(struct app *a, struct tab *t, const struct desk_event *ev)
{
    bool here = t == app_tab(a) && a->focus != FOCUS_ASK;
    if (here ? !composer_empty() : t->draft.len > 0)
        return;
    t->editing = ev->node;
    if (here)
        composer_set(ev->text, ev->n);
    else
        str_add(&t->draft, ev->text, ev->n);
    a->bits |= ACT_LAYOUT;
}

static void of_chat(struct app *a, struct tab *t, struct desk_event *ev)
{
    switch (ev->kind) {
    case DESK_SHOWN: shown(a, t, ev); break;
    case DESK_BEGUN: transcript_live_begin(&t->view); break;
    case DESK_TEXT: transcript_live_add(&t->view, ev->text, ev->n); break;
    case DESK_ENDED: ended(a, t); break;
    case DESK_STAGE: stage(a, t, ev); break;
    case DESK_STATS: t->stats = ev->stats; break;
    case DESK_REFUSED: refused(a, t, ev); break;
    case DESK_SETTINGS: app_settings_left(a, t, &ev->settings); break;
    case DESK_VERIFIED: verified(a, t, ev); break;
    case DESK_NOTE: app_say(a, "%.*s", (int)ev->n, ev->text ? ev->text : ""); break;
    case DESK_ERROR: app_fail(a, &ev->err); break;
    default: break;
    }
}

static void of_desk(struct app *a, struct desk_event *ev)
{
    if (ev->kind == DESK_ERROR || (ev->kind == DESK_MODEL && ev->err.code))
        app_fail(a, &ev->err);
    if (ev->kind == DESK_MODEL && a->panel)
        panel_refill(a, a->panel);
}

unsigned app_events(struct app *a)
{
    struct desk_event *ev;
    unsigned bits = ACT_NONE;
    while ((ev = desk_next(a->desk))) {
        struct tab *t = tab_of(a, ev->chat);
        if (t)
            of_chat(a, t, ev);
        else if (!ev->chat)
            of_desk(a, ev);
        desk_event_free(ev);
        bits |= ACT_REPAINT;
    }
    struct tab *t = app_tab(a);
    if (a->replay_first && t && t->view.shown && !desk_busy(t->chat)) {
        a->replay_first = false;
        bits |= replay_begin(a);
    }
    return bits;
}
