/* How the next token is chosen: values with bars, and a sentence each. A change holds from the next token on. */
#include <stdio.h>
#include <string.h>

#include "ui/app.h"
#include "ui/cells.h"
#include "ui/panel.h"
#include "ui/settings.h"

enum { BAR_CELLS = 20, MAX_UNDO = 64 };

static const char system_key[] = "system";

/* Values before this run's changes here, newest last. */
static struct {
    int which;
    char value[SETTING_TEXT];
} changes[MAX_UNDO];
static size_t n_changes;

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
    struct desk_settings d = settings_default();
    const struct setting *s = &settings[which];
    setting_format(&a->defaults, which, value);
    setting_format(&d, which, usual);
    setting_range(which, range);
    bar_text(setting_place(&a->defaults, which), bar);
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
    if (strcmp(settings[which].name, "seed") || a->defaults.fixed_seed || !t || !t->stats.seed)
        return 0;
    return panel_note(p, "seed: %s. The last reply's was %llu.", settings[which].help, (unsigned long long)t->stats.seed);
}

static int fill(struct app *a, struct panel *p)
{
    for (size_t i = 0; i < n_settings; i++) {
        if (add_setting(a, p, (int)i) || add_seed_note(a, p, (int)i))
            return -1;
    }
    return add_system(a, p) ? -1 : 0;
}

/* ---- Changing ---- */

static void remember(int which, const char *value)
{
    if (n_changes == MAX_UNDO)
        memmove(changes, changes + 1, --n_changes * sizeof changes[0]);
    changes[n_changes].which = which;
    snprintf(changes[n_changes++].value, SETTING_TEXT, "%s", value);
}

static unsigned give(struct app *a, int which, const char *value)
{
    char before[SETTING_TEXT];
    struct err e = ERR_INIT;
    setting_format(&a->defaults, which, before);
    if (app_set(a, settings[which].name, value, &e))
        app_fail(a, &e);
    else if (strcmp(before, value))
        remember(which, before);
    return ACT_REPAINT;
}

static unsigned change(struct app *a, struct panel *p, int by)
{
    int which = setting_find(panel_focused(p)->key);
    struct desk_settings s = a->defaults;
    char value[SETTING_TEXT];
    if (which < 0)
        return ACT_NONE;
    setting_step(&s, which, by);
    setting_format(&s, which, value);
    return give(a, which, value);
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
    setting_format(&a->defaults, which, value);
    snprintf(prompt, sizeof prompt, "%s: ", key);
    return app_ask(a, prompt, value, value_given);
}

static unsigned undo(struct app *a, struct panel *p)
{
    struct err e = ERR_INIT;
    (void)p;
    if (!n_changes) {
        app_say(a, "no setting was changed here in this run");
        return ACT_REPAINT;
    }
    n_changes--;
    if (app_set(a, settings[changes[n_changes].which].name, changes[n_changes].value, &e))
        app_fail(a, &e);
    return ACT_REPAINT;
}

const struct panel_ops panel_settings = {
    .name = "settings",
    .title = "Settings",
    .foot = "panel-less less\tpanel-more more\tpanel-open type\tpanel-reset default\tundo undo\thelp help\tclose close",
    .fill = fill,
    .open = edit,
    .edit = edit,
    .change = change,
    .reset = reset,
    .undo = undo,
};
