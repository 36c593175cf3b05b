/* Norm and sum, four lanes. */
#include "arm/neon.h"

#include "norm.h"

/* fmax gives NaN where either is. */
float kern_max_neon(const float *x, size_t n)
{
    float32x4_t top = vdupq_n_f32(-INFINITY);
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        top = vmaxq_f32(top, vld1q_f32(x + i));
    float m = vmaxvq_f32(top);
    for (; i < n; i++)
        m = x[i] > m || x[i] != x[i] ? x[i] : m;
    return m + 0.0f;
}
