/* Text broken into rows of a width, once; drawn many times. Words break at spaces and around wide characters; a word
 * longer than a row is broken between clusters. Rows hold pieces of one style each. */
#ifndef TERM_LAYOUT_H
#define TERM_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "term/theme.h"

struct layout_seg {
    size_t at, n;   /* bytes of layout.text */
    int col;        /* where it begins */
    enum theme_role role;
};

struct layout_row {
    size_t seg, n_seg;
};

struct layout_code {
    size_t at, n;   /* bytes of layout.code: the source of one code block */
};

struct layout {
    int width;
    struct str text, code;
    struct layout_seg *segs;
    struct layout_row *rows;
    struct layout_code *codes;
    size_t n_segs, cap_segs, n_rows, cap_rows, n_codes, cap_codes;
    bool oom;
};

void layout_init(struct layout *l, int width); /* width at least 1 */
void layout_release(struct layout *l);
void layout_clear(struct layout *l, int width);

/* Styled text waiting to be wrapped as one paragraph. '\n' in it breaks the row. */
struct layout_run {
    size_t at, n;
    enum theme_role role;
};
struct layout_par {
    struct str text;
    struct layout_run *runs;
    size_t n_runs, cap_runs;
};
void layout_par_release(struct layout_par *p);
void layout_par_add(struct layout_par *p, const char *s, size_t n, enum theme_role role); /* tabs become spaces */

/* Wraps the paragraph into rows and empties it. first and rest are drawn before the first and the other rows; they are
 * of the same width. hard: break anywhere, keep all spaces (code). */
void layout_wrap(struct layout *l, struct layout_par *p, const char *first, const char *rest, enum theme_role prefix,
                 bool hard);
void layout_blank(struct layout *l); /* an empty row, unless there is none yet or one already */

/* Source text as it is, wrapped. */
void layout_plain(struct layout *l, const char *s, size_t n, enum theme_role role);

/* As layout_plain, but spaces at the beginning of a line stay: for texts that are laid out by hand. */
void layout_hard(struct layout *l, const char *s, size_t n, enum theme_role role);

/* Markdown (CommonMark by md4c, and tables): paragraphs, headings, emphasis, lists, quotes, code, rules, links. */
void layout_markdown(struct layout *l, const char *s, size_t n);

/* The same for text that grows: call it with all of it each time it has become longer. Rows of the blocks and list items
 * that are complete stay; the last paragraph, or the last item but one, and what follows it is laid out again. *g is zero,
 * and *l clear, at first. */
struct layout_growth {
    size_t done;        /* bytes of the source whose rows stay */
    size_t text, code, segs, rows, codes; /* lengths of what they are made of */
    bool tight;         /* no blank row behind them */
    char item;          /* the mark of the list that goes on behind them; 0: none does */
    unsigned next;      /* its next number */
    bool refers;        /* a link may be defined further down: nothing stays */
};
void layout_markdown_more(struct layout *l, struct layout_growth *g, const char *s, size_t n);

/* Draws row i at (row, col) of the screen, `cols` wide, cleared to its end. */
void layout_draw(const struct layout *l, size_t i, int row, int col, int cols, bool selected);

#endif
