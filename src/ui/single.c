/* One row has room for one thing: what was said about the last key, else what has the focus. Behind an empty prompt stands,
 * dimmed, what goes on or the end of the reply. */
#include "ui/single.h"

#include <ncurses.h>
#include <string.h>

#include "term/cells.h"
#include "ui/app.h"
#include "ui/composer.h"
#include "ui/replay.h"
#include "ui/status.h"

static void draw_message(struct app *a)
{
    cells_fill(0, 0, a->cols, STYLE_TEXT);
    cells_cut(0, 0, a->cols, a->message.p, a->message.len, a->message_error ? STYLE_ERROR : STYLE_NOTICE);
}

/* Who speaks, and the row of it that was looked for, or the first. */
static void draw_reading(struct app *a, struct tab *t)
{
    static const char *const names[] = { "system", "you", "hiss" };
    const struct shown_msg *m = transcript_selected(&t->view);
    enum shown_role who = m ? m->role : SHOWN_REPLY;
    char place[32] = "";
    struct str line = STR_INIT;
    if (a->replaying)
        replay_place(a->replaying, place, sizeof place);
    const char *name = a->replaying ? place : names[who];
    cells_fill(0, 0, a->cols, STYLE_TEXT);
    int used = 2 + cells_puts(0, 0, a->cols, name, a->replaying ? STYLE_DIM : who == SHOWN_REPLY ? STYLE_MODEL : STYLE_USER);
    transcript_line(&t->view, a->cols - used, a->replaying, &line);
    cells_cut(0, used, a->cols - used, str_z(&line), line.len, STYLE_TEXT);
    str_release(&line);
}

static void draw_behind_prompt(struct app *a, struct tab *t, int col)
{
    char status[128];
    struct str line = STR_INIT;
    status_text(a, status, sizeof status);
    if (desk_loading(a->desk) < 0 && transcript_n(&t->view) && (t->view.has_live || !tab_works(t->state)))
        transcript_line(&t->view, a->cols - col, true, &line);
    if (!line.len)
        str_adds(&line, status);
    if (!line.len) {
        keymap_keys_of(CONTEXT_COMPOSER, "help", &line);
        str_cut(&line, strcspn(str_z(&line), ","));
        str_adds(&line, line.len ? " helps" : "");
    }
    cells_cut(0, col, a->cols - col, str_z(&line), line.len, STYLE_DIM);
    str_release(&line);
}

void single_draw(struct app *a)
{
    struct tab *t = app_tab(a);
    int row = 0, col = 0;
    bool writes = a->focus == FOCUS_COMPOSER || a->focus == FOCUS_ASK;
    if (a->message.len && a->focus != FOCUS_ASK) {
        draw_message(a);
    } else if (a->panel && a->focus == FOCUS_PANEL) {
        panel_draw(a->panel, 0, 1, 0, a->cols);
    } else if (t && a->focus == FOCUS_TRANSCRIPT && transcript_n(&t->view)) {
        draw_reading(a, t);
    } else {
        composer_draw(0, 1, 0, a->cols, &row, &col);
        if (t && a->focus != FOCUS_ASK && composer_empty() && !composer_wants_all())
            draw_behind_prompt(a, t, col + 1);
    }
    curs_set(writes);
    move(row, writes ? col : 0);
}
