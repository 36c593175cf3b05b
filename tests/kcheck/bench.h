/* kcheck --bench: times one kernel at one level, hot (its data in the caches) and cold (more data than they hold). */
#ifndef KCHECK_BENCH_H
#define KCHECK_BENCH_H

#include "kcheck.h"

void bench_case(const struct kc_case *cs, const struct kern *k, uint64_t seed);

#endif
