/* The chats: on disk and open, newest first, by day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ui/app.h"
#include "ui/panel.h"

enum { MAX_CHATS = 2000, MAX_UNDO = 16 };

/* What was deleted in this run, newest last: undo brings it back. */
static char deleted[MAX_UNDO][128];
static size_t n_deleted;

static struct tab *tab_of(struct app *a, const char *name, size_t *index)
{
    for (size_t i = 0; i < a->n_tabs; i++) {
        if (!strcmp(desk_chat_name(a->tabs[i].chat), name)) {
            *index = i;
            return &a->tabs[i];
        }
    }
    return NULL;
}

/* ---- Days ---- */

static struct tm day_of(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm = { .tm_year = 70 };
    localtime_r(&t, &tm);
    return tm;
}

static bool same_day(struct tm a, struct tm b)
{
    return a.tm_year == b.tm_year && a.tm_yday == b.tm_yday;
}

static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
                                      "October", "November", "December" };

/* "Today", "Yesterday", "October", "October 2025". */
static void group_of(int64_t ms, int64_t now, char out[32])
{
    struct tm t = day_of(ms), today = day_of(now), yesterday = today;
    yesterday.tm_mday--;
    yesterday.tm_hour = 12; /* away from the hour that clocks skip */
    mktime(&yesterday);
    if (same_day(t, today))
        snprintf(out, 32, "Today");
    else if (same_day(t, yesterday))
        snprintf(out, 32, "Yesterday");
    else if (t.tm_year == today.tm_year)
        snprintf(out, 32, "%s", months[t.tm_mon % 12]);
    else
        snprintf(out, 32, "%s %d", months[t.tm_mon % 12], 1900 + t.tm_year);
}

static void when_text(int64_t ms, int64_t now, char out[32])
{
    struct tm t = day_of(ms), today = day_of(now);
    if (same_day(t, today))
        strftime(out, 32, "%H:%M", &t);
    else
        snprintf(out, 32, "%d %.3s", t.tm_mday, months[t.tm_mon % 12]);
}

/* ---- Rows ---- */

/* A dot while it writes, a word when a reply came unseen, else the key that shows it. */
static void state_of(struct app *a, const struct tab *t, size_t index, char out[32])
{
    struct str keys = STR_INIT;
    char line[16];
    snprintf(line, sizeof line, "chat %zu", index + 1);
    keymap_keys_of(CONTEXT_ANY, line, &keys);
    if (tab_works(t->state) && index != a->tab)
        snprintf(out, 32, "●");
    else if (t->unread)
        snprintf(out, 32, "new");
    else
        snprintf(out, 32, "%s", str_z(&keys));
    str_release(&keys);
}

/* A chat without a title is known by what was asked first, where that is at hand. */
static const char *title_of(const struct desk_chat_info *c, const struct tab *t)
{
    const struct shown *s = t ? t->view.shown : NULL;
    for (size_t i = 0; !c->title[0] && s && i < s->n; i++) {
        if (s->msgs[i]->role == SHOWN_USER)
            return s->msgs[i]->text;
    }
    return c->title[0] ? c->title : "New chat";
}

static int add_chat(struct app *a, struct panel *p, const struct desk_chat_info *c, int64_t now)
{
    char title[160], when[32], state[32] = "";
    size_t i;
    const struct tab *t = c->deleted ? NULL : tab_of(a, c->name, &i);
    panel_plain(title, sizeof title, title_of(c, t));
    when_text(c->mtime, now, when);
    if (t)
        state_of(a, t, i, state);
    if (app_geometry(a).left) /* beside the talk there is no room for times; the headings have the days */
        when[0] = '\0';
    return panel_add(p, c->name, t && i == a->tab, "%s\t%s\t%s", title, state, when);
}

static int add_all(struct app *a, struct panel *p, const struct desk_chat_info *v, size_t n, bool in_trash)
{
    char group[32], last[32] = "";
    int64_t now = clock_wall();
    for (size_t i = 0; i < n; i++) {
        if (v[i].deleted != in_trash)
            continue;
        if (in_trash)
            snprintf(group, sizeof group, "Deleted");
        else
            group_of(v[i].mtime, now, group);
        if (strcmp(group, last) && panel_heading(p, group))
            return -1;
        memcpy(last, group, sizeof last);
        if (add_chat(a, p, &v[i], now) || (in_trash && panel_note(p, "Deleted; opening it brings it back.")))
            return -1;
    }
    return 0;
}

static int fill(struct app *a, struct panel *p)
{
    struct desk_chat_info *v = mem_alloc(MAX_CHATS, sizeof *v);
    if (!v)
        return -1;
    size_t n = desk_chats(a->desk, v, MAX_CHATS);
    int r = add_all(a, p, v, n < MAX_CHATS ? n : MAX_CHATS, false) || add_all(a, p, v, n < MAX_CHATS ? n : MAX_CHATS, true);
    free(v);
    return r ? -1 : 0;
}

/* ---- Doing ---- */

static bool is_deleted(struct app *a, const char *name)
{
    struct desk_chat_info *v = mem_alloc(MAX_CHATS, sizeof *v);
    size_t n = v ? desk_chats(a->desk, v, MAX_CHATS) : 0;
    bool yes = false;
    for (size_t i = 0; i < n && i < MAX_CHATS; i++)
        yes |= v[i].deleted && !strcmp(v[i].name, name);
    free(v);
    return yes;
}

static unsigned bring_back(struct app *a, const char *name)
{
    struct err e = ERR_INIT;
    if (desk_chat_move(a->desk, name, false, &e))
        app_fail(a, &e);
    for (size_t i = 0; i < n_deleted; i++) {
        if (!strcmp(deleted[i], name)) {
            memmove(deleted[i], deleted[i + 1], (n_deleted - i - 1) * sizeof deleted[0]);
            n_deleted--;
            break;
        }
    }
    return ACT_REPAINT;
}

/* Beside the talk the list stays open; in its place it goes. name NULL: a new chat. */
static unsigned show(struct app *a, const char *name)
{
    bool beside = app_geometry(a).left > 0;
    unsigned bits = beside ? ACT_LAYOUT : panel_close(a);
    bits |= app_open_chat(a, name);
    a->focus = FOCUS_COMPOSER;
    if (beside && !panel_refill(a, a->panel))
        panel_focus(a->panel, NULL);
    return bits;
}

static unsigned open_chat(struct app *a, struct panel *p)
{
    char name[128];
    snprintf(name, sizeof name, "%s", panel_focused(p)->key);
    if (is_deleted(a, name))
        bring_back(a, name);
    return show(a, name);
}

static unsigned new_chat(struct app *a, struct panel *p)
{
    (void)p;
    return show(a, NULL);
}

void panel_chats_deleted(const char *name)
{
    if (n_deleted == MAX_UNDO)
        memmove(deleted[0], deleted[1], --n_deleted * sizeof deleted[0]);
    snprintf(deleted[n_deleted++], sizeof deleted[0], "%s", name);
}

/* The focus does not follow a chat into the trash: the next takes its place, or the one above. */
static void focus_beside(struct app *a, struct panel *p)
{
    size_t at = p->at;
    panel_move(p, 1, 1);
    if (p->at == at || is_deleted(a, panel_focused(p)->key)) {
        p->at = at;
        panel_move(p, -1, 1);
    }
}

static unsigned remove_chat(struct app *a, struct panel *p)
{
    struct err e = ERR_INIT;
    char name[128];
    size_t i, shown = a->tab;
    snprintf(name, sizeof name, "%s", panel_focused(p)->key);
    if (is_deleted(a, name))
        return ACT_NONE;
    focus_beside(a, p);
    if (tab_of(a, name, &i)) {
        if (i == shown) /* its own command knows what is shown after it */
            return act_chat_delete(a, &(struct args){ .n = 0 });
        app_close_tab(a, i, false);
        a->tab = shown > i ? shown - 1 : shown;
    }
    if (desk_chat_move(a->desk, name, true, &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    panel_chats_deleted(name);
    struct str keys = STR_INIT;
    keymap_keys_of(CONTEXT_PANEL, "undo", &keys);
    app_say(a, "deleted, %.*s brings it back", (int)strcspn(str_z(&keys), ","), str_z(&keys));
    str_release(&keys);
    return ACT_REPAINT;
}

static unsigned undo_remove(struct app *a, struct panel *p)
{
    char name[128];
    (void)p;
    if (!n_deleted) {
        app_say(a, "nothing was deleted in this run; deleted chats stand at the end of the list");
        return ACT_REPAINT;
    }
    memcpy(name, deleted[n_deleted - 1], sizeof name);
    return bring_back(a, name);
}

static unsigned renamed(struct app *a, const char *answer)
{
    const struct panel_row *r = a->panel && a->panel->ops == &panel_chats ? panel_focused(a->panel) : NULL;
    struct err e = ERR_INIT;
    size_t i;
    const struct tab *t = r ? tab_of(a, r->key, &i) : NULL;
    if (t) {
        desk_title(t->chat, answer);
    } else if (r && desk_chat_rename(a->desk, r->key, is_deleted(a, r->key), answer, &e)) {
        app_fail(a, &e);
    } else if (r) {
        panel_refill(a, a->panel);
    }
    return ACT_REPAINT;
}

static unsigned rename_chat(struct app *a, struct panel *p)
{
    char title[160];
    const char *text = panel_focused(p)->text;
    snprintf(title, sizeof title, "%.*s", (int)strcspn(text, "\t"), text);
    return app_ask(a, "name: ", title, renamed);
}

const struct panel_ops panel_chats = {
    .name = "chats",
    .title = "Chats",
    .foot = "panel-open open\tpanel-new new\tpanel-rename rename\tpanel-delete delete\tundo undo\tpanel-filter filter\t"
            "close close",
    .empty = "no chats yet: what you send first makes one",
    .fill = fill,
    .open = open_chat,
    .make = new_chat,
    .remove = remove_chat,
    .rename = rename_chat,
    .undo = undo_remove,
};
