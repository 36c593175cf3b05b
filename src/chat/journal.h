/* An append-only file of lines that survives crashes: the truth about a conversation.
 *
 * One writer at a time holds the file's lock; others read only. A last line without its newline was never
 * acknowledged: it is kept beside the file as FILE.torn-N and cut off, once the lock is held. Lines in the middle are
 * never touched. A failed append leaves the file as it was before. */
#ifndef CHAT_JOURNAL_H
#define CHAT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct journal;

enum journal_mode {
    JOURNAL_READ,   /* look only: never changes anything */
    JOURNAL_WRITE,  /* for appending; falls back to reading, journal_why tells */
    JOURNAL_CREATE, /* as JOURNAL_WRITE, and makes the file (and its folder) when it is not there */
};

enum { JOURNAL_MAX_MB = 1024 };

/* Called for each whole line, without its newline; number counts from 1. line is borrowed for the call.
 * Return -1 with *e filled to give up. */
typedef int (*journal_line_fn)(void *arg, const char *line, size_t n, size_t number, struct err *e);

/* Opens path and tells all its lines. Given; NULL: ERR_NOTFOUND, ERR_IO, ERR_LIMIT, or what fn said. */
struct journal *journal_open(const char *path, enum journal_mode mode, journal_line_fn fn, void *arg, struct err *e);
void journal_close(struct journal *j);

/* Whether somebody writes to the file: an open journal, of this process or another. */
bool journal_held(const char *path);

const char *journal_path(const struct journal *j);
bool journal_writable(const struct journal *j);
const struct err *journal_why(const struct journal *j);  /* why it is not writable: ERR_BUSY, ERR_IO; for the user */
size_t journal_torn(const struct journal *j);            /* bytes of a torn last line, 0 when whole */
const char *journal_torn_path(const struct journal *j);  /* where they were put; "" while read only */
uint64_t journal_bytes(const struct journal *j);         /* length of its whole lines */

/* Appends whole lines, each with its newline, and syncs. On error the file keeps its length and may be tried again. */
int journal_append(struct journal *j, const void *lines, size_t n, struct err *e);

/* Replaces all lines at once: written beside, synced, renamed; the lock goes over. Removes the torn pieces too. */
int journal_replace(struct journal *j, const void *lines, size_t n, struct err *e);

#endif
