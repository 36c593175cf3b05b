/* What layout.c has for those who make rows themselves. */
#ifndef TERM_LAYOUT_PARTS_H
#define TERM_LAYOUT_PARTS_H

#include "term/layout.h"

void layout_row_begin(struct layout *l);
/* To the last row: a piece at col; or right behind what the row holds, which ends at col, as one piece with it where styles agree. */
void layout_row_add(struct layout *l, const char *s, size_t n, int col, enum theme_role role);
void layout_row_extend(struct layout *l, const char *s, size_t n, int col, enum theme_role role);

#endif
