/* Packing of weights: rows of a GGUF tensor into groups of 16 interleaved rows (layout.h). */
#include "impl.h"
#include "layout.h"

#include <string.h>

/* Bytes src[0, n) of row r into its lane of n / 4 vectors, with flip applied to each. */
static void put_lane(uint8_t *dst, size_t r, const uint8_t *src, size_t n, uint32_t flip)
{
    for (size_t v = 0; v < n / 4; v++) {
        uint32_t u;
        memcpy(&u, src + 4 * v, 4);
        u ^= flip;
        memcpy(dst + v * Q_VEC + 4 * r, &u, 4);
    }
}

/* A row's 16-bit scale number i of a block. */
static void put_f16(uint8_t *dst, size_t i, size_t r, const uint8_t *src)
{
    memcpy(dst + 2 * (i * Q_LANES + r), src, 2);
}

/* The fifth bits of 32 codes, bit k of qh for element k = 4v + b, to bit v of byte b. */
static void put_fifth(uint8_t *dst, size_t r, const uint8_t *src)
{
    uint32_t qh = (uint32_t)src[0] | (uint32_t)src[1] << 8 | (uint32_t)src[2] << 16 | (uint32_t)src[3] << 24;
    for (size_t b = 0; b < 4; b++) {
        uint32_t x = qh >> b & 0x11111111; /* bits 0, 4, .. 28 to 0 .. 7, by pairs, fours, eights */
        x = (x | x >> 3) & 0x03030303;
        x = (x | x >> 6) & 0x000f000f;
        dst[4 * r + b] = (uint8_t)(x | x >> 12);
    }
}

void kern_q4k_scales(const uint8_t s[12], uint8_t sc[8], uint8_t mn[8])
{
    for (size_t j = 0; j < 4; j++) {
        sc[j] = s[j] & 63;
        mn[j] = s[j + 4] & 63;
        sc[j + 4] = (uint8_t)((s[j + 8] & 15) | (s[j] >> 6) << 4);
        mn[j + 4] = (uint8_t)(s[j + 8] >> 4 | (s[j + 4] >> 6) << 4);
    }
}

static void put_q4k(uint8_t *codes, uint8_t *scale, size_t r, const uint8_t *blk)
{
    uint8_t sc[8], mn[8];
    kern_q4k_scales(blk + 4, sc, mn);
    for (size_t j = 0; j < 8; j++) {
        scale[j * Q_LANES + r] = sc[j];
        scale[Q4K_MIN + (j / 2 * Q_LANES + r) * 2 + j % 2] = mn[j];
    }
    put_f16(scale + Q4K_D, 0, r, blk);
    put_f16(scale + Q4K_D, 1, r, blk + 2);
    put_lane(codes, r, blk + 16, 128, 0);
}

static void put_q6k(uint8_t *codes, uint8_t *scale, size_t r, const uint8_t *blk)
{
    for (size_t j = 0; j < 16; j++)
        scale[(j / 2 * Q_LANES + r) * 2 + j % 2] = blk[192 + j];
    put_f16(scale + Q6K_D, 0, r, blk + 208);
    for (size_t u = 0; u < 4; u++) {
        const uint8_t *low = blk + 64 * (u / 2) + 16 * (u % 2), *high = blk + 128 + 32 * (u / 2) + 16 * (u % 2);
        uint8_t *unit = codes + u * Q6K_UNIT;
        put_lane(unit, r, high, 16, 0);
        put_lane(unit + 4 * Q_VEC, r, low, 16, 0);
        put_lane(unit + 8 * Q_VEC, r, low + 32, 16, 0);
    }
}

/* One block of row r. */
static void put_block(enum kern_type type, uint8_t *group, size_t b, size_t r, const uint8_t *blk)
{
    struct q_block at = q_block(group, q_layout(type), b);
    uint8_t *codes = group + (at.codes - group), *high = group + (at.high - group), *scale = group + (at.scale - group);
    switch (type) {
    case KERN_Q4_0:
        put_f16(scale, 0, r, blk);
        put_lane(codes, r, blk + 2, 16, 0);
        return;
    case KERN_Q4_1:
        put_f16(scale, 0, r, blk);
        put_f16(scale, 1, r, blk + 2);
        put_lane(codes, r, blk + 4, 16, 0);
        return;
    case KERN_Q5_0:
        put_f16(scale, 0, r, blk);
        put_fifth(high, r, blk + 2);
        put_lane(codes, r, blk + 6, 16, 0);
        return;
    case KERN_Q5_1:
        put_f16(scale, 0, r, blk);
        put_f16(scale, 1, r, blk + 2);
        put_fifth(high, r, blk + 4);
        put_lane(codes, r, blk + 8, 16, 0);
        return;
    case KERN_Q8_0:
        put_f16(scale, 0, r, blk);
        put_lane(codes, r, blk + 2, 32, 0x80808080u);
        return;
    case KERN_Q4_K:
        put_q4k(codes, scale, r, blk);
        return;
    case KERN_Q6_K:
        put_q6k(codes, scale, r, blk);
        return;
    default:
        return;
    }
}

static void pack_quantised(enum kern_type type, const uint8_t *row, size_t n_rows, size_t nb, uint8_t *group)
{
    struct q_layout l = q_layout(type);
    if (n_rows < KERN_GROUP || nb % l.run || type == KERN_Q6_K)
        memset(group, 0, q_group_size(l, nb)); /* rows, blocks or bytes that nothing is put into */
    for (size_t b = 0; b < nb; b++)
        for (size_t r = 0; r < n_rows; r++)
            put_block(type, group, b, r, row + (r * nb + b) * kern_types[type].bytes);
}

static void pack_floats(size_t width, const uint8_t *row, size_t n_rows, size_t cols, uint8_t *group)
{
    const size_t step = F_STEP * width, quarter = f_quarter_size(width, cols);
    if (n_rows < KERN_GROUP || cols % F_STEP)
        memset(group, 0, f_group_size(width, cols));
    for (size_t k = 0; k < cols; k += F_STEP)
        for (size_t r = 0; r < n_rows; r++)
            memcpy(group + r / F_ROWS * quarter + (k / F_STEP * F_ROWS + r % F_ROWS) * step, row + (r * cols + k) * width,
                   cols - k < F_STEP ? (cols - k) * width : step);
}

static size_t group_size(enum kern_type type, size_t cols)
{
    const struct kern_type_info *t = &kern_types[type];
    return t->block == 1 ? f_group_size(t->bytes, cols) : q_group_size(q_layout(type), cols / t->block);
}

size_t kern_pack_size(enum kern_type type, size_t rows, size_t cols)
{
    size_t groups = rows / KERN_GROUP + (rows % KERN_GROUP != 0);
    return groups * group_size(type, cols);
}

void kern_pack(enum kern_type type, const void *src, size_t rows, size_t cols, size_t g0, size_t g1, void *dst)
{
    const struct kern_type_info *t = &kern_types[type];
    size_t nb = cols / t->block, size = group_size(type, cols);
    for (size_t g = g0; g < g1; g++) {
        size_t n_rows = rows - g * KERN_GROUP < KERN_GROUP ? rows - g * KERN_GROUP : KERN_GROUP;
        const uint8_t *row = (const uint8_t *)src + g * KERN_GROUP * nb * t->bytes;
        uint8_t *group = (uint8_t *)dst + g * size;
        if (t->block == 1)
            pack_floats(t->bytes, row, n_rows, cols, group);
        else
            pack_quantised(type, row, n_rows, nb, group);
    }
}
