/* Root mean square norm and the plain reductions. */
#include "impl.h"
#include "c/sum16.h"

void kern_rms_norm_c(float *y, const float *x, const float *w, size_t n, float eps)
{
    float r = 1.0f / sqrtf(sum16_dot(x, x, n) / (float)n + eps);
    for (size_t i = 0; i < n; i++) {
        float v = x[i] * r;
        y[i] = w ? v * w[i] : v;
    }
}

float kern_dot_c(const float *x, const float *y, size_t n)
{
    return sum16_dot(x, y, n);
}

/* A zero result is +0, whichever zeros were met: the order of comparison is free. */
float kern_max_c(const float *x, size_t n)
{
    float m = -INFINITY;
    for (size_t i = 0; i < n; i++)
        m = x[i] > m || x[i] != x[i] ? x[i] : m;
    return m + 0.0f;
}
