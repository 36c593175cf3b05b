#include "term/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "term/cells.h"
#include "term/layout_parts.h"

enum { NARROWEST = 4 }; /* columns of a cell that is still worth wrapping */

static const char between[] = " │ ", crossing[] = "─┼─", dash[] = "─";
enum { BETWEEN_COLS = 3 };

int table_add(struct table *t, struct layout_par *cell)
{
    if (mem_grow(&t->cells, &t->cap_cells, t->n_cells + 1, sizeof *t->cells))
        return -1;
    t->cells[t->n_cells++] = *cell;
    *cell = (struct layout_par){ .text = STR_INIT };
    return 0;
}

void table_release(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        layout_par_release(&t->cells[i]);
    free(t->cells);
    *t = (struct table){ .n_cols = 0 };
}

static int cell_width(const struct layout_par *p)
{
    return cells_width(str_z(&p->text), p->text.len);
}

/* ---- Widths ---- */

/* Columns that are narrower than their share of the room keep their width; the others share what is left. False: there is
 * too little of it. */
static bool find_widths(const struct table *t, int room, int width[TABLE_COLS])
{
    bool kept[TABLE_COLS] = { false };
    int left = room - BETWEEN_COLS * ((int)t->n_cols - 1);
    size_t sharing = t->n_cols;
    memset(width, 0, t->n_cols * sizeof *width);
    for (size_t i = 0; i < t->n_cells; i++) {
        int w = cell_width(&t->cells[i]);
        if (w > width[i % t->n_cols])
            width[i % t->n_cols] = w;
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < t->n_cols; c++) {
            if (kept[c] || width[c] > left / (int)sharing)
                continue;
            kept[c] = more = true;
            left -= width[c];
            if (!--sharing)
                return left >= 0;
        }
    }
    if (left / (int)sharing < NARROWEST)
        return false;
    for (size_t c = 0; c < t->n_cols; c++) {
        if (kept[c])
            continue;
        width[c] = left / (int)sharing--;
        left -= width[c];
    }
    return true;
}

/* ---- Rows ---- */

static int row_width(const struct layout *l, size_t i)
{
    const struct layout_row *r = &l->rows[i];
    if (!r->n_seg)
        return 0;
    const struct layout_seg *last = &l->segs[r->seg + r->n_seg - 1];
    return last->col + cells_width(l->text.p + last->at, last->n);
}

/* Row i of a wrapped cell, at col of l's last row. */
static void put_row(struct layout *l, const struct layout *cell, size_t i, int col, enum table_side side)
{
    int spare = cell->width - row_width(cell, i);
    col += spare > 0 ? spare * (int)side / 2 : 0;
    for (size_t k = 0; k < cell->rows[i].n_seg; k++) {
        const struct layout_seg *s = &cell->segs[cell->rows[i].seg + k];
        layout_row_add(l, cell->text.p + s->at, s->n, col + s->col, s->role);
    }
}

static void begin(struct layout *l, const char **prefix, const char *rest, enum theme_role role)
{
    layout_row_begin(l);
    layout_row_add(l, *prefix, strlen(*prefix), 0, role);
    *prefix = rest;
}

struct frame {
    const char *first, *rest;
    enum theme_role role;
    int indent, width[TABLE_COLS];
};

/* The cells of one row of the table, side by side. */
static void lay_row(const struct table *t, struct layout_par *cells, struct layout *l, struct frame *f)
{
    struct layout wrapped[TABLE_COLS];
    size_t height = 0;
    for (size_t c = 0; c < t->n_cols; c++) {
        layout_init(&wrapped[c], f->width[c]);
        layout_wrap(&wrapped[c], &cells[c], "", "", STYLE_TEXT, false);
        l->oom |= wrapped[c].oom;
        height = wrapped[c].n_rows > height ? wrapped[c].n_rows : height;
    }
    for (size_t i = 0; i < height; i++) {
        int col = f->indent;
        begin(l, &f->first, f->rest, f->role);
        for (size_t c = 0; c < t->n_cols; c++) {
            if (i < wrapped[c].n_rows)
                put_row(l, &wrapped[c], i, col, t->side[c]);
            col += f->width[c];
            if (c + 1 < t->n_cols)
                layout_row_add(l, between, sizeof between - 1, col, STYLE_RULE);
            col += BETWEEN_COLS;
        }
    }
    for (size_t c = 0; c < t->n_cols; c++)
        layout_release(&wrapped[c]);
}

static void lay_rule(const struct table *t, struct layout *l, struct frame *f)
{
    struct str rule = STR_INIT;
    for (size_t c = 0; c < t->n_cols; c++) {
        if (c)
            str_adds(&rule, crossing);
        for (int i = 0; i < f->width[c]; i++)
            str_adds(&rule, dash);
    }
    begin(l, &f->first, f->rest, f->role);
    layout_row_add(l, str_z(&rule), rule.len, f->indent, STYLE_RULE);
    l->oom |= rule.oom;
    str_release(&rule);
}

static void lay_paragraph(const struct table *t, struct layout_par *cells, struct layout *l, struct frame *f)
{
    struct layout_par all = { .text = STR_INIT };
    for (size_t c = 0; c < t->n_cols; c++) {
        const struct layout_par *p = &cells[c];
        if (c)
            layout_par_add(&all, between, sizeof between - 1, STYLE_RULE);
        for (size_t k = 0; k < p->n_runs; k++)
            layout_par_add(&all, p->text.p + p->runs[k].at, p->runs[k].n, p->runs[k].role);
    }
    layout_wrap(l, &all, f->first, f->rest, f->role, false);
    f->first = f->rest;
    layout_par_release(&all);
}

void table_lay(struct table *t, struct layout *l, const char *first, const char *rest, enum theme_role prefix)
{
    struct frame f = { .first = first, .rest = rest, .role = prefix, .indent = cells_width(first, strlen(first)) };
    bool side_by_side = t->n_cols && find_widths(t, l->width - f.indent, f.width);
    for (size_t i = 0; t->n_cols && i + t->n_cols <= t->n_cells; i += t->n_cols) {
        if (side_by_side)
            lay_row(t, t->cells + i, l, &f);
        else
            lay_paragraph(t, t->cells + i, l, &f);
        if (!i && side_by_side)
            lay_rule(t, l, &f);
    }
    table_release(t);
}
