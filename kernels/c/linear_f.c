/* Products of F32, F16 and BF16 weights: y[t][r] = sum16_k W[r][k] x[t][k], each weight turned into f32 first. */
#include "impl.h"
#include "layout.h"
#include "c/sum16.h"

#include <string.h>

typedef float (*load_fn)(const unsigned char *w, size_t i); /* element i */

static float load_f32(const unsigned char *w, size_t i)
{
    float f;
    memcpy(&f, w + 4 * i, sizeof f);
    return f;
}

static float load_f16(const unsigned char *w, size_t i)
{
    uint16_t h;
    memcpy(&h, w + 2 * i, sizeof h);
    return kern_f16_to_f32(h);
}

static float load_bf16(const unsigned char *w, size_t i)
{
    uint16_t h;
    memcpy(&h, w + 2 * i, sizeof h);
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Row r of a quarter. */
static float row_dot(load_fn load, const unsigned char *quarter, size_t r, const float *x, size_t n)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < n; k += F_STEP)
        for (size_t i = 0; i < F_STEP; i++)
            lane[i] = fmaf(load(quarter, (k / F_STEP * F_ROWS + r) * F_STEP + i), k + i < n ? x[k + i] : 0.0f, lane[i]);
    return sum16_tree(lane);
}

static void product(const struct kern_linear *a, size_t g0, size_t g1, size_t bytes, load_fn load)
{
    size_t r1 = g1 * KERN_GROUP < a->rows ? g1 * KERN_GROUP : a->rows;
    for (size_t r = g0 * KERN_GROUP; r < r1; r++) {
        const unsigned char *quarter = (const unsigned char *)a->w + r / F_ROWS * f_quarter_size(bytes, a->cols);
        for (size_t t = 0; t < a->n_tok; t++) {
            const float *x = (const float *)((const unsigned char *)a->x + t * a->x_stride);
            a->y[t * a->y_stride + r] = row_dot(load, quarter, r % F_ROWS, x, a->cols);
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
