/* Drawing the screen: title, transcript or panel, composer, message. Nothing here changes what is drawn. */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "term/cells.h"
#include "term/layout.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/replay.h"
#include "ui/single.h"
#include "ui/status.h"
#include "ui/welcome.h"

/* The chat's name, cut where `right` needs its place, and whether it is being played again. */
static void draw_name(struct app *a, const struct app_geometry *g, const char *name, int right)
{
    const char *what = a->replaying ? ", replay" : "";
    int room = g->width - right - 4 - (int)strlen(what);
    if (room <= 0)
        return;
    int used = cells_cut(0, g->left + 1, room, name, strlen(name), STYLE_TITLE);
    cells_puts(0, g->left + 1 + used, (int)strlen(what), what, STYLE_TITLE);
}

static void draw_title(struct app *a, const struct app_geometry *g)
{
    const struct tab *t = app_tab(a);
    const struct shown *s = t ? t->view.shown : NULL;
    char right[128] = "", bytes[NUMBER_TEXT];
    cells_fill(0, g->left, g->width, STYLE_TITLE);
    if (a->replaying) {
        replay_title(a->replaying, right, sizeof right);
        if (cells_width(right, strlen(right)) > g->width / 2)
            replay_place(a->replaying, right, sizeof right);
    } else if (s && s->model && s->model[0]) {
        const char *model = g->width >= 72 ? s->model : "";
        number_bytes(s->state_bytes, bytes);
        if (s->state_bytes)
            snprintf(right, sizeof right, "%s%sstate %s", model, *model ? "   " : "", bytes);
        else /* nothing was read, or not yet put back */
            snprintf(right, sizeof right, "%s", model);
    }
    int used = cells_width(right, strlen(right));
    draw_name(a, g, s && s->title[0] ? s->title : "New chat", used);
    if (used + 12 < g->width)
        cells_puts(0, g->left + g->width - 1 - used, g->width, right, a->replaying ? STYLE_TITLE : STYLE_DIM);
    cells_rule(1, g->left, g->width);
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

void app_frame(struct app *a)
{
    if (!(a->bits & (ACT_REPAINT | ACT_LAYOUT)))
        return;
    a->bits &= ~(unsigned)(ACT_REPAINT | ACT_LAYOUT);
    getmaxyx(stdscr, a->rows, a->cols);
    struct app_geometry g = app_geometry(a);
    int row = 0, col = 0;
    if (a->rows < 2) {
        single_draw(a);
        refresh();
        return;
    }
    if (g.top && (g.left || !a->panel))
        draw_title(a, &g);
    draw_middle(a, &g);
    if (g.rule >= 0)
        cells_rule(g.rule, g.left, g.width);
    status_draw(a, &g);
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
