/* Commands that move about and that concern the program itself. */
#include <stdlib.h>
#include <string.h>

#include "term/term.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/replay.h"
#include "ui/theme_file.h"

unsigned act_focus(struct app *a, const struct args *args)
{
    (void)args;
    a->focus = FOCUS_COMPOSER;
    return ACT_REPAINT;
}

static unsigned select_by(struct app *a, int by)
{
    struct tab *t = app_tab(a);
    struct app_geometry g = app_geometry(a);
    if (t)
        transcript_select(&t->view, by, g.transcript_rows, g.width);
    return ACT_REPAINT;
}

unsigned act_message_up(struct app *a, const struct args *args)
{
    (void)args;
    return select_by(a, -1);
}

unsigned act_message_down(struct app *a, const struct args *args)
{
    (void)args;
    return select_by(a, 1);
}

/* ---- Searching ---- */

static unsigned search_go(struct app *a, int by)
{
    struct tab *t = app_tab(a);
    struct app_geometry g = app_geometry(a);
    size_t of;
    bool round;
    if (!t)
        return ACT_NONE;
    size_t nth = transcript_search_go(&t->view, by, g.transcript_rows, g.width, &of, &round);
    if (!t->view.needle.len)
        app_say(a, "nothing is searched for; / begins");
    else if (!nth)
        app_say(a, "'%s' is not in this chat", t->view.needle.p);
    else
        app_say(a, of > 1 ? "'%s': message %zu of %zu that have it%s" : "'%s': message %zu of %zu that has it%s", t->view.needle.p, nth, of, !round ? "" : by > 0 ? ", from the top again" : ", from the end again");
    return ACT_REPAINT;
}

static unsigned search_given(struct app *a, const char *text)
{
    struct tab *t = app_tab(a);
    if (!t)
        return ACT_NONE;
    transcript_search(&t->view, text);
    if (transcript_n(&t->view))
        a->focus = FOCUS_TRANSCRIPT;
    return text[0] ? search_go(a, 1) : ACT_REPAINT;
}

unsigned act_search(struct app *a, const struct args *args)
{
    return args->n ? search_given(a, args->rest[0]) : app_ask(a, "/ ", "", search_given);
}

unsigned act_search_next(struct app *a, const struct args *args)
{
    (void)args;
    return search_go(a, 1);
}

unsigned act_search_previous(struct app *a, const struct args *args)
{
    (void)args;
    return search_go(a, -1);
}

static unsigned scroll_by(struct app *a, int direction)
{
    struct tab *t = app_tab(a);
    struct app_geometry g = app_geometry(a);
    int page = g.transcript_rows > 2 ? g.transcript_rows - 2 : 1;
    if (a->panel)
        panel_move(a->panel, direction * page, g.transcript_rows);
    else if (t)
        transcript_scroll(&t->view, direction * page, g.transcript_rows, g.width);
    return ACT_REPAINT;
}

unsigned act_page_up(struct app *a, const struct args *args)
{
    (void)args;
    return scroll_by(a, -1);
}

unsigned act_page_down(struct app *a, const struct args *args)
{
    (void)args;
    return scroll_by(a, 1);
}

enum { FAR = 1 << 20 };

unsigned act_top(struct app *a, const struct args *args)
{
    (void)args;
    if (a->panel)
        panel_move(a->panel, -FAR, a->rows);
    else if (app_tab(a))
        transcript_begin(&app_tab(a)->view);
    return ACT_REPAINT;
}

unsigned act_bottom(struct app *a, const struct args *args)
{
    (void)args;
    if (a->panel)
        panel_move(a->panel, FAR, a->rows);
    else if (app_tab(a))
        transcript_end(&app_tab(a)->view);
    return ACT_REPAINT;
}

unsigned act_raw(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (t) {
        t->view.raw = !t->view.raw;
        transcript_relayout(&t->view);
        app_say(a, t->view.raw ? "source text" : "rendered");
    }
    return ACT_REPAINT;
}

unsigned act_fold(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (t)
        transcript_fold(&t->view);
    return ACT_REPAINT;
}

static unsigned run_palette(struct app *a, const char *line)
{
    return action_run(a, line);
}

unsigned act_palette(struct app *a, const struct args *args)
{
    (void)args;
    return app_ask(a, ": ", "", run_palette);
}

unsigned act_welcome(struct app *a, const struct args *args)
{
    (void)args;
    a->welcome = !a->welcome;
    return ACT_REPAINT;
}

unsigned act_redraw(struct app *a, const struct args *args)
{
    (void)a;
    (void)args;
    term_redraw();
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned act_suspend(struct app *a, const struct args *args)
{
    (void)a;
    (void)args;
    term_suspend();
    term_resized();
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned act_quit(struct app *a, const struct args *args)
{
    (void)a;
    (void)args;
    return ACT_QUIT;
}

/* ---- Keys and colours ---- */

static bool where_and_key(struct app *a, const struct args *args, enum context *where, struct key *key)
{
    struct err e;
    if (!context_parse(args->word[0], where))
        err_set(&e, ERR_ARG, "no context '%s'; any, composer, transcript, panel, replay", args->word[0]);
    else if (!key_parse(args->word[1], key))
        err_set(&e, ERR_ARG, "'%s' is no key; write a, ^R, Alt-Enter, F1, PgUp, Space", args->word[1]);
    else
        return true;
    app_fail(a, &e);
    return false;
}

unsigned act_bind(struct app *a, const struct args *args)
{
    enum context where;
    struct key key;
    struct err e;
    const char *old = NULL;
    if (!where_and_key(a, args, &where, &key))
        return ACT_REPAINT;
    if (key.mods & KEY_CTRL && (key.code == 'i' || key.code == 'm')) {
        err_set(&e, ERR_ARG, "C-%c and %s are one key to a terminal; bind %s", (char)key.code,
                key.code == 'i' ? "Tab" : "Enter", key.code == 'i' ? "Tab" : "Enter");
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    size_t n = strcspn(args->rest[2], " ");
    if (!action_find(args->rest[2], n)) {
        err_set(&e, ERR_ARG, "no command '%.*s'; Alt-x lists them", (int)n, args->rest[2]);
        app_fail(a, &e);
    } else if (keymap_bind(where, key, args->rest[2], &old, &e)) {
        app_fail(a, &e);
    } else if (old && strcmp(old, args->rest[2])) {
        app_say(a, "%s was bound to %s; now %s", args->word[1], old, args->rest[2]);
    }
    return ACT_REPAINT;
}

unsigned act_unbind(struct app *a, const struct args *args)
{
    enum context where;
    struct key key;
    struct err e;
    if (where_and_key(a, args, &where, &key) && keymap_unbind(where, key, &e))
        app_fail(a, &e);
    return ACT_REPAINT;
}

/* "theme dark" reads a theme; "theme code yellow bold" sets one role. */
unsigned act_theme(struct app *a, const struct args *args)
{
    struct err e = ERR_INIT;
    if (args->n == 1 ? theme_load(a, args->word[0], &e) : theme_words(args->word[0], args->rest[1], &e))
        app_fail(a, &e);
    return ACT_REPAINT | ACT_LAYOUT;
}

/* ---- Replay ---- */

unsigned act_replay(struct app *a, const struct args *args)
{
    (void)args;
    return replay_begin(a);
}

unsigned act_replay_pause(struct app *a, const struct args *args)
{
    (void)args;
    return replay_pause(a);
}

unsigned act_replay_back(struct app *a, const struct args *args)
{
    (void)args;
    return replay_step(a, -1, 0);
}

unsigned act_replay_forward(struct app *a, const struct args *args)
{
    (void)args;
    return replay_step(a, 1, 0);
}

unsigned act_replay_token_back(struct app *a, const struct args *args)
{
    (void)args;
    return replay_step(a, 0, -1);
}

unsigned act_replay_token(struct app *a, const struct args *args)
{
    (void)args;
    return replay_step(a, 0, 1);
}

unsigned act_replay_slower(struct app *a, const struct args *args)
{
    (void)args;
    return replay_speed(a, 0.5);
}

unsigned act_replay_faster(struct app *a, const struct args *args)
{
    (void)args;
    return replay_speed(a, 2);
}

unsigned act_replay_leave(struct app *a, const struct args *args)
{
    (void)args;
    replay_end(a);
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned act_verify(struct app *a, const struct args *args)
{
    struct tab *t = app_tab(a);
    (void)args;
    if (t && !tab_works(t->state)) {
        transcript_unmark(&t->view);
        app_asked(t, desk_verify(t->chat));
    }
    return ACT_REPAINT;
}
