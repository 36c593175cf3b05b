/* Rewriting a chat without what was deleted, so that deleted means gone. */
#ifndef CHAT_COMPACT_H
#define CHAT_COMPACT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/conv.h"

struct compact_result {
    uint64_t bytes_before, bytes_after;
    size_t messages_gone;  /* deleted ones, and those whose operation is undone */
};

/* Drops deleted messages, undone operations, the list of undos and the parts of finished replies; everything shown, and
 * every line hiss does not know, stays. The result is folded and compared with what is shown now before it replaces the
 * file. Torn pieces beside the file and all kept states of the chat go too. c must be writable and is closed by this,
 * also on error. */
int compact(struct conv *c, struct compact_result *r, struct err *e);

#endif
