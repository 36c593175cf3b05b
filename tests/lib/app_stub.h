/* A program with nothing behind it, for tests of panels: what was said and asked is kept, the desk is made of tables.
 * All weak: where a test needs more of the real program, that wins. */
#ifndef TESTS_LIB_APP_STUB_H
#define TESTS_LIB_APP_STUB_H

#include "ui/app.h"

struct stub {
    char said[512], ran[128], opened[128], system[512], model[128], title[128], set[512];
    bool failed;
    ask_fn ask;
    char prompt[64], initial[128];
    struct desk_chat_info chats[8];
    struct desk_model_info models[8];
    size_t n_chats, n_models;
    int left; /* of the geometry */
};
extern struct stub stub;

#endif
