/* Bytes from the terminal to events: characters, named keys with modifiers (terminfo's strings for this terminal,
 * xterm's modified keys), bracketed paste. Nothing here reads or blocks; time is given, so tests have none of their own.
 *
 * A lone Esc is told from the beginning of a sequence by INPUT_ESC_MS without a further byte. */
#ifndef TERM_INPUT_H
#define TERM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "term/key.h"

enum { INPUT_ESC_MS = 50, INPUT_PASTE_MAX = 16 << 20 };

enum input_kind { INPUT_KEY, INPUT_PASTE };

struct input_event {
    enum input_kind kind;
    struct key key;
    char raw[32];         /* the bytes of the key as they came: what readline is given */
    size_t n_raw;
    const char *paste;    /* borrowed until the next call; line ends are \n, other control bytes but \t are gone */
    size_t n_paste;
};

struct input {
    struct str bytes;     /* not yet decoded */
    size_t at;
    struct str paste;
    bool pasting, paste_told, paste_cr;
    uint64_t last_ns;     /* when the last byte came */
};

void input_init(struct input *in);
void input_release(struct input *in);

/* A sequence this terminal sends for a key, from terminfo; those of xterm and VT220 are known already. */
void input_learn(const char *sequence, struct key key);

int input_feed(struct input *in, const char *p, size_t n, uint64_t now_ns);

/* The next event; false when more bytes (or more time) are needed. */
bool input_next(struct input *in, uint64_t now_ns, struct input_event *ev);

/* Milliseconds after which input_next should be asked again without new bytes; -1 when nothing is pending. */
int input_wait_ms(const struct input *in, uint64_t now_ns);

#endif
