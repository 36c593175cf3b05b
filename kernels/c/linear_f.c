/* Products of F32, F16 and BF16 weights, used as they lie in the file: y[t][r] = sum16_k W[r][k] x[t][k], each weight
 * turned into f32 first. */
#include "impl.h"
#include "c/sum16.h"

#include <string.h>

typedef float (*load_fn)(const unsigned char *row, size_t k);

static float load_f32(const unsigned char *row, size_t k)
{
    float w;
    memcpy(&w, row + 4 * k, sizeof w);
    return w;
}

static float load_f16(const unsigned char *row, size_t k)
{
    uint16_t h;
    memcpy(&h, row + 2 * k, sizeof h);
    return kern_f16_to_f32(h);
}

static float load_bf16(const unsigned char *row, size_t k)
{
    uint16_t h;
    memcpy(&h, row + 2 * k, sizeof h);
    uint32_t u = (uint32_t)h << 16;
    float w;
    memcpy(&w, &u, sizeof w);
    return w;
}

static float row_dot(load_fn load, const unsigned char *row, const float *x, size_t n)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < n; k += 16)
        for (size_t i = 0; i < 16; i++) {
            float w = k + i < n ? load(row, k + i) : 0.0f, v = k + i < n ? x[k + i] : 0.0f;
            lane[i] = fmaf(w, v, lane[i]);
        }
    return sum16_tree(lane);
}

static void product(const struct kern_linear *a, size_t g0, size_t g1, size_t bytes, load_fn load)
{
    size_t r1 = g1 * KERN_GROUP < a->rows ? g1 * KERN_GROUP : a->rows;
    for (size_t r = g0 * KERN_GROUP; r < r1; r++) {
        const unsigned char *row = (const unsigned char *)a->w + r * a->cols * bytes;
        for (size_t t = 0; t < a->n_tok; t++) {
            const float *x = (const float *)((const unsigned char *)a->x + t * a->x_stride);
            a->y[t * a->y_stride + r] = row_dot(load, row, x, a->cols);
        }
    }
}

void kern_linear_f32_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, 4, load_f32);
}

void kern_linear_f16_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, 2, load_f16);
}

void kern_linear_bf16_c(const struct kern_linear *a, size_t g0, size_t g1)
{
    product(a, g0, g1, 2, load_bf16);
}
