/* Drawing panels: title, rows in columns, the note of the focused one, the foot. */
#include <stdio.h>
#include <string.h>

#include "ui/cells.h"
#include "ui/keymap.h"
#include "ui/panel.h"

enum { GAP = 2, NARROW = 30, LEAST_COLUMN = 4, MAX_FOOT = 16 };

static int put_cut(int row, int col, int width, const char *s, size_t n, enum theme_role role)
{
    if (width <= 0)
        return 0;
    size_t fit = cells_fit(s, n, width, NULL);
    if (fit == n)
        return cells_put(row, col, width, s, n, role, false);
    fit = cells_fit(s, n, width - 1, NULL);
    int used = cells_put(row, col, width - 1, s, fit, role, false);
    return used + cells_puts(row, col + used, 1, "…", role);
}

/* How wide each column may be. The first is what one reads; the others take what it leaves. Those in between are shown
 * whole or not at all (half a bar or half a number would lie), the last may be cut. */
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
    for (int c = 1; c < PANEL_COLUMNS; c++) {
        int w = p->widths[c] < room - GAP ? p->widths[c] : room - GAP;
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
        put_cut(row, col + (gutter > 0), cols - (gutter > 0), r->text, strlen(r->text), STYLE_HEADING);
        return;
    }
    if (gutter && i == p->at)
        cells_puts(row, col, 1, "▌", STYLE_BAR);
    if (gutter > 1 && r->mark)
        cells_puts(row, col + 1, 1, "●", focused ? STYLE_FOCUS : STYLE_BAR);
    fit_columns(p, cols - gutter, widths);
    for (int c = 0; c < PANEL_COLUMNS; c++) {
        size_t len;
        const char *s = panel_column(r->text, c, &len);
        if (!widths[c])
            continue;
        enum theme_role role = focused ? STYLE_FOCUS : c ? STYLE_DIM : r->mark ? STYLE_NAME : STYLE_TEXT;
        put_cut(row, x, widths[c], s, len, role);
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
    put_cut(row, col + (cols > 8), cols - (cols > 8), s, strlen(s), STYLE_DIM);
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

static void draw_title(const struct panel *p, int row, int col, int cols)
{
    char right[224] = "", where[48] = "", title[128];
    size_t n = 0, at = 0;
    snprintf(title, sizeof title, "%s%s%s", p->ops->title, p->topic[0] ? ": " : "", p->topic);
    for (size_t i = 0; i < p->n; i++) {
        n += !p->rows[i].heading;
        at += !p->rows[i].heading && i <= p->at;
    }
    if (n)
        snprintf(where, sizeof where, "%zu of %zu", at, n);
    snprintf(right, sizeof right, "%s%s%s%s%s%s", p->about, p->about[0] ? "   " : "", p->filter[0] ? "/ " : "", p->filter,
             p->filter[0] && n ? "   " : "", where);
    int rw = cells_width(right, strlen(right)), inset = cols > 8;
    cells_fill(row, col, cols, STYLE_TITLE);
    int used = put_cut(row, col + inset, cols - inset, title, strlen(title), STYLE_TITLE);
    if (used + rw + 4 <= cols)
        cells_puts(row, col + cols - rw - 1, rw, right, STYLE_DIM);
}

/* ---- The foot: keys of the moment, as they are bound now ---- */

struct foot_item {
    char key[24], words[40];
    int width;
};

static size_t foot_items(const struct panel *p, struct foot_item *out, size_t cap)
{
    size_t n = 0;
    for (const char *s = p->ops->foot; s && *s && n < cap;) {
        size_t len = strcspn(s, "\t"), verb = strcspn(s, " \t");
        char command[32];
        struct str keys = STR_INIT;
        struct foot_item *it = &out[n];
        snprintf(command, sizeof command, "%.*s", (int)verb, s);
        bool of_rows = !strcmp(command, "panel-open") || !strcmp(command, "panel-filter");
        if (!(of_rows && p->is_text))
            keymap_keys_of(CONTEXT_PANEL, command, &keys);
        if (keys.len && len > verb) {
            size_t first = keys.p[0] == ',' ? 1 : strcspn(keys.p, ",");
            snprintf(it->key, sizeof it->key, "%.*s", (int)first, keys.p);
            snprintf(it->words, sizeof it->words, "%.*s", (int)(len - verb - 1), s + verb + 1);
            it->width = cells_width(it->key, strlen(it->key)) + 1 + cells_width(it->words, strlen(it->words));
            n++;
        }
        str_release(&keys);
        s += len + (s[len] == '\t');
    }
    return n;
}

static int draw_foot_item(const struct foot_item *it, int row, int x, int room)
{
    if (it->width > room)
        return 0;
    int used = cells_puts(row, x, room, it->key, STYLE_KEY);
    cells_puts(row, x + used + 1, room - used - 1, it->words, STYLE_STATUS);
    return it->width + GAP;
}

/* The last item, the way out, is shown before all others. */
static void draw_foot(const struct panel *p, int row, int rows, int col, int cols)
{
    struct foot_item items[MAX_FOOT];
    size_t n = foot_items(p, items, MAX_FOOT);
    int x = 1;
    for (int i = 0; i < rows; i++)
        cells_fill(row + i, col, cols, STYLE_STATUS);
    if (!n)
        return;
    for (size_t i = 0; i + 1 < n; i++) {
        int behind = rows > 1 ? 0 : GAP + items[n - 1].width;
        if (x + items[i].width + behind > cols && rows > 1 && x > 1) {
            x = 1;
            row++;
            behind = --rows > 1 ? 0 : GAP + items[n - 1].width;
        }
        if (x + items[i].width + behind <= cols)
            x += draw_foot_item(&items[i], row, col + x, items[i].width);
    }
    if (x + items[n - 1].width > cols && rows > 1) {
        x = 1;
        row++;
    }
    draw_foot_item(&items[n - 1], row, col + x, cols - x);
}

/* As many as the keys need, where the list does not miss them. */
static int foot_rows(const struct panel *p, int rows, int cols)
{
    struct foot_item items[MAX_FOOT];
    size_t n = foot_items(p, items, MAX_FOOT);
    int x = 1, need = 1, most = rows >= 16 ? 4 : rows >= 5;
    for (size_t i = 0; i < n; i++) {
        if (x > 1 && x + items[i].width > cols) {
            x = 1;
            need++;
        }
        x += items[i].width + GAP;
    }
    return need < most ? need : most;
}

void panel_draw(struct panel *p, int row, int rows, int col, int cols)
{
    if (rows < 1 || cols < 1)
        return;
    int title = rows >= 4, rule = rows >= 12, foot = foot_rows(p, rows, cols);
    int body = rows - title - rule - foot;
    int note = p->is_text || rows < 10 ? 0 : cols >= 60 ? 3 : 4; /* an empty row and two or three of text */
    if (title)
        draw_title(p, row, col, cols);
    if (rule)
        cells_rule(row + 1, col, cols);
    if (foot)
        draw_foot(p, row + rows - foot, foot, col, cols);
    row += title + rule;
    if (p->is_text) {
        draw_text(p, row, body, col, cols);
        return;
    }
    int list = body - note;
    draw_list(p, row, list, col, cols);
    for (int i = list; i < body; i++)
        cells_fill(row + i, col, cols, STYLE_TEXT);
    if (note)
        draw_note(p, row + (p->n < (size_t)list ? (int)(p->n ? p->n : 1) : list) + 1, note - 1, col, cols);
}
