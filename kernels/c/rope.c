/* Rotary position embedding (Su et al. 2021): pair j of a head turns by an angle whose cosine and sine stand in cs. */
#include "impl.h"

#include <math.h>

void kern_rope_c(float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox)
{
    for (size_t h = 0; h < n_head; h++)
        for (size_t j = 0; j < n_rot / 2; j++) {
            float *a = x + h * d + (neox ? j : 2 * j);
            float *b = x + h * d + (neox ? j + n_rot / 2 : 2 * j + 1);
            float co = cs[2 * j], si = cs[2 * j + 1];
            float ra = fmaf(*a, co, -(*b * si)), rb = fmaf(*a, si, *b * co);
            *a = ra;
            *b = rb;
        }
}
