#include "token/special.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { LONGEST = 512 };

struct special {
    struct tok_text text;
    int32_t id;
    bool user; /* found in content, too */
};

static int longest_first(const void *x, const void *y)
{
    const struct special *a = *(const struct special *const *)x, *b = *(const struct special *const *)y;
    if (a->text.n != b->text.n)
        return a->text.n > b->text.n ? -1 : 1;
    return a->id < b->id ? -1 : 1;
}

static int by_first_byte(const void *x, const void *y)
{
    const struct special *a = x, *b = y;
    unsigned char fa = (unsigned char)a->text.p[0], fb = (unsigned char)b->text.p[0];
    return fa != fb ? (fa < fb ? -1 : 1) : longest_first(&a, &b);
}

int specials_init(struct specials *s, const struct tok_text *tokens, const unsigned char *kinds, size_t n, struct err *e)
{
    *s = (struct specials){ NULL, 0, { 0 } };
    size_t cap = 0;
    for (size_t i = 0; i < n; i++) {
        bool user = kinds[i] == TOK_USER;
        if ((!user && kinds[i] != TOK_CONTROL && kinds[i] != TOK_UNKNOWN) || !tokens[i].n || tokens[i].n > LONGEST)
            continue;
        if (mem_grow(&s->list, &cap, s->n + 1, sizeof *s->list))
            return err_nomem(e, "the special tokens");
        s->list[s->n++] = (struct special){ tokens[i], (int32_t)i, user };
    }
    if (s->n)
        qsort(s->list, s->n, sizeof *s->list, by_first_byte);
    for (size_t b = 0, i = 0; b < 257; b++) {
        while (i < s->n && (unsigned char)s->list[i].text.p[0] < b)
            i++;
        s->first[b] = (uint32_t)i;
    }
    s->first[256] = (uint32_t)s->n;
    return 0;
}

void specials_release(struct specials *s)
{
    free(s->list);
    s->list = NULL;
    s->n = 0;
}

static bool all_scaffold(const unsigned char *scaffold, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!scaffold[i])
            return false;
    }
    return true;
}

static bool matches_at(const struct special *x, const char *text, const unsigned char *scaffold, size_t n, size_t at)
{
    return x->text.n <= n - at && !memcmp(text + at, x->text.p, x->text.n) &&
           (x->user || all_scaffold(scaffold + at, x->text.n));
}

/* The tokens that occur in the text at all: one pass, so that the many that do not cost nothing more. */
static int occurring(const struct specials *s, const char *text, const unsigned char *scaffold, size_t n,
                     const struct special ***found, size_t *n_found, struct err *e)
{
    size_t cap = 0;
    unsigned char *seen = mem_zalloc(s->n, 1);
    if (!seen)
        return err_nomem(e, "the special tokens of a text");
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        unsigned char b = (unsigned char)text[i];
        for (size_t k = s->first[b]; k < s->first[b + 1] && !r; k++) {
            if (seen[k] || !matches_at(&s->list[k], text, scaffold, n, i))
                continue;
            seen[k] = 1;
            r = mem_grow(found, &cap, *n_found + 1, sizeof **found);
            if (!r)
                (*found)[(*n_found)++] = &s->list[k];
        }
    }
    free(seen);
    return r ? err_nomem(e, "the special tokens of a text") : 0;
}

/* Where the cuts so far lie: taken[i] is set for their bytes. A cut made earlier is at least as long as the one being
 * tried, so it can only overlap at either end. */
static int cut_out(const struct special *x, const char *text, const unsigned char *scaffold, size_t n,
                   unsigned char *taken, struct special_cut **cuts, size_t *n_cuts, size_t *cap)
{
    for (size_t at = 0; x->text.n <= n - at;) {
        const char *hit = memchr(text + at, x->text.p[0], n - at);
        if (!hit)
            break;
        at = (size_t)(hit - text);
        if (!matches_at(x, text, scaffold, n, at) || taken[at] || taken[at + x->text.n - 1]) {
            at++;
            continue;
        }
        if (mem_grow(cuts, cap, *n_cuts + 1, sizeof **cuts))
            return -1;
        (*cuts)[(*n_cuts)++] = (struct special_cut){ at, at + x->text.n, x->id };
        memset(taken + at, 1, x->text.n);
        at += x->text.n;
    }
    return 0;
}

static int by_place(const void *x, const void *y)
{
    const struct special_cut *a = x, *b = y;
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

int specials_find(const struct specials *s, const char *text, const unsigned char *scaffold, size_t n,
                  struct special_cut **cuts, size_t *n_cuts, struct err *e)
{
    const struct special **found = NULL;
    size_t n_found = 0, cap = 0;
    *cuts = NULL;
    *n_cuts = 0;
    if (!s->n || !n)
        return 0;
    int r = occurring(s, text, scaffold, n, &found, &n_found, e);
    if (!r && n_found) {
        qsort(found, n_found, sizeof *found, longest_first);
        unsigned char *taken = mem_zalloc(n, 1);
        r = taken ? 0 : err_nomem(e, "the special tokens of a text");
        for (size_t i = 0; i < n_found && !r; i++) {
            if (cut_out(found[i], text, scaffold, n, taken, cuts, n_cuts, &cap))
                r = err_nomem(e, "the special tokens of a text");
        }
        free(taken);
    }
    free(found);
    if (*n_cuts > 1)
        qsort(*cuts, *n_cuts, sizeof **cuts, by_place);
    return r; /* on failure the caller still frees *cuts */
}
