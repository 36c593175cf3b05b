/* Tokens that are found in text before it is split: control, unknown and user-defined ones. The longest texts come
 * first: each takes all its occurrences, left to right, out of what the longer ones have left. Only user-defined
 * tokens are found in content (tok.h). */
#ifndef TOKEN_SPECIAL_H
#define TOKEN_SPECIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "token/tok.h"

struct special; /* one such token */
struct specials {
    struct special *list; /* [n] by first byte, then longest first, then lower id */
    size_t n;
    uint32_t first[257];  /* those that begin with byte b: list[first[b] .. first[b + 1]) */
};

/* Texts are borrowed. Texts above 512 bytes are left out, so that scanning is bounded. */
int specials_init(struct specials *s, const struct tok_text *tokens, const unsigned char *kinds, size_t n, struct err *e);
void specials_release(struct specials *s);

struct special_cut {
    size_t begin, end; /* bytes of the text */
    int32_t id;
};

/* Finds the cuts in text[n], ascending. scaffold[i] says whether byte i is the template's own. *cuts is given (NULL
 * when there are none). ERR_NOMEM. */
int specials_find(const struct specials *s, const char *text, const unsigned char *scaffold, size_t n,
                  struct special_cut **cuts, size_t *n_cuts, struct err *e);

#endif
