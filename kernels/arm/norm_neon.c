#include "arm/neon.h"
#include "impl.h"

#include <math.h>

/* Four chains, the sixteen lanes of the sum: more would be another order. */
KERN_INLINE float dot(const float *x, const float *y, size_t n)
{
    float32x4_t s[4] = { vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0) };
    size_t k = 0;
    for (; k + 16 <= n; k += 16) {
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++)
            s[i] = vfmaq_f32(s[i], vld1q_f32(x + k + 4 * i), vld1q_f32(y + k + 4 * i));
    }
    for (size_t i = 0; k < n && i < 4; i++) {
        size_t at = k + 4 * i < n ? k + 4 * i : n;
        s[i] = vfmaq_f32(s[i], v_load(x + at, n - at), v_load(y + at, n - at));
    }
    return v_sum(v_fold(s));
}

void kern_rms_norm_neon(float *y, const float *x, const float *w, size_t n, float eps)
{
    float r = 1.0f / sqrtf(dot(x, x, n) / (float)n + eps);
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t v = vmulq_n_f32(v_load(x + i, n - i), r);
        v_store(y + i, n - i, w ? vmulq_f32(v, v_load(w + i, n - i)) : v);
    }
}

float kern_dot_neon(const float *x, const float *y, size_t n)
{
    return dot(x, y, n);
}

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
