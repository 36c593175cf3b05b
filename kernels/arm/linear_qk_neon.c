/* Products of K-quants. Sub-blocks are summed by sdot, multiplied by their scales in integers, and meet one fma for 256
 * elements; Q4_K's minima are a second integer sum and a second fma. */
#include "arm/dot.h"
#include "arm/open.h"
#include "impl.h"

/* Scales of four rows, two adjacent sub-blocks each, as [row][2] words. */
ALWAYS int16x8_t pairs_u8(const uint8_t *p)
{
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(p)));
}

ALWAYS int16x8_t pairs_s8(const uint8_t *p)
{
    return vmovl_s8(vld1_s8((const int8_t *)p));
}

/* sum += each row's pair times the two words at x. */
ALWAYS int32x4_t add_pairs(int32x4_t sum, int16x8_t pair, const uint8_t *x)
{
    int16_t v[2];
    memcpy(v, x, sizeof v);
    sum = vmlal_n_s16(sum, vmovn_s32(vreinterpretq_s32_s16(pair)), v[0]);
    return vmlal_n_s16(sum, vshrn_n_s32(vreinterpretq_s32_s16(pair), 16), v[1]);
}

/* ---- Q4_K ------------------------------------------------------------------------------------------------------- */

/* Sums of codes by scales of a quarter of a block, x at the block's codes. */
ALWAYS void scales_q4k(const struct tile *t, const int n_tok, const struct q_block *w, const int quarter, size_t at,
                       int32x4_t *sum)
{
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = vdupq_n_s32(0);
    UNROLL for (int p = 0; p < 8; p++) {
        int32x4_t sc = scales_u8(w->scale + p * Q_LANES + 4 * quarter);
        int8x16_t q[8];
        forget();
        open_q4k(w->codes + p / 2 * 512, p % 2, quarter, q);
        const uint8_t *x = t->x + at + 32 * p;
        UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride)
            sum[i] = vmlaq_s32(sum[i], dot_16(dot_16(vdupq_n_s32(0), q, x), q + 4, x + 16), sc);
    }
}

ALWAYS void quarter_q4k(const struct tile *t, const int n_tok, size_t b, const int quarter, float32x4_t *acc)
{
    const size_t at_d = t->cols + 4 * b, at_sum32 = t->cols + 36 * t->nb + 16 * b;
    struct q_block w = q_block(t->w, q_layout(KERN_Q4_K), b);
    int32x4_t sum[4];
    int16x8_t min[4];
    scales_q4k(t, n_tok, &w, quarter, 256 * b, sum);
    UNROLL for (int j = 0; j < 4; j++)
        min[j] = pairs_u8(w.scale + Q4K_MIN + 32 * j + 8 * quarter);
    float32x4_t d = load_scales(w.scale + Q4K_D, quarter), dmin = load_scales(w.scale + Q4K_D + 32, quarter);
    const uint8_t *x = t->x;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
        int32x4_t msum = vdupq_n_s32(0);
        UNROLL for (int j = 0; j < 4; j++)
            msum = add_pairs(msum, min[j], x + at_sum32 + 4 * j);
        acc[i] = add_scaled(acc[i], d, load_float(x + at_d), sum[i]);
        acc[i] = add_scaled(acc[i], vnegq_f32(dmin), load_float(x + at_d), msum);
    }
}

/* ---- Q6_K ------------------------------------------------------------------------------------------------------- */

ALWAYS void quarter_q6k(const struct tile *t, const int n_tok, size_t b, const int quarter, float32x4_t *acc)
{
    const size_t at_d = t->cols + 4 * b, at_sum16 = t->cols + 4 * t->nb + 32 * b;
    struct q_block w = q_block(t->w, q_layout(KERN_Q6_K), b);
    int32x4_t sum[4], off[4];
    UNROLL for (int i = 0; i < n_tok; i++)
        sum[i] = off[i] = vdupq_n_s32(0);
    UNROLL for (int i = 0; i < 16; i++) {
        const int u = i / 4, g = i % 4, pair = u / 2 * 4 + g, odd = u % 2; /* sub-block 2 pair + odd */
        int16x8_t both = pairs_s8(w.scale + 32 * pair + 8 * quarter);
        int32x4_t words = vreinterpretq_s32_s16(both), sc = vshrq_n_s32(odd ? words : vshlq_n_s32(words, 16), 16);
        int8x16_t q[4];
        forget();
        open_q6k(w.codes + u * Q6K_UNIT, g, quarter, q);
        const uint8_t *x = t->x + 256 * b + (size_t)(32 * pair + 16 * odd);
        UNROLL for (int k = 0; k < n_tok; k++, x += t->x_stride)
            sum[k] = vmlaq_s32(sum[k], dot_16(vdupq_n_s32(0), q, x), sc);
        if (odd)
            continue;
        x = t->x + at_sum16 + 4 * pair;
        UNROLL for (int k = 0; k < n_tok; k++, x += t->x_stride)
            off[k] = add_pairs(off[k], both, x); /* codes are 32 too large */
    }
    const uint8_t *x = t->x + at_d;
    UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride)
        acc[i] = add_scaled(acc[i], load_scales(w.scale + Q6K_D, quarter), load_float(x),
                            vsubq_s32(sum[i], vshlq_n_s32(off[i], 5)));
}

/* ---- Tiles ------------------------------------------------------------------------------------------------------ */

#define LINEAR(name, quarter_fn, type)                                                      \
    ALWAYS void name##_quarters(const struct tile *t, const int n_tok)                      \
    {                                                                                       \
        float32x4_t acc[4][4];                                                              \
        UNROLL for (int j = 0; j < 4; j++)                                                  \
            UNROLL for (int i = 0; i < n_tok; i++)                                          \
                acc[j][i] = vdupq_n_f32(0);                                                 \
        for (size_t b = 0; b < t->nb; b++)                                                  \
            UNROLL for (int j = 0; j < 4; j++)                                              \
                quarter_fn(t, n_tok, b, j, acc[j]);                                         \
        UNROLL for (int j = 0; j < 4; j++)                                                  \
            UNROLL for (int i = 0; i < n_tok; i++)                                          \
                store_quarter(t, i, j, acc[j][i]);                                          \
    }                                                                                       \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        switch (n_tok) {                                                                    \
        case 4: name##_quarters(t, 4); return;                                              \
        case 2: name##_quarters(t, 2); return;                                              \
        default: name##_quarters(t, 1); return;                                             \
        }                                                                                   \
    }                                                                                       \
    void kern_linear_##name##_neon(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                       \
        walk(a, g0, g1, type, 4, name##_tile);                                              \
    }
LINEAR(q4_k, quarter_q4k, KERN_Q4_K)
LINEAR(q6_k, quarter_q6k, KERN_Q6_K)
