/* A bounded queue of pointers between threads. Many may put, one takes. A descriptor becomes readable when there is
 * something to take; wake-ups coalesce: however many were put, the taker is woken once and takes all. */
#ifndef BASE_CHAN_H
#define BASE_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct chan;

/* drop (may be NULL) is called for what is left when the channel is freed. Given. */
struct chan *chan_new(size_t cap, void (*drop)(void *item), struct err *e);
void chan_free(struct chan *c);

int chan_fd(const struct chan *c);        /* for poll: readable when something waits */

/* Blocks while full. False when the channel was closed: the item stays the caller's. */
bool chan_put(struct chan *c, void *item);

/* NULL when nothing waits (or, with wait, when the channel is closed and empty). */
void *chan_take(struct chan *c, bool wait);

void chan_close(struct chan *c);          /* no more puts; waiters return */

#endif
