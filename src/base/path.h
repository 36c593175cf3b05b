/* Where hiss keeps things (XDG Base Directory Specification; relative values are ignored, as it demands).
 * HISS_HOME=DIR puts everything under DIR/{config,data,state,cache}: for tests and for portable use. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum path_kind {
    PATH_CONFIG, /* rc file, personas, themes */
    PATH_DATA,   /* chats, models */
    PATH_STATE,  /* log, history */
    PATH_CACHE,  /* stored states, search index: safe to delete */
};

/* Puts the folder of `kind`, "/" and `below` (formatted; may be "") into *out (cleared first).
 * Nothing is created. ERR_NOTFOUND when neither HOME nor the XDG variable is usable. */
int path_user(enum path_kind kind, struct str *out, struct err *e, const char *below, ...)
    __attribute__((format(printf, 4, 5)));

/* Where things shipped with the program lie (personas, themes): the which-th folder, "/" and `below` into *out (cleared
 * first). 0: $HISS_SHARE, 1: the folder it was installed to, 2 and 3: the folder above the program and the one above
 * that, for a build inside its source tree. False past the last; folders that do not exist are given too. */
bool path_shipped(unsigned which, const char *below, struct str *out);

#endif
