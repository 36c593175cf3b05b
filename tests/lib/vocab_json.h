/* A tokenizer source from a JSON file: {"tokens": [...], "kinds": [...], "merges": [...], ...}. */
#ifndef TEST_VOCAB_JSON_H
#define TEST_VOCAB_JSON_H

#include <cjson/cJSON.h>

#include "token/tok.h"

struct vocab_json {
    cJSON *root; /* the whole file; the source's texts live in it */
    struct tok_text *tokens, *merges;
    unsigned char *kinds;
    struct tok_source src; /* model gpt2, pre as asked */
};

/* -1 when the file cannot be read or is not such a file. */
int vocab_json_open(struct vocab_json *v, const char *path, const char *pre);
void vocab_json_close(struct vocab_json *v);

/* top_srcdir (or .) and "/" and name, in a static buffer. */
const char *test_data(const char *name);

/* The same below the folder of shared test material: $HISS_SHARED, else ../shared beside the source. */
const char *shared_data(const char *name);

#endif
