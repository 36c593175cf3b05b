#include "ui/status.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "desk/settings.h"
#include "term/cells.h"
#include "ui/app.h"
#include "ui/foot.h"
#include "ui/replay.h"

static void stage_text(const struct tab *t, char *out, size_t n)
{
    static const char *const words[] = { "", "loading", "reading", "writing", "rebuilding", "verifying" };
    const struct desk_stats *s = &t->stats;
    char read[NUMBER_TEXT], other[NUMBER_TEXT];
    if (t->stage == DESK_WRITING) {
        if (s->write_seconds > 0)
            snprintf(out, n, "writing %.0f t/s · read %s", (double)s->wrote / s->write_seconds, number_grouped(s->read, read));
        else
            snprintf(out, n, "writing · read %s", number_grouped(s->read, read));
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

void status_text(struct app *a, char *out, size_t n)
{
    const struct tab *t = app_tab(a);
    out[0] = '\0';
    double loading = desk_loading(a->desk);
    if (loading >= 0)
        snprintf(out, n, "loading %.0f %%", 100 * loading);
    else if (t)
        stage_text(t, out, n);
}

/* ---- The right side ---- */

static void add_key(enum context where, const char *command, const char *words, struct str *out)
{
    struct str keys = STR_INIT;
    keymap_keys_of(where, command, &keys);
    if (keys.len)
        str_addf(out, "%s%.*s %s", out->len ? "  " : "", (int)strcspn(keys.p, ","), keys.p, words);
    str_release(&keys);
}

/* The two keys of the moment, by what they are bound to; where there is room for one, the way to stop or help. */
static void add_keys(struct app *a, bool both, struct str *out)
{
    const struct tab *t = app_tab(a);
    enum context where = app_context(a);
    bool stops = t && tab_works(t->state);
    const char *first = stops ? app_line_goes_first(a) ? "up" : "stop" : where == CONTEXT_COMPOSER ? "up" : where == CONTEXT_TRANSCRIPT ? "focus" : "close";
    const char *words = stops ? "stop" : where == CONTEXT_COMPOSER ? t && t->editing ? "keep" : "read" : where == CONTEXT_TRANSCRIPT ? "write" : "close";
    if (both || stops)
        add_key(where, first, words, out);
    if (both || !stops)
        add_key(where, "help", "help", out);
}

static void add_settings(struct app *a, struct str *out)
{
    char temp[SETTING_TEXT], top_p[SETTING_TEXT];
    setting_format(app_settings(a), setting_find("temperature"), temp);
    setting_format(app_settings(a), setting_find("top-p"), top_p);
    str_addf(out, "temp %s top-p %s", temp, top_p);
}

/* As much as fits `room` columns: what matters least gives way first. */
static void right_text(struct app *a, const struct app_geometry *g, int room, struct str *out)
{
    enum { SETTINGS, KEYS, KEY, NOTHING };
    const struct tab *t = app_tab(a);
    if (a->focus == FOCUS_ASK) {
        str_adds(out, "Enter take  Esc leave");
        return;
    }
    if (a->focus == FOCUS_PANEL && a->rows >= 8 && !(t && tab_works(t->state))) /* the panel's foot has them */
        return;
    for (int least = g->width >= 72 && !a->panel && !a->replaying ? SETTINGS : KEYS; least <= NOTHING; least++) {
        str_clear(out);
        if (least == SETTINGS)
            add_settings(a, out);
        if (least != NOTHING)
            add_keys(a, least != KEY, out);
        if (cells_width(str_z(out), out->len) <= room)
            return;
    }
}

/* ---- The line ---- */

static void draw_replay_keys(struct app *a, const struct app_geometry *g)
{
    static const char keys[] = "replay-pause pause\treplay-back back\treplay-forward on\treplay-token token\treplay-faster faster\t"
                               "verify verify\thelp help\treplay-leave leave";
    char place[32];
    int used = 0;
    if (!g->top) { /* no title that says it */
        replay_place(a->replaying, place, sizeof place);
        used = 2 + cells_puts(g->status_row, g->left + 1, g->width - 1, place, STYLE_STATUS);
    }
    foot_draw(CONTEXT_REPLAY, keys, g->status_row, 1, g->left + used, g->width - used);
}

void status_draw(struct app *a, const struct app_geometry *g)
{
    enum { BETWEEN = 4 };
    const struct tab *t = app_tab(a);
    char left[256];
    struct str right = STR_INIT;
    if (g->status_row < 0)
        return;
    cells_fill(g->status_row, g->left, g->width, STYLE_STATUS);
    if (a->replaying && !a->panel && (!t || t->stage != DESK_VERIFYING)) {
        draw_replay_keys(a, g);
        return;
    }
    status_text(a, left, sizeof left);
    int lw = cells_width(left, strlen(left));
    right_text(a, g, g->width - lw - BETWEEN, &right);
    int rw = cells_width(str_z(&right), right.len);
    if (rw && lw + rw + BETWEEN > g->width) /* only a question's keys: they matter more than what was */
        left[0] = '\0';
    cells_cut(g->status_row, g->left + 1, g->width - 1, left, strlen(left), STYLE_STATUS);
    if (rw && rw + 2 <= g->width)
        cells_puts(g->status_row, g->left + g->width - 1 - rw, rw, right.p, STYLE_STATUS);
    str_release(&right);
}
