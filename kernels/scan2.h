/* The scan of Mamba-2 at every SIMD level: the states n of a row p in the lanes, ROWS rows together, which share B and C.
 * Their states stay in the first-level cache while the tokens pass, and LANES sums are turned at once. In the
 * words of vec.h; the level's file gives before inclusion:
 *   ROWS                  rows taken together (they divide LANES)
 *   ROWS_ONCE             the same for few tokens, whose states come from memory: rows apart are streams of their own,
 *                         which a CPU's prefetcher may lose */
#ifndef KERN_SCAN2_H
#define KERN_SCAN2_H

#include "impl.h"

enum { CHUNK = 64, FEW = 4 }; /* CHUNK: tokens whose decays are made ahead */

/* A chunk of tokens. */
struct chunk {
    const struct kern_scan2 *a;
    size_t t0, n_tok;
    float decay[CHUNK], dt[CHUNK];
};

static void chunk_begin(struct chunk *c, const struct kern_scan2 *a, size_t t0)
{
    c->a = a;
    c->t0 = t0;
    c->n_tok = a->n_tok - t0 < CHUNK ? a->n_tok - t0 : CHUNK;
    for (size_t t = 0; t < c->n_tok; t++) {
        c->dt[t] = a->dt[(t0 + t) * a->dt_stride];
        c->decay[t] = c->dt[t] * a->a;
    }
    for (size_t t = 0; t < c->n_tok; t += LANES)
        v_store(c->decay + t, c->n_tok - t, v_exp(v_load(c->decay + t, c->n_tok - t)));
}

/* Part i of the lanes of R rows, n_state floats apart: moves their states on, of which left exist from s on. */
KERN_INLINE void step(float *s, size_t n_state, const float *b, const float *c, size_t left, vec decay, const vec *dtx,
                      const int R, vec (*acc)[PARTS], size_t i)
{
    vec bv = v_load(b, left), cv = v_load(c, left);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
        float *at = s + (size_t)r * n_state;
        vec v = v_fma(decay, v_load(at, left), v_mul(dtx[r], bv));
        v_store(at, left, v);
        if (left < LANES)
            v = v_load(at, left); /* zeros behind the last state */
        acc[r][i] = v_fma(v, cv, acc[r][i]);
    }
}

/* Rows p .. p+R-1 at one token; sum[r] is row r's. */
KERN_INLINE void rows_once(const struct kern_scan2 *a, size_t p, const float *b, const float *c, vec decay,
                           const float *dtx, vec *sum, const int R)
{
    const size_t n_state = a->n_state; /* which no store can change */
    float *s = a->s + p * n_state;
    vec acc[4][PARTS], dx[4];
    size_t n = 0;
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
        dx[r] = v_set1(dtx[r]);
#pragma GCC unroll 4
        for (int i = 0; i < PARTS; i++)
            acc[r][i] = v_zero();
    }
    for (; n + 16 <= n_state; n += 16)
#pragma GCC unroll 4
        for (size_t i = 0; i < PARTS; i++)
            step(s + n + LANES * i, n_state, b + n + LANES * i, c + n + LANES * i, LANES, decay, dx, R, acc, i);
    if (n < n_state)
#pragma GCC unroll 4 /* else the sums would stand in memory */
        for (size_t i = 0; i < PARTS; i++) {
            size_t at = n + LANES * i < n_state ? n + LANES * i : n_state;
            step(s + at, n_state, b + at, c + at, n_state - at, decay, dx, R, acc, i);
        }
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
        sum[r] = v_fold(acc[r]);
}

/* Rows p .. p+LANES-1, as many as there are, at token t of the chunk. */
KERN_INLINE void rows_of_token(const struct chunk *ck, size_t p, size_t t)
{
    const struct kern_scan2 *a = ck->a;
    size_t left = a->n_p - p, at = ck->t0 + t, i = 0;
    const float *b = a->b + at * a->bc_stride, *c = a->c + at * a->bc_stride;
    vec sum[LANES], x = v_load(a->x + at * a->x_stride + p, left), decay = v_set1(ck->decay[t]);
    float dtx[LANES];
    v_store(dtx, LANES, v_mul(v_set1(ck->dt[t]), x));
    if (left >= LANES && ck->n_tok < FEW) {
        for (; i < LANES; i += ROWS_ONCE)
            rows_once(a, p + i, b, c, decay, dtx + i, sum + i, ROWS_ONCE);
    } else if (left >= LANES) {
        for (; i < LANES; i += ROWS)
            rows_once(a, p + i, b, c, decay, dtx + i, sum + i, ROWS);
    } else {
        for (; i < left; i++)
            rows_once(a, p + i, b, c, decay, dtx + i, sum + i, 1);
        for (; i < LANES; i++)
            sum[i] = v_zero();
    }
    v_store(a->y + at * a->y_stride + p, left, v_fma(v_set1(a->d), x, v_turn(sum)));
}

/* Rows [p0, n_p) of all tokens of the chunk. */
static void rows_streamed(const struct chunk *ck, size_t p0)
{
    for (size_t p = p0; p < ck->a->n_p; p += LANES)
        for (size_t t = 0; t < ck->n_tok; t++)
            rows_of_token(ck, p, t);
}

#endif
