/* A reply: sample, feed, tell, until something ends it. The session must stand after the reply's header. */
#ifndef ENGINE_GENERATE_H
#define ENGINE_GENERATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/sampler.h"
#include "engine/session.h"

enum generate_end {
    GENERATE_EOT,       /* the model ended its turn: the end-of-turn token was sampled and fed */
    GENERATE_STOP,      /* a stop string: the text before it is the reply; all sampled ids stay fed */
    GENERATE_LENGTH,    /* max_tokens */
    GENERATE_CANCELLED, /* *cancel became true, or the callback said so */
    GENERATE_CONTEXT,   /* the context length of a model with attention is reached */
};
extern const char *const generate_end_names[];

struct generate_opts {
    struct sampler sampler;
    size_t max_tokens;           /* 0: until something else ends it */
    const char *const *stops;    /* [n_stops] strings; text that may become one is held back */
    size_t n_stops;
};

/* One sampled token. text: what became printable with it, whole characters only, possibly empty. The callback sees
 * the token after it was fed: session_hash is the state after it. Return true to stop (GENERATE_CANCELLED). */
struct generate_event {
    int32_t id;
    float prob, logprob;
    const char *text;
    size_t n_text;
};
typedef bool (*generate_fn)(void *arg, const struct generate_event *ev);

struct generate_result {
    enum generate_end end;
    size_t n_tokens;        /* sampled, the end-of-turn token included */
    size_t n_text;          /* bytes of text told */
    double seconds;
};

/* On error the tokens told so far are fed and stay. */
int generate(struct session *s, const struct generate_opts *o, const atomic_bool *cancel, generate_fn fn, void *arg,
             struct generate_result *out, struct err *e);

#endif
