/* One row of GGUF bytes to f32. Block formats: ggml-common.h, dequantize_row_* of ggml (see docs/FORMATS.md). */
#include "impl.h"
#include "layout.h"

#include <string.h>

static float load_f16(const uint8_t *p)
{
    uint16_t h;
    memcpy(&h, p, 2);
    return kern_f16_to_f32(h);
}

static void dequant_q8(const uint8_t *blk, float *y)
{
    float d = load_f16(blk);
    for (size_t i = 0; i < 32; i++)
        y[i] = d * (float)(int8_t)blk[2 + i];
}

/* 4 and 5 bits: y = d (q + bias), or d q + m where m is given. qh holds the fifth bits. */
static void dequant_nibbles(const uint8_t *qs, uint32_t qh, float d, int bias, float m, float *y)
{
    for (size_t i = 0; i < 32; i++) {
        int q = i < 16 ? qs[i] & 15 : qs[i - 16] >> 4;
        q += (int)(qh >> i & 1) << 4;
        y[i] = bias ? d * (float)(q + bias) : d * (float)q + m;
    }
}

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void dequant_q4k(const uint8_t *blk, float *y)
{
    float d = load_f16(blk), dmin = load_f16(blk + 2);
    uint8_t sc[8], mn[8];
    kern_q4k_scales(blk + 4, sc, mn);
    for (size_t i = 0; i < QK_BLOCK; i++) {
        size_t j = i / 32;
        uint8_t byte = blk[16 + 32 * (j / 2) + i % 32];
        int q = j % 2 ? byte >> 4 : byte & 15;
        y[i] = d * (float)sc[j] * (float)q - dmin * (float)mn[j];
    }
}

static void dequant_q6k(const uint8_t *blk, float *y)
{
    float d = load_f16(blk + 208);
    for (size_t i = 0; i < QK_BLOCK; i++) {
        size_t c = i / 128, g = i % 128 / 32, l = i % 32;
        uint8_t byte = blk[64 * c + 32 * (g & 1) + l];
        int lo = g < 2 ? byte & 15 : byte >> 4;
        int hi = blk[128 + 32 * c + l] >> 2 * g & 3;
        y[i] = d * (float)(int8_t)blk[192 + i / 16] * (float)((lo | hi << 4) - 32);
    }
}

static void dequant_block(enum kern_type type, const uint8_t *blk, float *y)
{
    switch (type) {
    case KERN_F32: memcpy(y, blk, 4); return;
    case KERN_F16: *y = load_f16(blk); return;
    case KERN_BF16: {
        uint32_t u = (uint32_t)blk[0] << 16 | (uint32_t)blk[1] << 24;
        memcpy(y, &u, 4);
        return;
    }
    case KERN_Q4_0: dequant_nibbles(blk + 2, 0, load_f16(blk), -8, 0, y); return;
    case KERN_Q4_1: dequant_nibbles(blk + 4, 0, load_f16(blk), 0, load_f16(blk + 2), y); return;
    case KERN_Q5_0: dequant_nibbles(blk + 6, load_u32(blk + 2), load_f16(blk), -16, 0, y); return;
    case KERN_Q5_1: dequant_nibbles(blk + 8, load_u32(blk + 4), load_f16(blk), 0, load_f16(blk + 2), y); return;
    case KERN_Q8_0: dequant_q8(blk, y); return;
    case KERN_Q4_K: dequant_q4k(blk, y); return;
    case KERN_Q6_K: dequant_q6k(blk, y); return;
    case KERN_N_TYPES: return;
    }
}

void kern_dequant_row(enum kern_type type, const void *row, size_t cols, float *y)
{
    const struct kern_type_info *info = &kern_types[type];
    for (size_t b = 0; b < cols / info->block; b++)
        dequant_block(type, (const uint8_t *)row + b * info->bytes, y + b * info->block);
}
