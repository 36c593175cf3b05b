#define _XOPEN_SOURCE_EXTENDED 1
#include "term/dump.h"

#include <ncurses.h>
#include <stdbool.h>
#include <wchar.h>

#include "base/utf8.h"
#include "term/theme.h"

struct cell {
    wchar_t text[CCHARW_MAX + 1];
    struct theme_style style;
};

/* The cell at (row, col); returns its columns. */
static int read_cell(int row, int col, struct cell *out)
{
    cchar_t c;
    attr_t attrs;
    *out = (struct cell){ .text = L"" };
    mvin_wch(row, col, &c);
    getcchar(&c, out->text, &attrs, &out->style.pair, NULL);
    out->style.attrs = (unsigned)(attrs & A_ATTRIBUTES & ~A_COLOR);
    return wcwidth(out->text[0]) == 2 ? 2 : 1; /* its second column holds nothing of its own */
}

static void add_text(const struct cell *c, struct str *out)
{
    for (size_t i = 0; i < CCHARW_MAX && c->text[i]; i++) {
        char u[4];
        str_add(out, u, utf8_encode((uint32_t)c->text[i], u));
    }
}

/* Can a blank be told from a plain one? */
static bool shows_on_blanks(const struct theme_style *s)
{
    short fg, bg;
    pair_content(s->pair, &fg, &bg);
    return s->attrs & (A_REVERSE | A_UNDERLINE) || bg >= 0;
}

static bool same(const struct theme_style *a, const struct theme_style *b)
{
    return a->attrs == b->attrs && a->pair == b->pair;
}

static void add_look(const struct cell *c, struct theme_style *now, struct str *out)
{
    static const struct theme_style plain = { 0, 0 };
    struct theme_style next = c->style;
    if (c->text[0] == L' ' && !c->text[1] && !shows_on_blanks(&next))
        next = shows_on_blanks(now) ? plain : *now;
    if (same(&next, now))
        return;
    str_adds(out, "⟦");
    theme_format(&next, out);
    str_adds(out, "⟧");
    *now = next;
}

static void add_row(int row, int cols, bool looks, struct str *out)
{
    struct theme_style now = { 0, 0 };
    struct cell c;
    size_t begin = out->len;
    for (int col = 0; col < cols;) {
        col += read_cell(row, col, &c);
        if (looks)
            add_look(&c, &now, out);
        add_text(&c, out);
    }
    size_t all = out->len;
    while (out->len > begin && out->p[out->len - 1] == ' ')
        str_cut(out, out->len - 1);
    str_adds(out, out->len < all && shows_on_blanks(&now) ? "→\n" : "\n");
}

static void dump(int rows, int cols, bool looks, struct str *out)
{
    int y, x;
    getyx(stdscr, y, x);
    for (int row = 0; row < rows; row++)
        add_row(row, cols, looks, out);
    str_addf(out, "cursor %d %d\n", y, x);
    move(y, x);
}

void dump_text(int rows, int cols, struct str *out)
{
    dump(rows, cols, false, out);
}

void dump_looks(int rows, int cols, struct str *out)
{
    dump(rows, cols, true, out);
}
