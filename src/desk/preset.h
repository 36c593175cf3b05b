/* Presets: settings under a name. Three come with the program; the user's own are files in the config folder, presets/,
 * with a line `NAME VALUE` for every setting that is not the default, and # comments. They are about how a token is
 * chosen: seed and length stay as they are unless a file names them. */
#ifndef DESK_PRESET_H
#define DESK_PRESET_H

#include <stdbool.h>
#include <stddef.h>

#include "chat/event.h"

enum { PRESET_NAME = 64, PRESET_MAX = 128 };

struct preset {
    char name[PRESET_NAME];
    bool own;                    /* the user's */
};

/* The user's by name, then the program's that no own one hides; returns how many (PRESET_MAX at most). */
size_t preset_list(struct preset out[PRESET_MAX]);

/* ERR_NOTFOUND, or ERR_ARG with file and line; *s is then as it was. */
int preset_load(const char *name, struct chat_settings *s, struct err *e);
int preset_save(const char *name, const struct chat_settings *s, struct err *e);

/* The user's own is set aside, and comes back. ERR_ARG for the program's. */
int preset_delete(const char *name, struct err *e);
int preset_bring_back(const char *name, struct err *e);

/* A persona's settings into *s; one of them may be `preset: NAME`. ERR_ARG names file and line. */
struct persona;
int preset_persona(const struct persona *p, struct chat_settings *s, struct err *e);

/* What it sets, in a line: "temperature 0.20, top-p 0.90"; "the defaults". */
void preset_text(const struct chat_settings *s, char *out, size_t n);

/* The name of the first preset that sets just this; "" for none. */
void preset_of(const struct chat_settings *s, char out[PRESET_NAME]);

#endif
