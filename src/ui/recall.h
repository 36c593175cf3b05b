/* What was sent, for Up: readline's list, and a file to which every window adds. */
#ifndef UI_RECALL_H
#define UI_RECALL_H

#include <stdbool.h>

/* Lines of the file at path, which may not exist yet; NULL: none is kept. */
void recall_open(const char *path);

/* The newest line, unless it is the one before again. keep: on disk too, at once. */
void recall_add(const char *line, bool keep);

void recall_close(void);

#endif
