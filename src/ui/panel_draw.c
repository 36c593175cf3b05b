/* Drawing panels: title, rows in columns, the note of the focused one, the foot. */
#include <stdio.h>
#include <string.h>

#include "term/cells.h"
#include "ui/foot.h"
#include "ui/keymap.h"
#include "ui/panel.h"

enum { GAP = 2, NARROW = 30, LEAST_COLUMN = 4, LEAST_LAST = 12, FOOT_TEXT = 256 };

/* How wide each column may be. The first is what one reads; the others take what it leaves. Those in between are shown
 * whole or not at all (half a bar or half a number would lie); the last may be cut, and goes before them. */
static void fit_columns(const struct panel *p, int room, int out[PANEL_COLUMNS])
{
    int rest = 0, first = p->widths[0], last = 0;
    for (int c = 1; c < PANEL_COLUMNS; c++) {
        rest += p->widths[c] ? p->widths[c] + GAP : 0;
        last = p->widths[c] ? c : last;
    }
    int least = room < NARROW ? room - (p->widths[1] ? p->widths[1] + GAP : 0) : room * 6 / 10;
    if (least < room / 2)
        least = room / 2;
    if (first > room - rest)
        first = first < least ? first : room - rest > least ? room - rest : least;
    out[0] = first;
    room -= first;
    int kept = p->widths[last] < LEAST_LAST ? p->widths[last] + GAP : LEAST_LAST + GAP;
    for (int c = 1; c < PANEL_COLUMNS; c++) {
        int most = c < last && room > kept ? room - kept - GAP : room - GAP;
        int w = p->widths[c] < most ? p->widths[c] : most;
        if (w < 0 || (w < p->widths[c] && (c < last || w < LEAST_COLUMN)))
            w = 0;
        out[c] = w;
        room -= w ? w + GAP : 0;
    }
}

static void draw_list_row(const struct panel *p, size_t i, int row, int col, int cols)
{
    const struct panel_row *r = &p->rows[i];
    bool focused = i == p->at && p->active;
    int gutter = cols >= NARROW ? 3 : cols > 8 ? 1 : 0, widths[PANEL_COLUMNS], x = col + gutter;
    cells_fill(row, col, cols, focused ? STYLE_FOCUS : STYLE_TEXT);
    if (r->heading) {
        cells_cut(row, col + (gutter > 0), cols - (gutter > 0), r->text, strlen(r->text), STYLE_HEADING);
        return;
    }
    if (gutter && i == p->at && (p->active || r->mark))
        cells_puts(row, col, 1, "▌", STYLE_BAR);
    if (gutter > 1 && r->mark)
        cells_puts(row, col + 1, 1, "●", focused ? STYLE_FOCUS : STYLE_BAR);
    fit_columns(p, cols - gutter - (cols >= NARROW), widths);
    for (int c = 0; c < PANEL_COLUMNS; c++) {
        size_t len;
        const char *s = panel_column(r->text, c, &len);
        if (!widths[c])
            continue;
        enum theme_role role = focused ? STYLE_FOCUS : c ? STYLE_DIM : r->mark ? STYLE_NAME : STYLE_TEXT;
        cells_cut(row, x, widths[c], s, len, role);
        x += widths[c] + GAP;
    }
}

/* The focused row is in view, with the heading right above it where there is room. */
static void scroll_to_focus(struct panel *p, int body)
{
    size_t h = (size_t)body, at = p->at < p->n ? p->at : 0;
    size_t want = at && p->rows[at - 1].heading && body > 1 ? at - 1 : at;
    if (p->top > want)
        p->top = want;
    if (at >= p->top + h)
        p->top = at - h + 1;
    if (p->top + h > p->n)
        p->top = p->n > h ? p->n - h : 0;
}

static void draw_list(struct panel *p, int row, int body, int col, int cols)
{
    scroll_to_focus(p, body);
    for (int i = 0; i < body; i++) {
        if (p->top + (size_t)i < p->n)
            draw_list_row(p, p->top + (size_t)i, row + i, col, cols);
        else
            cells_fill(row + i, col, cols, STYLE_TEXT);
    }
    if (p->n)
        return;
    struct str none = STR_INIT;
    if (p->filter[0])
        str_addf(&none, "nothing contains '%s'", p->filter);
    const char *s = p->filter[0] ? str_z(&none) : p->ops->empty ? p->ops->empty : "nothing here";
    cells_cut(row, col + (cols > 8), cols - (cols > 8), s, strlen(s), STYLE_DIM);
    str_release(&none);
}

/* The focused row's note, right under the list when that is short. */
static void draw_note(struct panel *p, int row, int rows, int col, int cols)
{
    const struct panel_row *r = panel_focused(p);
    int inset = cols >= NARROW ? 3 : 1;
    layout_clear(&p->text, cols - inset - 1);
    if (r && r->note)
        layout_plain(&p->text, r->note, strlen(r->note), STYLE_DIM);
    for (int i = 0; i < rows && (size_t)i < p->text.n_rows; i++)
        layout_draw(&p->text, (size_t)i, row + i, col + inset, cols - inset, false);
}

static void draw_text(struct panel *p, int row, int body, int col, int cols)
{
    int inset = cols > 8;
    if (p->text.width != cols - 2 * inset) {
        layout_clear(&p->text, cols - 2 * inset);
        layout_markdown(&p->text, str_z(&p->source), p->source.len);
    }
    panel_move(p, 0, body);
    for (int i = 0; i < body; i++) {
        size_t k = p->top + (size_t)i;
        cells_fill(row + i, col, cols, STYLE_TEXT);
        if (k < p->text.n_rows)
            layout_draw(&p->text, k, row + i, col + inset, cols - inset, false);
    }
}

static void draw_title(const struct panel *p, int row, int body, int col, int cols)
{
    char right[224] = "", where[48] = "", title[128];
    size_t n = 0, at = 0;
    snprintf(title, sizeof title, "%s%s%s", p->ops->title, p->topic[0] ? ": " : "", p->topic);
    for (size_t i = 0; i < p->n; i++) {
        n += !p->rows[i].heading;
        at += !p->rows[i].heading && i <= p->at;
    }
    if (p->is_text && p->text.n_rows > (size_t)body)
        snprintf(where, sizeof where, "%zu-%zu of %zu", p->top + 1, p->top + (size_t)body, p->text.n_rows);
    else if (n)
        snprintf(where, sizeof where, "%zu of %zu", at, n);
    snprintf(right, sizeof right, "%s%s%s%s%s%s", p->about, p->about[0] ? "   " : "", p->filter[0] ? "/ " : "", p->filter,
             p->filter[0] && n ? "   " : "", where);
    int rw = cells_width(right, strlen(right)), inset = cols > 8;
    cells_fill(row, col, cols, STYLE_TITLE);
    int used = cells_cut(row, col + inset, cols - inset, title, strlen(title), STYLE_TITLE);
    if (used + rw + 4 <= cols)
        cells_puts(row, col + cols - rw - 1, rw, right, STYLE_DIM);
}

/* ---- The foot ---- */

/* A text has no rows to open or to filter, but it can be longer than its place. */
static const char *foot_of(const struct panel *p, char out[FOOT_TEXT])
{
    size_t at = 0;
    if (!p->is_text)
        return p->ops->foot;
    at += (size_t)snprintf(out, FOOT_TEXT, "panel-up up\tpanel-down down");
    for (const char *s = p->ops->foot; *s;) {
        size_t len = strcspn(s, "\t");
        if (strncmp(s, "panel-", 6) && at < FOOT_TEXT)
            at += (size_t)snprintf(out + at, FOOT_TEXT - at, "\t%.*s", (int)len, s);
        s += len + (s[len] == '\t');
    }
    return out;
}

void panel_draw(struct panel *p, int row, int rows, int col, int cols)
{
    if (rows < 1 || cols < 1)
        return;
    char text[FOOT_TEXT];
    const char *keys = foot_of(p, text);
    int title = rows >= 4, rule = rows >= 12, foot = foot_rows(CONTEXT_PANEL, keys, rows >= 16 ? 4 : rows >= 5, cols);
    int body = rows - title - rule - foot;
    int note = p->is_text || rows < 10 ? 0 : cols >= 60 ? 3 : 4; /* an empty row and two or three of text */
    if (rule)
        cells_rule(row + 1, col, cols);
    if (foot)
        foot_draw(CONTEXT_PANEL, keys, row + rows - foot, foot, col, cols);
    if (p->is_text)
        draw_text(p, row + title + rule, body, col, cols);
    if (title)
        draw_title(p, row, body, col, cols);
    if (p->is_text)
        return;
    row += title + rule;
    int list = body - note, end = p->n < (size_t)list ? (int)(p->n ? p->n : 1) : list;
    draw_list(p, row, list, col, cols);
    for (int i = list; i < body; i++)
        cells_fill(row + i, col, cols, STYLE_TEXT);
    if (note)
        draw_note(p, row + end + 1, body - end - 1, col, cols);
}
