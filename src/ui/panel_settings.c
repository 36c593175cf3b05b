/* How the next token is chosen: values with bars, and a sentence each. A change holds from the next token on. */
#include <stdio.h>
#include <string.h>

#include "desk/preset.h"
#include "desk/settings.h"
#include "term/cells.h"
#include "ui/app.h"
#include "ui/panel.h"

enum { BAR_CELLS = 20 };

static const char system_key[] = "system";

static void bar_text(double place, char out[BAR_CELLS * 3 + 1])
{
    int dot = (int)(place * (BAR_CELLS - 1) + 0.5), at = 0;
    out[0] = '\0';
    for (int i = 0; i < BAR_CELLS && place >= 0; i++)
        at += snprintf(out + at, (size_t)(BAR_CELLS * 3 + 1 - at), "%s", i == dot ? "●" : "─");
}

/* The order reads better with › between, beside the bars rather than among the values. */
static int add_order(struct panel *p, const char *value, bool changed)
{
    char text[128] = "";
    size_t at = 0;
    for (const char *s = value; *s && at + 8 < sizeof text; s++)
        at += (size_t)snprintf(text + at, sizeof text - at, *s == ',' ? " › " : "%c", *s);
    return panel_add(p, "order", false, "order\t%s\t\t%s", changed ? "own" : "default", text);
}

static int add_setting(struct app *a, struct panel *p, int which)
{
    char value[SETTING_TEXT], usual[SETTING_TEXT], range[SETTING_TEXT], bar[BAR_CELLS * 3 + 1];
    struct chat_settings d = settings_default();
    const struct setting *s = &settings[which];
    setting_format(app_settings(a), which, value);
    setting_format(&d, which, usual);
    setting_range(which, range);
    bar_text(setting_place(app_settings(a), which), bar);
    int bad = !strcmp(s->name, "order") ? add_order(p, value, strcmp(value, usual) != 0)
                                        : panel_add(p, s->name, false, "%s\t%s\t%s\t%.*s", s->name, value, bar,
                                                      (int)strcspn(s->help, ";"), s->help);
    return bad || panel_note(p, "%s: %s. It takes %s; the default is %s.", s->name, s->help, range, usual);
}

static int add_system(struct app *a, struct panel *p)
{
    struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    const char *text = s && s->n && s->msgs[0]->role == SHOWN_SYSTEM ? s->msgs[0]->text : "none";
    char line[160];
    panel_plain(line, sizeof line, text);
    return panel_add(p, system_key, false, "system\t\t\t%s", line) ||
           panel_note(p, "What the model is told before the conversation begins; of this chat only.");
}

static int add_seed_note(struct app *a, struct panel *p, int which)
{
    const struct tab *t = app_tab(a);
    if (strcmp(settings[which].name, "seed") || app_settings(a)->fixed_seed || !t || !t->stats.seed)
        return 0;
    return panel_note(p, "seed: %s. The last reply's was %llu.", settings[which].help, (unsigned long long)t->stats.seed);
}

static int fill(struct app *a, struct panel *p)
{
    char preset[PRESET_NAME];
    preset_of(app_settings(a), preset);
    snprintf(p->about, sizeof p->about, "this chat, %s%s", preset[0] ? "preset: " : "no preset", preset);
    for (size_t i = 0; i < n_settings; i++) {
        if (add_setting(a, p, (int)i) || add_seed_note(a, p, (int)i))
            return -1;
    }
    return add_system(a, p) ? -1 : 0;
}

/* ---- Changing ---- */

static unsigned give(struct app *a, int which, const char *value)
{
    struct err e = ERR_INIT;
    if (app_set(a, settings[which].name, value, &e))
        app_fail(a, &e);
    return ACT_REPAINT;
}

static unsigned change(struct app *a, struct panel *p, int by)
{
    int which = setting_find(panel_focused(p)->key);
    struct chat_settings s = *app_settings(a);
    if (which < 0)
        return ACT_NONE;
    setting_step(&s, which, by);
    return app_use_settings(a, &s);
}

/* The order is that of stages: several settings may belong to one, and some to none. */
static unsigned shift(struct app *a, struct panel *p, int by)
{
    int which = setting_find(panel_focused(p)->key);
    struct chat_settings s = *app_settings(a);
    if (which >= 0 && setting_shift(&s, which, by))
        return app_use_settings(a, &s);
    app_say(a, "%s belongs to no stage of the order; temperature, top-p and the like do", panel_focused(p)->key);
    return ACT_REPAINT;
}

static unsigned reset(struct app *a, struct panel *p)
{
    int which = setting_find(panel_focused(p)->key);
    return which < 0 ? ACT_NONE : give(a, which, "default");
}

static unsigned value_given(struct app *a, const char *answer)
{
    const struct panel_row *r = a->panel && a->panel->ops == &panel_settings ? panel_focused(a->panel) : NULL;
    int which = r ? setting_find(r->key) : -1;
    unsigned bits = which < 0 ? ACT_NONE : give(a, which, answer);
    if (a->panel)
        panel_refill(a, a->panel);
    return bits;
}

static unsigned edit(struct app *a, struct panel *p)
{
    const char *key = panel_focused(p)->key;
    char value[SETTING_TEXT], prompt[SETTING_TEXT];
    int which = setting_find(key);
    if (which < 0)
        return action_run(a, "system");
    setting_format(app_settings(a), which, value);
    snprintf(prompt, sizeof prompt, "%s: ", key);
    return app_ask(a, prompt, value, value_given);
}

static unsigned undo(struct app *a, struct panel *p)
{
    (void)p;
    return app_undo_settings(a);
}

const struct panel_ops panel_settings = {
    .name = "settings",
    .title = "Settings",
    .foot = "panel-less less\tpanel-more more\tpanel-open type\tpanel-reset default\tpanel-earlier earlier\tpanel-later later\t"
            "presets presets\tsave-preset save as\tundo undo\tclose close",
    .fill = fill,
    .open = edit,
    .edit = edit,
    .change = change,
    .shift = shift,
    .reset = reset,
    .undo = undo,
};
