/* Handlers of panels: opening, closing, and what keys do in the one that is open. */
#include <stdio.h>
#include <string.h>

#include "ui/app.h"
#include "ui/panel.h"

enum { ALL = ACT_REPAINT | ACT_LAYOUT };

static int focus_below(const struct app *a)
{
    if (a->panel)
        return a->panel->back;
    return a->focus == FOCUS_TRANSCRIPT ? FOCUS_TRANSCRIPT : FOCUS_COMPOSER;
}

unsigned panel_close(struct app *a)
{
    struct panel *p = a->panel;
    if (!p)
        return ACT_NONE;
    a->panel = p->under;
    p->under = NULL;
    if (a->panel)
        panel_refill(a, a->panel);
    else
        a->focus = (enum focus)p->back;
    panel_free(p);
    return ALL;
}

unsigned panel_open(struct app *a, const struct panel_ops *ops, const char *topic)
{
    struct panel *old = a->panel;
    if (old && old->ops == ops && !strcmp(old->topic, topic ? topic : "")) {
        if (a->focus == FOCUS_PANEL)
            return panel_close(a);
        a->focus = FOCUS_PANEL;
        return ALL;
    }
    struct panel *p = panel_new(a, ops, topic);
    if (!p) {
        struct err e;
        err_nomem(&e, ops->title);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    p->back = focus_below(a);
    if (old && ops->over && old->ops != ops) {
        p->under = old;
    } else if (old) {
        if (ops == old->ops) { /* another topic of help, over the same panel */
            p->under = old->under;
            p->where = old->where;
            old->under = NULL;
        }
        panel_free(old);
    }
    a->panel = p;
    a->focus = FOCUS_PANEL;
    return ALL;
}

unsigned act_help(struct app *a, const struct args *args)
{
    return panel_open(a, &panel_help, args->n ? args->word[0] : NULL);
}

unsigned act_chats(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_chats, NULL);
}

unsigned act_models(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_models, NULL);
}

unsigned act_settings(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_settings, NULL);
}

unsigned act_presets(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_presets, NULL);
}

unsigned act_personas(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_personas, NULL);
}

unsigned act_log(struct app *a, const struct args *args)
{
    (void)args;
    return panel_open(a, &panel_log, NULL);
}

unsigned act_close(struct app *a, const struct args *args)
{
    (void)args;
    return panel_close(a);
}

/* ---- In the open panel ---- */

static struct panel *need(struct app *a)
{
    if (!a->panel)
        app_say(a, "no panel is open; F2 lists the chats, F1 the others");
    return a->panel;
}

static unsigned nothing(struct app *a, const char *what)
{
    app_say(a, "%s is not for %s; the foot says which keys are", what, a->panel->ops->title);
    return ACT_REPAINT;
}

/* What the operation did may show in the list. */
static unsigned done(struct app *a, unsigned bits)
{
    if (a->panel)
        panel_refill(a, a->panel);
    return bits | ACT_REPAINT;
}

static unsigned move(struct app *a, int by)
{
    struct panel *p = need(a);
    if (!p)
        return ACT_REPAINT;
    panel_move(p, by, app_geometry(a).transcript_rows);
    return ACT_REPAINT;
}

unsigned act_panel_up(struct app *a, const struct args *args)
{
    (void)args;
    return move(a, -1);
}

unsigned act_panel_down(struct app *a, const struct args *args)
{
    (void)args;
    return move(a, 1);
}

/* An operation on the focused row, where this panel has it and a row has the focus. */
static unsigned on_row(struct app *a, unsigned (*run)(struct app *, struct panel *), const char *what)
{
    if (!run)
        return nothing(a, what);
    return panel_focused(a->panel) ? done(a, run(a, a->panel)) : ACT_NONE;
}

unsigned act_panel_open(struct app *a, const struct args *args)
{
    (void)args;
    return need(a) ? on_row(a, a->panel->ops->open, "opening") : ACT_REPAINT;
}

unsigned act_panel_delete(struct app *a, const struct args *args)
{
    (void)args;
    return need(a) ? on_row(a, a->panel->ops->remove, "deleting") : ACT_REPAINT;
}

unsigned act_panel_rename(struct app *a, const struct args *args)
{
    (void)args;
    return need(a) ? on_row(a, a->panel->ops->rename, "renaming") : ACT_REPAINT;
}

unsigned act_panel_edit(struct app *a, const struct args *args)
{
    (void)args;
    return need(a) ? on_row(a, a->panel->ops->edit, "editing") : ACT_REPAINT;
}

unsigned act_panel_reset(struct app *a, const struct args *args)
{
    (void)args;
    return need(a) ? on_row(a, a->panel->ops->reset, "a default") : ACT_REPAINT;
}

unsigned act_panel_new(struct app *a, const struct args *args)
{
    (void)args;
    if (!need(a))
        return ACT_REPAINT;
    return a->panel->ops->make ? done(a, a->panel->ops->make(a, a->panel)) : nothing(a, "a new one");
}

static unsigned change(struct app *a, int by)
{
    if (!need(a))
        return ACT_REPAINT;
    if (!a->panel->ops->change || !panel_focused(a->panel))
        return ACT_NONE; /* h and l are pressed in passing: no word about it */
    return done(a, a->panel->ops->change(a, a->panel, by));
}

unsigned act_panel_less(struct app *a, const struct args *args)
{
    (void)args;
    return change(a, -1);
}

unsigned act_panel_more(struct app *a, const struct args *args)
{
    (void)args;
    return change(a, 1);
}

static unsigned shift(struct app *a, int by)
{
    if (!need(a))
        return ACT_REPAINT;
    if (!a->panel->ops->shift)
        return nothing(a, "moving");
    return panel_focused(a->panel) ? done(a, a->panel->ops->shift(a, a->panel, by)) : ACT_NONE;
}

unsigned act_panel_earlier(struct app *a, const struct args *args)
{
    (void)args;
    return shift(a, -1);
}

unsigned act_panel_later(struct app *a, const struct args *args)
{
    (void)args;
    return shift(a, 1);
}

static unsigned filter_given(struct app *a, const char *answer)
{
    if (!a->panel)
        return ACT_NONE;
    panel_plain(a->panel->filter, sizeof a->panel->filter, answer);
    return done(a, ACT_REPAINT);
}

unsigned act_panel_filter(struct app *a, const struct args *args)
{
    (void)args;
    if (!need(a))
        return ACT_REPAINT;
    return a->panel->is_text ? nothing(a, "a filter") : app_ask(a, "/ ", a->panel->filter, filter_given);
}

unsigned panel_undo(struct app *a, bool *took)
{
    *took = a->panel && a->panel->ops->undo;
    return *took ? done(a, a->panel->ops->undo(a, a->panel)) : ACT_NONE;
}
