#include "ui/run.h"

#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/utf8.h"
#include "term/term.h"
#include "term/theme.h"
#include "ui/app.h"
#include "ui/complete.h"
#include "ui/composer.h"
#include "ui/lines.h"
#include "ui/loop.h"
#include "ui/script.h"
#include "ui/theme_file.h"

static int complain(const struct err *e)
{
    utf8_printf(stderr, "hiss: %s\n", e->msg);
    return 1;
}

/* ---- What readline asks of us ---- */

static void line_accepted(void *arg)
{
    struct app *a = arg;
    struct args none = { 0 };
    a->bits |= a->focus == FOCUS_ASK ? app_ask_end(a, true) : act_send(a, &none);
}

static char **complete(void *arg, const char *word, size_t begin)
{
    return complete_word(arg, word, begin);
}

static void show_matches(void *arg, char **matches, size_t n)
{
    struct app *a = arg;
    struct str s = STR_INIT;
    for (size_t i = 0; i < n && s.len < 400; i++)
        str_addf(&s, "%s%s", i ? "  " : "", matches[i]);
    app_say(a, "%s", str_z(&s));
    str_release(&s);
}

static void history_fails(void *arg, const struct err *e)
{
    app_fail(arg, e);
}

/* ---- Starting ---- */

static void read_rc(struct app *a, const struct ui_opts *o)
{
    struct str path = STR_INIT;
    struct err e = ERR_INIT;
    if (!o->no_rc && !path_user(PATH_CONFIG, &path, &e, "rc") && file_exists(path.p)) {
        action_source(a, path.p, &e);
        if (e.code)
            app_fail(a, &e);
    }
    str_release(&path);
    for (size_t i = 0; i < o->n_commands; i++) {
        a->rc_where = "-e";
        a->on_command_line = true;
        a->bits |= action_run(a, o->commands[i]);
        a->rc_where = NULL;
        a->on_command_line = false;
    }
}

/* The chat that was used last; a new one when there is none, or when another window has it. */
static void open_first(struct app *a, const struct ui_opts *o)
{
    char last[128];
    bool held = false;
    if (a->n_tabs && !o->chat && !o->fresh) /* the rc file or -e opened one */
        return;
    if (o->chat)
        a->bits |= app_open_chat(a, o->chat);
    else if (!o->fresh && desk_chat_last(a->desk, last, &held))
        a->bits |= app_open_chat(a, last);
    else
        a->bits |= app_open_chat(a, NULL);
    if (held)
        app_say(a, "%s", UI_LAST_IS_HELD);
}

static int start(struct app *a, const struct ui_opts *o, struct err *e)
{
    struct composer_hooks hooks = { line_accepted, complete, show_matches, history_fails, a };
    struct str history = STR_INIT;
    struct err ignored;
    int r = -1;
    if (app_init(a, &o->desk, e))
        return -1;
    if (!path_user(PATH_STATE, &history, &ignored, "%s", "")) {
        file_mkdirs(history.p, &ignored);
        str_adds(&history, "history");
    }
    if (!composer_open(o->script ? NULL : history.p, &hooks, e)) {
        if (theme_load(a, "default", e)) { /* the built-in one stands */
            const char *no_color = getenv("NO_COLOR");
            theme_init(!(no_color && no_color[0]));
        }
        e->code = ERR_OK;
        read_rc(a, o);
        open_first(a, o);
        a->replay_first = o->replay;
        r = 0;
    }
    str_release(&history);
    return r;
}

/* All is saved and the terminal given back: now the signal that asked for the end does what it does, so that whoever
 * waits sees it. */
static void end_by(int sig)
{
    if (sig) {
        signal(sig, SIG_DFL);
        raise(sig);
    }
}

int ui_run(const struct ui_opts *o)
{
    static struct app app; /* the log alone is large */
    struct err e = ERR_INIT;
    const char *note, *why = NULL;
    int status = 1;
    term_locale(&note);
    if (!o->script && (o->linear || !term_capable(&why))) {
        if (why && !o->linear)
            fprintf(stderr, "hiss: %s; lines instead of a screen\n", why);
        return lines_run(o);
    }
    if (o->script ? script_open(o->terminal, o->rows, o->cols, &e) : loop_open(&e) || term_open(&e))
        return complain(&e);
    getmaxyx(stdscr, app.rows, app.cols);
    if (start(&app, o, &e)) {
        term_close();
        return complain(&e);
    }
    if (note)
        app_say(&app, "%s", note);
    status = o->script ? script_run(&app, o->script, &e) : loop_run(&app, &e);
    app_release(&app);
    composer_close();
    if (o->script)
        script_close();
    else
        term_close();
    end_by(loop_signal());
    if (e.code)
        return complain(&e);
    return status;
}
