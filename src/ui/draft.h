/* What is being written in a chat, on disk: a draft outlives the program, and with it which message it is to replace.
 * Windows on one chat keep theirs apart: each has a place of its own, held by a lock that ends with the process. */
#ifndef UI_DRAFT_H
#define UI_DRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The first place of a chat that no other process holds and in which a draft was left, else the first that none holds:
 * from 1; 0: there is none, and nothing is kept. A process takes one of a chat at a time. */
unsigned draft_take(const char *chat);
void draft_leave(const char *chat, unsigned place);

/* No text leaves no file. editing: the node that it is to replace, or 0. */
void draft_keep(const char *chat, unsigned place, const char *p, size_t n, uint32_t editing);
void draft_read(const char *chat, unsigned place, struct str *text, uint32_t *editing); /* text: cleared first */

#endif
