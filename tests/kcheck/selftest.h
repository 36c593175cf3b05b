/* kcheck tests itself: kernels broken on purpose, each of which a check must catch. */
#ifndef KCHECK_SELFTEST_H
#define KCHECK_SELFTEST_H

#include "kcheck.h"

size_t selftest_count(void);
const char *selftest_name(size_t i);
bool selftest_caught(size_t i, uint64_t seed, const struct kern *tables);

/* Runs a case's comparison with table k in the place of a level; true when it finds nothing (kcheck.c). */
bool kc_self_run(const struct kc_case *cs, uint64_t seed, const struct kern *c, const struct kern *k);

#endif
