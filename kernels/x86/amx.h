/* The few AMX instructions that the kernels use (Intel SDM volume 2, chapter 3: LDTILECFG, TILELOADD, TDPBSUD), or, with
 * KERN_AMX_EMULATED, the same in C, so that the kernels around them can be tested on any CPU with AVX-512. Tile numbers
 * must be constants. */
#ifndef KERN_X86_AMX_H
#define KERN_X86_AMX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Palette 1: rows and bytes a row of each tile. */
struct amx_shape {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

#if !defined(KERN_AMX_EMULATED)

#include <immintrin.h>

#define amx_configure(shape) _tile_loadconfig(shape)
#define amx_release() _tile_release()
#define amx_zero(t) _tile_zero(t)
#define amx_load(t, p, stride) _tile_loadd(t, p, stride)
#define amx_store(t, p, stride) _tile_stored(t, p, stride)
#define amx_dot_ss(c, a, b) _tile_dpbssd(c, a, b) /* c += signed bytes of a by signed bytes of b */
#define amx_dot_su(c, a, b) _tile_dpbsud(c, a, b) /* the same by unsigned bytes of b */

/* gcc does not know that a tile load reads memory: what was written for one stays before this. */
#define amx_fence() __asm__ volatile("" ::: "memory")

#else

static struct {
    struct amx_shape shape;
    uint8_t data[8][16][64];
} amx;

static inline void amx_configure(const void *shape)
{
    memcpy(&amx.shape, shape, sizeof amx.shape);
    memset(amx.data, 0, sizeof amx.data);
}

static inline void amx_release(void)
{
    memset(&amx, 0xee, sizeof amx);
}

static inline void amx_zero(int t)
{
    memset(amx.data[t], 0, sizeof amx.data[t]);
}

static inline void amx_load(int t, const void *p, size_t stride)
{
    amx_zero(t);
    for (size_t r = 0; r < amx.shape.rows[t]; r++)
        memcpy(amx.data[t][r], (const uint8_t *)p + r * stride, amx.shape.row_bytes[t]);
}

static inline void amx_store(int t, void *p, size_t stride)
{
    for (size_t r = 0; r < amx.shape.rows[t]; r++)
        memcpy((uint8_t *)p + r * stride, amx.data[t][r], amx.shape.row_bytes[t]);
}

static inline void amx_dot(int c, int a, int b, bool is_signed)
{
    for (size_t m = 0; m < amx.shape.rows[c]; m++)
        for (size_t k = 0; k < amx.shape.row_bytes[a]; k++)
            for (size_t n = 0; n < amx.shape.row_bytes[c] / 4; n++) {
                uint8_t w = amx.data[b][k / 4][4 * n + k % 4];
                int32_t sum;
                memcpy(&sum, &amx.data[c][m][4 * n], 4);
                sum += (int8_t)amx.data[a][m][k] * (is_signed ? (int8_t)w : w);
                memcpy(&amx.data[c][m][4 * n], &sum, 4);
            }
}

#define amx_dot_ss(c, a, b) amx_dot(c, a, b, true)
#define amx_dot_su(c, a, b) amx_dot(c, a, b, false)
#define amx_fence() (void)0

#endif
#endif
