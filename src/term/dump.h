/* The display as text, for scripts and tests. */
#ifndef TERM_DUMP_H
#define TERM_DUMP_H

#include "base/str.h"

/* A row a line without its trailing blanks, then "cursor ROW COL". */
void dump_text(int rows, int cols, struct str *out);

/* The same with how it looks: ⟦…⟧ where that changes, inside it what a theme's line would say; nothing is plain. Each row
 * begins plain. A blank that shows no look of its own changes nothing; → stands for blanks to the row's end that do. */
void dump_looks(int rows, int cols, struct str *out);

#endif
