/* Presets of settings: picking one, deleting one's own. */
#include <stdio.h>
#include <string.h>

#include "desk/preset.h"
#include "desk/settings.h"
#include "ui/app.h"
#include "ui/panel.h"

enum { MAX_TEXT = 256 };

static char deleted[PRESET_NAME]; /* the one that was deleted last; "": none */

static int add_preset(struct app *a, struct panel *p, const struct preset *one)
{
    struct chat_settings s = *app_settings(a);
    struct err e = ERR_INIT;
    char text[MAX_TEXT];
    bool bad = preset_load(one->name, &s, &e);
    if (bad)
        panel_plain(text, sizeof text, "cannot be read: see below");
    else
        preset_text(&s, text, sizeof text);
    return panel_add(p, one->name, !bad && settings_equal(&s, app_settings(a)), "%s\t%s\t%s", one->name, text,
                     one->own ? "yours" : "") ||
           (bad ? panel_note(p, "%s", e.msg) : panel_note(p, "%s: %s. What is not named has its default; seed and length stay.", one->name, text));
}

static int fill(struct app *a, struct panel *p)
{
    struct preset all[PRESET_MAX];
    size_t n = preset_list(all);
    for (size_t i = 0; i < n; i++) {
        if (add_preset(a, p, &all[i]))
            return -1;
    }
    return 0;
}

static unsigned take(struct app *a, struct panel *p)
{
    struct chat_settings s = *app_settings(a);
    struct err e;
    if (preset_load(panel_focused(p)->key, &s, &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    return app_use_settings(a, &s) | panel_close(a);
}

static unsigned remove_preset(struct app *a, struct panel *p)
{
    struct err e = ERR_INIT;
    const char *name = panel_focused(p)->key;
    if (preset_delete(name, &e)) {
        app_fail(a, &e);
    } else {
        snprintf(deleted, sizeof deleted, "%s", name);
        app_say(a, "deleted, u brings it back");
    }
    return ACT_REPAINT;
}

static unsigned undo(struct app *a, struct panel *p)
{
    struct err e;
    (void)p;
    if (!deleted[0])
        app_say(a, "no preset was deleted in this run");
    else if (preset_bring_back(deleted, &e))
        app_fail(a, &e);
    else
        deleted[0] = '\0';
    return ACT_REPAINT;
}

const struct panel_ops panel_presets = {
    .name = "presets",
    .title = "Presets",
    .foot = "panel-open take\tsave-preset save as\tpanel-delete delete\tundo undo\tpanel-filter filter\tclose close",
    .over = true,
    .fill = fill,
    .open = take,
    .remove = remove_preset,
    .undo = undo,
};
