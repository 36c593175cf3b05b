/* The composer's text on the screen: broken into rows at blanks and around wide characters, a word longer than a row
 * between clusters. All blanks are shown, so that each place of the text has a cell for the cursor. */
#include <stdint.h>
#include <string.h>

#include <readline/readline.h>

#include "base/utf8.h"
#include "term/cells.h"
#include "ui/composer.h"
#include "ui/composer_parts.h"

enum { TAB_COLS = 4, INDENT = 2, NARROW = 8 };

static int last_cols = 80, last_first; /* columns, and the first row shown, of the last frame */

/* Walks the text cluster by cluster as it is shown: a folded paste as its label. */
struct walk {
    int cols, row, col;
    bool breaks;                /* a word may begin here */
    int cursor_row, cursor_col;
    int first, rows, top, left; /* rows [first, first + rows) are drawn from screen row top; rows 0: only measured */
    int goal_row, goal_col;     /* whose nearest place is sought */
    bool found;
    size_t found_at;
};

static int indent(const struct walk *w)
{
    return INDENT < w->cols ? INDENT : 0;
}

/* A row's last column is left to the blank behind a word. */
static int word_room(const struct walk *w)
{
    return w->cols < NARROW ? w->cols : w->cols - 1;
}

static void next_row(struct walk *w)
{
    w->row++;
    w->col = indent(w);
    w->breaks = true;
}

/* Columns of the word that p[0..n) begins with; one longer than `most` counts as that. */
static int word_cols(const char *p, size_t n, int most)
{
    int total = 0, width = 0;
    for (size_t at = 0; at < n && total < most && width < 2 && !strchr(" \t\n", p[at]);) {
        uint32_t cp;
        utf8_decode(p + at, n - at, &cp, NULL);
        at += cells_cluster(p + at, n - at, &width);
        if (total && (width >= 2 || composer_label(cp)))
            break;
        total += width;
    }
    return total < most ? total : most;
}

/* Finds the place of the cluster of `width` columns that p[0..n) begins with. */
static void place(struct walk *w, const char *p, size_t n, int width)
{
    bool blank = *p == ' ';
    int need = !blank && (w->breaks || width >= 2) ? word_cols(p, n, word_room(w) - indent(w)) : width;
    if (w->col + need > (blank ? w->cols : word_room(w)) && w->col > indent(w))
        next_row(w);
    w->breaks = blank || width >= 2;
}

static void put(struct walk *w, const char *p, size_t n, int width, enum theme_role role)
{
    if (w->row >= w->first && w->row < w->first + w->rows)
        cells_put(w->top + w->row - w->first, w->left + w->col, w->cols - w->col, p, n, role, false);
    w->col += width;
}

/* The text's byte `at` stands here. */
static void mark(struct walk *w, size_t at)
{
    if (at == (size_t)rl_point) {
        w->cursor_row = w->row;
        w->cursor_col = w->col;
    }
    if (w->row == w->goal_row && (w->col <= w->goal_col || !w->found)) {
        w->found = true;
        w->found_at = at;
    }
}

/* at: the byte of the text that all of this stands for; SIZE_MAX: none. */
static void walk_piece(struct walk *w, const char *z, enum theme_role role, size_t at)
{
    for (size_t i = 0, n = strlen(z); i < n;) {
        int width;
        size_t len = cells_cluster(z + i, n - i, &width);
        place(w, z + i, n - i, width);
        if (!i && at != SIZE_MAX)
            mark(w, at);
        put(w, z + i, len, width, role);
        i += len;
    }
}

static void walk_text(struct walk *w)
{
    walk_piece(w, composer_prompt(), STYLE_PROMPT, SIZE_MAX);
    for (size_t at = 0, n = (size_t)rl_end, len; at < n; at += len) {
        const char *p = rl_line_buffer + at;
        uint32_t cp;
        int width;
        utf8_decode(p, n - at, &cp, NULL);
        len = cells_cluster(p, n - at, &width);
        if ((size_t)rl_point > at && (size_t)rl_point < at + len)
            rl_point = (int)at; /* never inside a cluster */
        if (cp == '\n') {
            mark(w, at);
            next_row(w);
        } else if (composer_label(cp)) {
            w->breaks = true;
            walk_piece(w, composer_label(cp), STYLE_DIM, at);
            w->breaks = true;
        } else if (cp == '\t') {
            place(w, " ", 1, TAB_COLS);
            mark(w, at);
            put(w, "    ", TAB_COLS, TAB_COLS, STYLE_TEXT);
        } else {
            place(w, p, n - at, width);
            mark(w, at);
            put(w, p, len, width, STYLE_TEXT);
        }
    }
    if (w->col >= w->cols)
        next_row(w);
    mark(w, (size_t)rl_end);
}

int composer_rows(int cols)
{
    struct walk w = { .cols = cols, .goal_row = -1 };
    last_cols = cols;
    walk_text(&w);
    return w.row + 1;
}

void composer_draw(int row, int rows, int col, int cols, int *cursor_row, int *cursor_col)
{
    struct walk w = { .cols = cols, .goal_row = -1 };
    for (int i = 0; i < rows; i++)
        cells_fill(row + i, col, cols, STYLE_TEXT);
    walk_text(&w);
    int first = last_first, all = w.row + 1;
    if (first > all - rows)
        first = all > rows ? all - rows : 0;
    if (first < w.cursor_row - rows + 1)
        first = w.cursor_row - rows + 1;
    if (first > w.cursor_row)
        first = w.cursor_row;
    w = (struct walk){ .cols = cols, .first = first, .rows = rows, .top = row, .left = col, .goal_row = -1 };
    walk_text(&w);
    last_first = first;
    *cursor_row = row + w.cursor_row - first;
    *cursor_col = col + (w.cursor_col < cols ? w.cursor_col : cols - 1);
}

bool composer_line_move(int by)
{
    struct walk w = { .cols = last_cols, .goal_row = -1 };
    walk_text(&w);
    int rows = w.row, goal_col = w.cursor_col;
    for (int to = w.cursor_row + by; to >= 0 && to <= rows; to += by) {
        w = (struct walk){ .cols = last_cols, .goal_row = to, .goal_col = goal_col };
        walk_text(&w);
        if (w.found) { /* nothing begins on a row inside a folded paste */
            rl_point = (int)w.found_at;
            return true;
        }
    }
    return false;
}
