/* What composer.c (readline and its text) and composer_draw.c (its rows) share. */
#ifndef UI_COMPOSER_PARTS_H
#define UI_COMPOSER_PARTS_H

#include <stdint.h>

const char *composer_prompt(void);           /* what stands before the text now */
const char *composer_label(uint32_t cp);     /* of the folded paste that this character stands for; NULL: it is none */

#endif
