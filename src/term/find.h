/* Finding text as people mean it, without regard to case, in source text and in what is laid out. */
#ifndef TERM_FIND_H
#define TERM_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "term/layout.h"

/* The first place of needle[0..m) in hay[0..n) at or behind byte `from`, whatever the case; *len is its length there.
 * SIZE_MAX: none. */
size_t find_text(const char *hay, size_t n, size_t from, const char *needle, size_t m, size_t *len);

/* The first row at or behind `from` that holds it; n_rows: none. A match that was wrapped is on no row. */
size_t find_row(const struct layout *l, size_t from, const char *needle, size_t m);

/* Draws the matches of row i over what layout_draw has drawn. */
void find_draw(const struct layout *l, size_t i, const char *needle, size_t m, int row, int col, int cols);

#endif
