/* A position's keys and values have two forms. As they are hashed and kept they are one row: for each attention layer K
 * [n_head_kv, d_head], then V. As they are computed with they lie in blocks of 64 positions (kern.h, Attention): for
 * each layer and head, keys transposed, then values. */
#include <string.h>

#include "model/layer.h"

enum { BLOCK = KERN_ATTN_BLOCK };

/* One head of one layer: its block that holds a position, and its first place in a row. */
struct head {
    unsigned char *keys, *values;
    size_t k_at, v_at; /* bytes */
};

static struct head head_of(const struct model *m, const struct layer *l, const struct mstate *s, size_t pos, size_t h)
{
    size_t bytes = m->c.d_head * (m->rows_f32 ? sizeof(float) : sizeof(uint16_t)), k_at = l->row_at + h * bytes;
    unsigned char *keys = s->blocks + pos / BLOCK * BLOCK * m->row_bytes + BLOCK * (l->row_at + 2 * h * bytes);
    return (struct head){ keys, keys + BLOCK * bytes, k_at, k_at + m->c.n_head_kv * bytes };
}

/* to[j][i] = from[i][j], four by four. */
static void turn4(uint16_t *to, size_t to_stride, const uint16_t *from, size_t from_stride)
{
    const uint64_t even = 0x0000ffff0000ffff, low = 0x00000000ffffffff;
    uint64_t a[4], b[4];
    for (size_t i = 0; i < 4; i++)
        memcpy(&a[i], from + i * from_stride, sizeof a[i]);
    for (size_t i = 0; i < 4; i += 2) {
        b[i] = (a[i] & even) | (a[i + 1] & even) << 16;
        b[i + 1] = (a[i] >> 16 & even) | (a[i + 1] & ~even);
    }
    a[0] = (b[0] & low) | b[2] << 32;
    a[1] = (b[1] & low) | b[3] << 32;
    a[2] = b[0] >> 32 | (b[2] & ~low);
    a[3] = b[1] >> 32 | (b[3] & ~low);
    for (size_t i = 0; i < 4; i++)
        memcpy(to + i * to_stride, &a[i], sizeof a[i]);
}

/* Keys of places [j0, j1) of a block, from and to rows `stride` elements apart. */
static void turn_in_f16(uint16_t *block, const uint16_t *rows, size_t stride, size_t d, size_t j0, size_t j1)
{
    size_t j = j0;
    for (; d % 4 == 0 && j + 4 <= j1; j += 4)
        for (size_t e = 0; e < d; e += 4)
            turn4(block + e * BLOCK + j, BLOCK, rows + (j - j0) * stride + e, stride);
    for (; j < j1; j++)
        for (size_t e = 0; e < d; e++)
            block[e * BLOCK + j] = rows[(j - j0) * stride + e];
}

static void turn_out_f16(const uint16_t *block, uint16_t *rows, size_t stride, size_t d, size_t j0, size_t j1)
{
    size_t j = j0;
    for (; d % 4 == 0 && j + 4 <= j1; j += 4)
        for (size_t e = 0; e < d; e += 4)
            turn4(rows + (j - j0) * stride + e, stride, block + e * BLOCK + j, BLOCK);
    for (; j < j1; j++)
        for (size_t e = 0; e < d; e++)
            rows[(j - j0) * stride + e] = block[e * BLOCK + j];
}

static void turn_in_f32(uint32_t *block, const uint32_t *rows, size_t stride, size_t d, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1; j++)
        for (size_t e = 0; e < d; e++)
            block[e * BLOCK + j] = rows[(j - j0) * stride + e];
}

static void turn_out_f32(const uint32_t *block, uint32_t *rows, size_t stride, size_t d, size_t j0, size_t j1)
{
    for (size_t j = j0; j < j1; j++)
        for (size_t e = 0; e < d; e++)
            rows[(j - j0) * stride + e] = block[e * BLOCK + j];
}

/* Positions [p0, p1) of one block. */
static void head_in(const struct model *m, const struct head *h, size_t p0, size_t p1, const unsigned char *rows, size_t stride)
{
    size_t d = m->c.d_head, e = m->rows_f32 ? sizeof(float) : sizeof(uint16_t), j0 = p0 % BLOCK, j1 = j0 + p1 - p0;
    if (m->rows_f32)
        turn_in_f32((uint32_t *)h->keys, (const uint32_t *)(rows + h->k_at), stride / e, d, j0, j1);
    else
        turn_in_f16((uint16_t *)h->keys, (const uint16_t *)(rows + h->k_at), stride / e, d, j0, j1);
    for (size_t j = j0; j < j1; j++)
        memcpy(h->values + j * d * e, rows + h->v_at + (j - j0) * stride, d * e);
}

static void head_out(const struct model *m, const struct head *h, size_t p0, size_t p1, unsigned char *rows, size_t stride)
{
    size_t d = m->c.d_head, e = m->rows_f32 ? sizeof(float) : sizeof(uint16_t), j0 = p0 % BLOCK, j1 = j0 + p1 - p0;
    if (m->rows_f32)
        turn_out_f32((const uint32_t *)h->keys, (uint32_t *)(rows + h->k_at), stride / e, d, j0, j1);
    else
        turn_out_f16((const uint16_t *)h->keys, (uint16_t *)(rows + h->k_at), stride / e, d, j0, j1);
    for (size_t j = j0; j < j1; j++)
        memcpy(rows + h->v_at + (j - j0) * stride, h->values + j * d * e, d * e);
}

void state_put_row(const struct model *m, const struct layer *l, struct mstate *s, size_t pos, const unsigned char *row)
{
    for (size_t i = 0; i < m->c.n_head_kv; i++) {
        struct head h = head_of(m, l, s, pos, i);
        head_in(m, &h, pos, pos + 1, row, m->row_bytes);
    }
}

void state_blocks(const struct model *m, const struct layer *l, const struct mstate *s, size_t head, struct kern_attn *a)
{
    struct head h = head_of(m, l, s, 0, head);
    a->k = h.keys;
    a->v = h.values;
    a->stride = BLOCK * m->row_bytes;
}

static size_t block_end(size_t p, size_t p1)
{
    size_t end = (p / BLOCK + 1) * BLOCK;
    return end < p1 ? end : p1;
}

void mstate_rows_get(const struct mstate *s, const struct model *m, size_t p0, size_t p1, unsigned char *out)
{
    for (size_t p = p0, end; m->row_bytes && p < p1; p = end) {
        end = block_end(p, p1);
        for (size_t i = 0; i < m->c.n_layer; i++)
            for (size_t k = 0; m->layer[i].mixer == MIXER_ATTENTION && k < m->c.n_head_kv; k++) {
                struct head h = head_of(m, &m->layer[i], s, p, k);
                head_out(m, &h, p, end, out + (p - p0) * m->row_bytes, m->row_bytes);
            }
    }
}

void mstate_rows_put(struct mstate *s, const struct model *m, size_t p0, size_t p1, const unsigned char *in)
{
    for (size_t p = p0, end; m->row_bytes && p < p1; p = end) {
        end = block_end(p, p1);
        for (size_t i = 0; i < m->c.n_layer; i++)
            for (size_t k = 0; m->layer[i].mixer == MIXER_ATTENTION && k < m->c.n_head_kv; k++) {
                struct head h = head_of(m, &m->layer[i], s, p, k);
                head_in(m, &h, p, end, in + (p - p0) * m->row_bytes, m->row_bytes);
            }
    }
}
