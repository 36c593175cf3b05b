/* Commands on chats, models and personas. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/place.h"
#include "ui/app.h"
#include "ui/composer.h"

static bool is_open(const struct app *a, const char *name)
{
    bool yes = false;
    for (size_t i = 0; i < a->n_tabs; i++)
        yes |= !strcmp(desk_chat_name(a->tabs[i].chat), name);
    return yes;
}

/* A mistyped name makes no chat, and a new one is new. */
static int check_name(const struct app *a, const char *name, bool wanted, struct err *e)
{
    if (chat_check_name(name, e))
        return -1;
    bool there = is_open(a, name) || chat_exists(name);
    if (wanted && !there)
        return err_set(e, ERR_NOTFOUND, "no chat '%s'; F2 lists them, /new begins one of that name", name);
    if (!wanted && there)
        return err_set(e, ERR_ARG, "there is a chat '%s' already; /open shows it", name);
    return 0;
}

unsigned act_chat_new(struct app *a, const struct args *args)
{
    struct err e;
    if (!args->n || !check_name(a, args->word[0], false, &e))
        return app_open_chat(a, args->n ? args->word[0] : NULL);
    app_fail(a, &e);
    return ACT_REPAINT;
}

unsigned act_chat_open(struct app *a, const struct args *args)
{
    struct err e;
    if (!check_name(a, args->word[0], true, &e))
        return app_open_chat(a, args->word[0]);
    app_fail(a, &e);
    return ACT_REPAINT;
}

/* A panel in the talk's place goes; the list beside it marks another chat. */
static unsigned switch_to(struct app *a, size_t i)
{
    unsigned bits = ACT_NONE;
    while (a->panel && !app_geometry(a).left)
        bits |= panel_close(a);
    bits |= app_show_tab(a, i);
    if (a->panel)
        panel_refill(a, a->panel);
    return bits;
}

unsigned act_chat_next(struct app *a, const struct args *args)
{
    (void)args;
    return a->n_tabs > 1 ? switch_to(a, (a->tab + 1) % a->n_tabs) : ACT_NONE;
}

unsigned act_chat_number(struct app *a, const struct args *args)
{
    unsigned long i = strtoul(args->word[0], NULL, 10);
    struct err e;
    if (i < 1 || i > a->n_tabs) {
        err_set(&e, ERR_NOTFOUND, "no open chat %s; F2 lists all chats", args->word[0]);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return switch_to(a, i - 1);
}

unsigned act_rename(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    if (t)
        desk_title(t->chat, args->rest[0]);
    return ACT_REPAINT;
}

unsigned act_chat_delete(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    struct err e;
    char name[128], title[128];
    (void)args;
    if (!t)
        return ACT_NONE;
    snprintf(name, sizeof name, "%s", desk_chat_name(t->chat));
    const struct shown *s = t->view.shown;
    panel_plain(title, sizeof title, s && s->title[0] ? s->title : name);
    app_stash_draft(a); /* it comes back with the chat */
    composer_set("", 0);
    app_close_tab(a, a->tab, false); /* undo brings it back, empty as it is */
    size_t next = a->tab;
    a->tab = SIZE_MAX; /* nothing is shown now: the empty composer is no chat's draft */
    if (desk_chat_move(a->desk, name, true, &e)) {
        app_fail(a, &e);
    } else {
        panel_chats_deleted(name);
        app_say(a, "deleted '%s'; in F2, u brings it back", title);
    }
    return a->n_tabs ? app_show_tab(a, next) : app_open_chat(a, NULL);
}

unsigned act_model(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    if (!args->n)
        return act_models(a, args);
    if (t && !app_refuses(a))
        app_asked(t, desk_use_model(t->chat, args->word[0]));
    return ACT_REPAINT;
}

unsigned act_persona(struct app *a, const struct args *args)
{
    return args->n ? persona_begin(a, args->word[0]) : act_personas(a, args);
}
