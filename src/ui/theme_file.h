/* Theme files: themes/NAME.theme in the user's configuration, then the installed ones. */
#ifndef UI_THEME_FILE_H
#define UI_THEME_FILE_H

#include "base/err.h"

struct app;

int theme_load(struct app *a, const char *name, struct err *e);           /* ERR_NOTFOUND lists the themes there are */
void theme_each(void (*fn)(const char *name));                            /* those there are, some twice */
int theme_words(const char *role, const char *rest, struct err *e);       /* one role's colours, from a line */

#endif
