/* Stop strings over a stream: text that may be the beginning of one is held back until it is known. */
#ifndef ENGINE_STOP_H
#define ENGINE_STOP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct stop {
    const char *const *strings; /* borrowed */
    size_t n;
    struct str held;
};

void stop_init(struct stop *s, const char *const *strings, size_t n);
void stop_release(struct stop *s);

/* Takes text in, appends to *out what may be shown. True when a stop string is complete: what stood before it is out,
 * it and what followed are gone. */
bool stop_feed(struct stop *s, const char *p, size_t n, struct str *out);

void stop_flush(struct stop *s, struct str *out); /* the end: nothing more can complete */

#endif
