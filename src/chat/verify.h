/* Runs replies again from their records and compares ids and states: proof that a conversation is what it says. */
#ifndef CHAT_VERIFY_H
#define CHAT_VERIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "chat/tree.h"
#include "engine/lm.h"

/* The first difference. */
struct verify_difference {
    uint32_t node;
    size_t message;          /* of its path, from 1 */
    size_t token;            /* index among the reply's sampled ids; equal to their number: only the state differs */
    int32_t recorded, now;   /* -1: none there */
    float p_recorded, p_now; /* of both under the plain softmax; 0: none there */
    bool state_differs;
    bool template_differs;   /* recorded by another chat template */
};

struct verify_result {
    size_t n_replies, n_tokens;     /* that agree */
    size_t n_other_model;           /* not run: another model made them */
    size_t n_other_arith;           /* not run: made by another arithmetic, ... */
    uint32_t other_arith;           /* ... this one */
    size_t n_no_state;              /* ids agree; no state was recorded (a reply that was cut off by a crash) */
    bool differs;
    struct verify_difference first;
};

enum verify_outcome { VERIFY_SAME, VERIFY_DIFFERS, VERIFY_NOT_RUN /* another model or arithmetic made it */ };

/* Called after each reply. */
typedef void (*verify_fn)(void *arg, uint32_t node, enum verify_outcome outcome, const struct verify_result *so_far);

/* Every visible reply of the tree, on every branch, until one differs; nothing kept is used. told may be NULL.
 * -1: the run itself failed (ERR_CANCELLED too); a difference is no error. */
int verify(const struct tree *t, struct lm *lm, const atomic_bool *cancel, verify_fn told, void *arg,
           struct verify_result *r, struct err *e);

#endif
