/* Inside kernels/ only: where things lie in packed weights and in prepared activation rows. The same at every level.
 *
 * A packed matrix is a row of groups of 16 weight rows, so that a product reads one stream of whole cache lines from end
 * to end. A group of F32, F16 or BF16 is four quarters of four rows; a quarter is a row of steps of 16 columns: 16 elements
 * of its first row, of its second, third and fourth.
 *
 * A group of quantised rows is a row of runs of one or two blocks (the last run may be half empty). A run holds, each for
 * its blocks in order,
 *   scale  f16 scales and minima, 16 side by side; before them a K-quant's sub-scales
 *   high   the bits of a code that codes have no room for
 *   codes  vectors of 64 bytes: lane r (4 bytes) belongs to row r and holds four codes of consecutive k
 * so that an integer dot product by groups of four bytes leaves one row's sum in each of 16 lanes (scales in an area of
 * their own cost half the memory's speed: that stream starts anew in each group). Two blocks where 16 scales of f16 would
 * leave half a line.
 *
 *   Q8_0        8 vectors a block: vector v has k = 4v..4v+3; a byte is code + 128. scale: d[16]
 *   Q4_0, Q4_1  4 vectors: low nibbles have k = 4v.., high nibbles k = 16 + 4v... scale: d[16], then m[16] (Q4_1)
 *   Q5_0, Q5_1  codes as Q4; high: one vector, bit v of byte b of lane r is the fifth bit of k = 4v + b
 *   Q4_K        32 vectors: vector 8p + v has k = 64p + 4v.. (low nibbles) and 64p + 32 + 4v.. (high nibbles);
 *               scale: u8 sc[8][16], u8 min[4][16][2], d[16], dmin[16]
 *   Q6_K        four units of 12 vectors, in the order of use: unit 2c + h has k = 128c + 32g + 16h + 4i.. for g, i = 0..3:
 *               4 vectors (i) of high bits, bits 2g, 2g+1; 4 vectors with g = 0 in low nibbles, g = 2 in high ones; 4
 *               with g = 1 and 3; scale: i8 sc[8][16][2], d[16], 32 bytes unused
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
    F_STEP = 16, F_ROWS = 4, /* columns of a step of float rows, rows of a quarter */
    Q4K_MIN = 128,        /* offsets in the scale area of a block */
    Q4K_D = 256,
    Q6K_D = 256,
    Q6K_UNIT = 12 * Q_VEC
};

/* Blocks of a run; bytes of a block of 16 rows, by part. */
struct q_layout {
    unsigned run, scale, high, codes;
};

static inline struct q_layout q_layout(enum kern_type type)
{
    switch (type) {
    case KERN_Q4_0: return (struct q_layout){ 2, 32, 0, 256 };
    case KERN_Q4_1: return (struct q_layout){ 1, 64, 0, 256 };
    case KERN_Q5_0: return (struct q_layout){ 2, 32, 64, 256 };
    case KERN_Q5_1: return (struct q_layout){ 1, 64, 64, 256 };
    case KERN_Q8_0: return (struct q_layout){ 2, 32, 0, 512 };
    case KERN_Q4_K: return (struct q_layout){ 1, 320, 0, 2048 };
    case KERN_Q6_K: return (struct q_layout){ 1, 320, 0, 3072 };
    default: return (struct q_layout){ 1, 0, 0, 0 };
    }
}

/* Bytes of a quarter and of a group of float rows, `width` bytes an element. */
static inline size_t f_quarter_size(size_t width, size_t cols)
{
    return (cols + F_STEP - 1) / F_STEP * F_STEP * F_ROWS * width;
}

static inline size_t f_group_size(size_t width, size_t cols)
{
    return KERN_GROUP / F_ROWS * f_quarter_size(width, cols);
}

static inline size_t q_round64(size_t n)
{
    return (n + 63) & ~(size_t)63;
}

static inline size_t q_run_size(struct q_layout l)
{
    return (size_t)l.run * (l.scale + l.high + l.codes); /* a multiple of 64 */
}

/* Bytes of a group of n_blocks blocks. */
static inline size_t q_group_size(struct q_layout l, size_t n_blocks)
{
    return (n_blocks + l.run - 1) / l.run * q_run_size(l);
}

/* Where block b of a group lies. */
struct q_block {
    const uint8_t *scale, *high, *codes;
};

static inline struct q_block q_block(const uint8_t *group, struct q_layout l, size_t b)
{
    const uint8_t *scale = group + b / l.run * q_run_size(l);
    const uint8_t *high = scale + (size_t)l.run * l.scale, *codes = high + (size_t)l.run * l.high;
    size_t at = b % l.run;
    return (struct q_block){ scale + at * l.scale, high + at * l.high, codes + at * l.codes };
}

/* The 8 scales and 8 minima of six bits in the 12 bytes of a Q4_K block of a file (kernels/c/pack.c). */
void kern_q4k_scales(const uint8_t s[12], uint8_t sc[8], uint8_t mn[8]);

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
