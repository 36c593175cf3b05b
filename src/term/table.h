/* A table's cells, gathered one by one, and their rows: columns as wide as what is in them where that fits, else narrower with
 * their text wrapped, or where there is no room for that either, each row as one paragraph. */
#ifndef TERM_TABLE_H
#define TERM_TABLE_H

#include <stddef.h>

#include "term/layout.h"

enum { TABLE_COLS = 32 };

enum table_side { TABLE_LEFT, TABLE_CENTRE, TABLE_RIGHT };

struct table {
    size_t n_cols;              /* at most TABLE_COLS */
    enum table_side side[TABLE_COLS];
    struct layout_par *cells;   /* [n_cells], row by row, the heads first */
    size_t n_cells, cap_cells;
};

/* Takes what is in *cell and leaves it empty. Its runs have their styles. -1: no memory. */
int table_add(struct table *t, struct layout_par *cell);

/* The rows, under prefixes as layout_wrap has them; the table is empty after. */
void table_lay(struct table *t, struct layout *l, const char *first, const char *rest, enum theme_role prefix);

void table_release(struct table *t);

#endif
