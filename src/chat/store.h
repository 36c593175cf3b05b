/* Kept states: what lets a conversation go on without being read again. A cache; delete it and only time is lost.
 *
 * A state is known by what it was made from: the chat, the model, the arithmetic, and a hash of all ids it has read.
 * So one that belongs to a line that was cut off, edited or undone is never mistaken for another, and the nearest
 * usable one is the longest that is a prefix of what is wanted. (A message's state is the one at its end.)
 *
 * Rows of attention layers: a keyframe holds those since the keyframe before it, a loose state those since the last
 * keyframe. A keyframe that others stand on is not removed before them.
 *
 * store_put only copies in memory; store_settle writes. Files: ROOT/CHAT/NAME.state, 0600 (docs/FORMATS.md). */
#ifndef CHAT_STORE_H
#define CHAT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/session.h"

struct store;

enum store_kind {
    STORE_KEYFRAME, /* every so many tokens of a path: kept until the cap */
    STORE_LOOSE,    /* the shown leaf, the beginning of the last reply: the newest STORE_MAX_LOOSE of a chat */
    STORE_PASSING,  /* inside the running reply: in memory only, until the next turn */
};

enum { STORE_MAX_LOOSE = 4, STORE_MAX_PASSING = 8, STORE_PASSING_MB = 256, STORE_DEFAULT_MB = 2048 };

/* Looks at what is in root (made when the first state is written); NULL: nothing goes to disk. cap: bytes of all files
 * together; 0: STORE_DEFAULT_MB. Given. */
struct store *store_open(const char *root, uint64_t cap, struct err *e);
void store_close(struct store *st);
uint64_t store_bytes(const struct store *st); /* of all files */
uint64_t store_cap(const struct store *st);

/* Whose states: a chat's random id (borrowed) and the model. */
struct store_key {
    const char *chat;
    struct hash128 model;
};

/* Reads and checks the state made from exactly ids[0..n) if one is kept in a file: 1 and its hash, 0: none is kept,
 * -1: it is damaged. */
int store_peek(const struct store *st, const struct store_key *k, const int32_t *ids, size_t n, struct hash128 *state,
               struct err *e);

/* How many of ids[0..n) the nearest usable state has read; 0: none. Reads no file. */
size_t store_nearest(const struct store *st, const struct store_key *k, const int32_t *ids, size_t n);

/* Makes s that state, if it has read more than `beyond` ids, and returns its position; else returns 0 and leaves s
 * alone. States that turn out damaged, foreign or gone are removed and the next nearest is tried; s may then be left
 * at position 0 (and 0 is returned). */
size_t store_load(struct store *st, const struct store_key *k, const int32_t *ids, size_t n, size_t beyond,
                  struct session *s);

/* Keeps the state s is in. Nothing to do when it is there already (a loose one may become a keyframe). */
int store_put(struct store *st, const struct store_key *k, const struct session *s, enum store_kind kind, struct err *e);

/* Begins a turn whose reply starts at position pos: forgets the last one's passing states. */
void store_turn(struct store *st, size_t pos);

/* Whether a passing state should be taken at this position. */
bool store_wants(const struct store *st, size_t pos);

size_t store_pending_bytes(const struct store *st); /* in memory, waiting for store_settle */

/* Writes what waits, drops what is too much. A failed write loses only time: *e says why, the rest is done. */
int store_settle(struct store *st, struct err *e);

/* Removes all states of a chat: what was deleted must be gone. */
void store_forget(struct store *st, const char *chat);

/* Removes states of chats for which keep returns false, and the oldest ones beyond `cap` bytes. Returns bytes freed. */
uint64_t store_gc(struct store *st, uint64_t cap, bool (*keep)(void *arg, const char *chat), void *arg);

#endif
