/* Where hiss keeps things (XDG Base Directory Specification; relative values are ignored, as it demands).
 * HISS_HOME=DIR puts everything under DIR/{config,data,state,cache}: for tests and for portable use. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

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

#endif
