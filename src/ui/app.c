#include "ui/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "desk/settings.h"
#include "term/cells.h"
#include "term/layout.h"
#include "term/term.h"
#include "ui/composer.h"
#include "ui/draft.h"

enum { SIDE_LIST_MIN_COLS = 100, SIDE_LIST_COLS = 25 };

/* ---- Messages and the log ---- */

static void log_add(struct app *a, bool error, const char *text)
{
    if (a->n_log == APP_LOG_LINES) {
        free(a->log[0].text);
        memmove(a->log, a->log + 1, (APP_LOG_LINES - 1) * sizeof a->log[0]);
        a->n_log--;
    }
    char *copy = mem_strdup(text);
    if (copy)
        a->log[a->n_log++] = (struct log_line){ clock_wall(), error, copy };
    if (a->panel && a->panel->ops == &panel_log)
        panel_refill(a, a->panel);
}

void app_say(struct app *a, const char *fmt, ...)
{
    va_list ap;
    str_clear(&a->message);
    va_start(ap, fmt);
    str_vaddf(&a->message, fmt, ap);
    va_end(ap);
    a->message_error = false;
    log_add(a, false, str_z(&a->message));
    a->bits |= ACT_REPAINT;
}

void app_fail(struct app *a, const struct err *e)
{
    str_clear(&a->message);
    if (a->rc_where)
        str_addf(&a->message, "%s: ", a->rc_where);
    str_adds(&a->message, e->msg);
    a->message_error = true;
    log_add(a, true, str_z(&a->message));
    a->bits |= ACT_REPAINT;
}

/* ---- Tabs ---- */

struct tab *app_tab(struct app *a)
{
    return a->tab < a->n_tabs ? &a->tabs[a->tab] : NULL;
}

static void load_draft(struct tab *t)
{
    enum { MOST_LINES = 100 };
    struct str text = STR_INIT;
    t->draft_place = draft_take(desk_chat_name(t->chat));
    draft_read(desk_chat_name(t->chat), t->draft_place, &text, &t->editing);
    str_clear(&t->draft);
    composer_fold(&t->draft, str_z(&text), text.len, MOST_LINES);
    str_release(&text);
}

void app_say_editing(struct app *a)
{
    struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    size_t i = 0;
    if (!s || !t->editing)
        return;
    while (i < s->n && s->msgs[i]->node != t->editing)
        i++;
    if (i < s->n) {
        app_say(a, "editing message %zu; Enter makes a branch, Esc keeps it as it was", i + 1);
    } else {
        t->editing = 0;
        app_say(a, "the message that this was to replace is not shown any more; Enter sends it as a new one");
    }
}

/* What was being written, not the answer to a question in its place. */
void app_stash_draft(struct app *a)
{
    struct tab *t = app_tab(a);
    struct str whole = STR_INIT;
    if (!t)
        return;
    if (a->ask)
        composer_set(str_z(&a->ask_draft), a->ask_draft.len);
    str_clear(&t->draft);
    composer_draft(&t->draft);
    composer_text(&whole);
    draft_keep(desk_chat_name(t->chat), t->draft_place, str_z(&whole), whole.len, t->editing);
    a->draft_due_ns = 0;
    str_release(&whole);
}

int app_draft_wait_ms(const struct app *a)
{
    uint64_t now = clock_ns();
    if (!a->draft_due_ns || a->ask)
        return -1;
    return a->draft_due_ns > now ? (int)((a->draft_due_ns - now) / 1000000) + 1 : 0;
}

void app_draft_tick(struct app *a)
{
    if (a->draft_due_ns && !a->ask && clock_ns() >= a->draft_due_ns)
        app_stash_draft(a);
}

unsigned app_show_tab(struct app *a, size_t i)
{
    if (i >= a->n_tabs)
        return ACT_NONE;
    app_stash_draft(a);
    a->tab = i;
    struct tab *t = app_tab(a);
    composer_set(str_z(&t->draft), t->draft.len);
    t->unread = false;
    if (!a->panel)
        a->focus = FOCUS_COMPOSER;
    app_say_editing(a);
    return ACT_REPAINT | ACT_LAYOUT;
}

void app_close_tab(struct app *a, size_t i, bool drop)
{
    struct tab *t = &a->tabs[i];
    draft_leave(desk_chat_name(t->chat), t->draft_place);
    desk_close(t->chat, drop && !t->draft.len);
    transcript_release(&t->view);
    str_release(&t->draft);
    memmove(t, t + 1, (a->n_tabs - i - 1) * sizeof *t);
    a->n_tabs--;
    if (a->tab >= a->n_tabs && a->tab)
        a->tab = a->n_tabs ? a->n_tabs - 1 : 0;
}

/* Room for one more: the first idle chat that is not shown goes; it is all on disk. */
static bool make_room(struct app *a)
{
    for (size_t i = 0; a->n_tabs == APP_MAX_TABS && i < a->n_tabs; i++) {
        if (i == a->tab || tab_works(a->tabs[i].state))
            continue;
        size_t shown = a->tab;
        app_close_tab(a, i, true);
        a->tab = shown > i ? shown - 1 : shown;
    }
    return a->n_tabs < APP_MAX_TABS;
}

unsigned app_open_chat(struct app *a, const char *name)
{
    struct err e = ERR_INIT;
    char fresh[128];
    for (size_t i = 0; name && i < a->n_tabs; i++) {
        if (!strcmp(desk_chat_name(a->tabs[i].chat), name))
            return app_show_tab(a, i);
    }
    if (!make_room(a)) {
        err_set(&e, ERR_LIMIT, "%d chats are writing; wait for one, or stop it, to open another", APP_MAX_TABS);
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    if (!name && desk_chat_new_name(a->desk, fresh, &e)) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    struct desk_chat *c = desk_open(a->desk, name ? name : fresh, &a->defaults, &e);
    if (!c) {
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    struct tab *t = &a->tabs[a->n_tabs];
    *t = (struct tab){ .chat = c, .draft = STR_INIT, .progress = -1, .settings = a->defaults };
    transcript_init(&t->view);
    load_draft(t);
    if (!a->n_tabs++)
        a->tab = SIZE_MAX; /* none was shown: what the composer holds is no chat's draft */
    return app_show_tab(a, a->n_tabs - 1);
}

/* ---- Asking ---- */

unsigned app_ask(struct app *a, const char *prompt, const char *initial, ask_fn fn)
{
    str_clear(&a->ask_draft);
    composer_draft(&a->ask_draft);
    snprintf(a->ask_prompt, sizeof a->ask_prompt, "%s", prompt);
    composer_ask(a->ask_prompt);
    composer_set(initial, strlen(initial));
    a->ask = fn;
    a->focus = FOCUS_ASK;
    return ACT_REPAINT | ACT_LAYOUT;
}

unsigned app_ask_end(struct app *a, bool take)
{
    struct str answer = STR_INIT;
    ask_fn fn = a->ask;
    composer_text(&answer);
    a->ask = NULL;
    composer_ask(NULL);
    composer_set(str_z(&a->ask_draft), a->ask_draft.len);
    a->focus = a->panel ? FOCUS_PANEL : FOCUS_COMPOSER;
    unsigned bits = ACT_REPAINT | ACT_LAYOUT;
    if (take && fn)
        bits |= fn(a, str_z(&answer));
    str_release(&answer);
    return bits;
}

/* ---- Keys ---- */

enum context app_context(const struct app *a)
{
    switch (a->focus) {
    case FOCUS_TRANSCRIPT: return a->replaying ? CONTEXT_REPLAY : CONTEXT_TRANSCRIPT;
    case FOCUS_PANEL: return CONTEXT_PANEL;
    default: return CONTEXT_COMPOSER;
    }
}

static unsigned ask_key(struct app *a, const struct input_event *ev)
{
    struct key k = ev->key;
    if (!composer_wants_all()) {
        if (k.code == KEY_ENTER_ && !k.mods)
            return app_ask_end(a, true);
        if (k.code == KEY_ESC_ || (k.code == 'c' && k.mods == KEY_CTRL))
            return app_ask_end(a, false);
    }
    composer_key(ev->raw, ev->n_raw);
    return ACT_REPAINT | ACT_LAYOUT;
}

/* Keys that readline has first call on while one writes. */
static bool composer_takes(const struct input_event *ev)
{
    struct key k = ev->key;
    if (composer_wants_all() || key_is_text(k))
        return true;
    if (k.code == 'd' && k.mods == KEY_CTRL)
        return !composer_empty();
    if (k.code == KEY_ESC_)
        return !strcmp(composer_mode(), "vi insert");
    return false;
}

static unsigned composer_event(const struct input_event *ev)
{
    struct key k = ev->key;
    if (!k.mods && !composer_wants_all()) {
        if (k.code == KEY_UP_ && composer_line_move(-1))
            return ACT_REPAINT;
        if (k.code == KEY_DOWN_ && composer_line_move(1))
            return ACT_REPAINT;
    }
    composer_key(ev->raw, ev->n_raw);
    return ACT_REPAINT | ACT_LAYOUT;
}

/* On disk a second after one paused, five after one began: a crash takes no more than that. */
static void draft_changes(struct app *a)
{
    const uint64_t second = 1000000000;
    uint64_t now = clock_ns();
    if (a->focus != FOCUS_COMPOSER)
        return;
    if (!a->draft_due_ns)
        a->draft_since_ns = now;
    a->draft_due_ns = now + second < a->draft_since_ns + 5 * second ? now + second : a->draft_since_ns + 5 * second;
}

unsigned app_key(struct app *a, const struct input_event *ev)
{
    draft_changes(a);
    if (a->rows < 2) /* it stands where one writes */
        str_clear(&a->message);
    if (ev->kind == INPUT_PASTE) {
        if (a->focus == FOCUS_TRANSCRIPT)
            a->focus = FOCUS_COMPOSER;
        if (a->focus != FOCUS_PANEL)
            composer_paste(ev->paste, ev->n_paste);
        return ACT_REPAINT | ACT_LAYOUT;
    }
    if (a->focus == FOCUS_ASK)
        return ask_key(a, ev);
    enum context where = app_context(a);
    if (where == CONTEXT_COMPOSER && composer_takes(ev))
        return composer_event(ev);
    const char *line = keymap_find(where, ev->key);
    if (line) {
        str_clear(&a->message);
        return action_run(a, line) | ACT_REPAINT;
    }
    return where == CONTEXT_COMPOSER ? composer_event(ev) : ACT_NONE;
}

/* ---- Commands as lines ---- */

unsigned action_run(struct app *a, const char *line)
{
    struct action_line l;
    struct err e = ERR_INIT;
    const struct action *act = action_parse(line, &l, &e);
    if (!act) {
        if (e.code)
            app_fail(a, &e);
        return ACT_REPAINT;
    }
    unsigned bits = act->run(a, &l.args);
    action_line_release(&l);
    return bits;
}

unsigned action_source(struct app *a, const char *path, struct err *e)
{
    enum { MAX_RC = 1 << 20 };
    struct str text = STR_INIT;
    unsigned bits = ACT_NONE, number = 0;
    if (file_read(path, MAX_RC, &text, e)) {
        str_release(&text);
        return ACT_NONE;
    }
    e->code = ERR_OK;
    for (char *line = text.p, *end; line && *line; line = end) {
        char where[256];
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        snprintf(where, sizeof where, "%s:%u", path, ++number);
        a->rc_where = where;
        bits |= action_run(a, line);
        a->rc_where = NULL;
    }
    str_release(&text);
    return bits;
}

/* ---- Sending ---- */

void app_asked(struct tab *t, int failed)
{
    if (!failed)
        t->state = tab_next(t->state, TAB_ASKED);
}

bool app_refuses(struct app *a)
{
    static const char *const what[] = {
        [DESK_IDLE] = "a reply is begun", [DESK_LOADING] = "a model is being loaded", [DESK_READING] = "the model is reading",
        [DESK_WRITING] = "a reply is being written", [DESK_REBUILDING] = "the model is reading the chat again",
        [DESK_VERIFYING] = "the replies are being verified",
    };
    const struct tab *t = app_tab(a);
    struct err e;
    if (!t || tab_takes(t->state))
        return false;
    err_set(&e, ERR_BUSY, "%s; ^C stops it", what[t->stage]);
    app_fail(a, &e);
    return true;
}

unsigned app_send(struct app *a, const char *text, size_t n)
{
    struct tab *t = app_tab(a);
    struct err e;
    if (!t || app_refuses(a))
        return ACT_REPAINT;
    if (tab_opened(t->state) && !t->view.shown) {
        err_set(&e, ERR_NOTFOUND, "this chat could not be opened, F9 says why; F2 lists the others");
        app_fail(a, &e);
        return ACT_REPAINT;
    }
    int failed = t->editing ? desk_edit(t->chat, t->editing, text, n) : desk_send(t->chat, text, n);
    app_asked(t, failed);
    if (failed)
        return ACT_REPAINT;
    t->editing = 0;
    transcript_unmark(&t->view);
    composer_remember(text, n);
    composer_set("", 0);
    transcript_end(&t->view);
    return ACT_REPAINT | ACT_LAYOUT;
}

/* ---- Life ---- */

int app_init(struct app *a, const struct desk_opts *o, struct err *e)
{
    *a = (struct app){ .message = STR_INIT, .ask_draft = STR_INIT };
    a->defaults = settings_default();
    snprintf(a->theme, sizeof a->theme, "default");
    if (keymap_init(e))
        return -1;
    a->desk = desk_new(o, e);
    return a->desk ? 0 : -1;
}

void app_release(struct app *a)
{
    app_stash_draft(a);
    panel_free(a->panel);
    while (a->n_tabs)
        app_close_tab(a, a->n_tabs - 1, true);
    desk_free(a->desk);
    for (size_t i = 0; i < a->n_log; i++)
        free(a->log[i].text);
    str_release(&a->message);
    str_release(&a->ask_draft);
    keymap_release();
}

/* ---- Geometry ---- */

/* A sentence is shown whole where there is room: what it says to do stands at its end. */
static int message_rows(const struct app *a, int width)
{
    enum { MOST = 4 };
    int most = a->rows / 2 - 1 < MOST ? a->rows / 2 - 1 : MOST;
    if (cells_width(str_z(&a->message), a->message.len) <= width - 2)
        return 1;
    struct layout l;
    layout_init(&l, width - 2);
    layout_plain(&l, a->message.p, a->message.len, STYLE_NOTICE);
    int rows = (int)l.n_rows;
    layout_release(&l);
    return rows < 1 ? 1 : rows < most ? rows : most;
}

struct app_geometry app_geometry(struct app *a)
{
    struct app_geometry g = { .width = a->cols };
    bool roomy = a->rows >= 8 && a->cols >= 20;
    int tail = a->rows >= 3 ? 1 : 0; /* the status line */
    if (a->panel && a->panel->ops == &panel_chats && a->cols >= SIDE_LIST_MIN_COLS)
        g.left = SIDE_LIST_COLS;
    g.width = a->cols - g.left;
    g.composer_rows = composer_rows(g.width);
    int most = a->rows / 3 < 1 ? 1 : a->rows / 3;
    if (g.composer_rows > most)
        g.composer_rows = most;
    g.top = roomy && a->rows >= 14 ? 2 : 0;
    g.status_row = tail ? a->rows - 1 : -1;
    g.message_rows = roomy ? message_rows(a, g.width) : 1;
    g.message_row = roomy ? a->rows - 1 - g.message_rows : g.status_row;
    g.composer_row = a->rows - tail - (roomy ? g.message_rows : 0) - g.composer_rows;
    g.rule = roomy ? g.composer_row - 1 : -1;
    g.transcript_rows = (roomy ? g.rule : g.composer_row) - g.top;
    if (g.transcript_rows < 0)
        g.transcript_rows = 0;
    return g;
}
