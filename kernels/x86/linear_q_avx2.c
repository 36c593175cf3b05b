/* Products of weights in blocks of 32 by AVX2: a row a lane as at AVX-512, in two halves of 8 rows.
 *
 * vpmaddubsw adds two products in 16 bits and saturates. Codes of 4 and 5 bits stay below that (15 * 127 * 2 = 3810,
 * eight of them 30480; 31 * 127 * 2 = 7874, four of them 31496), so that sums stay in 16 bits for a while. Q8_0 takes
 * |w| times x with the sign of w: 128 * 127 * 2 = 32512, a code of -128 included, since activations stop at 127. */
#include "impl.h"
#include "tile.h"

#include <immintrin.h>

ALWAYS __m256i load32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

ALWAYS __m256 load_f16(const uint8_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

ALWAYS __m256i broadcast4(const uint8_t *p)
{
    return _mm256_set1_epi32(*(const int32_t *)p);
}

/* The 8 vectors of codes of half of a block: signed for Q8_0, unsigned otherwise. */
ALWAYS void open_block(enum kern_type type, const struct q_block *w, const int half, __m256i q[8])
{
    const uint8_t *codes = w->codes + 32 * half;
    if (type == KERN_Q8_0) {
        UNROLL for (int v = 0; v < 8; v++)
            q[v] = _mm256_xor_si256(load32(codes + v * Q_VEC), _mm256_set1_epi8(-128));
        return;
    }
    const __m256i low = _mm256_set1_epi8(15), fifth = _mm256_set1_epi8(16);
    UNROLL for (int v = 0; v < 4; v++) {
        __m256i c = load32(codes + v * Q_VEC);
        q[v] = _mm256_and_si256(c, low);
        q[v + 4] = _mm256_and_si256(_mm256_srli_epi16(c, 4), low);
    }
    if (type == KERN_Q4_0 || type == KERN_Q4_1)
        return;
    __m256i h = load32(w->high + 32 * half);
    UNROLL for (int v = 0; v < 8; v++) { /* bit v of each byte to bit 4 */
        __m256i bit = v < 4 ? _mm256_slli_epi16(h, 4 - v) : _mm256_srli_epi16(h, v - 4);
        q[v] = _mm256_or_si256(q[v], _mm256_and_si256(bit, fifth));
    }
}

/* Sums of codes by activations, offsets not yet taken off. */
ALWAYS __m256i dot_block(enum kern_type type, const __m256i q[8], const uint8_t *x)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum = _mm256_setzero_si256(), part = sum;
    const int apart = type == KERN_Q8_0 ? 1 : type == KERN_Q5_0 || type == KERN_Q5_1 ? 4 : 8; /* vectors in 16 bits */
    UNROLL for (int v = 0; v < 8; v++) {
        __m256i xv = broadcast4(x + 4 * v), p;
        if (type == KERN_Q8_0)
            p = _mm256_maddubs_epi16(_mm256_abs_epi8(q[v]), _mm256_sign_epi8(xv, q[v]));
        else
            p = _mm256_maddubs_epi16(q[v], xv);
        part = v % apart ? _mm256_add_epi16(part, p) : p;
        if (v % apart == apart - 1)
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(part, ones));
    }
    return sum;
}

/* Takes the type's offset off: off is -128 times the sum of the activations' codes. */
ALWAYS __m256i take_offset(enum kern_type type, __m256i sum, const uint8_t *off)
{
    switch (type) {
    case KERN_Q5_0: return _mm256_add_epi32(sum, _mm256_srai_epi32(broadcast4(off), 3));
    case KERN_Q4_0: return _mm256_add_epi32(sum, _mm256_srai_epi32(broadcast4(off), 4));
    default: return sum;
    }
}

ALWAYS void store_half(float *y, unsigned n_rows, const int half, __m256 acc)
{
    int left = (int)n_rows - 8 * half;
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    if (left >= 8)
        _mm256_storeu_ps(y + 8 * half, acc);
    else if (left > 0)
        _mm256_maskstore_ps(y + 8 * half, _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lane), acc);
}

ALWAYS void tile32(enum kern_type type, const struct tile *t, const int n_tok)
{
    const struct q_layout l = q_layout(type);
    const size_t at_d = t->cols, at_s = at_d + 4 * t->nb, at_off = at_s + 4 * t->nb;
    __m256 acc[2][4];
    UNROLL for (int i = 0; i < n_tok; i++)
        acc[0][i] = acc[1][i] = _mm256_setzero_ps();
    for (size_t b = 0; b < t->nb; b++) {
        struct q_block w = q_block(t->w, l, b);
        UNROLL for (int half = 0; half < 2; half++) {
            __m256i q[8];
            open_block(type, &w, half, q);
            const uint8_t *x = t->x;
            UNROLL for (int i = 0; i < n_tok; i++, x += t->x_stride) {
                __m256i sum = take_offset(type, dot_block(type, q, x + Q_BLOCK * b), x + at_off + 4 * b);
                __m256 dd = _mm256_mul_ps(load_f16(w.scale + 16 * half), _mm256_broadcast_ss((const float *)(x + at_d + 4 * b)));
                acc[half][i] = _mm256_fmadd_ps(dd, _mm256_cvtepi32_ps(sum), acc[half][i]);
                if (l.scale == 64)
                    acc[half][i] = _mm256_fmadd_ps(load_f16(w.scale + 32 + 16 * half),
                                                   _mm256_broadcast_ss((const float *)(x + at_s + 4 * b)), acc[half][i]);
            }
        }
    }
    UNROLL for (int i = 0; i < n_tok; i++) {
        store_half(t->y + (size_t)i * t->y_stride, t->n_rows, 0, acc[0][i]);
        store_half(t->y + (size_t)i * t->y_stride, t->n_rows, 1, acc[1][i]);
    }
}

#define LINEAR(name, type)                                                                  \
    static void name##_tile(const struct tile *t, unsigned n_tok)                           \
    {                                                                                       \
        switch (n_tok) {                                                                    \
        case 4: tile32(type, t, 4); return;                                                 \
        case 2: tile32(type, t, 2); return;                                                 \
        default: tile32(type, t, 1); return;                                                \
        }                                                                                   \
    }                                                                                       \
    void kern_linear_##name##_avx2(const struct kern_linear *a, size_t g0, size_t g1)       \
    {                                                                                       \
        walk(a, g0, g1, type, 4, name##_tile);                                              \
    }
LINEAR(q4_0, KERN_Q4_0)
LINEAR(q4_1, KERN_Q4_1)
LINEAR(q5_0, KERN_Q5_0)
LINEAR(q5_1, KERN_Q5_1)
LINEAR(q8_0, KERN_Q8_0)
