/* One conversation's live memory: the model's state and the ids it was made from. Not shared between threads.
 * Everything that avoids reading twice goes through here: a session is loaded from the nearest snapshot and fed the
 * ids that differ; any chunking gives the same bits. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "engine/lm.h"
#include "engine/snapshot.h"

struct session;

struct session *session_new(struct lm *lm, struct err *e); /* given; position 0; lm is borrowed */
void session_free(struct session *s);

const struct lm *session_lm(const struct session *s);
size_t session_pos(const struct session *s);                       /* tokens read */
size_t session_limit(const struct session *s);                     /* tokens it can read; a recurrent model has no end: SIZE_MAX */
const int32_t *session_ids(const struct session *s);               /* borrowed: [session_pos] */
struct hash128 session_hash(const struct session *s);              /* of the state (mstate_hash) */

bool session_full(const struct session *s);                        /* at the context length: nothing more can be read */

/* May be called between slices of SESSION_SLICE tokens; done and total count this feed's tokens. */
typedef void (*session_progress)(void *arg, size_t done, size_t total);

enum { SESSION_SLICE = 256 };

/* Reads n more ids. When *cancel (may be NULL) becomes true it stops between slices: ERR_CANCELLED, and the session
 * stands after the slices that were read (session_pos tells). ERR_LIMIT at a context length: nothing is read. */
int session_feed(struct session *s, const int32_t *ids, size_t n, const atomic_bool *cancel, session_progress progress,
                 void *progress_arg, struct err *e);

/* As session_feed, and writes the logits after every id: out [n, n_vocab]. */
int session_feed_all(struct session *s, const int32_t *ids, size_t n, float *out, struct err *e);

/* Feeds one id to each of n sessions of one lm as one batch. */
int session_feed_batch(struct session *const *s, const int32_t *ids, size_t n, struct err *e);

/* Logits [n_vocab] after the last id read; borrowed until the session next moves. NULL and ERR_ARG at position 0. */
const float *session_logits(struct session *s, struct err *e);

void session_clear(struct session *s);                                   /* back to position 0 */
int session_copy(struct session *to, const struct session *from, struct err *e); /* same lm */

/* Takes the state as it is now; rows_from: attention rows before this position are left out (an ancestor has them). */
int session_save(const struct session *s, size_t rows_from, struct snapshot *out, struct err *e);

/* Becomes the state of chain[n-1]. For a model with attention, chain[0..n) hold its rows in pieces, each beginning at
 * or before the end of the one before (a branch inside a message takes a prefix of its ancestor's). ids [pos] are the
 * tokens it was made from. ERR_MISMATCH: another model, arithmetic or layout; ERR_FORMAT: damaged. On error the
 * session is at position 0. */
int session_load(struct session *s, const struct snapshot *const *chain, size_t n, const int32_t *ids, struct err *e);

#endif
