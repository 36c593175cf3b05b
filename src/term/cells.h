/* Text on terminal cells: grapheme clusters (utf8proc finds their borders) and their widths.
 *
 * setcchar stops at a second character of non-zero width, so a cluster is cut before each such code point into as many
 * cells' contents; its width is the sum of theirs, and what follows on the row is addressed anew. Nothing is dropped
 * but zero-width marks beyond four on one base. Control characters and bytes that are no UTF-8 show as U+FFFD. */
#ifndef TERM_CELLS_H
#define TERM_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "term/theme.h"

/* The cluster at p[0..n), n > 0: its bytes, its columns in *width. */
size_t cells_cluster(const char *p, size_t n, int *width);

/* Columns of p[0..n). */
int cells_width(const char *p, size_t n);

/* Bytes of the longest beginning of p[0..n) that fits `cols` columns; *used (may be NULL) is their width. */
size_t cells_fit(const char *p, size_t n, int cols, int *used);

/* Draws at (row, col) of the screen, at most `cols` columns; returns the columns used. */
int cells_put(int row, int col, int cols, const char *p, size_t n, enum theme_role role, bool selected);
int cells_puts(int row, int col, int cols, const char *z, enum theme_role role);
int cells_cut(int row, int col, int cols, const char *p, size_t n, enum theme_role role); /* ends in … where it does not fit */

void cells_fill(int row, int col, int cols, enum theme_role role);  /* spaces */
void cells_rule(int row, int col, int cols);                        /* a thin line */

#endif
