/* What reading and writing of events share: the words of the file that come from C structures. */
#ifndef CHAT_EVENT_JSON_H
#define CHAT_EVENT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/sampler.h"

/* A number in struct sampler and its key. */
struct sampler_field {
    const char *key;
    size_t offset;
    bool is_float; /* else int */
};
extern const struct sampler_field sampler_fields[];
extern const size_t n_sampler_fields;

extern const char *const stage_words[SAMPLER_N_STAGES];

#endif
