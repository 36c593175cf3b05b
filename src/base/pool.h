/* A small team of threads that runs one job at a time, split into parts.
 * Parts are claimed one by one from an atomic counter, so a member that lost its core does not hold up the rest,
 * and no result may depend on who ran which part (docs/ARCHITECTURE.md, One arithmetic).
 * The caller is a member: a team of one has no threads. Idle members spin for a short bounded time, then sleep. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

/* n members, the caller included; n = 0 takes pool_default(). Given; NULL on error. */
struct pool *pool_new(unsigned n, struct err *e);
void pool_free(struct pool *p);
unsigned pool_size(const struct pool *p);

/* Calls fn(arg, part, member) for every part in [0, parts), member in [0, pool_size); returns when all are done.
 * Not reentrant: fn must not call pool_run on the same pool. p may be NULL: then the caller runs all parts as member 0. */
typedef void (*pool_fn)(void *arg, size_t part, unsigned member);
void pool_run(struct pool *p, size_t parts, pool_fn fn, void *arg);

/* The number of cores this process may use: affinity mask and cgroup v2 CPU quota. At least 1. */
unsigned pool_default(void);

#endif
