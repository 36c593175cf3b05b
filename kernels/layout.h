/* Inside kernels/ only: where things lie in packed weights and in prepared activation rows. The same at every level.
 *
 * A packed matrix is a row of groups of 16 weight rows. A group holds three areas one after the other, each with all
 * blocks of the group in order, and is padded to 64 bytes:
 *   codes  vectors of 64 bytes: lane r (4 bytes) belongs to row r and holds four codes of consecutive k
 *   high   the bits of a code that the codes area has no room for
 *   scale  f16 scales and minima, 16 side by side; before them a K-quant's sub-scales
 * so that an integer dot product by groups of four bytes leaves one row's sum in each of 16 lanes.
 *
 *   Q8_0        8 vectors a block: vector v has k = 4v..4v+3; a byte is code + 128. scale: d[16]
 *   Q4_0, Q4_1  4 vectors: low nibbles have k = 4v.., high nibbles k = 16 + 4v... scale: d[16], then m[16] (Q4_1)
 *   Q5_0, Q5_1  codes as Q4; high: one vector, bit v of byte b of lane r is the fifth bit of k = 4v + b
 *   Q4_K        32 vectors: vector 8p + v has k = 64p + 4v.. (low nibbles) and 64p + 32 + 4v.. (high nibbles);
 *               scale: u8 sc[8][16], u8 min[4][16][2], d[16], dmin[16]
 *   Q6_K        32 vectors: vector 16c + 8a + v has k = 128c + 32a + 4v.. (low) and 128c + 64 + 32a + 4v.. (high);
 *               high, 16 vectors: bits 2g, 2g+1 of vector 8c + v belong to k = 128c + 32g + 4v..;
 *               scale: i8 sc[8][16][2], d[16]
 *
 * A prepared row of n activations is (nb blocks of 32 for Q8, of 256 for Q8K):
 *   Q8    i8 code[n]; f32 d[nb] (rounded to f16); f32 s[nb] (rounded to f16); i32 off[nb] = -128 sum(code)
 *   Q8K   i8 code[n]; f32 d[nb]; i16 sum16[nb][16]; i16 sum32[nb][8]: sums of 16 and of 32 codes */
#ifndef KERN_LAYOUT_H
#define KERN_LAYOUT_H

#include "kern.h"

enum {
    Q_LANES = KERN_GROUP,
    Q_VEC = 64,           /* bytes of one vector of codes */
    Q_BLOCK = 32,
    QK_BLOCK = 256,
    Q4K_MIN = 128,        /* offsets in the scale area of a block */
    Q4K_D = 256,
    Q6K_D = 256
};

/* Bytes of a block of 16 rows in each area. */
struct q_layout {
    unsigned codes, high, scale;
};

static inline struct q_layout q_layout(enum kern_type type)
{
    switch (type) {
    case KERN_Q4_0: return (struct q_layout){ 256, 0, 32 };
    case KERN_Q4_1: return (struct q_layout){ 256, 0, 64 };
    case KERN_Q5_0: return (struct q_layout){ 256, 64, 32 };
    case KERN_Q5_1: return (struct q_layout){ 256, 64, 64 };
    case KERN_Q8_0: return (struct q_layout){ 512, 0, 32 };
    case KERN_Q4_K: return (struct q_layout){ 2048, 0, 320 };
    case KERN_Q6_K: return (struct q_layout){ 2048, 1024, 288 };
    default: return (struct q_layout){ 0, 0, 0 };
    }
}

static inline size_t q_round64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

/* Bytes of a group of n_blocks blocks. */
static inline size_t q_group_size(struct q_layout l, size_t n_blocks)
{
    return q_round64(n_blocks * (l.codes + l.high + l.scale));
}

/* The 8 scales and 8 minima of six bits in the 12 bytes of a Q4_K block of a file (kernels/c/pack.c). */
void kern_q4k_scales(const uint8_t s[12], uint8_t sc[8], uint8_t mn[8]);

/* One group of a packed matrix. */
struct q_group {
    const uint8_t *codes, *high, *scale;
};

static inline struct q_group q_group(const void *w, enum kern_type type, size_t n_blocks, size_t g)
{
    struct q_layout l = q_layout(type);
    const uint8_t *base = (const uint8_t *)w + g * q_group_size(l, n_blocks);
    return (struct q_group){ base, base + n_blocks * l.codes, base + n_blocks * (l.codes + l.high) };
}

struct q8_row {
    const int8_t *code;
    const float *d, *s;
    const int32_t *off;
};

static inline struct q8_row q8_row(const void *x, size_t n)
{
    const float *d = (const float *)((const uint8_t *)x + n);
    size_t nb = n / Q_BLOCK;
    return (struct q8_row){ x, d, d + nb, (const int32_t *)(d + 2 * nb) };
}

struct q8k_row {
    const int8_t *code;
    const float *d;
    const int16_t *sum16, *sum32;
};

static inline struct q8k_row q8k_row(const void *x, size_t n)
{
    const float *d = (const float *)((const uint8_t *)x + n);
    size_t nb = n / QK_BLOCK;
    const int16_t *sum16 = (const int16_t *)(d + nb);
    return (struct q8k_row){ x, d, sum16, sum16 + 16 * nb };
}

#endif
