/* What was sent, for Up: readline's list, and a file to which every window adds. Of the file nothing is lost that could not be
 * read or written: it is left as it is, and only this run remembers. */
#ifndef UI_RECALL_H
#define UI_RECALL_H

#include <stdbool.h>

#include "base/err.h"

/* Lines of the file at path, which may not exist yet; NULL: none is kept. -1: it cannot be read, and is not written either. */
int recall_open(const char *path, struct err *e);

/* The newest line, unless it is the one before again. keep: on disk too, at once. -1: it cannot be written; it and what comes
 * after it is remembered in this run only. */
int recall_add(const char *line, bool keep, struct err *e);

void recall_close(void);

#endif
