/* Products of weights in blocks of 32 by smmla. Tokens are put side by side once a block for the four quarters, whose
 * sums wait in the first-level cache. */
#include "arm/mmla.h"
#include "arm/open.h"
#include "impl.h"

/* Block b of a pair of tokens. */
struct pair {
    int8x16_t code[4];
    float32x4_t d, s;
    int32x4_t first;
};

ALWAYS void open_pair(enum kern_type type, const struct tile *t, size_t b, size_t token, struct pair *p)
{
    const uint8_t *x = t->x + token * t->x_stride, *y = x + t->x_stride;
    const size_t d = t->cols + 4 * b, s = d + 4 * t->nb, off = s + 4 * t->nb;
    pair_tokens(x + Q_BLOCK * b, y + Q_BLOCK * b, 4, p->code);
    p->d = both_floats(x + d, y + d);
    p->s = both_floats(x + s, y + s);
    p->first = both_ints(first_sum(type, x + off), first_sum(type, y + off));
}

ALWAYS void tile32(enum kern_type type, const struct tile *t)
{
    const struct q_layout l = q_layout(type);
    float32x4_t acc[4][PAIRS][2] = { { { vdupq_n_f32(0) } } };
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, l, b);
        struct pair p[PAIRS];
        UNROLL for (int i = 0; i < PAIRS; i++)
            open_pair(type, t, b, 2 * (size_t)i, &p[i]);
        for (int j = 0; j < 4; j++) {
            int8x16_t q[8], rows[2][4];
            float32x4_t d[2], m[2];
            open_block(type, &w, j, q);
            pair_rows(q, 4, rows);
            beside_squares(load_scales(w.scale, j), d);
            if (l.scale == 64)
                beside_squares(load_scales(w.scale + 32, j), m);
            UNROLL for (int i = 0; i < PAIRS; i++)
                UNROLL for (int h = 0; h < 2; h++) {
                    int32x4_t sum = dot_square(p[i].first, rows[h], p[i].code, 4);
                    acc[j][i][h] = add_square(acc[j][i][h], d[h], p[i].d, sum);
                    if (l.scale == 64)
                        acc[j][i][h] = vfmaq_f32(acc[j][i][h], m[h], p[i].s);
                }
        }
    }
    store_squares(t, acc);
}

LINEAR(q4_0, tile32, KERN_Q4_0)
LINEAR(q4_1, tile32, KERN_Q4_1)
LINEAR(q5_0, tile32, KERN_Q5_0)
LINEAR(q5_1, tile32, KERN_Q5_1)
LINEAR(q8_0, tile32, KERN_Q8_0)
