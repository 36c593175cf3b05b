/* The scan of Mamba-1 at every SIMD level: LANES channels in the lanes, the states n in the inner loop, so that no sum
 * crosses lanes. In the words of vec.h; the level's file gives before inclusion:
 *   TOGETHER              states whose exponentials are made together (they divide 8) */
#ifndef KERN_SCAN1_H
#define KERN_SCAN1_H

#include "impl.h"

/* What a token does to the states of LANES channels. */
struct token {
    vec dt, dtx;
    const float *b, *c;
};

/* Moves state n of e = exp(dt A) on and gives its new value. */
KERN_INLINE vec moved(const struct token *t, vec e, vec s, size_t n)
{
    return v_fma(e, s, v_mul(t->dtx, v_set1(t->b[n])));
}

/* Half of sum16 of sixteen states: those of `first` and every second one from there, in the order of the tree, so that
 * few terms live at once. a steps by 16 floats a state. */
KERN_INLINE vec half_of_16(const struct token *t, const float *a, vec *s, size_t first)
{
    static const unsigned char order[8] = { 0, 8, 4, 12, 2, 10, 6, 14 };
    vec p[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += TOGETHER) {
        vec e[TOGETHER];
#pragma GCC unroll 8
        for (int j = 0; j < TOGETHER; j++)
            e[j] = v_mul(t->dt, v_load(a + 16 * (first + order[i + j]), LANES));
        v_exp_low(e, TOGETHER);
#pragma GCC unroll 8
        for (int j = 0; j < TOGETHER; j++) {
            size_t n = first + order[i + j];
            s[n] = moved(t, e[j], s[n], n);
            p[i + j] = v_fma(s[n], v_set1(t->c[n]), v_zero());
        }
    }
    return v_add(v_add(v_add(p[0], p[1]), v_add(p[2], p[3])), v_add(v_add(p[4], p[5]), v_add(p[6], p[7])));
}

KERN_INLINE vec sum_any(const struct token *t, const float *a, float *s, size_t n_state)
{
    vec lane[16];
    for (int i = 0; i < 16; i++)
        lane[i] = v_zero();
    for (size_t n = 0; n < (n_state + 15) / 16 * 16; n++) {
        vec v = v_zero(), c = v;
        if (n < n_state) {
            vec e = v_mul(t->dt, v_load(a + 16 * n, LANES));
            v_exp_low(&e, 1);
            v = moved(t, e, v_load(s + 16 * n, LANES), n);
            v_store(s + 16 * n, LANES, v);
            c = v_set1(t->c[n]);
        }
        lane[n % 16] = v_fma(v, c, lane[n % 16]);
    }
    for (int w = 8; w; w /= 2)
        for (int i = 0; i < w; i++)
            lane[i] = v_add(lane[i], lane[i + w]);
    return lane[0];
}

/* All tokens of channels c .. c+LANES-1, of which left exist; their states are kept meanwhile when there are sixteen. */
KERN_INLINE void channels(const struct kern_scan1 *v, size_t c, size_t left, const bool sixteen)
{
    size_t at = c / 16 * v->n_state * 16 + c % 16;
    const float *a = v->a + at;
    float *state = v->s + at;
    vec s[16], d = v_load(v->d + c, left);
#pragma GCC unroll 16
    for (size_t n = 0; sixteen && n < 16; n++)
        s[n] = v_load(state + 16 * n, LANES);
    for (size_t i = 0; i < v->n_tok; i++) {
        vec x = v_load(v->x + i * v->x_stride + c, left), dt = v_load(v->dt + i * v->dt_stride + c, left);
        struct token t = { dt, v_mul(dt, x), v->b + i * v->bc_stride, v->c + i * v->bc_stride };
        vec y = sixteen ? v_add(half_of_16(&t, a, s, 0), half_of_16(&t, a, s, 1)) : sum_any(&t, a, state, v->n_state);
        v_store(v->y + i * v->y_stride + c, left, v_fma(d, x, y));
    }
#pragma GCC unroll 16
    for (size_t n = 0; sixteen && n < 16; n++)
        v_store(state + 16 * n, LANES, s[n]);
}

KERN_INLINE void scan_groups(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    for (size_t c = g0 * 16; c < g1 * 16 && c < v->n_chan; c += LANES)
        if (v->n_state == 16)
            channels(v, c, v->n_chan - c, true);
        else
            channels(v, c, v->n_chan - c, false);
}

#endif
