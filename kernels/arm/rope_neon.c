#include "arm/neon.h"
#include "impl.h"

/* Cosines and sines of pairs j .. j+3, of which n exist. */
KERN_INLINE float32x4x2_t load_turns(const float *cs, size_t n)
{
    float32x4_t a = v_load(cs, 2 * n), b = n > 2 ? v_load(cs + 4, 2 * n - 4) : a;
    return (float32x4x2_t){ { vuzp1q_f32(a, b), vuzp2q_f32(a, b) } };
}

/* (a, b) = (fma(a, cos, -(b sin)), fma(a, sin, b cos)) */
KERN_INLINE void turn(float32x4_t *a, float32x4_t *b, float32x4x2_t t)
{
    float32x4_t turned = vfmaq_f32(vnegq_f32(vmulq_f32(*b, t.val[1])), *a, t.val[0]);
    *b = vfmaq_f32(vmulq_f32(*b, t.val[0]), *a, t.val[1]);
    *a = turned;
}

/* Pairs (2j, 2j+1). */
static void turn_adjacent(float *x, const float *cs, size_t pairs)
{
    for (size_t j = 0; j < pairs; j += 4) {
        size_t n = pairs - j;
        float32x4x2_t v = load_turns(x + 2 * j, n);
        turn(&v.val[0], &v.val[1], load_turns(cs + 2 * j, n));
        v_store(x + 2 * j, 2 * n, vzip1q_f32(v.val[0], v.val[1]));
        if (n > 2)
            v_store(x + 2 * j + 4, 2 * n - 4, vzip2q_f32(v.val[0], v.val[1]));
    }
}

/* Pairs (j, j + half). */
static void turn_halves(float *x, const float *cs, size_t half)
{
    for (size_t j = 0; j < half; j += 4) {
        float32x4_t a = v_load(x + j, half - j), b = v_load(x + half + j, half - j);
        turn(&a, &b, load_turns(cs + 2 * j, half - j));
        v_store(x + j, half - j, a);
        v_store(x + half + j, half - j, b);
    }
}

void kern_rope_neon(float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox)
{
    for (size_t h = 0; h < n_head; h++)
        if (neox)
            turn_halves(x + h * d, cs, n_rot / 2);
        else
            turn_adjacent(x + h * d, cs, n_rot / 2);
}
