/* A language model as the rest of hiss sees it: opened once, immutable after, shared by all conversations.
 *
 * Its memory of a conversation is a struct mstate: the recurrent state (constant size) and, where the model has
 * attention layers, one row of keys and values a position. model_forward moves states on by tokens; how a prompt is
 * cut into calls, how many threads run, and which sequences share a batch never changes a bit of the result. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/pool.h"
#include "kern.h"
#include "model/config.h"
#include "model/gguf.h"

struct model;

struct model_opts {
    enum kern_level level; /* KERN_N_LEVELS: the best this machine can run */
    struct pool *pool;     /* borrowed while opening and by every forward; NULL: the caller alone */
    /* May be NULL. Called from the opening thread; a return of true stops the load (ERR_CANCELLED). */
    bool (*progress)(void *arg, double fraction);
    void *progress_arg;
};

/* Opens a GGUF file (v2, v3; the first of split parts finds the others), checks it, repacks the weights.
 * Given; NULL with a sentence in *e that names the file: ERR_NOTFOUND, ERR_FORMAT (truncated, hostile),
 * ERR_UNSUPPORTED (architecture or type), ERR_NOMEM. */
struct model *model_open(const char *path, const struct model_opts *o, struct err *e);
void model_close(struct model *m);

const struct model_config *model_config(const struct model *m);
const struct gguf *model_gguf(const struct model *m);      /* borrowed: metadata, tokenizer keys */
const char *model_path(const struct model *m);
struct hash128 model_hash(const struct model *m);          /* of everything in the file that shapes a result */
#define MODEL_HASH_KEY "hiss.weights.hash"                  /* metadata: the hash the file has to have */
const struct kern *model_kern(const struct model *m);
size_t model_weight_bytes(const struct model *m);          /* read per decoded token */
double model_load_seconds(const struct model *m);          /* mapping, checking and repacking */

/* What a token's matrix products cost, two operations for a multiplication and addition: those of the layers, and those
 * of the output matrix, which runs only where logits are asked for; each in f32, and in 8-bit integers. */
struct model_ops {
    double layers_f32, layers_int8, output_f32, output_int8;
};
struct model_ops model_ops(const struct model *m);

/* ---- State ---- */

struct mstate {
    float *rec;            /* [rec_floats] recurrent state of all layers, in the layout of docs/ARCHITECTURE.md */
    unsigned char *blocks; /* [cap / 64, attention layers, n_head_kv] a head's keys [d_head, 64], then values [64, d_head]:
                            * as the attention kernel reads them */
    size_t n_pos, cap;     /* positions held, and room for (whole blocks) */
    struct hash128 rolled; /* rolling hash over each position's rows; unused when row_bytes is 0 */
    float *hidden;         /* [n_embd] the last token's residual stream after the last layer: its logits can be made
                            * again from it, so that a restored state can be sampled from at once */
};

size_t model_rec_floats(const struct model *m); /* 0 for a pure Transformer */
size_t model_row_bytes(const struct model *m);  /* bytes a position: 0 for a purely recurrent model */
bool model_rows_f32(const struct model *m);     /* rows are f32 (all weights F32) instead of f16 */

int mstate_init(struct mstate *s, const struct model *m, struct err *e); /* position 0: zeros */
void mstate_release(struct mstate *s);
int mstate_reserve(struct mstate *s, const struct model *m, size_t n_pos, struct err *e);
int mstate_copy(struct mstate *to, const struct mstate *from, const struct model *m, struct err *e); /* to: initialised */
void mstate_clear(struct mstate *s, const struct model *m);

/* The rows of positions [p0, p1) as they are kept and hashed: out, in [p1 - p0, row_bytes], each row of each attention
 * layer in turn K [n_head_kv, d_head], then V. For the second there must be room (mstate_reserve). */
void mstate_rows_get(const struct mstate *s, const struct model *m, size_t p0, size_t p1, unsigned char *out);
void mstate_rows_put(struct mstate *s, const struct model *m, size_t p0, size_t p1, const unsigned char *in);

/* One value for all that the model remembers: position, recurrent state (canonical layout, little-endian bits) and
 * the rolled rows. Equal for equal token ids, whatever the chunking, level, threads or batch. */
struct hash128 mstate_hash(const struct mstate *s, const struct model *m);

/* ---- Forward ---- */

struct model_seq {
    struct mstate *s;
    const int32_t *ids; /* [n], each in [0, n_vocab) */
    size_t n;
    float *logits;      /* [n_logits, n_vocab] for the last n_logits tokens; may be NULL when n_logits is 0 */
    size_t n_logits;
};

struct model_scratch; /* buffers of one worker, grown as needed and reused */
struct model_scratch *model_scratch_new(void);
void model_scratch_free(struct model_scratch *w);

/* Feeds every sequence its tokens, all as one batch (weights are read once). Between them the sequences hold at most
 * MODEL_MAX_BATCH tokens. On error no state has moved: ERR_ARG (id out of range, batch too large), ERR_LIMIT
 * (context length of a model with attention), ERR_NOMEM. */
enum { MODEL_MAX_BATCH = 512 };
int model_forward(const struct model *m, struct pool *pool, struct model_scratch *w, struct model_seq *seqs,
                  size_t n_seqs, struct err *e);

/* The logits [n_vocab] of the last token a state has read, from its hidden vector. ERR_ARG at position 0. */
int model_logits(const struct model *m, struct pool *pool, struct model_scratch *w, const struct mstate *s,
                 float *logits, struct err *e);

#endif
