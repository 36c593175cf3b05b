/* The thread that appends to a journal and syncs it, so that nobody else waits for a disk who does not want to.
 *
 * Lines are written in the order they were put. After a failed write (a full disk, say) nothing is dropped: the lines
 * stay queued, in order, and are tried again with the next put, wait or free. */
#ifndef CHAT_WRITER_H
#define CHAT_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/journal.h"

struct writer;

/* told (may be NULL) is called in the writer's thread after each attempt. j is borrowed: nobody else touches it. */
struct writer *writer_new(struct journal *j, void (*told)(void *arg), void *arg, struct err *e); /* given */

/* Queues n bytes of whole lines; returns their ticket, ascending from 1; 0 for want of memory. */
uint64_t writer_put(struct writer *w, const char *lines, size_t n);

/* Waits until the ticket's lines are on disk. -1: the last attempt failed; *e says why. */
int writer_wait(struct writer *w, uint64_t ticket, struct err *e);

uint64_t writer_acknowledged(struct writer *w); /* the last ticket on disk */

/* Writes what is queued, ends the thread. -1 when something could not be written. w may be NULL. */
int writer_free(struct writer *w, struct err *e);

#endif
