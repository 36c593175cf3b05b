#include "token/bpe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "token/alphabet.h"

enum { MAX_PIECE = 1 << 30, NONE = -1, DEAD = -2 };

struct bpe_pair {
    int32_t left, right; /* left NONE: a free slot */
    uint32_t rank;
    int32_t merged;
};

/* A symbol of the piece being merged: a doubly linked list inside an array. */
struct bpe_sym {
    int32_t id; /* NONE: a byte without a token; DEAD: merged into its left neighbour */
    int32_t prev, next;
};

/* A pair that could be merged. Stale once either side has changed. */
struct bpe_cand {
    uint32_t rank;
    int32_t at; /* index of the left symbol */
    int32_t left, right, merged;
};

/* Seeded by where the table lies, so that a hostile vocabulary cannot choose its collisions. */
static struct bpe_pair *find_pair(const struct bpe *b, int32_t left, int32_t right)
{
    int32_t key[2] = { left, right };
    size_t i = hash64(key, sizeof key, (uintptr_t)b->slots) & (b->cap - 1);
    while (b->slots[i].left != NONE && (b->slots[i].left != left || b->slots[i].right != right))
        i = (i + 1) & (b->cap - 1);
    return &b->slots[i];
}

/* Resolves merge number `rank`; a repeated pair keeps its first, lower rank. */
static int add_merge(struct bpe *b, const struct tok *t, struct tok_text m, uint32_t rank, struct str *joined)
{
    const char *space = m.n > 1 ? memchr(m.p + 1, ' ', m.n - 1) : NULL; /* at index 1 or later */
    if (!space) {
        b->unresolved++;
        return 0;
    }
    size_t nl = (size_t)(space - m.p), nr = m.n - nl - 1;
    str_clear(joined);
    if (str_add(joined, m.p, nl) || str_add(joined, space + 1, nr))
        return -1;
    int32_t left = tok_find(t, m.p, nl), right = tok_find(t, space + 1, nr);
    int32_t merged = tok_find(t, joined->p, joined->len);
    if (left < 0 || right < 0 || merged < 0) {
        b->unresolved++;
        return 0;
    }
    struct bpe_pair *slot = find_pair(b, left, right);
    if (slot->left == NONE)
        *slot = (struct bpe_pair){ left, right, rank, merged };
    return 0;
}

int bpe_init(struct bpe *b, const struct tok *t, const struct tok_text *merges, size_t n, struct err *e)
{
    *b = (struct bpe){ .cap = 16 };
    if (n > UINT32_MAX)
        return err_set(e, ERR_FORMAT, "the tokenizer has %zu merges: more than ranks can number", n);
    while (b->cap / 2 < n) /* at most half full */
        b->cap *= 2;
    b->slots = mem_alloc(b->cap, sizeof *b->slots);
    if (!b->slots)
        return err_nomem(e, "the tokenizer's merges");
    for (size_t i = 0; i < b->cap; i++)
        b->slots[i].left = NONE;
    for (unsigned i = 0; i < 256; i++) {
        char u[4];
        b->byte_id[i] = tok_find(t, u, utf8_encode(alphabet_char((unsigned char)i), u));
    }
    struct str joined = STR_INIT;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        r = add_merge(b, t, merges[i], (uint32_t)i, &joined);
    str_release(&joined);
    return r ? err_nomem(e, "the tokenizer's merges") : 0;
}

void bpe_release(struct bpe *b)
{
    free(b->slots);
    b->slots = NULL;
}

void bpe_work_release(struct bpe_work *w)
{
    free(w->sym);
    free(w->heap);
    *w = (struct bpe_work)BPE_WORK_INIT;
}

/* The lowest rank first, of equal ranks the leftmost. */
static bool before(const struct bpe_cand *a, const struct bpe_cand *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void heap_push(struct bpe_work *w, struct bpe_cand c)
{
    size_t i = w->n_heap++;
    for (; i; i = (i - 1) / 2) {
        struct bpe_cand *up = &w->heap[(i - 1) / 2];
        if (!before(&c, up))
            break;
        w->heap[i] = *up;
    }
    w->heap[i] = c;
}

static struct bpe_cand heap_pop(struct bpe_work *w)
{
    struct bpe_cand top = w->heap[0], last = w->heap[--w->n_heap];
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

static void consider(const struct bpe *b, struct bpe_work *w, int32_t at)
{
    if (at < 0 || w->sym[at].next < 0)
        return;
    int32_t left = w->sym[at].id, right = w->sym[w->sym[at].next].id;
    if (left < 0 || right < 0)
        return;
    const struct bpe_pair *p = find_pair(b, left, right);
    if (p->left != NONE)
        heap_push(w, (struct bpe_cand){ p->rank, at, left, right, p->merged });
}

static void merge_all(const struct bpe *b, struct bpe_work *w)
{
    struct bpe_sym *sym = w->sym;
    while (w->n_heap) {
        struct bpe_cand c = heap_pop(w);
        int32_t next = sym[c.at].next;
        if (sym[c.at].id != c.left || next < 0 || sym[next].id != c.right)
            continue;
        sym[c.at].id = c.merged;
        sym[c.at].next = sym[next].next;
        sym[next].id = DEAD;
        if (sym[next].next >= 0)
            sym[sym[next].next].prev = c.at;
        consider(b, w, sym[c.at].prev);
        consider(b, w, c.at);
    }
}

int bpe_piece(const struct bpe *b, struct bpe_work *w, const char *p, size_t n, struct ids *out, struct err *e)
{
    if (n > MAX_PIECE)
        return err_set(e, ERR_LIMIT, "a text of %zu bytes without a break is too long to tokenize", n);
    /* n - 1 pairs at first, and each of at most n - 1 merges takes one candidate off and adds two. */
    if (mem_grow(&w->sym, &w->cap_sym, n, sizeof *w->sym) || mem_grow(&w->heap, &w->cap_heap, 2 * n, sizeof *w->heap))
        return err_nomem(e, "tokenizing");
    w->n_heap = 0;
    for (size_t i = 0; i < n; i++)
        w->sym[i] = (struct bpe_sym){ b->byte_id[(unsigned char)p[i]], (int32_t)i - 1, i + 1 < n ? (int32_t)i + 1 : -1 };
    for (size_t i = 0; i + 1 < n; i++)
        consider(b, w, (int32_t)i);
    merge_all(b, w);
    for (int32_t i = n ? 0 : -1; i >= 0; i = w->sym[i].next) {
        if (w->sym[i].id >= 0 && ids_push(out, w->sym[i].id))
            return err_nomem(e, "token ids");
    }
    return 0;
}
