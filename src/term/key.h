/* A key press as one value: a Unicode code point or a named key, with modifiers. Written "a", "^R", "Alt-Enter",
 * "Shift-Tab", "F1", "PgUp", "Space" in help, rc files and scripts; "C-r", "M-Enter", "S-Tab" are read as well. */
#ifndef TERM_KEY_H
#define TERM_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_CTRL = 1, KEY_ALT = 2, KEY_SHIFT = 4 };

/* X(enumerator, name): keys that are not characters */
#define KEY_NAMES(X)                                                                                                \
    X(ENTER, "Enter") X(TAB, "Tab") X(ESC, "Esc") X(BACKSPACE, "Backspace")                                          \
    X(UP, "Up") X(DOWN, "Down") X(LEFT, "Left") X(RIGHT, "Right") X(HOME, "Home") X(END, "End")                      \
    X(PAGE_UP, "PgUp") X(PAGE_DOWN, "PgDn") X(INSERT, "Insert") X(DELETE, "Delete")                                  \
    X(F1, "F1") X(F2, "F2") X(F3, "F3") X(F4, "F4") X(F5, "F5") X(F6, "F6") X(F7, "F7") X(F8, "F8") X(F9, "F9")        \
    X(F10, "F10") X(F11, "F11") X(F12, "F12")

enum key_code {
    KEY_FIRST = 0x110000, /* past the last code point */
#define X(e, name) KEY_##e##_,
    KEY_NAMES(X)
#undef X
        KEY_END_OF_NAMES
};

struct key {
    uint32_t code; /* code point, or enum key_code */
    unsigned char mods;
};

enum { KEY_TEXT_MAX = 32 };

bool key_equal(struct key a, struct key b);
void key_format(struct key k, char out[KEY_TEXT_MAX]);
bool key_parse(const char *text, struct key *out);

/* True for a character that a composer would insert. */
bool key_is_text(struct key k);

#endif
