/* A lock that lets waiters through in the order they came, so that a long prefill in slices and a short reply take
 * turns on one model. */
#ifndef BASE_GATE_H
#define BASE_GATE_H

#include <pthread.h>

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t turn;
    unsigned long next, serving;
};

void gate_init(struct gate *g);
void gate_release(struct gate *g); /* frees; nobody may wait */
void gate_enter(struct gate *g);
void gate_leave(struct gate *g);

#endif
