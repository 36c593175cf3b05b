/* Products of weights in blocks of 32 by AMX int8, 16 tokens by 16 rows. A group's codes are opened once for all tokens,
 * a run of blocks at a time: signed bytes, 8 vectors a block, which are the second tile as they lie (fours of k, a column
 * a row of weights); the tokens' codes are the first. A block fills half of a tile's depth; its sums leave the tile for
 * the fma of the definition. */
#include "impl.h"
#include "x86/amx_tokens.h"
#include "x86/block32.h"

enum { RUN = 32 /* opened blocks: 20 KB, for the first cache */ };

/* Tile numbers end in the instructions' names: numbers, not names, for gcc. */
#define X_TILE 0 /* and 1 */
#define W_TILE 2 /* and 3 */
#define SUM_TILE 4 /* and 5 */

static const struct amx_shape shape = {
    .palette = 1,
    .row_bytes = { Q_BLOCK, Q_BLOCK, Q_VEC, Q_VEC, Q_VEC, Q_VEC },
    .rows = { TOKENS, TOKENS, Q_BLOCK / 4, Q_BLOCK / 4, TOKENS, TOKENS },
};

struct open {
    _Alignas(64) int8_t q[8][Q_VEC];
    float d[16], m[16];
};

typedef int32_t sums[TOKENS][16];

/* Blocks [b0, b0 + n) of a group. */
ALWAYS void open_run(enum kern_type type, const uint8_t *group, size_t b0, size_t n, struct open *o)
{
    const struct q_layout l = q_layout(type);
    const __m512i offset = _mm512_set1_epi8(type == KERN_Q8_0 ? -128 : type == KERN_Q5_0 ? 16 : type == KERN_Q4_0 ? 8 : 0);
    for (size_t b = 0; b < n; b++, o++) {
        struct q_block w = q_block(group, l, b0 + b);
        __m512i q[8];
        open_block(type, &w, q);
        UNROLL for (int v = 0; v < 8; v++)
            _mm512_store_si512(o->q[v], _mm512_sub_epi8(q[v], offset));
        _mm512_store_ps(o->d, load_f16(w.scale));
        if (l.scale == 64)
            _mm512_store_ps(o->m, load_f16(w.scale + 32));
    }
}

/* acc = fma(d d_x, (float)sum, acc), then acc = fma(m, s, acc) where the type has minima; d_x at x. */
ALWAYS void add_sums(bool has_min, const struct open *o, const uint8_t *x, size_t x_stride, size_t s_at,
                     int32_t (*sum)[16], __m512 *acc)
{
    __m512 d = _mm512_load_ps(o->d), m = has_min ? _mm512_load_ps(o->m) : _mm512_setzero_ps();
    UNROLL for (int i = 0; i < TOKENS; i++, x += x_stride) {
        __m512 dd = _mm512_mul_ps(d, _mm512_set1_ps(*(const float *)x));
        acc[i] = _mm512_fmadd_ps(dd, _mm512_cvtepi32_ps(_mm512_load_si512(sum[i])), acc[i]);
        if (has_min)
            acc[i] = _mm512_fmadd_ps(m, _mm512_set1_ps(*(const float *)(x + s_at)), acc[i]);
    }
}

/* 16 tokens over n opened blocks from b0 on. */
ALWAYS void tile16(bool has_min, const struct kern_linear *a, const struct open *o, size_t b0, size_t n, size_t tok,
                   float (*out)[16], bool first)
{
    _Alignas(64) sums even, odd;
    size_t nb = a->cols / Q_BLOCK;
    const uint8_t *x = (const uint8_t *)a->x + tok * a->x_stride + Q_BLOCK * b0;
    const uint8_t *d = (const uint8_t *)a->x + tok * a->x_stride + a->cols + 4 * b0;
    __m512 acc[TOKENS];
    UNROLL for (int i = 0; i < TOKENS; i++)
        acc[i] = first ? _mm512_setzero_ps() : _mm512_load_ps(out[i]);
    for (size_t b = 0; b < n; b += 2) {
        amx_zero(4);
        amx_load(0, x + Q_BLOCK * b, a->x_stride);
        amx_load(2, o[b].q, Q_VEC);
        amx_dot_ss(4, 0, 2);
        amx_store(4, even, sizeof *even);
        if (b)
            add_sums(has_min, o + b - 1, d + 4 * (b - 1), a->x_stride, 4 * nb, odd, acc);
        if (b + 1 < n) {
            amx_zero(5);
            amx_load(1, x + Q_BLOCK * (b + 1), a->x_stride);
            amx_load(3, o[b + 1].q, Q_VEC);
            amx_dot_ss(5, 1, 3);
            amx_store(5, odd, sizeof *odd);
        }
        add_sums(has_min, o + b, d + 4 * b, a->x_stride, 4 * nb, even, acc);
    }
    if (n % 2 == 0)
        add_sums(has_min, o + n - 1, d + 4 * (n - 1), a->x_stride, 4 * nb, odd, acc);
    UNROLL for (int i = 0; i < TOKENS; i++)
        _mm512_store_ps(out[i], acc[i]);
}

ALWAYS void group(const struct kern_linear *a, size_t g, enum kern_type type)
{
    _Alignas(64) struct open open[RUN];
    _Alignas(64) float acc[CHUNK][16];
    size_t nb = a->cols / Q_BLOCK, all = (a->n_tok + TOKENS - 1) / TOKENS * TOKENS;
    const uint8_t *w = (const uint8_t *)a->w + g * q_group_size(q_layout(type), nb);
    size_t runs = (nb + RUN - 1) / RUN;
    for (size_t t0 = 0; t0 < all; t0 += CHUNK) {
        size_t nt = all - t0 < CHUNK ? all - t0 : CHUNK;
        if (!nb)
            memset(acc, 0, nt * sizeof *acc);
        for (size_t r = 0; r < runs; r++) {
            size_t b0 = nb * r / runs, n = nb * (r + 1) / runs - b0;
            open_run(type, w, b0, n, open);
            amx_fence();
            for (size_t t = 0; t < nt; t += TOKENS)
                tile16(q_layout(type).scale == 64, a, open, b0, n, tile_token(t0 + t, a->n_tok), acc + t, r == 0);
        }
        put_tiles(a, g, t0, nt, acc);
    }
}

LINEAR(q4_0, KERN_Q4_0)
LINEAR(q4_1, KERN_Q4_1)
LINEAR(q5_0, KERN_Q5_0)
LINEAR(q5_1, KERN_Q5_1)
LINEAR(q8_0, KERN_Q8_0)
