/* Commands that talk: send, stop, edit, regenerate, alternatives, undo, copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "term/term.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/editor.h"
#include "ui/replay.h"

static unsigned complain(struct app *a, enum err_code code, const char *text)
{
    struct err e;
    err_set(&e, code, "%s", text);
    app_fail(a, &e);
    return ACT_REPAINT;
}

/* A slash command. One that is refused stays in the composer, to be put right. */
static unsigned run_typed(struct app *a, const struct str *line)
{
    const struct tab *t = app_tab(a);
    size_t n = strcspn(line->p + 1, " \t");
    struct err e;
    if (!action_find(line->p + 1, n)) {
        err_set(&e, ERR_ARG, "no command '%.*s'; Alt-x lists them, // begins a text with /", (int)(n < 40 ? n : 40), line->p + 1);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    composer_remember(line->p, line->len);
    composer_set("", 0);
    a->message_error = false;
    unsigned bits = action_run(a, line->p + 1);
    if (a->message_error && a->focus == FOCUS_COMPOSER && app_tab(a) == t && composer_empty())
        composer_set(line->p, line->len);
    return bits;
}

unsigned act_send(struct app *a, const struct args *args)
{
    struct str text = STR_INIT;
    unsigned bits = ACT_REPAINT;
    (void)args;
    composer_text(&text);
    while (text.len && strchr(" \n\t", text.p[text.len - 1]))
        str_cut(&text, text.len - 1);
    if (text.oom)
        bits = complain(a, ERR_NOMEM, "no memory for this message");
    else if (text.len > 1 && text.p[0] == '/' && text.p[1] != '/' && !strchr(text.p, '\n')) {
        bits = run_typed(a, &text) | ACT_LAYOUT;
    } else if (text.len) {
        size_t skip = text.len > 1 && text.p[0] == '/' && text.p[1] == '/'; /* // begins a message with / */
        bits = app_send(a, text.p + skip, text.len - skip);
    }
    str_release(&text);
    return bits;
}

unsigned act_newline(struct app *a, const struct args *args)
{
    (void)a;
    (void)args;
    composer_insert("\n", 1);
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned act_editor(struct app *a, const struct args *args)
{
    struct str text = STR_INIT;
    struct err e;
    (void)args;
    composer_text(&text);
    if (editor_edit(&text, ".md", &e))
        app_fail(a, &e);
    else {
        while (text.len && text.p[text.len - 1] == '\n')
            str_cut(&text, text.len - 1);
        composer_set(str_z(&text), text.len);
    }
    str_release(&text);
    return ACT_REPAINT | ACT_LAYOUT;
}

/* ^C gives up what one is about: a reply that one waits for, else what one writes, and only then what goes on behind. */
bool app_line_goes_first(const struct app *a)
{
    const struct tab *t = a->tab < a->n_tabs ? &a->tabs[a->tab] : NULL;
    return a->focus == FOCUS_COMPOSER && !composer_empty() && !a->replaying &&
           !(t && tab_works(t->state) && (t->view.has_live || t->stage == DESK_VERIFYING));
}

static void clear_line(struct tab *t)
{
    struct str text = STR_INIT;
    composer_text(&text);
    composer_remember(str_z(&text), text.len); /* Up brings it back */
    str_release(&text);
    composer_set("", 0);
    if (t)
        t->editing = 0;
}

unsigned act_stop(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (app_line_goes_first(a)) {
        clear_line(t);
        return ACT_REPAINT | ACT_LAYOUT;
    }
    if (a->replaying) {
        replay_end(a);
        return ACT_REPAINT | ACT_LAYOUT;
    }
    if (t && tab_works(t->state)) {
        desk_stop(t->chat);
        return ACT_REPAINT;
    }
    if (a->focus != FOCUS_COMPOSER)
        return act_up(a, args);
    uint64_t now = clock_ns();
    if (a->quit_armed_ns && now - a->quit_armed_ns < 2000000000u)
        return ACT_QUIT;
    a->quit_armed_ns = now;
    app_say(a, "^C again to leave");
    return ACT_REPAINT;
}

unsigned act_up(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (a->panel && (a->focus == FOCUS_PANEL || !app_geometry(a).left)) {
        return panel_close(a); /* one beside the talk stays while the focus is elsewhere */
    } else if (a->replaying) {
        replay_end(a);
    } else if (t && tab_works(t->state)) {
        desk_stop(t->chat);
    } else if (t && t->editing) {
        t->editing = 0;
        composer_set("", 0);
    } else if (a->focus == FOCUS_COMPOSER && t && transcript_n(&t->view)) {
        a->focus = FOCUS_TRANSCRIPT;
    } else {
        a->focus = FOCUS_COMPOSER;
    }
    return ACT_REPAINT | ACT_LAYOUT;
}

/* The selected message, or a complaint. */
static const struct shown_msg *selected(struct app *a)
{
    struct tab *t = app_tab(a);
    const struct shown_msg *m = t ? transcript_selected(&t->view) : NULL;
    if (!m)
        complain(a, ERR_NOTFOUND, t && t->view.has_live ? "this reply is still being written" : "no message here yet");
    return m;
}

/* The selected message of a chat whose worker is free. */
static const struct shown_msg *selected_idle(struct app *a)
{
    return app_refuses(a) ? NULL : selected(a);
}

unsigned act_regenerate(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected_idle(a);
    struct tab *t = app_tab(a);
    (void)args;
    if (!m)
        return ACT_REPAINT;
    if (m->role == SHOWN_SYSTEM)
        return complain(a, ERR_ARG, "the system text has no answer; e edits it");
    app_asked(t, desk_regenerate(t->chat, m->node));
    transcript_end(&t->view);
    return ACT_REPAINT;
}

unsigned act_edit(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected_idle(a);
    (void)args;
    if (!m)
        return ACT_REPAINT;
    app_tab(a)->editing = m->node;
    composer_set(m->text, m->n);
    a->focus = FOCUS_COMPOSER;
    app_say_editing(a);
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned act_resume(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected_idle(a);
    struct tab *t = app_tab(a);
    (void)args;
    if (!m)
        return ACT_REPAINT;
    if (m->role != SHOWN_REPLY)
        return complain(a, ERR_ARG, "only a reply can be continued; r answers a message");
    app_asked(t, desk_continue(t->chat, m->node));
    return ACT_REPAINT;
}

static unsigned alternative(struct app *a, int by)
{
    const struct shown_msg *m = selected_idle(a);
    if (!m)
        return ACT_REPAINT;
    if (m->n_alt < 2)
        return complain(a, ERR_NOTFOUND, "this message has no alternatives yet; r makes one");
    desk_go(app_tab(a)->chat, m->node, by);
    return ACT_REPAINT;
}

unsigned act_previous(struct app *a, const struct args *args)
{
    (void)args;
    return alternative(a, -1);
}

unsigned act_next(struct app *a, const struct args *args)
{
    (void)args;
    return alternative(a, 1);
}

unsigned act_delete(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected_idle(a);
    (void)args;
    if (m && !desk_delete(app_tab(a)->chat, m->node))
        app_say(a, "deleted, u brings it back");
    return ACT_REPAINT;
}

unsigned act_undo(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    bool took = false;
    (void)args;
    unsigned bits = a->focus == FOCUS_PANEL ? panel_undo(a, &took) : ACT_NONE;
    if (took)
        return bits;
    if (!t || !t->view.shown || !t->view.shown->can_undo)
        return complain(a, ERR_NOTFOUND, "nothing to undo");
    if (app_refuses(a))
        return ACT_REPAINT;
    desk_undo(t->chat);
    return ACT_REPAINT;
}

unsigned act_redo(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (!t || !t->view.shown || !t->view.shown->can_redo)
        return complain(a, ERR_NOTFOUND, "nothing to redo");
    if (app_refuses(a))
        return ACT_REPAINT;
    desk_redo(t->chat);
    return ACT_REPAINT;
}

static unsigned rate(struct app *a, int by)
{
    const struct shown_msg *m = selected_idle(a);
    if (m && m->role != SHOWN_REPLY)
        return complain(a, ERR_ARG, "only a reply can be rated");
    if (m && !desk_rate(app_tab(a)->chat, m->node, m->rating == by ? 0 : by))
        app_say(a, "%s", m->rating == by ? "not rated any more" : by > 0 ? "rated good" : "rated bad");
    return ACT_REPAINT;
}

unsigned act_rate_up(struct app *a, const struct args *args)
{
    (void)args;
    return rate(a, 1);
}

unsigned act_rate_down(struct app *a, const struct args *args)
{
    (void)args;
    return rate(a, -1);
}

/* ---- Source text out ---- */

static void copied(struct app *a, const char *p, size_t n, const char *what)
{
    const char *with = clipboard_put(p, n);
    app_say(a, "copied %s, %zu characters (%s)", what, n, with);
}

unsigned act_copy(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected(a);
    (void)args;
    if (m)
        copied(a, m->text, m->n, "the message");
    return ACT_REPAINT;
}

unsigned act_copy_code(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected(a);
    struct transcript *t = m ? &app_tab(a)->view : NULL;
    struct layout l;
    if (!m)
        return ACT_REPAINT;
    layout_init(&l, 80);
    layout_markdown(&l, m->text, m->n);
    if (args->n)
        t->code_at = strtoul(args->word[0], NULL, 10) - 1;
    if (!l.n_codes)
        complain(a, ERR_NOTFOUND, "this message has no code block; y copies all of it");
    else {
        char what[48];
        const struct layout_code *c = &l.codes[t->code_at++ % l.n_codes];
        snprintf(what, sizeof what, "code block %zu of %zu", (size_t)(c - l.codes) + 1, l.n_codes);
        copied(a, l.code.p + c->at, c->n, what);
    }
    layout_release(&l);
    return ACT_REPAINT;
}

unsigned act_save(struct app *a, const struct args *args)
{
    const struct shown_msg *m = selected(a);
    struct err e;
    if (!m)
        return ACT_REPAINT;
    if (file_exists(args->word[0]))
        return complain(a, ERR_ARG, "that file exists; choose another name");
    if (file_write(args->word[0], m->text, m->n, &e))
        app_fail(a, &e);
    else
        app_say(a, "saved %s", args->word[0]);
    return ACT_REPAINT;
}

unsigned act_system_text(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    struct str text = STR_INIT;
    struct err e;
    if (!t || app_refuses(a))
        return ACT_REPAINT;
    if (args->n) {
        str_adds(&text, args->rest[0]);
    } else {
        const struct shown *s = t->view.shown;
        if (s && s->n && s->msgs[0]->role == SHOWN_SYSTEM)
            str_add(&text, s->msgs[0]->text, s->msgs[0]->n);
        if (editor_edit(&text, ".md", &e)) {
            app_fail(a, &e);
            str_release(&text);
            return ACT_REPAINT | ACT_LAYOUT;
        }
    }
    const struct shown *before = t->view.shown;
    if (!desk_system(t->chat, str_z(&text), text.len) && before && before->n > 1 && before->msgs[0]->role == SHOWN_SYSTEM)
        app_say(a, "another system text begins a branch of its own; /undo brings this talk back");
    str_release(&text);
    return ACT_REPAINT;
}
