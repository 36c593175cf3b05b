/* Products of weights in blocks of 32 by AMX int8, 16 tokens by 16 rows: a block's 8 vectors of codes are the second
 * tile as they lie (packed in fours of k, a column a row of weights), the tokens' codes the first. A block fills half of
 * a tile's depth; its sums leave the tile for the fma of the definition. Fewer than 16 tokens go to AVX-512. */
#include "impl.h"
#include "x86/amx.h"
#include "x86/block32.h"

enum { TOKENS = 16 };

/* Tile numbers end in the instructions' names: numbers, not names, for gcc. */
#define X_TILE 0
#define W_TILE 1
#define SUM_TILE 2

#if defined(KERN_AMX_EMULATED)
#define NAME(name) kern_linear_##name##_amx_emulated
#else
#define NAME(name) kern_linear_##name##_amx
#endif

static const struct amx_shape shape = {
    .palette = 1,
    .row_bytes = { [X_TILE] = Q_BLOCK, [W_TILE] = Q_VEC, [SUM_TILE] = Q_VEC },
    .rows = { [X_TILE] = TOKENS, [W_TILE] = Q_BLOCK / 4, [SUM_TILE] = TOKENS },
};

/* Sums of block b for 16 tokens by 16 rows. */
ALWAYS void dot_block(enum kern_type type, const struct tile *t, const struct q_block *w, size_t b, int32_t sum[TOKENS][16])
{
    _Alignas(64) uint8_t open[8 * Q_VEC];
    const uint8_t *codes = w->codes;
    if (type != KERN_Q8_0) {
        __m512i q[8];
        open_block(type, w, q);
        UNROLL for (int v = 0; v < 8; v++)
            _mm512_store_si512(open + v * Q_VEC, q[v]);
        codes = open;
    }
    amx_zero(SUM_TILE);
    amx_load(X_TILE, t->x + Q_BLOCK * b, t->x_stride);
    amx_load(W_TILE, codes, Q_VEC);
    amx_dot_su(SUM_TILE, X_TILE, W_TILE);
    amx_store(SUM_TILE, sum, sizeof *sum);
}

ALWAYS void tile16(enum kern_type type, const struct tile *t)
{
    const struct q_layout l = q_layout(type);
    _Alignas(64) int32_t sum[TOKENS][16];
    __m512 acc[TOKENS];
    UNROLL for (int i = 0; i < TOKENS; i++)
        acc[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, l, b);
        dot_block(type, t, &w, b, sum);
        const uint8_t *x = t->x;
        UNROLL for (int i = 0; i < TOKENS; i++, x += t->x_stride) {
            __m512i first = first_sum(type, *(const int32_t *)(x + t->cols + 8 * t->nb + 4 * b));
            acc[i] = add_block(t, l.scale == 64, x, b, w.scale, _mm512_add_epi32(first, _mm512_load_si512(sum[i])), acc[i]);
        }
    }
    __mmask16 rows = (__mmask16)((1u << t->n_rows) - 1);
    UNROLL for (int i = 0; i < TOKENS; i++)
        _mm512_mask_storeu_ps(t->y + (size_t)i * t->y_stride, rows, acc[i]);
}

/* Whole sixteens of tokens here, the rest at AVX-512. */
ALWAYS void product(const struct kern_linear *a, size_t g0, size_t g1, enum kern_type type, tile_fn fn, kern_linear_fn rest)
{
    struct kern_linear some = *a;
    some.n_tok = a->n_tok / TOKENS * TOKENS;
    if (some.n_tok) {
        amx_configure(&shape);
        walk(&some, g0, g1, type, TOKENS, fn);
        amx_release();
    }
    some.x = (const uint8_t *)a->x + some.n_tok * a->x_stride;
    some.y = a->y + some.n_tok * a->y_stride;
    some.n_tok = a->n_tok - some.n_tok;
    if (some.n_tok)
        rest(&some, g0, g1);
}

#define LINEAR(name, type)                                                            \
    static void name##_tile(const struct tile *t, unsigned n_tok)                     \
    {                                                                                 \
        (void)n_tok; /* always 16 */                                                  \
        tile16(type, t);                                                              \
    }                                                                                 \
    void NAME(name)(const struct kern_linear *a, size_t g0, size_t g1)                \
    {                                                                                 \
        product(a, g0, g1, type, name##_tile, kern_linear_##name##_avx512);           \
    }
LINEAR(q4_0, KERN_Q4_0)
LINEAR(q4_1, KERN_Q4_1)
LINEAR(q5_0, KERN_Q5_0)
LINEAR(q5_1, KERN_Q5_1)
LINEAR(q8_0, KERN_Q8_0)
