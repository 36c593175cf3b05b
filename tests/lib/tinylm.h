/* An opened tiny model for a test: written into a temporary folder that goes with it. Errors end the test program. */
#ifndef TEST_TINYLM_H
#define TEST_TINYLM_H

#include "engine/lm.h"

struct tinylm {
    struct lm *lm;
    char dir[64], path[96];
};

void tinylm_open(struct tinylm *t, const char *arch, uint64_t seed, enum kern_level level);
void tinylm_close(struct tinylm *t);

#endif
