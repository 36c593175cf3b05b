/* Drawing the screen: title, transcript or panel, composer, message, status. Nothing here changes what is drawn. */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ui/app.h"
#include "ui/cells.h"
#include "ui/composer.h"
#include "ui/layout.h"
#include "ui/number.h"
#include "ui/replay.h"
#include "ui/settings.h"
#include "ui/welcome.h"

static void draw_title(struct app *a, const struct app_geometry *g)
{
    const struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    char right[128] = "", bytes[NUMBER_TEXT];
    cells_fill(0, g->left, g->width, STYLE_TITLE);
    if (s && s->model && s->model[0]) {
        number_bytes(s->state_bytes, bytes);
        if (g->width >= 72)
            snprintf(right, sizeof right, "%s   state %s", s->model, bytes);
        else
            snprintf(right, sizeof right, "state %s", bytes);
    }
    int room = g->width - cells_width(right, strlen(right)) - 4;
    const char *name = s && s->title[0] ? s->title : "New chat";
    if (a->replaying) {
        char line[160];
        replay_title(a->replaying, name, line, sizeof line);
        cells_puts(0, g->left + 1, g->width - 2, line, STYLE_TITLE);
    } else {
        if (room > 0)
            cells_puts(0, g->left + 1, room, name, STYLE_TITLE);
        if (room > 8)
            cells_puts(0, g->left + g->width - 1 - cells_width(right, strlen(right)), g->width, right, STYLE_DIM);
    }
    cells_rule(1, g->left, g->width);
}

/* ---- The status line ---- */

static void stage_text(const struct tab *t, char *out, size_t n)
{
    static const char *const words[] = { "", "loading", "reading", "writing", "rebuilding", "verifying" };
    const struct desk_stats *s = &t->stats;
    char read[NUMBER_TEXT], other[NUMBER_TEXT];
    if (t->stage == DESK_WRITING) {
        double rate = s->write_seconds > 0 ? (double)s->wrote / s->write_seconds : 0;
        snprintf(out, n, "writing %.0f t/s · read %s", rate, number_grouped(s->read, read));
    } else if (t->stage != DESK_IDLE) {
        double left = t->progress > 0.02 ? (double)(clock_ns() - t->since_ns) * 1e-9 * (1 - t->progress) / t->progress : 0;
        if (t->progress >= 0 && left >= 1)
            snprintf(out, n, "%s %.0f %% · %.0f s left", words[t->stage], 100 * t->progress, left);
        else if (t->progress >= 0)
            snprintf(out, n, "%s %.0f %%", words[t->stage], 100 * t->progress);
        else
            snprintf(out, n, "%s", words[t->stage]);
    } else if (s->wrote) {
        snprintf(out, n, "read %s, wrote %s, %.0f t/s", number_grouped(s->read, read), number_grouped(s->wrote, other),
                 s->write_seconds > 0 ? (double)s->wrote / s->write_seconds : 0);
    } else if (s->restored || s->read) {
        snprintf(out, n, "restored %s, read %s, %.0f ms", number_grouped(s->restored, read), number_grouped(s->read, other), s->restore_ms);
    }
}

static void status_left(struct app *a, char *out, size_t n)
{
    const struct tab *t = app_tab(a);
    out[0] = '\0';
    double loading = desk_loading(a->desk);
    if (loading >= 0)
        snprintf(out, n, "loading %.0f %%", 100 * loading);
    else if (t)
        stage_text(t, out, n);
    if (a->replaying && (!t || t->stage != DESK_VERIFYING))
        snprintf(out, n, "Space pause  ←→ message  , . token  < > speed  v verify  q leave");
}

/* The two keys of the moment, by what they are bound to. */
static void status_keys(struct app *a, struct str *out)
{
    const struct tab *t = app_tab(a);
    enum context where = app_context(a);
    const char *first = t && tab_works(t->state) ? "stop" : where == CONTEXT_COMPOSER ? "up" : where == CONTEXT_TRANSCRIPT ? "focus" : "close";
    const char *words = t && tab_works(t->state) ? "stop" : where == CONTEXT_COMPOSER ? "read" : where == CONTEXT_TRANSCRIPT ? "write" : "close";
    struct str keys = STR_INIT;
    if (a->focus == FOCUS_ASK) {
        str_adds(out, "Enter take  Esc leave");
        return;
    }
    if (a->focus == FOCUS_PANEL && a->rows >= 8 && !(t && tab_works(t->state))) /* the panel's foot has them */
        return;
    keymap_keys_of(where, first, &keys);
    if (keys.len)
        str_addf(out, "%.*s %s  ", (int)strcspn(keys.p, ","), keys.p, words);
    str_clear(&keys);
    keymap_keys_of(where, "help", &keys);
    if (keys.len)
        str_addf(out, "%.*s help", (int)strcspn(keys.p, ","), keys.p);
    str_release(&keys);
}

static void status_settings(struct app *a, char *out, size_t n)
{
    char temp[SETTING_TEXT], top_p[SETTING_TEXT];
    setting_format(app_settings(a), setting_find("temperature"), temp);
    setting_format(app_settings(a), setting_find("top-p"), top_p);
    snprintf(out, n, "temp %s top-p %s  ", temp, top_p);
}

static void draw_status(struct app *a, const struct app_geometry *g)
{
    char left[256], sets[2 * SETTING_TEXT + 24] = "";
    struct str right = STR_INIT;
    if (g->status_row < 0)
        return;
    cells_fill(g->status_row, g->left, g->width, STYLE_STATUS);
    status_left(a, left, sizeof left);
    if (g->width >= 72 && !a->panel && !a->replaying)
        status_settings(a, sets, sizeof sets);
    str_adds(&right, sets);
    status_keys(a, &right);
    int lw = cells_width(left, strlen(left)), rw = cells_width(str_z(&right), right.len);
    if (lw + rw + 4 > g->width && !a->panel && !a->replaying) { /* the keys give way last */
        str_clear(&right);
        status_keys(a, &right);
        rw = cells_width(str_z(&right), right.len);
    }
    if (lw + rw + 4 > g->width)
        rw = 0;
    cells_puts(g->status_row, g->left + 1, g->width - 1, left, STYLE_STATUS);
    if (rw)
        cells_puts(g->status_row, g->left + g->width - 1 - rw, rw, right.p, STYLE_STATUS);
    str_release(&right);
}

static void draw_message(struct app *a, const struct app_geometry *g)
{
    int rows = g->message_rows, width = g->width - 2;
    struct layout l;
    if (g->message_row < 0 || (g->message_row == g->status_row && !a->message.len))
        return;
    for (int i = 0; i < rows; i++)
        cells_fill(g->message_row + i, g->left, g->width, STYLE_TEXT);
    layout_init(&l, width);
    layout_plain(&l, str_z(&a->message), a->message.len, a->message_error ? STYLE_ERROR : STYLE_NOTICE);
    for (int i = 0; i < rows && (size_t)i < l.n_rows; i++)
        layout_draw(&l, (size_t)i, g->message_row + i, g->left + 1, width, false);
    if (l.n_rows > (size_t)rows)
        cells_puts(g->message_row + rows - 1, g->left + g->width - 1, 1, "…", STYLE_DIM);
    layout_release(&l);
}

static void draw_middle(struct app *a, const struct app_geometry *g)
{
    struct tab *t = app_tab(a);
    bool side = g->left > 0;
    if (a->panel)
        a->panel->active = a->focus == FOCUS_PANEL || a->focus == FOCUS_ASK;
    if (a->panel && !side) { /* its own title stands in the chat's place */
        panel_draw(a->panel, 0, g->top + g->transcript_rows, 0, g->width);
        return;
    }
    if (side) {
        panel_draw(a->panel, 0, a->rows, 0, g->left - 1);
        for (int row = 0; row < a->rows; row++)
            cells_puts(row, g->left - 1, 1, "│", STYLE_RULE);
    }
    if (!t)
        return;
    bool empty = !transcript_n(&t->view);
    if (empty || a->welcome) {
        welcome_draw(a, g->top, g->transcript_rows, g->left, g->width);
        return;
    }
    transcript_recalc(&t->view, g->transcript_rows, g->width);
    transcript_draw(&t->view, g->top, g->transcript_rows, g->left, g->width, a->focus == FOCUS_TRANSCRIPT, "hiss");
}

/* One row only: the last line of the reply, dimmed, behind the prompt. */
static void draw_single(struct app *a)
{
    struct tab *t = app_tab(a);
    int row, col;
    if (a->panel && a->focus == FOCUS_PANEL) {
        panel_draw(a->panel, 0, 1, 0, a->cols);
        return;
    }
    composer_draw(0, 1, 0, a->cols, &row, &col);
    if (t && composer_empty() && transcript_n(&t->view)) {
        const struct shown *s = t->view.shown;
        const char *text = t->view.has_live ? str_z(&t->view.live) : s && s->n ? s->msgs[s->n - 1]->text : "";
        const char *last = strrchr(text, '\n');
        cells_puts(0, 3, a->cols - 3, last ? last + 1 : text, STYLE_DIM);
    }
    move(row, col);
}

void app_frame(struct app *a)
{
    if (!(a->bits & (ACT_REPAINT | ACT_LAYOUT)))
        return;
    a->bits &= ~(unsigned)(ACT_REPAINT | ACT_LAYOUT);
    getmaxyx(stdscr, a->rows, a->cols);
    struct app_geometry g = app_geometry(a);
    int row = 0, col = 0;
    if (a->rows < 2) {
        draw_single(a);
        refresh();
        return;
    }
    if (g.top && (g.left || !a->panel))
        draw_title(a, &g);
    draw_middle(a, &g);
    if (g.rule >= 0)
        cells_rule(g.rule, g.left, g.width);
    draw_status(a, &g);
    draw_message(a, &g);
    composer_draw(g.composer_row, g.composer_rows, g.left, g.width, &row, &col);
    if (a->focus == FOCUS_COMPOSER || a->focus == FOCUS_ASK) {
        curs_set(1);
        move(row, col);
    } else {
        curs_set(0);
    }
    refresh();
}
