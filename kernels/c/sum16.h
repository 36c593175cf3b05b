/* sum16, the order of every float sum: 16 lanes, lane i takes k = i mod 16 ascending by fma from zero, the tail padded
 * with zeros (the padding is multiplied and added like the rest: -0 becomes 0), then the tree. */
#ifndef KERN_SUM16_H
#define KERN_SUM16_H

#include <math.h>
#include <stddef.h>

/* (i, i+8), (i, i+4), (i, i+2), (i, i+1) */
static inline float sum16_tree(float lane[16])
{
    for (int h = 8; h; h /= 2)
        for (int i = 0; i < h; i++)
            lane[i] = lane[i] + lane[i + h];
    return lane[0];
}

static inline float sum16_dot(const float *x, const float *y, size_t n)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < n; k += 16)
        for (size_t i = 0; i < 16; i++) {
            float a = k + i < n ? x[k + i] : 0.0f, b = k + i < n ? y[k + i] : 0.0f;
            lane[i] = fmaf(a, b, lane[i]);
        }
    return sum16_tree(lane);
}

#endif
