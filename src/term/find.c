#include "term/find.h"

#include <stdint.h>

#include <utf8proc.h>

#include "base/utf8.h"
#include "term/cells.h"

/* Bytes of hay that match all of needle, letter by letter; 0: they do not. */
static size_t match(const char *hay, size_t n, const char *needle, size_t m)
{
    size_t at = 0;
    for (size_t k = 0; k < m;) {
        uint32_t a, b;
        if (at >= n)
            return 0;
        at += utf8_decode(hay + at, n - at, &a, NULL);
        k += utf8_decode(needle + k, m - k, &b, NULL);
        if (a != b && utf8proc_tolower((utf8proc_int32_t)a) != utf8proc_tolower((utf8proc_int32_t)b))
            return 0;
    }
    return at;
}

size_t find_text(const char *hay, size_t n, size_t from, const char *needle, size_t m, size_t *len)
{
    for (size_t at = from; m && at < n;) {
        uint32_t skipped;
        if ((*len = match(hay + at, n - at, needle, m)))
            return at;
        at += utf8_decode(hay + at, n - at, &skipped, NULL);
    }
    return SIZE_MAX;
}

/* Pieces of one row follow each other in the text; what stands between rows (indents, bullets) is not searched. */
static void row_text(const struct layout *l, size_t i, const char **p, size_t *n)
{
    const struct layout_row *r = &l->rows[i];
    const struct layout_seg *first = &l->segs[r->seg], *last = &l->segs[r->seg + (r->n_seg ? r->n_seg - 1 : 0)];
    *p = r->n_seg ? l->text.p + first->at : "";
    *n = r->n_seg ? last->at + last->n - first->at : 0;
}

size_t find_row(const struct layout *l, size_t from, const char *needle, size_t m)
{
    for (size_t i = from; i < l->n_rows; i++) {
        const char *p;
        size_t n, len;
        row_text(l, i, &p, &n);
        if (find_text(p, n, 0, needle, m, &len) != SIZE_MAX)
            return i;
    }
    return l->n_rows;
}

/* Bytes [at, at + n) of the layout's text, wherever the row's pieces have them. */
static void draw_bytes(const struct layout *l, size_t i, size_t at, size_t n, int row, int col, int cols)
{
    const struct layout_row *r = &l->rows[i];
    for (size_t k = 0; k < r->n_seg; k++) {
        const struct layout_seg *g = &l->segs[r->seg + k];
        size_t from = at > g->at ? at : g->at, to = at + n < g->at + g->n ? at + n : g->at + g->n;
        int x = from < to ? g->col + cells_width(l->text.p + g->at, from - g->at) : cols;
        if (x < cols)
            cells_put(row, col + x, cols - x, l->text.p + from, to - from, STYLE_MATCH, false);
    }
}

void find_draw(const struct layout *l, size_t i, const char *needle, size_t m, int row, int col, int cols)
{
    const char *p;
    size_t n, len;
    row_text(l, i, &p, &n);
    for (size_t at = 0; (at = find_text(p, n, at, needle, m, &len)) != SIZE_MAX; at += len)
        draw_bytes(l, i, (size_t)(p - l->text.p) + at, len, row, col, cols);
}
