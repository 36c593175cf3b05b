#define _XOPEN_SOURCE_EXTENDED 1
#include "term/cells.h"

#include <ncurses.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include "base/utf8.h"

enum { MAX_MARKS = 4 };

/* A printable code point and its width; anything else becomes U+FFFD of width 1. */
static size_t point(const char *p, size_t n, wchar_t *wc, int *width)
{
    uint32_t cp;
    size_t used = utf8_decode(p, n, &cp, NULL);
    int w = cp < 0x20 || (cp >= 0x7F && cp < 0xA0) ? -1 : wcwidth((wchar_t)cp);
    if (w < 0 && cp >= 0xA0 && utf8proc_category((utf8proc_int32_t)cp) != UTF8PROC_CATEGORY_CN) {
        w = utf8proc_charwidth((utf8proc_int32_t)cp); /* newer than the C library's table */
    } else if (w < 0) {
        cp = UTF8_REPLACEMENT;
        w = 1;
    }
    *wc = (wchar_t)cp;
    *width = w;
    return used;
}

/* A printable ASCII character that no mark can follow: most of all text, without the tables. */
static bool is_plain(const char *p, size_t n)
{
    return p[0] >= 0x20 && p[0] < 0x7F && (n == 1 || (unsigned char)p[1] < 0x80);
}

size_t cells_cluster(const char *p, size_t n, int *width)
{
    if (is_plain(p, n)) {
        *width = 1;
        return 1;
    }
    wchar_t wc;
    int w;
    utf8proc_int32_t state = 0;
    size_t at = point(p, n, &wc, &w);
    *width = w;
    while (at < n) {
        wchar_t next;
        size_t used = point(p + at, n - at, &next, &w);
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)wc, (utf8proc_int32_t)next, &state))
            break;
        *width += w;
        wc = next;
        at += used;
    }
    return at;
}

int cells_width(const char *p, size_t n)
{
    int total = 0;
    for (size_t at = 0; at < n;) {
        int w;
        at += cells_cluster(p + at, n - at, &w);
        total += w;
    }
    return total;
}

size_t cells_fit(const char *p, size_t n, int cols, int *used)
{
    size_t at = 0;
    int total = 0;
    while (at < n) {
        int w;
        size_t len = cells_cluster(p + at, n - at, &w);
        if (total + w > cols)
            break;
        total += w;
        at += len;
    }
    if (used)
        *used = total;
    return at;
}

static void put_cell(int row, int col, const wchar_t *text, struct theme_style st)
{
    cchar_t c;
    setcchar(&c, text, (attr_t)st.attrs, st.pair, NULL);
    mvadd_wch(row, col, &c);
}

/* One cluster: a cell's content for each code point of non-zero width, with the marks that follow it. */
static void put_cluster(int row, int col, const char *p, size_t n, struct theme_style st)
{
    wchar_t buf[MAX_MARKS + 2];
    size_t len = 0;
    int held = 0, marks = 0;
    for (size_t at = 0; at < n;) {
        wchar_t wc;
        int w;
        at += point(p + at, n - at, &wc, &w);
        if (w > 0 && len) {
            put_cell(row, col, buf, st);
            col += held;
            len = 0;
        }
        if (!len) { /* a mark with nothing to stand on gets a space */
            marks = 0;
            held = w > 0 ? w : 1;
            if (w == 0)
                buf[len++] = L' ';
        }
        if (w > 0 || marks < MAX_MARKS) {
            buf[len++] = wc;
            marks += w == 0;
        }
        buf[len] = L'\0';
    }
    if (len)
        put_cell(row, col, buf, st);
}

int cells_put(int row, int col, int cols, const char *p, size_t n, enum theme_role role, bool selected)
{
    struct theme_style st = theme_style(role);
    int total = 0;
    if (selected)
        st.attrs |= (unsigned)A_REVERSE;
    for (size_t at = 0; at < n;) {
        int w;
        size_t len = cells_cluster(p + at, n - at, &w);
        if (total + w > cols)
            break;
        put_cluster(row, col + total, p + at, len, st);
        total += w;
        at += len;
    }
    return total;
}

int cells_puts(int row, int col, int cols, const char *z, enum theme_role role)
{
    return cells_put(row, col, cols, z, strlen(z), role, false);
}

int cells_cut(int row, int col, int cols, const char *p, size_t n, enum theme_role role)
{
    if (cols <= 0)
        return 0;
    size_t fit = cells_fit(p, n, cols, NULL);
    if (fit == n)
        return cells_put(row, col, cols, p, n, role, false);
    fit = cells_fit(p, n, cols - 1, NULL);
    int used = cells_put(row, col, cols - 1, p, fit, role, false);
    return used + cells_puts(row, col + used, 1, "…", role);
}

void cells_fill(int row, int col, int cols, enum theme_role role)
{
    struct theme_style st = theme_style(role);
    for (int i = 0; i < cols; i++)
        put_cell(row, col + i, L" ", st);
}

void cells_rule(int row, int col, int cols)
{
    struct theme_style st = theme_style(STYLE_RULE);
    for (int i = 0; i < cols; i++)
        put_cell(row, col + i, L"\u2500", st);
}
