/* Settings of the shown chat, and of chats that have none of their own. */
#include <string.h>

#include "desk/preset.h"
#include "desk/settings.h"
#include "ui/app.h"

const struct chat_settings *app_settings(struct app *a)
{
    struct tab *t = app_tab(a);
    return t ? &t->settings : &a->defaults;
}

static void use(struct tab *t, const struct chat_settings *s)
{
    t->settings = *s;
    desk_set(t->chat, s);
}

/* For commands, which may run under an open panel; a panel's own handlers are followed by a refill anyway. */
static unsigned refilled(struct app *a)
{
    if (a->panel)
        panel_refill(a, a->panel);
    return ACT_REPAINT;
}

unsigned app_use_settings(struct app *a, const struct chat_settings *s)
{
    struct tab *t = app_tab(a);
    if (a->rc_where || !t) {
        a->defaults = *s;
        for (size_t i = 0; i < a->n_tabs; i++)
            use(&a->tabs[i], s);
    } else if (!settings_equal(s, &t->settings)) {
        if (t->n_before == APP_SETTINGS_UNDO)
            memmove(t->before, t->before + 1, --t->n_before * sizeof t->before[0]);
        t->before[t->n_before++] = t->settings;
        use(t, s);
    }
    return ACT_REPAINT;
}

unsigned app_undo_settings(struct app *a)
{
    struct tab *t = app_tab(a);
    if (t && t->n_before)
        use(t, &t->before[--t->n_before]);
    else
        app_say(a, "no setting of this chat was changed in this run");
    return ACT_REPAINT;
}

int app_set(struct app *a, const char *name, const char *value, struct err *e)
{
    int which = setting_find(name);
    struct chat_settings s = a->rc_where ? a->defaults : *app_settings(a);
    if (which < 0)
        return err_set(e, ERR_ARG, "no setting '%s'; F4 lists them", name);
    if (setting_parse(&s, which, value, e) || sampler_check(&s.sampler, e))
        return -1;
    if (a->on_command_line)
        a->given |= 1u << which;
    app_use_settings(a, &s);
    return 0;
}

void app_settings_left(struct app *a, struct tab *t, const struct chat_settings *s)
{
    t->settings = *s;
    settings_take(&t->settings, &a->defaults, a->given);
    if (a->given)
        desk_set(t->chat, &t->settings);
    refilled(a);
}

unsigned act_set(struct app *a, const struct args *args)
{
    struct err e;
    if (app_set(a, args->word[0], args->rest[1], &e))
        app_fail(a, &e);
    else if (!a->rc_where) {
        char shown[SETTING_TEXT];
        setting_format(app_settings(a), setting_find(args->word[0]), shown);
        app_say(a, "%s %s in this chat, from the next token on", args->word[0], shown);
    }
    return refilled(a);
}

/* ---- Presets ---- */

unsigned act_preset(struct app *a, const struct args *args)
{
    struct chat_settings s = a->rc_where ? a->defaults : *app_settings(a);
    struct err e;
    if (preset_load(args->rest[0], &s, &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    app_use_settings(a, &s);
    if (!a->rc_where)
        app_say(a, "%s holds in this chat, from the next token on", args->rest[0]);
    return refilled(a);
}

static unsigned save_as(struct app *a, const char *name)
{
    struct err e;
    if (!name[0])
        return ACT_REPAINT;
    if (preset_save(name, app_settings(a), &e))
        app_fail(a, &e);
    else
        app_say(a, "saved as %s; in hissrc, 'preset %s' makes new chats begin with it", name, name);
    return refilled(a);
}

unsigned act_preset_save(struct app *a, const struct args *args)
{
    return args->n ? save_as(a, args->rest[0]) : app_ask(a, "save as: ", "", save_as);
}
