/* Products of weights in blocks of 32. A quarter's codes of a block are eight registers, opened to signed bytes once
 * for the tile's tokens. */
#include "arm/dot.h"
#include "arm/open.h"
#include "impl.h"

ALWAYS void tile32(enum kern_type type, const struct tile *t, const int n_tok)
{
    const struct q_layout l = q_layout(type);
    const size_t at_d = t->cols, at_s = at_d + 4 * t->nb, at_off = at_s + 4 * t->nb;
    float32x4_t acc[4][4];
    UNROLL for (int j = 0; j < 4; j++)
        UNROLL for (int i = 0; i < n_tok; i++)
            acc[j][i] = vdupq_n_f32(0);
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, l, b);
        UNROLL for (int j = 0; j < 4; j++) {
            int8x16_t q[8];
            if (n_tok > 1)
                forget();
            open_block(type, &w, j, q);
            const uint8_t *x = t->x;
            UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
                int32x4_t sum = dot_16(vdupq_n_s32(first_sum(type, x + at_off + 4 * b)), q, x + Q_BLOCK * b);
                sum = dot_16(sum, q + 4, x + Q_BLOCK * b + 16);
                acc[j][i] = add_scaled(acc[j][i], load_scales(w.scale, j), load_float(x + at_d + 4 * b), sum);
                if (l.scale == 64)
                    acc[j][i] = vfmaq_n_f32(acc[j][i], load_scales(w.scale + 32, j), load_float(x + at_s + 4 * b));
            }
        }
    }
    UNROLL for (int j = 0; j < 4; j++)
        UNROLL for (int i = 0; i < n_tok; i++)
            store_quarter(t, i, j, acc[j][i]);
}

#define LINEAR(name, type)                                                                  \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        switch (n_tok) {                                                                    \
        case 4: tile32(type, t, 4); return;                                                 \
        case 2: tile32(type, t, 2); return;                                                 \
        default: tile32(type, t, 1); return;                                                \
        }                                                                                   \
    }                                                                                       \
    void kern_linear_##name##_neon(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                       \
        walk(a, g0, g1, type, 4, name##_tile);                                              \
    }
LINEAR(q4_0, KERN_Q4_0)
LINEAR(q4_1, KERN_Q4_1)
LINEAR(q5_0, KERN_Q5_0)
LINEAR(q5_1, KERN_Q5_1)
LINEAR(q8_0, KERN_Q8_0)
