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

/* Keys of places [j0, j1) of a block, from and to rows `stride` elements apart. */
#define TURN(T)                                                                                            \
    static void turn_in_##T(void *block, const void *rows, size_t stride, size_t d, size_t j0, size_t j1)  \
    {                                                                                                      \
        T *to = block;                                                                                     \
        const T *from = rows;                                                                              \
        for (size_t e = 0; e < d; e++)                                                                     \
            for (size_t j = j0; j < j1; j++)                                                               \
                to[e * BLOCK + j] = from[(j - j0) * stride + e];                                           \
    }                                                                                                      \
    static void turn_out_##T(const void *block, void *rows, size_t stride, size_t d, size_t j0, size_t j1) \
    {                                                                                                      \
        const T *from = block;                                                                             \
        T *to = rows;                                                                                      \
        for (size_t j = j0; j < j1; j++)                                                                   \
            for (size_t e = 0; e < d; e++)                                                                 \
                to[(j - j0) * stride + e] = from[e * BLOCK + j];                                           \
    }
TURN(uint16_t)
TURN(uint32_t)
#undef TURN

/* Positions [p0, p1) of one block. */
static void head_in(const struct model *m, const struct head *h, size_t p0, size_t p1, const unsigned char *rows, size_t stride)
{
    size_t d = m->c.d_head, e = m->rows_f32 ? sizeof(float) : sizeof(uint16_t), j0 = p0 % BLOCK, j1 = j0 + p1 - p0;
    (m->rows_f32 ? turn_in_uint32_t : turn_in_uint16_t)(h->keys, rows + h->k_at, stride / e, d, j0, j1);
    for (size_t j = j0; j < j1; j++)
        memcpy(h->values + j * d * e, rows + h->v_at + (j - j0) * stride, d * e);
}

static void head_out(const struct model *m, const struct head *h, size_t p0, size_t p1, unsigned char *rows, size_t stride)
{
    size_t d = m->c.d_head, e = m->rows_f32 ? sizeof(float) : sizeof(uint16_t), j0 = p0 % BLOCK, j1 = j0 + p1 - p0;
    (m->rows_f32 ? turn_out_uint32_t : turn_out_uint16_t)(h->keys, rows + h->k_at, stride / e, d, j0, j1);
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
