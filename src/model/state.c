/* A conversation's memory: where each layer's share lies, and what one does with it as a value. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/layer.h"

enum { ALIGN_FLOATS = 16 };

static size_t aligned(size_t floats)
{
    return (floats + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
}

void state_layout(struct model *m)
{
    const struct model_config *c = &m->c;
    size_t floats = 0, bytes = 0, head_row = c->n_head_kv * c->d_head * (m->rows_f32 ? sizeof(float) : sizeof(uint16_t));
    for (size_t i = 0; i < c->n_layer; i++) {
        struct layer *l = &m->layer[i];
        if (l->mixer == MIXER_ATTENTION) {
            l->row_at = bytes;
            bytes += 2 * head_row;
        }
        if (l->mixer != MIXER_MAMBA1 && l->mixer != MIXER_MAMBA2)
            continue;
        bool first = l->mixer == MIXER_MAMBA1;
        size_t chan = first ? c->d_inner : config_conv_dim(c);
        size_t scan = first ? (c->d_inner + KERN_GROUP - 1) / KERN_GROUP * KERN_GROUP * c->d_state : c->d_inner * c->d_state;
        l->conv_at = floats;
        floats += aligned((c->d_conv - 1) * chan);
        l->scan_at = floats;
        floats += aligned(scan);
    }
    m->rec_floats = floats;
    m->row_bytes = bytes;
}

size_t model_rec_floats(const struct model *m)
{
    return m->rec_floats;
}

size_t model_row_bytes(const struct model *m)
{
    return m->row_bytes;
}

bool model_rows_f32(const struct model *m)
{
    return m->rows_f32;
}

int mstate_init(struct mstate *s, const struct model *m, struct err *e)
{
    *s = (struct mstate){ 0 };
    s->rec = m->rec_floats ? mem_alloc_aligned(m->rec_floats * sizeof *s->rec) : NULL;
    s->hidden = mem_alloc(m->c.n_embd, sizeof *s->hidden);
    if (!s->hidden || (m->rec_floats && !s->rec)) {
        mstate_release(s);
        return err_nomem(e, "a conversation's state");
    }
    mstate_clear(s, m);
    return 0;
}

void mstate_release(struct mstate *s)
{
    mem_free_aligned(s->rec);
    mem_free_aligned(s->blocks);
    free(s->hidden);
    *s = (struct mstate){ 0 };
}

void mstate_clear(struct mstate *s, const struct model *m)
{
    if (s->rec)
        memset(s->rec, 0, m->rec_floats * sizeof *s->rec);
    memset(s->hidden, 0, m->c.n_embd * sizeof *s->hidden);
    s->n_pos = 0;
    s->rolled = (struct hash128){ 0, 0 };
}

/* Of all blocks that hold a position. */
static size_t used_bytes(const struct mstate *s, const struct model *m)
{
    return (s->n_pos + KERN_ATTN_BLOCK - 1) / KERN_ATTN_BLOCK * KERN_ATTN_BLOCK * m->row_bytes;
}

int mstate_reserve(struct mstate *s, const struct model *m, size_t n_pos, struct err *e)
{
    if (!m->row_bytes || n_pos <= s->cap)
        return 0;
    size_t want = s->cap * 2 > n_pos ? s->cap * 2 : n_pos, bytes; /* doubled: a long reply does not move them at each token */
    want = (want + KERN_ATTN_BLOCK - 1) / KERN_ATTN_BLOCK * KERN_ATTN_BLOCK;
    unsigned char *blocks = mem_mul(want, m->row_bytes, &bytes) ? mem_alloc_aligned(bytes) : NULL;
    if (!blocks)
        return err_nomem(e, "the attention rows of a conversation");
    if (s->n_pos)
        memcpy(blocks, s->blocks, used_bytes(s, m));
    mem_free_aligned(s->blocks);
    s->blocks = blocks;
    s->cap = want;
    return 0;
}

int mstate_copy(struct mstate *to, const struct mstate *from, const struct model *m, struct err *e)
{
    if (mstate_reserve(to, m, from->n_pos, e))
        return -1;
    if (m->rec_floats)
        memcpy(to->rec, from->rec, m->rec_floats * sizeof *to->rec);
    if (m->row_bytes && from->n_pos)
        memcpy(to->blocks, from->blocks, used_bytes(from, m));
    memcpy(to->hidden, from->hidden, m->c.n_embd * sizeof *to->hidden);
    to->n_pos = from->n_pos;
    to->rolled = from->rolled;
    return 0;
}

struct hash128 mstate_hash(const struct mstate *s, const struct model *m)
{
    struct hash128 rec = hash128(s->rec, m->rec_floats * sizeof *s->rec);
    uint64_t all[5] = { s->n_pos, rec.lo, rec.hi, s->rolled.lo, s->rolled.hi };
    return hash128(all, sizeof all);
}
