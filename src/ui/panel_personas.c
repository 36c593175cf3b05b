/* Personas: picking one, answering its questions, writing one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "chat/persona.h"
#include "desk/preset.h"
#include "desk/settings.h"
#include "ui/app.h"
#include "ui/editor.h"
#include "ui/panel.h"

/* The persona whose variables are being asked for; one at a time, as there is one composer. */
static struct {
    struct persona persona;
    char *values[PERSONA_MAX_PAIRS];
    size_t n; /* answered so far */
} asking;

/* What the user deleted last: its path, to which it goes back. */
static char *deleted;

static unsigned fail(struct app *a, const struct err *e)
{
    app_fail(a, e);
    return ACT_REPAINT;
}

/* ---- Beginning a chat ---- */

static void asking_clear(void)
{
    for (size_t i = 0; i < PERSONA_MAX_PAIRS; i++) {
        free(asking.values[i]);
        asking.values[i] = NULL;
    }
    persona_release(&asking.persona);
    asking.n = 0;
}

static unsigned leave_panels(struct app *a)
{
    unsigned bits = ACT_NONE;
    while (a->panel)
        bits |= panel_close(a);
    a->focus = FOCUS_COMPOSER;
    return bits;
}

/* An empty chat takes the persona; else a new one does. */
static unsigned begin(struct app *a)
{
    const struct persona *p = &asking.persona;
    struct str text = STR_INIT;
    struct err e = ERR_INIT;
    struct tab *t = app_tab(a);
    unsigned bits = ACT_REPAINT;
    if (persona_render(p, (const char *const *)asking.values, &text, &e)) {
        bits |= fail(a, &e);
        goto done;
    }
    bits |= leave_panels(a);
    if (!t || !tab_takes(t->state) || transcript_n(&t->view))
        bits |= app_open_chat(a, NULL);
    if (!(t = app_tab(a)))
        goto done;
    struct chat_settings s = *app_settings(a);
    if (p->n_settings && !preset_persona(p, &s, &e)) /* it was checked before anything was asked */
        bits |= app_use_settings(a, &s);
    if (p->model[0])
        desk_use_model(t->chat, p->model);
    desk_system(t->chat, text.p, text.len);
    app_say(a, "%s: %s", p->name, p->description[0] ? p->description : "write the first message");
done:
    str_release(&text);
    asking_clear();
    return bits;
}

static unsigned next_question(struct app *a);

static unsigned answered(struct app *a, const char *answer)
{
    size_t i = asking.n;
    if (i >= asking.persona.n_variables)
        return ACT_NONE;
    if (!answer[0] && !asking.persona.variables[i].value[0]) {
        app_say(a, "%s needs a value; Esc leaves", asking.persona.variables[i].name);
        return next_question(a);
    }
    if (answer[0] && !(asking.values[i] = mem_strdup(answer))) {
        struct err e;
        err_nomem(&e, "an answer");
        return fail(a, &e);
    }
    asking.n++;
    return next_question(a);
}

static unsigned next_question(struct app *a)
{
    char prompt[64];
    if (asking.n == asking.persona.n_variables)
        return begin(a);
    const struct persona_pair *v = &asking.persona.variables[asking.n];
    snprintf(prompt, sizeof prompt, "%s: ", v->name);
    return app_ask(a, prompt, v->value, answered);
}

unsigned persona_begin(struct app *a, const char *id)
{
    struct chat_settings s = settings_default();
    struct err e = ERR_INIT;
    asking_clear();
    if (persona_find(id, &asking.persona, &e) || preset_persona(&asking.persona, &s, &e)) {
        asking_clear();
        return fail(a, &e);
    }
    return next_question(a);
}

/* ---- The list ---- */

static int note_of(struct panel *p, const struct persona_entry *v)
{
    struct persona one;
    struct err e = ERR_INIT;
    struct str s = STR_INIT;
    if (v->error)
        return panel_note(p, "%s", v->error);
    if (persona_load(v->path, &one, &e))
        return panel_note(p, "%s", e.msg);
    for (size_t i = 0; i < one.n_variables; i++)
        str_addf(&s, "%s%s", i ? ", " : "Asks for ", one.variables[i].name);
    str_adds(&s, one.n_variables ? ". " : "");
    for (size_t i = 0; i < one.n_settings; i++)
        str_addf(&s, "%s%s %s", i ? ", " : "Sets ", one.settings[i].name, one.settings[i].value);
    str_adds(&s, one.n_settings ? ". " : "");
    if (one.model[0])
        str_addf(&s, "With %s. ", one.model);
    str_addf(&s, "%s%s", s.len ? "\n" : "", v->path);
    int r = panel_note(p, "%s", str_z(&s));
    str_release(&s);
    persona_release(&one);
    return r;
}

static int fill(struct app *a, struct panel *p)
{
    struct persona_list l;
    struct err e = ERR_INIT;
    int r = 0;
    (void)a;
    if (persona_list(&l, &e))
        return -1;
    for (size_t i = 0; i < l.n && !r; i++) {
        char name[100], about[200];
        const struct persona_entry *v = &l.v[i];
        panel_plain(name, sizeof name, v->id);
        panel_plain(about, sizeof about, v->error ? "cannot be read: see below" : v->description);
        r = panel_add(p, v->id, false, "%s\t%s\t%s", name, about, v->own ? "yours" : "") || note_of(p, v);
    }
    persona_list_release(&l);
    return r ? -1 : 0;
}

static unsigned open_persona(struct app *a, struct panel *p)
{
    char id[200];
    snprintf(id, sizeof id, "%s", panel_focused(p)->key);
    return persona_begin(a, id);
}

/* ---- Writing one ---- */

static unsigned edit_file(struct app *a, const char *path)
{
    struct err e = ERR_INIT;
    struct persona p;
    if (editor_file(path, &e) || persona_load(path, &p, &e))
        app_fail(a, &e);
    else
        persona_release(&p);
    return ACT_REPAINT | ACT_LAYOUT;
}

static int write_own(const char *path, const char *text, size_t n, struct err *e)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    return file_mkdirs(folder, e) || file_write(path, text, n, e) ? -1 : 0;
}

static unsigned name_given(struct app *a, const char *answer)
{
    struct str path = STR_INIT;
    struct err e = ERR_INIT;
    unsigned bits = ACT_REPAINT;
    if (!answer[0])
        return ACT_REPAINT;
    if (persona_own_path(answer, &path, &e))
        bits |= fail(a, &e);
    else if (!file_exists(path.p) && write_own(path.p, persona_skeleton, strlen(persona_skeleton), &e))
        bits |= fail(a, &e);
    else
        bits |= edit_file(a, path.p);
    str_release(&path);
    if (a->panel && !panel_refill(a, a->panel))
        panel_focus(a->panel, answer);
    return bits;
}

static unsigned make(struct app *a, struct panel *p)
{
    (void)p;
    return app_ask(a, "its name: ", "", name_given);
}

/* Where the focused one's file is; *own: in the user's folder. */
static int path_of(const char *id, struct str *out, bool *own, struct err *e)
{
    struct persona p;
    if (persona_own_path(id, out, e))
        return -1;
    *own = file_exists(out->p);
    if (*own)
        return 0;
    if (persona_find(id, &p, e))
        return -1;
    str_clear(out);
    str_adds(out, p.path);
    persona_release(&p);
    return out->oom ? err_nomem(e, id) : 0;
}

/* One that came with the program is copied first; the copy goes before it from then on. */
static unsigned edit(struct app *a, struct panel *p)
{
    const char *id = panel_focused(p)->key;
    struct str path = STR_INIT, text = STR_INIT;
    struct err e = ERR_INIT;
    bool own;
    unsigned bits;
    int bad = path_of(id, &path, &own, &e);
    if (!bad && !own)
        bad = file_read(path.p, PERSONA_MAX_FILE, &text, &e) || persona_own_path(id, &path, &e) ||
              write_own(path.p, str_z(&text), text.len, &e);
    bits = bad ? fail(a, &e) : edit_file(a, path.p);
    str_release(&path);
    str_release(&text);
    return bits;
}

static unsigned remove_persona(struct app *a, struct panel *p)
{
    struct str path = STR_INIT, aside = STR_INIT;
    struct err e = ERR_INIT;
    bool own = false;
    int bad = path_of(panel_focused(p)->key, &path, &own, &e);
    if (!bad && !own)
        bad = err_set(&e, ERR_ARG, "%s came with hiss and stays; e makes a copy of your own", panel_focused(p)->key);
    else if (!bad && (str_addf(&aside, "%s~", path.p) || rename(path.p, aside.p)))
        bad = err_sys(&e, "cannot delete %s", path.p);
    if (bad) {
        app_fail(a, &e);
    } else {
        free(deleted);
        deleted = str_take(&path);
        app_say(a, "deleted, u brings it back");
    }
    str_release(&path);
    str_release(&aside);
    return ACT_REPAINT;
}

static unsigned undo(struct app *a, struct panel *p)
{
    struct str aside = STR_INIT;
    struct err e = ERR_INIT;
    (void)p;
    if (!deleted)
        app_say(a, "no persona was deleted in this run");
    else if (file_exists(deleted))
        app_say(a, "there is a new %s; rename that one first", deleted);
    else if (str_addf(&aside, "%s~", deleted) || rename(aside.p, deleted)) {
        err_sys(&e, "cannot bring back %s", deleted);
        app_fail(a, &e);
    } else {
        free(deleted);
        deleted = NULL;
    }
    str_release(&aside);
    return ACT_REPAINT;
}

const struct panel_ops panel_personas = {
    .name = "personas",
    .title = "Personas",
    .foot = "panel-open begin a chat\tpanel-new new\tpanel-edit edit\tpanel-delete delete\tundo undo\t"
            "panel-filter filter\tclose close",
    .empty = "no personas found: n makes one",
    .fill = fill,
    .open = open_persona,
    .make = make,
    .edit = edit,
    .remove = remove_persona,
    .undo = undo,
};
