/* How the products of quantised weights walk over groups and tokens; the same at every SIMD level.
 *
 * A tile is one group of 16 rows by a few tokens, whose sums stay in registers over all blocks. Tiles are taken group
 * by group for the same tokens (a tile's activations stay in the first cache), within a run of groups whose weights
 * stay in the second, so that weights come from memory once however many tokens there are. */
#ifndef KERN_TILE_H
#define KERN_TILE_H

#include "layout.h"

#define ALWAYS static inline __attribute__((always_inline))

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum { RUN_BYTES = 384 << 10 }; /* weights of one run of groups: well inside the second cache of today */

/* What a tile reads and writes. */
struct tile {
    const uint8_t *w;   /* the group */
    const uint8_t *x;   /* first prepared row */
    size_t x_stride;    /* bytes */
    size_t cols, nb;
    size_t ahead;       /* bytes from weights in use to those asked for */
    float *y;           /* [tokens, y_stride], at the group's first row */
    size_t y_stride;
    unsigned n_rows;    /* rows to write, up to 16 */
};

/* A tile of n_tok tokens: 1, 2, 4, 8 or 16, up to the walk's largest. */
typedef void (*tile_fn)(const struct tile *t, unsigned n_tok);

/* Asks for what lies `ahead` behind p, into the second cache. */
ALWAYS void fetch_ahead(const uint8_t *p, size_t ahead, const size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(p + ahead + i, 0, 2);
}

ALWAYS void walk(const struct kern_linear *a, size_t g0, size_t g1, enum kern_type type, unsigned largest,
                 tile_fn fn)
{
    struct tile t = { .x_stride = a->x_stride, .cols = a->cols, .y_stride = a->y_stride, .ahead = a->ahead };
    t.nb = a->cols / kern_types[type].block;
    size_t group_bytes = q_group_size(q_layout(type), t.nb);
    size_t run = group_bytes && group_bytes < RUN_BYTES ? RUN_BYTES / group_bytes : 1;
    for (size_t r0 = g0; r0 < g1; r0 += run) {
        size_t r1 = g1 - r0 < run ? g1 : r0 + run;
        unsigned n = largest;
        for (size_t tok = 0; tok < a->n_tok; tok += n) {
            while (n > a->n_tok - tok)
                n /= 2;
            t.x = (const uint8_t *)a->x + tok * a->x_stride;
            for (size_t g = r0; g < r1; g++) {
                t.w = (const uint8_t *)a->w + g * group_bytes;
                t.y = a->y + tok * a->y_stride + g * KERN_GROUP;
                t.n_rows = a->rows - g * KERN_GROUP < KERN_GROUP ? (unsigned)(a->rows - g * KERN_GROUP) : KERN_GROUP;
                fn(&t, n);
            }
        }
    }
}

#endif
