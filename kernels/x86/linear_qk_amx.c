/* Products of K-quants by AMX int8, 16 tokens by 16 rows. A block's codes are multiplied by their sub-scales once for all
 * tokens; such a product has up to 13 bits, its two bytes are two tiles of weights. Then nothing is left to do for 256
 * elements but 2 tile products for each 64, and the one fma (two with minima) of the definition. */
#include "impl.h"
#include "x86/amx_tokens.h"
#include "x86/block256.h"
#include "x86/block32.h"

/* Tiles: 0 and 1 tokens, 2 low bytes, 3 high bytes, 4 and 6 sums of low bytes, 5 and 7 of high ones. Their numbers end in
 * the instructions' names: numbers, not names, for gcc. */
static const struct amx_shape shape = {
    .palette = 1,
    .row_bytes = { Q_VEC, Q_VEC, Q_VEC, Q_VEC, Q_VEC, Q_VEC, Q_VEC, Q_VEC },
    .rows = { TOKENS, TOKENS, 16, 16, TOKENS, TOKENS, TOKENS, TOKENS },
};

/* A block of 16 rows: code by sub-scale is lo + 256 hi; vector v holds k = 4v..4v+3. */
struct open {
    _Alignas(64) uint8_t lo[64][Q_VEC];
    int8_t hi[64][Q_VEC];
    int16_t min[4][32]; /* Q4_K */
    float d[16], dmin[16];
};

typedef int32_t sums[TOKENS][16];

/* The low and the high half of each lane's pair of 16-bit scales, twice. */
ALWAYS __m512i twice_low(__m512i sc)
{
    return _mm512_or_si512(_mm512_slli_epi32(sc, 16), _mm512_and_si512(sc, _mm512_set1_epi32(0xffff)));
}

ALWAYS __m512i twice_high(__m512i sc)
{
    return _mm512_or_si512(_mm512_srli_epi32(sc, 16), _mm512_andnot_si512(_mm512_set1_epi32(0xffff), sc));
}

/* Vector v: (codes - offset) sc. */
ALWAYS void put_vector(struct open *o, size_t v, __m512i q, __m512i offset, __m512i sc)
{
    const __mmask64 odd_bytes = 0xaaaaaaaaaaaaaaaa;
    __m512i even = _mm512_and_si512(q, _mm512_set1_epi16(0xff)), odd = _mm512_srli_epi16(q, 8);
    even = _mm512_mullo_epi16(_mm512_sub_epi16(even, offset), sc);
    odd = _mm512_mullo_epi16(_mm512_sub_epi16(odd, offset), sc);
    _mm512_store_si512(o->lo[v], _mm512_mask_blend_epi8(odd_bytes, even, _mm512_slli_epi16(odd, 8)));
    _mm512_store_si512(o->hi[v], _mm512_mask_blend_epi8(odd_bytes, _mm512_srli_epi16(even, 8), odd));
}

ALWAYS void open_q4k(const struct q_block *w, struct open *o)
{
    const __m512i low = _mm512_set1_epi8(15), none = _mm512_setzero_si512();
    for (size_t p = 0; p < 4; p++) {
        const uint8_t *sc = w->scale + 2 * p * Q_LANES;
        __m512i s0 = twice_low(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)sc)));
        __m512i s1 = twice_low(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(sc + Q_LANES))));
        UNROLL for (size_t v = 0; v < 8; v++) {
            __m512i c = _mm512_load_si512(w->codes + (8 * p + v) * Q_VEC);
            put_vector(o, 16 * p + v, _mm512_and_si512(c, low), none, s0);
            put_vector(o, 16 * p + 8 + v, _mm512_and_si512(_mm512_srli_epi16(c, 4), low), none, s1);
        }
    }
    for (size_t j = 0; j < 4; j++)
        _mm512_store_si512(o->min[j], _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(w->scale + Q4K_MIN + j * 32))));
    _mm512_store_ps(o->d, load_f16(w->scale + Q4K_D));
    _mm512_store_ps(o->dmin, _mm512_xor_ps(load_f16(w->scale + Q4K_D + 32), _mm512_set1_ps(-0.0f)));
}

ALWAYS void open_block_q6k(const struct q_block *w, struct open *o)
{
    const __m512i offset = _mm512_set1_epi16(32);
    for (size_t c = 0; c < 2; c++)
        UNROLL for (int g = 0; g < 4; g++) {
            __m512i sc = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(w->scale + (4 * c + (size_t)g) * 32)));
            for (size_t h = 0; h < 2; h++) {
                __m512i q[4], s = h ? twice_high(sc) : twice_low(sc);
                open_q6k(w->codes + (2 * c + h) * Q6K_UNIT, g, q);
                UNROLL for (size_t i = 0; i < 4; i++)
                    put_vector(o, 32 * c + 8 * (size_t)g + 4 * h + i, q[i], offset, s);
            }
        }
    _mm512_store_ps(o->d, load_f16(w->scale + Q6K_D));
}

/* What the tokens of a tile bring to block b: codes, d and, for Q4_K, sums of 32. */
struct rows {
    const uint8_t *code, *d, *sum32;
    size_t stride;
};

ALWAYS struct rows rows_at(const struct kern_linear *a, size_t tok, size_t b)
{
    size_t nb = a->cols / QK_BLOCK;
    const uint8_t *x = (const uint8_t *)a->x + tok * a->x_stride, *d = x + a->cols;
    return (struct rows){ x + QK_BLOCK * b, d + 4 * b, d + nb * (4 + 32) + 16 * b, a->x_stride };
}

/* A tile product takes some 50 cycles and begins every 16: four sums are under way. */
#define STEP(at)                                                       \
    amx_load(0, even->code + 64 * (at), even->stride);                 \
    amx_load(2, o->lo[16 * (at)], Q_VEC);                              \
    amx_dot_su(4, 0, 2);                                               \
    amx_load(1, odd->code + 64 * (at), odd->stride);                   \
    amx_dot_su(6, 1, 2);                                               \
    amx_load(3, o->hi[16 * (at)], Q_VEC);                              \
    amx_dot_ss(5, 0, 3);                                               \
    amx_dot_ss(7, 1, 3)

ALWAYS void dot(const struct rows *even, const struct rows *odd, const struct open *o)
{
    amx_zero(4);
    amx_zero(5);
    amx_zero(6);
    amx_zero(7);
    STEP(0);
    STEP(1);
    STEP(2);
    STEP(3);
}

ALWAYS void store(sums *sum)
{
    amx_store(4, sum[0], sizeof *sum[0]);
    amx_store(5, sum[1], sizeof *sum[1]);
    amx_store(6, sum[2], sizeof *sum[2]);
    amx_store(7, sum[3], sizeof *sum[3]);
}

/* acc = fma(d d_x, (float)sum, acc), then for Q4_K acc = fma(-dmin d_x, (float)minima, acc). */
ALWAYS void add_sums(bool has_min, const struct rows *r, const struct open *o, sums *sum, float (*acc)[16])
{
    const __m512i up = _mm512_set4_epi32((int)0x0e0d0cff, 0x0a0908ff, 0x060504ff, 0x020100ff); /* a byte up */
    __m512 d = _mm512_load_ps(o->d), dmin = has_min ? _mm512_load_ps(o->dmin) : d;
    __m512i min[4];
    UNROLL for (int j = 0; j < 4; j++)
        min[j] = has_min ? _mm512_load_si512(o->min[j]) : up;
    UNROLL for (size_t i = 0; i < TOKENS; i++) {
        __m512 dx = _mm512_set1_ps(*(const float *)(r->d + i * r->stride)), v = _mm512_load_ps(acc[i]);
        __m512i s = _mm512_shuffle_epi8(_mm512_load_si512(sum[1][i]), up);
        s = _mm512_add_epi32(s, _mm512_load_si512(sum[0][i]));
        v = _mm512_fmadd_ps(_mm512_mul_ps(d, dx), _mm512_cvtepi32_ps(s), v);
        if (has_min) {
            __m512i m = _mm512_setzero_si512();
            UNROLL for (int j = 0; j < 4; j++)
                m = _mm512_dpwssd_epi32(m, min[j], broadcast4(r->sum32 + i * r->stride + 4 * j));
            v = _mm512_fmadd_ps(_mm512_mul_ps(dmin, dx), _mm512_cvtepi32_ps(m), v);
        }
        _mm512_store_ps(acc[i], v);
    }
}

/* One block for the tiles from token t0 on, two at a time; their sums are added while the next two are multiplied. */
ALWAYS void block(bool has_min, const struct kern_linear *a, const struct open *o, size_t b, size_t t0, size_t nt,
                  float (*acc)[16])
{
    _Alignas(64) sums sum[4];
    struct rows r[2], last[2];
    for (size_t t = 0; t < nt + 2 * TOKENS; t += 2 * TOKENS) {
        if (t < nt) {
            r[0] = rows_at(a, tile_token(t0 + t, a->n_tok), b);
            r[1] = rows_at(a, tile_token(t0 + t + TOKENS, a->n_tok), b); /* past the end: not looked at */
            dot(&r[0], &r[1], o);
        }
        if (t) {
            size_t done = t - 2 * TOKENS;
            add_sums(has_min, &last[0], o, sum, acc + done);
            if (done + TOKENS < nt)
                add_sums(has_min, &last[1], o, sum + 2, acc + done + TOKENS);
        }
        if (t < nt)
            store(sum);
        last[0] = r[0];
        last[1] = r[1];
    }
}

ALWAYS void group(const struct kern_linear *a, size_t g, enum kern_type type)
{
    _Alignas(64) struct open open;
    _Alignas(64) float acc[CHUNK][16];
    const struct q_layout l = q_layout(type);
    size_t nb = a->cols / QK_BLOCK, all = (a->n_tok + TOKENS - 1) / TOKENS * TOKENS;
    const uint8_t *w = (const uint8_t *)a->w + g * q_group_size(l, nb);
    for (size_t t0 = 0; t0 < all; t0 += CHUNK) {
        size_t nt = all - t0 < CHUNK ? all - t0 : CHUNK;
        memset(acc, 0, nt * sizeof *acc);
        for (size_t b = 0; b < nb; b++) {
            struct q_block src = q_block(w, l, b);
            if (type == KERN_Q4_K)
                open_q4k(&src, &open);
            else
                open_block_q6k(&src, &open);
            amx_fence();
            block(type == KERN_Q4_K, a, &open, b, t0, nt, acc);
        }
        put_tiles(a, g, t0, nt, acc);
    }
}

LINEAR(q4_k, KERN_Q4_K)
LINEAR(q6_k, KERN_Q6_K)
