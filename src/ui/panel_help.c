/* Help, made from the tables: the keys and commands of where one is, and topics. Enter on a command runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "desk/settings.h"
#include "ui/app.h"
#include "ui/panel.h"

enum { MAX_KEYS_SHOWN = 3 };

static const struct {
    const char *name, *about;
} topics[] = {
    { "keys", "the keys of every place" },
    { "commands", "every command with its arguments" },
    { "settings", "what can be set, and what it takes" },
    { "themes", "the roles that colours are given to" },
    { "personas", "how a persona is written" },
};

const char *help_topic(size_t i)
{
    return i < sizeof topics / sizeof topics[0] ? topics[i].name : NULL;
}

static const char topic_prefix[] = "help ";

static const char *const places[CONTEXT_N] = {
    [CONTEXT_ANY] = "Everywhere",      [CONTEXT_COMPOSER] = "While writing", [CONTEXT_TRANSCRIPT] = "While reading",
    [CONTEXT_PANEL] = "In this panel", [CONTEXT_REPLAY] = "In a replay",
};

/* ---- Keys ---- */

/* Does this line run the command? Those bound with a number each (chat 1, chat 2, …) count as one. */
static bool runs(const char *line, const struct action *act)
{
    size_t n = strlen(act->name);
    if (strncmp(line, act->name, n))
        return false;
    return !line[n] || (line[n] == ' ' && !strcmp(act->args, "number"));
}

/* "k, Up"; of many the first and the last: "Alt-1 … Alt-9". */
static size_t keys_in(enum context where, const struct action *act, struct str *out)
{
    char last[KEY_TEXT_MAX] = "";
    size_t n = 0;
    for (size_t i = 0; i < keymap_n(); i++) {
        enum context c;
        struct key k;
        const char *line;
        keymap_at(i, &c, &k, &line);
        if (c != where || !runs(line, act))
            continue;
        key_format(k, last);
        if (n < MAX_KEYS_SHOWN)
            str_addf(out, "%s%s", n ? ", " : "", last);
        n++;
    }
    if (n > MAX_KEYS_SHOWN) {
        str_cut(out, strcspn(out->p, ","));
        str_addf(out, " … %s", last);
    }
    return n;
}

/* Keys that a panel has no use for are not its keys. */
static bool of_use(const struct panel *seen, const char *command)
{
    if (!seen)
        return true;
    const struct {
        const char *command;
        bool has;
    } ops[] = {
        { "panel-open", seen->ops->open != NULL },     { "panel-delete", seen->ops->remove != NULL },
        { "panel-less", seen->ops->change != NULL },   { "panel-more", seen->ops->change != NULL },
        { "panel-new", seen->ops->make != NULL },      { "panel-rename", seen->ops->rename != NULL },
        { "panel-edit", seen->ops->edit != NULL },     { "panel-reset", seen->ops->reset != NULL },
        { "undo", seen->ops->undo != NULL },           { "redo", false },
        { "panel-filter", !seen->is_text },
    };
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!strcmp(command, ops[i].command))
            return ops[i].has;
    }
    return true;
}

static int add_action(struct panel *p, const char *first, const struct action *act)
{
    if (panel_add(p, act->name, false, "%s\t%s%s%s\t%s", first, act->name, act->args[0] ? " " : "", act->args, act->help))
        return -1;
    return panel_note(p, ":%s%s%s: %s.", act->name, act->args[0] ? " " : "", act->args, act->help);
}

/* Lines the user bound that are more than a command's name. */
static int add_own_bindings(struct panel *p, enum context where)
{
    for (size_t i = 0; i < keymap_n(); i++) {
        enum context c;
        struct key k;
        const char *line;
        char text[KEY_TEXT_MAX];
        keymap_at(i, &c, &k, &line);
        size_t word = strcspn(line, " ");
        const struct action *act = action_find(line, word);
        if (c != where || !line[word] || !act || !strcmp(act->args, "number"))
            continue;
        key_format(k, text);
        if (panel_add(p, line, false, "%s\t%s\t%s", text, line, act->help) || panel_note(p, "Bound to %s.", line))
            return -1;
    }
    return 0;
}

static int add_context(struct panel *p, enum context where, const struct panel *seen)
{
    char heading[96];
    if (seen && where == CONTEXT_PANEL)
        snprintf(heading, sizeof heading, "In %s", seen->ops->title);
    else
        snprintf(heading, sizeof heading, "%s", places[where]);
    if (panel_heading(p, heading))
        return -1;
    for (size_t i = 0; i < 2 * n_actions; i++) { /* what is a panel's own comes first */
        const struct action *act = &actions[i % n_actions];
        struct str keys = STR_INIT;
        int bad = 0;
        if (!strncmp(act->name, "panel-", 6) == (i >= n_actions))
            continue;
        if (keys_in(where, act, &keys) && (where != CONTEXT_PANEL || of_use(seen, act->name)))
            bad = add_action(p, str_z(&keys), act);
        str_release(&keys);
        if (bad)
            return -1;
    }
    return add_own_bindings(p, where);
}

/* ---- Topics ---- */

static int add_topics(struct panel *p)
{
    if (panel_heading(p, "More help"))
        return -1;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        char key[40];
        snprintf(key, sizeof key, "%s%s", topic_prefix, topics[i].name);
        if (panel_add(p, key, false, "%s\t\t%s", key, topics[i].about) || panel_note(p, ":%s: %s.", key, topics[i].about))
            return -1;
    }
    return 0;
}

static int fill_keys(struct panel *p)
{
    static const enum context order[] = { CONTEXT_ANY, CONTEXT_COMPOSER, CONTEXT_TRANSCRIPT, CONTEXT_PANEL, CONTEXT_REPLAY };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (add_context(p, order[i], NULL))
            return -1;
    }
    return 0;
}

static int fill_commands(struct panel *p, const char *only)
{
    for (size_t i = 0; i < n_actions; i++) {
        const struct action *act = &actions[i];
        if (only && !strstr(act->name, only) && !strstr(act->help, only))
            continue;
        if (panel_add(p, act->name, false, "%s%s%s\t%s", act->name, act->args[0] ? " " : "", act->args, act->help))
            return -1;
        if (act->keys[0] ? panel_note(p, "Keys from the start: %s. In the rc file: %s %s", act->keys, act->name, act->args)
                         : panel_note(p, "No key from the start; bind CONTEXT KEY %s gives it one.", act->name))
            return -1;
    }
    return 0;
}

static int fill_settings(struct panel *p)
{
    for (size_t i = 0; i < n_settings; i++) {
        char range[SETTING_TEXT];
        setting_range((int)i, range);
        const char *name = settings[i].name, *help = settings[i].help;
        if (panel_add(p, "settings", false, "%s\t%s\t%.*s", name, range, (int)strcspn(help, ";"), help) ||
            panel_note(p, ":set %s VALUE: %s. It takes %s.", name, help, range))
            return -1;
    }
    return 0;
}

static int fill_themes(struct panel *p)
{
    static const char *const roles[][3] = {
#define X(e, name, fg, attrs) { name, fg, attrs },
        THEME_ROLES(X)
#undef X
    };
    if (panel_heading(p, "theme ROLE [colour [background]] [bold dim italic underline reverse]"))
        return -1;
    for (size_t i = 0; i < STYLE_N; i++) {
        if (panel_add(p, NULL, false, "%s\t%s%s%s", roles[i][0], roles[i][1], roles[i][2][0] ? " " : "", roles[i][2]) ||
            panel_note(p, ":theme %s cyan bold, say. Colours: default, black to white, bright-black to bright-white, 0 to "
                       "255. A theme is a file of such lines; :theme NAME reads one.", roles[i][0]))
            return -1;
    }
    return 0;
}

static const char about_personas[] =
    "# Personas\n"
    "A persona is a Markdown file: front matter between two lines of `---`, then the text the model is told.\n\n"
    "```\n"
    "---\n"
    "name: Translator\n"
    "description: translates what you send\n"
    "variables:\n"
    "  from: English\n"
    "  to:\n"
    "settings:\n"
    "  temperature: 0.2\n"
    "---\n"
    "You translate from {{from}} into {{to}}.\n"
    "```\n\n"
    "- Each variable is asked for; its value in the file is the default.\n"
    "- `settings` takes the names of `:help settings`.\n"
    "- `model: NAME` also switches to that model.\n"
    "- `\\{{` is a plain `{{`.\n\n"
    "Yours are in the folder `personas` beside the rc file and go before those that came with hiss. `:personas` lists "
    "them, `:persona NAME` begins a chat with one, and so does `hiss ask --persona NAME`.\n";

/* ---- The panel ---- */

static const struct panel *seen_below(const struct app *a)
{
    const struct panel *seen = a->panel;
    return seen && seen->ops == &panel_help ? seen->under : seen;
}

static int fill_here(struct app *a, struct panel *p)
{
    const struct panel *seen = seen_below(a);
    if (p->where < 0)
        p->where = seen && a->focus == FOCUS_PANEL ? CONTEXT_PANEL : (int)app_context(a);
    if (p->where == CONTEXT_PANEL && !seen)
        p->where = CONTEXT_COMPOSER;
    if (add_context(p, (enum context)p->where, seen) || add_context(p, CONTEXT_ANY, NULL))
        return -1;
    return add_topics(p);
}

static int fill(struct app *a, struct panel *p)
{
    p->is_text = false;
    if (!p->topic[0])
        return fill_here(a, p);
    if (!strcmp(p->topic, "keys"))
        return fill_keys(p);
    if (!strcmp(p->topic, "commands"))
        return fill_commands(p, NULL);
    if (!strcmp(p->topic, "settings"))
        return fill_settings(p);
    if (!strcmp(p->topic, "themes"))
        return fill_themes(p);
    if (!strcmp(p->topic, "personas")) {
        p->is_text = true;
        return str_adds(&p->source, about_personas);
    }
    return fill_commands(p, p->topic);
}

/* Runs the command where one came from; one that needs arguments is asked for in full. */
static unsigned open_row(struct app *a, struct panel *p)
{
    const char *key = panel_focused(p)->key;
    char line[128];
    if (!key)
        return ACT_NONE;
    snprintf(line, sizeof line, "%s", key);
    if (!strncmp(line, topic_prefix, sizeof topic_prefix - 1))
        return panel_open(a, &panel_help, line + sizeof topic_prefix - 1);
    const struct action *act = action_find(line, strlen(line));
    if (act && act->args[0] && act->args[0] != '?') {
        app_say(a, ":%s %s", act->name, act->args);
        return ACT_REPAINT;
    }
    unsigned bits = panel_close(a);
    return bits | action_run(a, line);
}

const struct panel_ops panel_help = {
    .name = "help",
    .over = true,
    .title = "Help",
    .foot = "panel-open run\tpanel-filter filter\tpalette a command\tclose close",
    .empty = "no such topic",
    .fill = fill,
    .open = open_row,
};
