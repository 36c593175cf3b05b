#include "token/spm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "token/vocab.h"

#define SPACE "\xE2\x96\x81" /* U+2581, which stands for a space */

enum { MAX_TEXT = 1 << 30 };

/* A run of the text: a doubly linked list inside an array. */
struct spm_sym {
    uint32_t begin, n; /* bytes; n 0: merged into its left neighbour */
    int32_t prev, next;
};

/* Two neighbours whose bytes are a token. Stale once either has grown. */
struct spm_cand {
    float score;
    int32_t left, right;
    uint32_t n; /* of both */
};

void spm_work_release(struct spm_work *w)
{
    str_release(&w->text);
    free(w->sym);
    free(w->heap);
    *w = (struct spm_work)SPM_WORK_INIT;
}

/* The highest score first, of equal ones the leftmost. */
static bool before(const struct spm_cand *a, const struct spm_cand *b)
{
    return a->score != b->score ? a->score > b->score : a->left < b->left;
}

static void heap_push(struct spm_work *w, struct spm_cand c)
{
    size_t i = w->n_heap++;
    for (; i && before(&c, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = c;
}

static struct spm_cand heap_pop(struct spm_work *w)
{
    struct spm_cand top = w->heap[0], last = w->heap[--w->n_heap];
    size_t i = 0;
    for (size_t k; (k = 2 * i + 1) < w->n_heap; i = k) {
        if (k + 1 < w->n_heap && before(&w->heap[k + 1], &w->heap[k]))
            k++;
        if (!before(&w->heap[k], &last))
            break;
        w->heap[i] = w->heap[k];
    }
    w->heap[i] = last;
    return top;
}

/* The token of these bytes, if text may become it. */
static int32_t text_token(const struct tok *t, const char *p, size_t n)
{
    int32_t id = n <= t->longest ? tok_find(t, p, n) : -1;
    return id >= 0 && t->kinds[id] != TOK_CONTROL && t->kinds[id] != TOK_UNKNOWN ? id : -1;
}

static void consider(const struct tok *t, const float *scores, struct spm_work *w, int32_t left)
{
    int32_t right = left < 0 ? -1 : w->sym[left].next;
    if (right < 0)
        return;
    uint32_t n = w->sym[left].n + w->sym[right].n;
    int32_t id = text_token(t, w->text.p + w->sym[left].begin, n);
    if (id >= 0)
        heap_push(w, (struct spm_cand){ scores ? scores[id] : 0.0f, left, right, n });
}

static int split_chars(struct spm_work *w, const char *text, size_t n, bool prefix)
{
    str_clear(&w->text);
    if (prefix && str_adds(&w->text, SPACE))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ' ? str_adds(&w->text, SPACE) : str_addc(&w->text, text[i]))
            return -1;
    }
    w->n_sym = 0;
    for (size_t at = 0; at < w->text.len;) {
        uint32_t cp;
        size_t k = utf8_decode(w->text.p + at, w->text.len - at, &cp, NULL);
        if (mem_grow(&w->sym, &w->cap_sym, w->n_sym + 1, sizeof *w->sym))
            return -1;
        w->sym[w->n_sym] = (struct spm_sym){ (uint32_t)at, (uint32_t)k, (int32_t)w->n_sym - 1, (int32_t)w->n_sym + 1 };
        w->n_sym++;
        at += k;
    }
    w->sym[w->n_sym - 1].next = -1;
    /* n - 1 pairs at first; a merge takes one candidate off and adds at most two */
    return mem_grow(&w->heap, &w->cap_heap, 2 * w->n_sym, sizeof *w->heap);
}

static void merge_all(const struct tok *t, const float *scores, struct spm_work *w)
{
    struct spm_sym *sym = w->sym;
    while (w->n_heap) {
        struct spm_cand c = heap_pop(w);
        if (!sym[c.left].n || !sym[c.right].n || sym[c.left].n + sym[c.right].n != c.n)
            continue;
        sym[c.left].n = c.n;
        sym[c.right].n = 0;
        sym[c.left].next = sym[c.right].next;
        if (sym[c.left].next >= 0)
            sym[sym[c.left].next].prev = c.left;
        consider(t, scores, w, sym[c.left].prev);
        consider(t, scores, w, c.left);
    }
}

/* The bytes of what is no token, as "<0xHH>"; a byte without even that is dropped. */
static int push_bytes(const struct tok *t, const char *p, size_t n, struct ids *out)
{
    for (size_t i = 0; i < n; i++) {
        char z[8];
        int len = snprintf(z, sizeof z, "<0x%02X>", (unsigned char)p[i]);
        int32_t id = tok_find(t, z, (size_t)len);
        if (id >= 0 && ids_push(out, id))
            return -1;
    }
    return 0;
}

int spm_text(const struct tok *t, const float *scores, struct spm_work *w, const char *text, size_t n, bool prefix,
             struct ids *out, struct err *e)
{
    if (n > MAX_TEXT / 3)
        return err_set(e, ERR_LIMIT, "a text of %zu bytes is too long to tokenize", n);
    w->n_heap = 0;
    if (split_chars(w, text, n, prefix))
        return err_nomem(e, "tokenizing");
    for (size_t i = 0; i < w->n_sym; i++)
        consider(t, scores, w, (int32_t)i);
    merge_all(t, scores, w);
    for (int32_t i = 0; i >= 0; i = w->sym[i].next) {
        const char *p = w->text.p + w->sym[i].begin;
        int32_t id = text_token(t, p, w->sym[i].n);
        if (id >= 0 ? ids_push(out, id) : push_bytes(t, p, w->sym[i].n, out))
            return err_nomem(e, "token ids");
    }
    return 0;
}

/* The byte that "<0xHH>" stands for, or -1. */
static int byte_of(struct tok_text x)
{
    unsigned v;
    char z[7];
    if (x.n != 6)
        return -1;
    memcpy(z, x.p, 6);
    z[6] = '\0';
    return sscanf(z, "<0x%2X>", &v) == 1 ? (int)v : -1;
}

int spm_piece(const struct tok *t, int32_t id, struct str *out)
{
    struct tok_text x = t->tokens[id];
    int b = t->kinds[id] == TOK_BYTE ? byte_of(x) : -1;
    if (b >= 0)
        return str_addc(out, (char)b);
    for (size_t i = 0; i < x.n;) {
        bool space = x.n - i >= 3 && !memcmp(x.p + i, SPACE, 3);
        if (str_addc(out, space ? ' ' : x.p[i]))
            return -1;
        i += space ? 3 : 1;
    }
    return 0;
}

size_t spm_token_bytes(const struct tok *t, int32_t id)
{
    struct tok_text x = t->tokens[id];
    size_t n = 0;
    if (t->kinds[id] == TOK_BYTE)
        return 1;
    for (size_t i = 0; i < x.n; n++)
        i += x.n - i >= 3 && !memcmp(x.p + i, SPACE, 3) ? 3 : 1;
    return n;
}
