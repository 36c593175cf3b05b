/* Where conversations and their kept states are, and what a conversation may be called: the same for the screen and the
 * commands. */
#ifndef CHAT_PLACE_H
#define CHAT_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "chat/store.h"

/* A name of a saved conversation: 1 to 100 bytes of UTF-8 without '/', control characters, a leading '.' or a
 * space at the end. */
int chat_check_name(const char *name, struct err *e);

/* Path of the chat file, and of the folder of kept states. *out is cleared first. */
int chat_path(const char *name, struct str *out, struct err *e);
bool chat_is_dated(const char *name); /* one that hiss gave; any other was chosen, and serves as a title */
bool chat_exists(const char *name); /* a file of that name, whatever is in it */
int chat_states(struct str *out, struct err *e);

/* The cap on kept states: HISS_STATES_MAX ("500M", "4G", bytes), else the default (0). */
int chat_states_cap(uint64_t *cap, struct err *e);
bool chat_parse_bytes(const char *s, uint64_t *out);

/* Kept states as this user has them. Given. */
struct store *chat_store(struct err *e);

#endif
