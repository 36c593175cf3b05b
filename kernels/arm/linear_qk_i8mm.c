/* Products of K-quants by smmla, sub-block by sub-block: tokens are put side by side once for the four quarters,
 * whose integer sums wait in the first-level cache. */
#include "arm/mmla.h"
#include "arm/open.h"
#include "impl.h"

/* The words at x and y beside the squares. */
ALWAYS int32x4_t both_words(const uint8_t *x, const uint8_t *y)
{
    int16_t v[2];
    memcpy(v, x, sizeof *v);
    memcpy(v + 1, y, sizeof *v);
    return both_ints(v[0], v[1]);
}

ALWAYS void ints_beside_squares(int32x4_t d, int32x4_t out[2])
{
    out[0] = vzip1q_s32(d, d);
    out[1] = vzip2q_s32(d, d);
}

/* sum += scale times the dot product of n registers of codes, for each pair of tokens. */
ALWAYS void add_sub(const int8x16_t *q, const int n, int32x4_t scale, int8x16_t (*x)[4], int32x4_t (*sum)[2])
{
    int8x16_t rows[2][4];
    int32x4_t sc[2];
    pair_rows(q, n, rows);
    ints_beside_squares(scale, sc);
    UNROLL for (int i = 0; i < PAIRS; i++)
        UNROLL for (int h = 0; h < 2; h++)
            sum[i][h] = vmlaq_s32(sum[i][h], dot_square(vdupq_n_s32(0), rows[h], x[i], n), sc[h]);
}

/* The scales of block b of each pair of tokens. */
ALWAYS void open_scales(const struct tile *t, size_t b, float32x4_t *d_x)
{
    UNROLL for (int i = 0; i < PAIRS; i++) {
        const uint8_t *x = t->x + 2 * (size_t)i * t->x_stride + t->cols + 4 * b;
        d_x[i] = both_floats(x, x + t->x_stride);
    }
}

ALWAYS void add_block(float32x4_t scale, const float32x4_t *d_x, int32x4_t (*sum)[2], float32x4_t (*acc)[2])
{
    float32x4_t d[2];
    beside_squares(scale, d);
    UNROLL for (int i = 0; i < PAIRS; i++)
        UNROLL for (int h = 0; h < 2; h++)
            acc[i][h] = add_square(acc[i][h], d[h], d_x[i], sum[i][h]);
}

/* ---- Q4_K ------------------------------------------------------------------------------------------------------- */

/* The activations' sums of 32 of block b, of each pair of tokens. */
ALWAYS void open_sums(const struct tile *t, size_t b, int32x4_t (*sums)[8])
{
    for (int i = 0; i < PAIRS; i++) {
        const uint8_t *x = t->x + 2 * (size_t)i * t->x_stride + t->cols + 36 * t->nb + 16 * b;
        UNROLL for (int j = 0; j < 8; j++)
            sums[i][j] = both_words(x + 2 * j, x + t->x_stride + 2 * j);
    }
}

/* Sums of a quarter's minima by them. */
ALWAYS void minima_q4k(const uint8_t *min, int32x4_t (*sums)[8], int32x4_t (*sum)[2])
{
    UNROLL for (int i = 0; i < PAIRS; i++)
        sum[i][0] = sum[i][1] = vdupq_n_s32(0);
    UNROLL for (int j = 0; j < 8; j++) {
        int16x8_t pair = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(min + j / 2 * 32))); /* [row][2] */
        int32x4_t words = vreinterpretq_s32_s16(pair), mn[2];
        ints_beside_squares(vshrq_n_s32(j % 2 ? words : vshlq_n_s32(words, 16), 16), mn);
        UNROLL for (int i = 0; i < PAIRS; i++)
            UNROLL for (int h = 0; h < 2; h++)
                sum[i][h] = vmlaq_s32(sum[i][h], mn[h], sums[i][j]);
    }
}

ALWAYS void tile_q4k(enum kern_type type, const struct tile *t)
{
    float32x4_t acc[4][PAIRS][2] = { { { vdupq_n_f32(0) } } };
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, q_layout(type), b);
        int32x4_t sum[4][PAIRS][2] = { { { vdupq_n_s32(0) } } };
        for (int p = 0; p < 4; p++)
            UNROLL for (int high = 0; high < 2; high++) {
                int8x16_t x[PAIRS][4], q[8];
                UNROLL for (int i = 0; i < PAIRS; i++) {
                    const uint8_t *at = t->x + 2 * (size_t)i * t->x_stride + 256 * b + (size_t)(64 * p + 32 * high);
                    pair_tokens(at, at + t->x_stride, 4, x[i]);
                }
                for (int j = 0; j < 4; j++) {
                    open_q4k(w.codes + 512 * p, high, j, q);
                    add_sub(q, 4, scales_u8(w.scale + (2 * p + high) * Q_LANES + 4 * j), x, sum[j]);
                }
            }
        float32x4_t d_x[PAIRS];
        int32x4_t sums[PAIRS][8];
        open_scales(t, b, d_x);
        open_sums(t, b, sums);
        for (int j = 0; j < 4; j++) {
            add_block(load_scales(w.scale + Q4K_D, j), d_x, sum[j], acc[j]);
            minima_q4k(w.scale + Q4K_MIN + 8 * j, sums, sum[j]);
            add_block(vnegq_f32(load_scales(w.scale + Q4K_D + 32, j)), d_x, sum[j], acc[j]);
        }
    }
    store_squares(t, acc);
}

/* ---- Q6_K ------------------------------------------------------------------------------------------------------- */

ALWAYS void tile_q6k(enum kern_type type, const struct tile *t)
{
    float32x4_t acc[4][PAIRS][2] = { { { vdupq_n_f32(0) } } };
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, q_layout(type), b);
        int32x4_t sum[4][PAIRS][2] = { { { vdupq_n_s32(0) } } };
        for (int u = 0; u < 4; u++)
            UNROLL for (int g = 0; g < 4; g++) {
                const int pair = u / 2 * 4 + g, odd = u % 2; /* sub-block 2 pair + odd */
                int8x16_t x[PAIRS][4], q[4];
                UNROLL for (int i = 0; i < PAIRS; i++) {
                    const uint8_t *at = t->x + 2 * (size_t)i * t->x_stride + 256 * b + (size_t)(32 * pair + 16 * odd);
                    pair_tokens(at, at + t->x_stride, 2, x[i]);
                }
                for (int j = 0; j < 4; j++) {
                    int16x8_t both = vmovl_s8(vld1_s8((const int8_t *)w.scale + 32 * pair + 8 * j)); /* [row][2] */
                    int32x4_t words = vreinterpretq_s32_s16(both);
                    open_q6k(w.codes + u * Q6K_UNIT, g, j, q);
                    UNROLL for (int v = 0; v < 4; v++)
                        q[v] = vsubq_s8(q[v], vdupq_n_s8(32));
                    add_sub(q, 2, vshrq_n_s32(odd ? words : vshlq_n_s32(words, 16), 16), x, sum[j]);
                }
            }
        float32x4_t d_x[PAIRS];
        open_scales(t, b, d_x);
        for (int j = 0; j < 4; j++)
            add_block(load_scales(w.scale + Q6K_D, j), d_x, sum[j], acc[j]);
    }
    store_squares(t, acc);
}

LINEAR(q4_k, tile_q4k, KERN_Q4_K)
LINEAR(q6_k, tile_q6k, KERN_Q6_K)
