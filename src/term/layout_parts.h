/* What layout.c has for those who make rows themselves. */
#ifndef TERM_LAYOUT_PARTS_H
#define TERM_LAYOUT_PARTS_H

#include "term/layout.h"

void layout_row_begin(struct layout *l);
void layout_row_add(struct layout *l, const char *s, size_t n, int col, enum theme_role role); /* to the last row, at col or behind */

#endif
