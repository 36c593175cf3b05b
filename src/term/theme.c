#include "term/theme.h"

#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *fg, *attrs;
} roles[STYLE_N] = {
#define X(e, name, fg, attrs) [STYLE_##e] = { name, fg, attrs },
    THEME_ROLES(X)
#undef X
};

static struct theme_style styles[STYLE_N];
static bool colours;

static const struct {
    const char *name;
    attr_t bit;
} attributes[] = {
    { "bold", A_BOLD }, { "dim", A_DIM }, { "underline", A_UNDERLINE }, { "reverse", A_REVERSE },
    { "italic", A_ITALIC }, { "plain", 0 },
};

static const char *const colour_names[] = { "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white" };

static bool attribute(const char *word, unsigned *bits)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (!strcmp(word, attributes[i].name)) {
            *bits |= (unsigned)attributes[i].bit;
            return true;
        }
    }
    return false;
}

/* A colour's number, -1 for the terminal's default; false when the word is no colour. */
static bool colour(const char *word, int *out)
{
    int base = 0;
    char *end;
    if (!strcmp(word, "default")) {
        *out = -1;
        return true;
    }
    if (!strncmp(word, "bright-", 7)) {
        word += 7;
        base = 8;
    }
    for (int i = 0; i < 8; i++) {
        if (!strcmp(word, colour_names[i])) {
            *out = base + i;
            return true;
        }
    }
    long n = strtol(word, &end, 10);
    if (!word[0] || *end || n < 0 || n > 255)
        return false;
    *out = (int)n;
    return true;
}

/* A terminal of few colours gets the nearest of its own: bright ones lose their brightness, the cube its colour. */
static int fit(int c)
{
    if (c < COLORS)
        return c;
    return c < 16 && COLORS >= 8 ? c - 8 : -1;
}

static void assign(enum theme_role role, int fg, int bg, unsigned attrs)
{
    short pair = 0;
    fg = fit(fg);
    bg = fit(bg);
    if (colours && (fg >= 0 || bg >= 0)) {
        pair = (short)(role + 1);
        init_pair(pair, (short)fg, (short)bg);
    }
    styles[role] = (struct theme_style){ attrs, pair };
}

void theme_init(bool colour_wanted)
{
    colours = colour_wanted && has_colors();
    for (int r = 0; r < STYLE_N; r++) {
        int fg = -1;
        unsigned bits = 0;
        colour(roles[r].fg, &fg);
        attribute(roles[r].attrs, &bits);
        assign((enum theme_role)r, fg, -1, bits);
    }
}

int theme_set(char *const *words, int n, struct err *e)
{
    int role = 0, seen = 0, c[2] = { -1, -1 };
    unsigned bits = 0;
    while (n && role < STYLE_N && strcmp(words[0], roles[role].name))
        role++;
    if (!n || role == STYLE_N)
        return err_set(e, ERR_ARG, "theme: no role '%s'; :help themes lists them", n ? words[0] : "");
    for (int i = 1; i < n; i++) {
        int value;
        if (colour(words[i], &value) && seen < 2)
            c[seen++] = value;
        else if (!attribute(words[i], &bits))
            return err_set(e, ERR_ARG, "theme %s: '%s' is neither a colour nor an attribute", words[0], words[i]);
    }
    assign((enum theme_role)role, c[0], c[1], bits);
    return 0;
}

struct theme_style theme_style(enum theme_role role)
{
    return styles[role];
}

static const char *colour_word(int c, char number[8])
{
    static const char *const bright[] = { "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue",
                                          "bright-magenta", "bright-cyan", "bright-white" };
    snprintf(number, 8, "%d", c);
    return c < 0 ? "default" : c < 8 ? colour_names[c] : c < 16 ? bright[c - 8] : number;
}

void theme_format(const struct theme_style *s, struct str *out)
{
    short fg = -1, bg = -1;
    char number[8];
    const char *between = "";
    pair_content(s->pair, &fg, &bg);
    if (fg >= 0 || bg >= 0) {
        str_adds(out, colour_word(fg, number));
        between = " ";
    }
    if (bg >= 0)
        str_addf(out, " %s", colour_word(bg, number));
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (s->attrs & attributes[i].bit) {
            str_addf(out, "%s%s", between, attributes[i].name);
            between = " ";
        }
    }
}
