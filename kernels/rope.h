/* Rotary position embedding at every SIMD level, in the words of vec.h. The level's file gives before inclusion:
 *   v_even(a, b), v_odd(a, b)   every second lane of a, then of b
 *   v_fms(a, b, c)              fma(a, b, -c)
 *   v_turned(v, t)              pairs (a, b) of v turned by (cos, sin) of t beside them */
#ifndef KERN_ROPE_H
#define KERN_ROPE_H

#include "impl.h"

/* Pairs (2j, 2j+1). */
static void turn_adjacent(float *x, const float *cs, size_t n_rot)
{
    for (size_t i = 0; i < n_rot; i += LANES)
        v_store(x + i, n_rot - i, v_turned(v_load(x + i, n_rot - i), v_load(cs + i, n_rot - i)));
}

/* Pairs (j, j + half). */
static void turn_halves(float *x, const float *cs, size_t half)
{
    for (size_t j = 0; j < half; j += LANES) {
        size_t n = half - j;
        vec t0 = v_load(cs + 2 * j, 2 * n), t1 = 2 * n > LANES ? v_load(cs + 2 * j + LANES, 2 * n - LANES) : t0;
        vec co = v_even(t0, t1), si = v_odd(t0, t1), a = v_load(x + j, n), b = v_load(x + half + j, n);
        v_store(x + j, n, v_fms(a, co, v_mul(b, si)));
        v_store(x + half + j, n, v_fma(a, si, v_mul(b, co)));
    }
}

void LEVEL(rope)(float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox)
{
    for (size_t h = 0; h < n_head; h++)
        if (neox)
            turn_halves(x + h * d, cs, n_rot / 2);
        else
            turn_adjacent(x + h * d, cs, n_rot);
}

#endif
