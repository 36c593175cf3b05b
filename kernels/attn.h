/* Attention in tiles, the same at every SIMD level: TILE queries pass one block of 64 positions together, so that each
 * key and value is loaded once for all of them; a chunk of queries passes the block one tile after the other, so that
 * it is turned to f32 once. In the words of vec.h; the level's file gives before inclusion:
 *   TILE                  queries of a tile (TILE <= 4)
 *   KEYS                  registers of keys that pass the queries together (2 where there are too few for TILE = 4)
 *   softmax(p, n, m, l)   p[64]: n scores to weights exp(s - m'), zeros behind them; m and l moved on; returns
 *                         exp(m - m') */
#ifndef KERN_ATTN_H
#define KERN_ATTN_H

#include <math.h>
#include <stdint.h>

#include "impl.h"

enum { BLOCK = KERN_ATTN_BLOCK, CHUNK = 32, CHUNKS = 4, WIDEST = 128 }; /* WIDEST: d up to which a block is turned to f32 */

/* Queries of one call, in the order of their tokens, on their way through the blocks. */
struct chunk {
    size_t n;
    const float *q[CHUNK];
    float *out[CHUNK];
    size_t n_pos[CHUNK];
    float m[CHUNK], l[CHUNK];
    float *corr;       /* [CHUNK] of the block that is passed, as */
    float (*p)[BLOCK]; /* [CHUNK] weights */
};

/* A block's keys and values. */
struct block {
    const void *k, *v;
    size_t d;
    float scale;
};

KERN_INLINE vec load_row(const void *p, size_t i, size_t n, bool f32)
{
    return f32 ? v_load((const float *)p + i, n) : v_load_h((const uint16_t *)p + i, n);
}

/* Lane r of sum16 for each of Q queries and KEYS registers of keys from key j on: sum[query * KEYS + register]. */
KERN_INLINE void lane_sums(const struct block *b, const float *const *q, size_t j, size_t r, vec *sum, size_t d,
                           const int Q, bool f32)
{
    size_t tail = d % 16;
#pragma GCC unroll 8
    for (int i = 0; i < Q * KEYS; i++)
        sum[i] = v_zero();
#pragma GCC unroll 4
    for (size_t e = r; e < d; e += 16) {
        vec k[KEYS];
#pragma GCC unroll 2
        for (int x = 0; x < KEYS; x++) {
            k[x] = load_row(b->k, e * BLOCK + j + (size_t)x * LANES, LANES, f32);
            v_pin(k[x]);
        }
#pragma GCC unroll 4
        for (int i = 0; i < Q; i++) {
            vec qe = v_set1(q[i][e]);
#pragma GCC unroll 2
            for (int x = 0; x < KEYS; x++)
                sum[i * KEYS + x] = v_fma(qe, k[x], sum[i * KEYS + x]);
        }
    }
    for (int i = 0; tail && r >= tail && i < Q * KEYS; i++) /* the padding of a sum: -0 becomes 0 */
        sum[i] = v_add(sum[i], v_zero());
}

/* The tree of sum16, from its leaves up; each level holds one half while the other is made. */
#define TREE(NAME, HALF, APART)                                                                                     \
    KERN_INLINE void NAME(const struct block *b, const float *const *q, size_t j, size_t r, vec *sum, size_t d,    \
                          const int Q, bool f32)                                                                    \
    {                                                                                                               \
        vec other[TILE * KEYS];                                                                                     \
        HALF(b, q, j, r, sum, d, Q, f32);                                                                           \
        HALF(b, q, j, r + (APART), other, d, Q, f32);                                                               \
        _Pragma("GCC unroll 8") for (int i = 0; i < Q * KEYS; i++) sum[i] = v_add(sum[i], other[i]);               \
    }
TREE(tree_8, lane_sums, 8)
TREE(tree_4, tree_8, 4)
TREE(tree_2, tree_4, 2)
TREE(tree_1, tree_2, 1)
#undef TREE

/* Scores of Q queries against the first n keys of a block, KEYS whole registers of them at a time. */
KERN_INLINE void scores(const struct block *b, const float *const *q, size_t n, float (*s)[BLOCK], size_t d, const int Q,
                        bool f32)
{
    for (size_t j = 0; j < n; j += KEYS * LANES) {
        vec sum[TILE * KEYS];
        tree_1(b, q, j, 0, sum, d, Q, f32);
#pragma GCC unroll 4
        for (int i = 0; i < Q; i++)
#pragma GCC unroll 2
            for (int x = 0; x < KEYS; x++)
                v_store(s[i] + j + x * LANES, LANES, v_mul(v_set1(b->scale), sum[i * KEYS + x]));
    }
}

/* out = out * corr, then fma over positions [j0, j1) ascending; V registers of each output from element e on. */
KERN_INLINE void values_at(const struct block *b, float *const *out, float (*p)[BLOCK], const float *corr, size_t j0,
                           size_t j1, size_t e, size_t d, const int Q, const int V, bool f32)
{
    size_t n = V == 1 ? d - e : LANES; /* only the last register can be short, and it comes alone */
    vec acc[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < Q; i++)
#pragma GCC unroll 4
        for (int x = 0; x < V; x++)
            acc[i][x] = v_mul(v_load(out[i] + e + LANES * x, n), v_set1(corr[i]));
    for (size_t j = j0; j < j1; j++) {
        vec v[4];
#pragma GCC unroll 4
        for (int x = 0; x < V; x++)
            v[x] = load_row(b->v, j * d + e + LANES * (size_t)x, n, f32);
#pragma GCC unroll 4
        for (int i = 0; i < Q; i++)
#pragma GCC unroll 4
            for (int x = 0; x < V; x++)
                acc[i][x] = v_fma(v_set1(p[i][j]), v[x], acc[i][x]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < Q; i++)
#pragma GCC unroll 4
        for (int x = 0; x < V; x++)
            v_store(out[i] + e + LANES * x, n, acc[i][x]);
}

KERN_INLINE void values(const struct block *b, float *const *out, float (*p)[BLOCK], const float *corr, size_t j0,
                        size_t j1, size_t d, const int Q, bool f32)
{
    size_t e = 0;
    for (; e + 4 * LANES <= d; e += 4 * LANES)
        values_at(b, out, p, corr, j0, j1, e, d, Q, 4, f32);
    for (; e < d; e += LANES)
        values_at(b, out, p, corr, j0, j1, e, d, Q, 1, f32);
}

static size_t seen(const struct chunk *c, size_t i, size_t p0)
{
    size_t n = c->n_pos[i] > p0 ? c->n_pos[i] - p0 : 0;
    return n < BLOCK ? n : BLOCK;
}

/* Queries [i, i + Q), the last of which sees the most. */
KERN_INLINE void tile_scores(struct chunk *c, const struct block *b, size_t i, size_t p0, size_t d, const int Q, bool f32)
{
    scores(b, c->q + i, seen(c, i + (size_t)Q - 1, p0), c->p + i, d, Q, f32);
}

/* Positions that all of the tile see are taken together; what some see beyond them, by each alone. */
KERN_INLINE void tile_values(struct chunk *c, const struct block *b, size_t i, size_t p0, size_t d, const int Q, bool f32)
{
    static const float one[1] = { 1.0f };
    size_t all = seen(c, i, p0);
    values(b, c->out + i, c->p + i, c->corr + i, 0, all, d, Q, f32);
    for (size_t k = i + 1; k < i + (size_t)Q; k++)
        if (seen(c, k, p0) > all)
            values(b, c->out + k, c->p + k, one, all, seen(c, k, p0), d, 1, f32);
}

/* All queries from i0 on, TILE by TILE, then what is left as one smaller tile. */
#define TILES(STAGE)                                 \
    for (size_t i = i0, left; (left = c->n - i) > 0; \
         i += left < TILE ? left : TILE) {           \
        if (left >= TILE)                            \
            STAGE(c, b, i, p0, d, TILE, f32);        \
        else if (TILE > 3 && left == 3)              \
            STAGE(c, b, i, p0, d, 3, f32);           \
        else if (TILE > 2 && left == 2)              \
            STAGE(c, b, i, p0, d, 2, f32);           \
        else                                         \
            STAGE(c, b, i, p0, d, 1, f32);           \
    }

/* All queries of the chunk that see something of the block at p0: those from i0 on. */
KERN_INLINE void pass(struct chunk *c, const struct block *b, size_t p0, size_t d, bool f32)
{
    size_t i0 = 0;
    while (!seen(c, i0, p0))
        i0++;
    TILES(tile_scores)
    for (size_t i = i0; i < c->n; i++)
        c->corr[i] = softmax(c->p[i], seen(c, i, p0), &c->m[i], &c->l[i]);
    TILES(tile_values)
}

#undef TILES

/* The head size of most models is known to the compiler. */
static __attribute__((noinline)) void pass_f32_64(struct chunk *c, const struct block *b, size_t p0)
{
    pass(c, b, p0, 64, true);
}

static __attribute__((noinline)) void pass_f32(struct chunk *c, const struct block *b, size_t p0)
{
    pass(c, b, p0, b->d, true);
}

static __attribute__((noinline)) void pass_f16_64(struct chunk *c, const struct block *b, size_t p0)
{
    pass(c, b, p0, 64, false);
}

static __attribute__((noinline)) void pass_f16(struct chunk *c, const struct block *b, size_t p0)
{
    pass(c, b, p0, b->d, false);
}

/* The block's halves to f32 in `to`, read in the order in which they lie; the next block, `next` bytes on, is asked for
 * meanwhile: the CPU's own prefetcher does not find it. */
static void widen(struct block *b, float *to, size_t next)
{
    enum { LINE = 32 }; /* elements */
    const uint16_t *from[2] = { b->k, b->v };
    size_t n = b->d * BLOCK;
    for (size_t half = 0; half < 2; half++)
        for (size_t i = 0; i < n; i += LINE) {
            __builtin_prefetch((const char *)(from[half] + i) + next, 0, 2);
#pragma GCC unroll 8
            for (size_t j = i; j < i + LINE; j += LANES)
                v_store(to + half * n + j, LANES, v_load_h(from[half] + j, LANES));
        }
    b->k = to;
    b->v = to + n;
}

/* One block, and all queries that see something of it. A query alone is faster from f16 than a block is widened. */
static void attend_block(const struct kern_attn *a, struct chunk *c, size_t n_chunks, size_t p0, size_t n_pos)
{
    float wide[2 * WIDEST * BLOCK];
    bool widened = !a->f32_rows && a->d <= WIDEST && n_chunks * c->n > 1;
    size_t at = p0 / BLOCK * a->stride;
    struct block b = { (const char *)a->k + at, (const char *)a->v + at, a->d, a->scale };
    if (widened)
        widen(&b, wide, p0 + BLOCK < n_pos ? a->stride : 0);
    for (; n_chunks--; c++) {
        if (!seen(c, c->n - 1, p0))
            continue;
        if ((widened || a->f32_rows) && a->d == 64)
            pass_f32_64(c, &b, p0);
        else if (widened || a->f32_rows)
            pass_f32(c, &b, p0);
        else if (a->d == 64)
            pass_f16_64(c, &b, p0);
        else
            pass_f16(c, &b, p0);
    }
}

/* Queries [at, at + n) of the call. */
static void chunk_begin(struct chunk *c, const struct kern_attn *a, size_t at, size_t n)
{
    c->n = n;
    for (size_t i = 0; i < n; i++) {
        size_t t = (at + i) / a->n_head, h = (at + i) % a->n_head;
        c->q[i] = a->q + t * a->q_stride + h * a->d;
        c->out[i] = a->out + t * a->out_stride + h * a->d;
        c->n_pos[i] = a->n_pos + t;
        c->m[i] = -INFINITY;
        c->l[i] = 0.0f;
        for (size_t e = 0; e < a->d; e += LANES)
            v_store(c->out[i] + e, a->d - e, v_zero());
    }
}

static void chunk_end(const struct chunk *c, size_t d)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t e = 0; e < d; e += LANES)
            v_store(c->out[i] + e, d - e, v_div(v_load(c->out[i] + e, d - e), v_set1(c->l[i])));
}

/* A few chunks pass the blocks together, so that a block is turned to f32 once for all of them. */
static void attend(const struct kern_attn *a)
{
    struct chunk c[CHUNKS];
    float corr[CHUNK], p[CHUNK][BLOCK];
    size_t all = a->n_tok * a->n_head, n;
    for (size_t at = 0; at < all; at += n) {
        size_t n_chunks = 0, n_pos = 0;
        for (n = 0; n_chunks < CHUNKS && at + n < all; n += c[n_chunks++].n) {
            chunk_begin(&c[n_chunks], a, at + n, all - at - n < CHUNK ? all - at - n : CHUNK);
            c[n_chunks].corr = corr;
            c[n_chunks].p = p;
            n_pos = c[n_chunks].n_pos[c[n_chunks].n - 1];
        }
        for (size_t p0 = 0; p0 < n_pos; p0 += BLOCK)
            attend_block(a, c, n_chunks, p0, n_pos);
        for (size_t i = 0; i < n_chunks; i++)
            chunk_end(&c[i], a->d);
    }
}

#endif
