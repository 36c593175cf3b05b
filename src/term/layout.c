#include "term/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "term/cells.h"
#include "term/layout_parts.h"

enum { TAB = 4 };

void layout_init(struct layout *l, int width)
{
    *l = (struct layout){ .width = width < 1 ? 1 : width, .text = STR_INIT, .code = STR_INIT };
}

void layout_release(struct layout *l)
{
    str_release(&l->text);
    str_release(&l->code);
    free(l->segs);
    free(l->rows);
    free(l->codes);
    layout_init(l, 1);
}

void layout_clear(struct layout *l, int width)
{
    l->width = width < 1 ? 1 : width;
    str_clear(&l->text);
    str_clear(&l->code);
    l->n_segs = l->n_rows = l->n_codes = 0;
    l->oom = false;
}

void layout_par_release(struct layout_par *p)
{
    str_release(&p->text);
    free(p->runs);
    *p = (struct layout_par){ .text = STR_INIT };
}

/* Columns from here to the next stop. */
static size_t to_tab_stop(const struct layout_par *p)
{
    size_t from = p->text.len;
    while (from && p->text.p[from - 1] != '\n')
        from--;
    return TAB - (size_t)cells_width(str_z(&p->text) + from, p->text.len - from) % TAB;
}

void layout_par_add(struct layout_par *p, const char *s, size_t n, enum theme_role role)
{
    static const char blanks[TAB + 1] = "    ";
    for (const char *tab; n && (tab = memchr(s, '\t', n)); s = tab + 1) {
        n -= (size_t)(tab - s) + 1;
        layout_par_add(p, s, (size_t)(tab - s), role);
        layout_par_add(p, blanks, to_tab_stop(p), role);
    }
    size_t at = p->text.len;
    if (!n || str_add(&p->text, s, n))
        return;
    if (p->n_runs && p->runs[p->n_runs - 1].role == role) {
        p->runs[p->n_runs - 1].n += n;
        return;
    }
    if (!mem_grow(&p->runs, &p->cap_runs, p->n_runs + 1, sizeof *p->runs))
        p->runs[p->n_runs++] = (struct layout_run){ at, n, role };
}

/* ---- Rows ---- */

void layout_row_begin(struct layout *l)
{
    if (mem_grow(&l->rows, &l->cap_rows, l->n_rows + 1, sizeof *l->rows)) {
        l->oom = true;
        return;
    }
    l->rows[l->n_rows++] = (struct layout_row){ l->n_segs, 0 };
}

void layout_row_add(struct layout *l, const char *s, size_t n, int col, enum theme_role role)
{
    size_t at = l->text.len;
    if (!n || !l->n_rows || str_add(&l->text, s, n))
        return;
    if (mem_grow(&l->segs, &l->cap_segs, l->n_segs + 1, sizeof *l->segs)) {
        l->oom = true;
        return;
    }
    l->segs[l->n_segs++] = (struct layout_seg){ at, n, col, role };
    l->rows[l->n_rows - 1].n_seg++;
}

void layout_row_extend(struct layout *l, const char *s, size_t n, int col, enum theme_role role)
{
    struct layout_seg *last = l->n_rows && l->rows[l->n_rows - 1].n_seg ? &l->segs[l->n_segs - 1] : NULL;
    if (!last || last->role != role || last->at + last->n != l->text.len)
        layout_row_add(l, s, n, col, role);
    else if (!str_add(&l->text, s, n))
        last->n += n;
}

/* ---- Wrapping ---- */

/* The state of one paragraph on its way into rows. A word is held until it is known to fit. */
struct wrap {
    struct layout *l;
    const struct layout_par *p;
    const char *rest;
    enum theme_role prefix;
    int indent, room, col; /* col counts from the indent */
    size_t word, word_end; /* the held word: bytes of p->text */
    int word_cols, space_cols;
    size_t space;          /* bytes of the spaces before it begin here */
    bool fresh;            /* the row begins a line of the text: its spaces are an indent */
    size_t run;            /* the style run that what is put next lies in, or one before */
};

static void begin_row(struct wrap *w, const char *prefix)
{
    layout_row_begin(w->l);
    layout_row_add(w->l, prefix, strlen(prefix), 0, w->prefix);
    w->col = 0;
    w->fresh = false;
}

/* Puts bytes [from, to) of the paragraph on the row, cut where the style changes. */
static void emit(struct wrap *w, size_t from, size_t to, int cols)
{
    int col = w->col;
    while (w->run < w->p->n_runs && from < to) {
        const struct layout_run *r = &w->p->runs[w->run];
        if (r->at + r->n <= from) {
            w->run++;
            continue;
        }
        size_t end = r->at + r->n < to ? r->at + r->n : to;
        const char *s = w->p->text.p + from;
        layout_row_extend(w->l, s, end - from, w->indent + col, r->role);
        col += cells_width(s, end - from);
        from = end;
    }
    w->col += cols;
}

static void flush_word(struct wrap *w)
{
    if (w->word == w->word_end)
        return;
    if (w->col && w->col + w->space_cols + w->word_cols > w->room)
        begin_row(w, w->rest);
    else if (w->space_cols && w->col + w->space_cols + w->word_cols <= w->room)
        emit(w, w->space, w->word, w->space_cols);
    emit(w, w->word, w->word_end, w->word_cols);
    w->word = w->word_end;
    w->word_cols = w->space_cols = 0;
}

/* Adds one cluster of the paragraph's text to the held word, which never outgrows a row. */
static void hold(struct wrap *w, size_t at, size_t len, int cols)
{
    if (w->word == w->word_end)
        w->word = w->word_end = at;
    if (w->word_cols + cols > w->room) {
        flush_word(w);
        w->word = w->word_end = at;
    }
    w->word_end = at + len;
    w->word_cols += cols;
}

static void soft_cluster(struct wrap *w, const char *s, size_t at, size_t len, int cols)
{
    if (len == 1 && s[at] == ' ') {
        flush_word(w);
        if (w->col || w->fresh) { /* spaces at which a line was broken are dropped */
            if (!w->space_cols)
                w->space = at;
            w->space_cols += 1;
        }
        w->word = w->word_end = at + 1;
        return;
    }
    if (cols >= 2) { /* wide characters may be parted from their neighbours */
        flush_word(w);
        hold(w, at, len, cols);
        flush_word(w);
        return;
    }
    hold(w, at, len, cols);
}

static void hard_cluster(struct wrap *w, size_t at, size_t len, int cols)
{
    if (w->col + cols > w->room && w->col)
        begin_row(w, w->rest);
    emit(w, at, at + len, cols);
}

void layout_wrap(struct layout *l, struct layout_par *p, const char *first, const char *rest, enum theme_role prefix,
                 bool hard)
{
    struct wrap w = { .l = l, .p = p, .rest = rest, .prefix = prefix, .indent = cells_width(first, strlen(first)) };
    w.room = l->width - w.indent < 1 ? 1 : l->width - w.indent;
    begin_row(&w, first);
    w.fresh = true;
    for (size_t at = 0; at < p->text.len;) {
        const char *s = p->text.p;
        int cols;
        size_t len = cells_cluster(s + at, p->text.len - at, &cols);
        if (s[at] == '\n') {
            flush_word(&w);
            w.space_cols = 0;
            begin_row(&w, rest);
            w.fresh = true;
            w.word = w.word_end = at + len;
        } else if (hard) {
            hard_cluster(&w, at, len, cols);
        } else {
            soft_cluster(&w, s, at, len, cols);
        }
        at += len;
    }
    flush_word(&w);
    l->oom |= p->text.oom;
    str_clear(&p->text);
    p->n_runs = 0;
}

void layout_blank(struct layout *l)
{
    if (l->n_rows && l->rows[l->n_rows - 1].n_seg)
        layout_row_begin(l);
}

void layout_plain(struct layout *l, const char *s, size_t n, enum theme_role role)
{
    struct layout_par p = { .text = STR_INIT };
    while (n && s[n - 1] == '\n')
        n--;
    layout_par_add(&p, s, n, role);
    layout_wrap(l, &p, "", "", role, false);
    layout_par_release(&p);
}

void layout_hard(struct layout *l, const char *s, size_t n, enum theme_role role)
{
    struct layout_par p = { .text = STR_INIT };
    for (const char *end = s + n; s < end;) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        size_t len = nl ? (size_t)(nl - s) : (size_t)(end - s), lead = 0;
        char pad[32] = "";
        while (lead < len && s[lead] == ' ' && lead < sizeof pad - 1 && (int)lead < l->width - 1)
            pad[lead++] = ' ';
        layout_par_add(&p, s + lead, len - lead, role);
        layout_wrap(l, &p, pad, pad, role, false);
        s += len + 1;
    }
    layout_par_release(&p);
}

void layout_draw(const struct layout *l, size_t i, int row, int col, int cols, bool selected)
{
    const struct layout_row *r = &l->rows[i];
    int used = 0;
    cells_fill(row, col, cols, STYLE_TEXT);
    for (size_t k = 0; k < r->n_seg; k++) {
        const struct layout_seg *g = &l->segs[r->seg + k];
        used = g->col;
        if (used < cols)
            cells_put(row, col + used, cols - used, l->text.p + g->at, g->n, g->role, selected);
    }
}
