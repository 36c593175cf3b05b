/* Programs of the user's: the editor and the clipboard. */
#ifndef UI_EDITOR_H
#define UI_EDITOR_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/* Opens text in $VISUAL, $EDITOR or vi and reads it back. On error the text is as it was. */
int editor_edit(struct str *text, const char *suffix, struct err *e);

/* Opens a file of the user's in the editor. */
int editor_file(const char *path, struct err *e);

/* Puts text on the clipboard: by wl-copy, xclip, xsel or pbcopy where there is a display, else through the terminal
 * (OSC 52). Returns what was used, static. */
const char *clipboard_put(const char *p, size_t n);

#endif
