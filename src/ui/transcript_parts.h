/* What transcript.c (laying out, moving, drawing) and transcript_find.c (searching) share. */
#ifndef UI_TRANSCRIPT_PARTS_H
#define UI_TRANSCRIPT_PARTS_H

#include "ui/transcript.h"

size_t transcript_n_shown(const struct transcript *t);          /* messages, without the live one */
const struct layout *transcript_layout(struct transcript *t, size_t i); /* laid out if it is not yet; NULL no memory */
bool transcript_folded(const struct transcript *t, size_t i);   /* to one line: the system text until it is unfolded, any
                                                                   other message once it is folded */

#endif
