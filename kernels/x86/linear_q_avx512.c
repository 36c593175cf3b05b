/* Products of weights in blocks of 32 by AVX-512 VNNI: one row a lane, vpdpbusd takes four codes of each row with four
 * activations. It multiplies unsigned by signed, so codes stay unsigned and the sum begins at the offset's share. */
#include "impl.h"
#include "x86/block32.h"

/* From so many tokens on, no prefetcher of a CPU runs ahead far enough. */
enum { MANY = 8, MANY_AHEAD = 8 << 10 /* bytes */ };

/* The block's codes are held; each token's activations are broadcast from memory. */
ALWAYS void tile32(enum kern_type type, const struct tile *t, const int n_tok)
{
    const struct q_layout l = q_layout(type);
    __m512 acc[16];
    UNROLL for (int i = 0; i < n_tok; i++)
        acc[i] = _mm512_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, l, b);
        fetch_ahead(w.codes, n_tok < MANY ? t->ahead : MANY_AHEAD, l.scale + l.high + l.codes);
        __m512i q[8];
        open_block(type, &w, q);
        const uint8_t *x = t->x;
        UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
            __m512i sum = first_sum(type, *(const int32_t *)(x + t->cols + 8 * t->nb + 4 * b));
            UNROLL for (int v = 0; v < 8; v++)
                sum = _mm512_dpbusd_epi32(sum, q[v], broadcast4(x + Q_BLOCK * b + 4 * v));
            acc[i] = add_block(t, l.scale == 64, x, b, w.scale, sum, acc[i]);
        }
    }
    __mmask16 rows = (__mmask16)((1u << t->n_rows) - 1);
    UNROLL for (int i = 0; i < n_tok; i++)
        _mm512_mask_storeu_ps(t->y + (size_t)i * t->y_stride, rows, acc[i]);
}

#define LINEAR(name, type)                                                                    \
    static void name##_tile(const struct tile *t, unsigned n_tok)                             \
    {                                                                                         \
        switch (n_tok) {                                                                      \
        case 16: tile32(type, t, 16); return;                                                 \
        case 8: tile32(type, t, 8); return;                                                   \
        case 4: tile32(type, t, 4); return;                                                   \
        case 2: tile32(type, t, 2); return;                                                   \
        default: tile32(type, t, 1); return;                                                  \
        }                                                                                     \
    }                                                                                         \
    void kern_linear_##name##_avx512(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                         \
        walk(a, g0, g1, type, 16, name##_tile);                                               \
    }
LINEAR(q4_0, KERN_Q4_0)
LINEAR(q4_1, KERN_Q4_1)
LINEAR(q5_0, KERN_Q5_0)
LINEAR(q5_1, KERN_Q5_1)
LINEAR(q8_0, KERN_Q8_0)
