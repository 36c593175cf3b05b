#define _XOPEN_SOURCE_EXTENDED 1
#include "screen.h"

#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static SCREEN *screen;
static FILE *out, *in;

bool screen_open(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    out = fopen("/dev/null", "w");
    in = fopen("/dev/null", "r");
    if (!out || !in || !(screen = newterm("xterm-256color", out, in)))
        return false;
    set_term(screen);
    start_color();
    use_default_colors();
    return true;
}

void screen_close(void)
{
    endwin();
    delscreen(screen);
    fclose(out);
    fclose(in);
}

void screen_size(int rows, int cols, char fill)
{
    resizeterm(rows, cols);
    attrset(A_NORMAL);
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < cols; c++)
            mvaddch(r, c, (chtype)fill);
    }
}

static size_t add_row(char *text, int row)
{
    size_t at = 0, end = 0;
    for (int c = 0; c < COLS; c++) {
        cchar_t cell;
        wchar_t wide[CCHARW_MAX + 1] = L"";
        attr_t attrs;
        short pair;
        mvin_wch(row, c, &cell);
        getcchar(&cell, wide, &attrs, &pair, NULL);
        for (size_t k = 0; wide[k]; k++) {
            int n = wctomb(text + at, wide[k]);
            at += n > 0 ? (size_t)n : 0;
        }
        if (wide[0] != L' ')
            end = at;
        int w = wcwidth(wide[0]);
        c += w > 1 ? w - 1 : 0;
    }
    text[end] = '\0';
    return end;
}

const char *screen_row(int row)
{
    static char text[8192];
    add_row(text, row);
    return text;
}

const char *screen_text(void)
{
    static char text[1 << 17];
    size_t at = 0;
    for (int r = 0; r < LINES; r++) {
        at += add_row(text + at, r);
        text[at++] = '\n';
    }
    text[at] = '\0';
    return text;
}

char screen_at(int row, int col)
{
    return (char)(mvinch(row, col) & A_CHARTEXT);
}

bool screen_reversed(int row, int col)
{
    return (mvinch(row, col) & A_REVERSE) != 0;
}
