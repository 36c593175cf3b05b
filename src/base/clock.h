/* Time. HISS_FAKE_CLOCK=MS freezes both clocks, the wall clock at MS milliseconds since 1970: for tests that compare
 * output. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

uint64_t clock_ns(void);   /* monotonic nanoseconds, for durations */
int64_t clock_wall(void);  /* milliseconds since 1970-01-01 UTC */

#endif
