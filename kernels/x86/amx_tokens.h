/* How AMX kernels take tokens: sixteen at a time. What is left of 16 goes to AVX-512, or, from LEAST on, into a tile
 * together with tokens that were done before: their results come out the same. */
#ifndef KERN_X86_AMX_TOKENS_H
#define KERN_X86_AMX_TOKENS_H

#include "tile.h"
#include "x86/amx.h"

#include <immintrin.h>

enum { TOKENS = 16, LEAST = 6, CHUNK = 512 /* tokens of one pass over a group */ };

/* The first token of the tile at t of a matrix of n tokens. */
ALWAYS size_t tile_token(size_t t, size_t n)
{
    return t + TOKENS <= n ? t : n - TOKENS;
}

/* Sums of the tiles from token t0 on, nt of them counted with those done twice, to rows of group g. */
ALWAYS void put_tiles(const struct kern_linear *a, size_t g, size_t t0, size_t nt, float (*acc)[16])
{
    size_t left = a->rows - g * KERN_GROUP;
    __mmask16 rows = (__mmask16)(left < KERN_GROUP ? (1u << left) - 1 : 0xffff);
    for (size_t t = 0; t < nt; t += TOKENS) {
        float *y = a->y + tile_token(t0 + t, a->n_tok) * a->y_stride + g * KERN_GROUP;
        for (size_t i = 0; i < TOKENS; i++)
            _mm512_mask_storeu_ps(y + i * a->y_stride, rows, _mm512_load_ps(acc[t + i]));
    }
}

typedef void (*group_fn)(const struct kern_linear *a, size_t g);

ALWAYS void product(const struct kern_linear *a, size_t g0, size_t g1, const struct amx_shape *shape, group_fn group,
                    kern_linear_fn rest)
{
    struct kern_linear some = *a;
    size_t left = a->n_tok % TOKENS;
    some.n_tok = a->n_tok < TOKENS ? 0 : left < LEAST ? a->n_tok - left : a->n_tok;
    if (some.n_tok) {
        amx_configure(shape);
        for (size_t g = g0; g < g1; g++)
            group(&some, g);
        amx_release();
    }
    some.x = (const uint8_t *)a->x + some.n_tok * a->x_stride;
    some.y = a->y + some.n_tok * a->y_stride;
    some.n_tok = a->n_tok - some.n_tok;
    if (some.n_tok)
        rest(&some, g0, g1);
}

#if defined(KERN_AMX_EMULATED)
#define NAME(name) kern_linear_##name##_amx_emulated
#else
#define NAME(name) kern_linear_##name##_amx
#endif

/* The entry points of a type, from the file's own group(a, g, type) and shape. */
#define LINEAR(name, type)                                                            \
    static void name##_group(const struct kern_linear *a, size_t g)                   \
    {                                                                                 \
        group(a, g, type);                                                            \
    }                                                                                 \
    void NAME(name)(const struct kern_linear *a, size_t g0, size_t g1)                \
    {                                                                                 \
        product(a, g0, g1, &shape, name##_group, kern_linear_##name##_avx512);        \
    }

#endif
