/* What Tab offers on a command line: names of commands, and for each argument what its kind in action.def names. */
#ifndef UI_COMPLETE_H
#define UI_COMPLETE_H

#include <stddef.h>

struct app;

/* For readline: the candidates for the word that begins at byte `begin` of the composer's text; NULL: none. */
char **complete_word(struct app *a, const char *word, size_t begin);

#endif
