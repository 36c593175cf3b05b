/* The settings a person can change: one table with names, ranges, steps and one plain sentence each. The panel, :set,
 * the rc file, personas and `hiss ask`'s options speak these names. */
#ifndef DESK_SETTINGS_H
#define DESK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "desk/desk.h"

struct setting {
    const char *name, *help;   /* help: a few words, then "; " and what else there is to say */
};
extern const struct setting settings[];
extern const size_t n_settings;

struct chat_settings settings_default(void);

int setting_find(const char *name); /* index, also by a beginning that only one has ("temp"); -1 */

enum { SETTING_TEXT = 64 };

/* As people read it: "0.80", "off", "random". setting_parse reads it back to the same value. */
void setting_format(const struct chat_settings *s, int which, char out[SETTING_TEXT]);

/* The values it takes, in words: "0 to 2", "a number, or random". */
void setting_range(int which, char out[SETTING_TEXT]);

/* From text; "off", "default" and "random" where they make sense. ERR_ARG says the range. */
int setting_parse(struct chat_settings *s, int which, const char *value, struct err *e);

/* A step up or down; where it stands between its ends, 0..1 (-1: no bar). */
void setting_step(struct chat_settings *s, int which, int by);
double setting_place(const struct chat_settings *s, int which);
void setting_reset(struct chat_settings *s, int which);

/* Moves the stage this setting belongs to one place earlier (by < 0) or later. False: it belongs to none. */
bool setting_shift(struct chat_settings *s, int which, int by);

/* False: it is about the reply as a whole (seed, length), not about how a token is chosen. */
bool setting_chooses(int which);

/* Takes the settings of `which` (bits by index) over from another choice. */
void settings_take(struct chat_settings *s, const struct chat_settings *from, unsigned which);

bool settings_equal(const struct chat_settings *a, const struct chat_settings *b);

#endif
