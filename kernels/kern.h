/* The arithmetic of hiss: every number on the way from a token to the next is made here.
 *
 * The C kernels (kernels/c) define the bits. Every other level gives the same bits for every finite input, and a
 * token's result never depends on how many tokens, rows or threads a call holds (docs/ARCHITECTURE.md, One
 * arithmetic). tests/kcheck proves it. Changing any bit means a new KERN_ARITH.
 *
 * No kernel allocates, starts threads, locks, or includes anything of src. Callers split work by group, head or row
 * and call from any thread. Pointers are borrowed for the call. Arrays are f32, row-major, and need no alignment
 * unless said otherwise; nothing outside the stated shape is read or written. */
#ifndef KERN_H
#define KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KERN_ARITH = 1 };  /* the number of this arithmetic: in every snapshot, reply record and cache key */
enum { KERN_GROUP = 16 }; /* rows of a packed weight matrix that are interleaved; also the lanes of every sum */

/* ---- Levels ------------------------------------------------------------------------------------------------- */

/* C runs everywhere; then those of x86-64, slow to fast, and those of AArch64. */
enum kern_level { KERN_C, KERN_AVX2, KERN_AVXVNNI, KERN_AVX512, KERN_AMX, KERN_NEON, KERN_I8MM, KERN_N_LEVELS };

const char *kern_level_name(enum kern_level level); /* "c", "avx2", "avxvnni", ... */
bool kern_level_parse(const char *name, enum kern_level *out);

/* What this CPU and its system can run: cpuid and the saved state (XCR0), AMX is asked of the system
 * and probed; on AArch64 what the system says. */
bool kern_level_usable(enum kern_level level);
enum kern_level kern_level_best(void);

/* ---- Weight types ------------------------------------------------------------------------------------------- */

/* X(enumerator, name, GGUF type id, elements a block, bytes a block, activations) */
#define KERN_TYPES(X)                          \
    X(F32, "F32", 0, 1, 4, KERN_ACT_F32)       \
    X(F16, "F16", 1, 1, 2, KERN_ACT_F32)       \
    X(BF16, "BF16", 30, 1, 2, KERN_ACT_F32)    \
    X(Q4_0, "Q4_0", 2, 32, 18, KERN_ACT_Q8)    \
    X(Q4_1, "Q4_1", 3, 32, 20, KERN_ACT_Q8)    \
    X(Q5_0, "Q5_0", 6, 32, 22, KERN_ACT_Q8)    \
    X(Q5_1, "Q5_1", 7, 32, 24, KERN_ACT_Q8)    \
    X(Q8_0, "Q8_0", 8, 32, 34, KERN_ACT_Q8)    \
    X(Q4_K, "Q4_K", 12, 256, 144, KERN_ACT_Q8K) \
    X(Q6_K, "Q6_K", 14, 256, 210, KERN_ACT_Q8K)

enum kern_act { KERN_ACT_F32, KERN_ACT_Q8, KERN_ACT_Q8K };

enum kern_type {
#define X(e, name, id, blk, bytes, act) KERN_##e,
    KERN_TYPES(X)
#undef X
        KERN_N_TYPES
};

struct kern_type_info {
    const char *name;
    uint32_t gguf_id;
    unsigned block, bytes; /* elements and bytes of one block of a row in a GGUF file */
    enum kern_act act;     /* what the activations are turned into before a product */
};
extern const struct kern_type_info kern_types[KERN_N_TYPES];

/* The type with this GGUF id; false when hiss has no kernel for it. */
bool kern_type_from_gguf(uint32_t id, enum kern_type *out);

/* ---- Linear layers: y[t][r] = sum_k W[r][k] x[t][k] ------------------------------------------------------------ */

/* Bytes of a packed matrix [rows, cols], a multiple of 64. Packing interleaves 16 rows; the last group is padded with zeros. The layout is
 * the same at every level (kernels/layout.h describes it). cols is a multiple of the block. */
size_t kern_pack_size(enum kern_type type, size_t rows, size_t cols);

/* Packs groups [g0, g1) of 16 rows from GGUF bytes src (whole matrix, rows adjacent) into dst (64-byte aligned). */
void kern_pack(enum kern_type type, const void *src, size_t rows, size_t cols, size_t g0, size_t g1, void *dst);

/* One row of GGUF bytes to f32: y[cols]. */
void kern_dequant_row(enum kern_type type, const void *row, size_t cols, float *y);

/* Bytes of one prepared activation row; a multiple of 64 for Q8 and Q8K. KERN_ACT_F32 rows are the f32 row itself. */
size_t kern_act_size(enum kern_act act, size_t cols);

/* One product. x holds n_tok prepared rows x_stride bytes apart (64-byte aligned unless KERN_ACT_F32);
 * y[t * y_stride + r] is written for rows r of the groups asked for, r < rows. */
struct kern_linear {
    const void *w; /* packed */
    size_t rows, cols;
    const void *x;
    size_t x_stride, n_tok;
    float *y;
    size_t y_stride; /* floats */
    size_t ahead;    /* kern.ahead; weights are only asked for by it, so that any value is right */
};

/* ---- Attention ---------------------------------------------------------------------------------------------- */

/* Positions are taken in blocks of this many, counted from position 0; rows are kept in the same blocks. */
enum { KERN_ATTN_BLOCK = 64 };

/* The query heads of n_tok adjacent tokens that share one key/value head, each against the positions its token sees:
 * scores, block maximum, rescale, then fma over positions ascending (Dao et al. 2022, algorithm 1, in fixed blocks).
 * Keys stand transposed in their block, so that one register holds the same element of 16 keys. What stands at the
 * positions of a block that are not there yet may be anything. */
struct kern_attn {
    const float *q;      /* [n_tok, n_head, d], tokens q_stride apart */
    const void *k;       /* block b at k + b * stride bytes: [d, 64], f16, or f32 when f32_rows */
    const void *v;       /* block b at v + b * stride bytes: [64, d] */
    size_t stride;
    size_t n_tok, n_head, d;
    size_t n_pos;        /* positions the first token sees, at least 1; each further token sees one more */
    float scale;
    bool f32_rows;
    float *out;          /* [n_tok, n_head, d], tokens out_stride apart; must not be q */
    size_t q_stride, out_stride; /* floats */
};

/* ---- Scans -------------------------------------------------------------------------------------------------- */

/* Selective scan of Mamba-1 (Gu, Dao 2023, section 3.2), time ascending, for channel groups [g0, g1) of 16:
 *   S[n] = fma(exp(dt A[n]), S[n], (dt x) B[n]);  y = sum16_n S[n] C[n];  y = fma(D, x, y)
 * Token t's values stand at t * stride. Channels past n_chan are padding: their A and S hold zeros. */
struct kern_scan1 {
    const float *x, *dt;         /* [n_tok, n_chan], dt after softplus */
    const float *b, *c;          /* [n_tok, n_state] */
    const float *a;              /* [groups, n_state, 16], negative */
    const float *d;              /* [n_chan] */
    float *s;                    /* [groups, n_state, 16], in and out */
    float *y;                    /* [n_tok, n_chan]; may be x */
    size_t n_tok, n_chan, n_state;
    size_t x_stride, dt_stride, bc_stride, y_stride; /* floats */
};

/* State-space duality scan of Mamba-2 as its recurrence (Dao, Gu 2024, equation 1 with scalar A), one head:
 *   S[p][n] = fma(exp(dt A), S[p][n], (dt x[p]) B[n]);  y[p] = sum16_n S[p][n] C[n];  y[p] = fma(D, x[p], y[p]) */
struct kern_scan2 {
    const float *x;              /* [n_tok, n_p] of this head */
    const float *dt;             /* [n_tok], after softplus */
    const float *b, *c;          /* [n_tok, n_state] of this head's group */
    float a, d;                  /* a negative */
    float *s;                    /* [n_p, n_state], in and out */
    float *y;                    /* [n_tok, n_p]; may be x */
    size_t n_tok, n_p, n_state;
    size_t x_stride, dt_stride, bc_stride, y_stride; /* floats */
};

/* Causal depthwise convolution and SiLU over channels [c0, c1):
 *   v = bias; for k ascending v = fma(W[k], x[t - (n_k-1) + k], v);  y = silu(v)
 * Earlier inputs come from s, the last n_k - 1 inputs before this call, oldest first; s is moved on. */
struct kern_conv {
    const float *x;     /* [n_tok, n_chan] before the convolution */
    const float *w;     /* [n_k, n_chan]: tap-major, transposed from the file's {n_k, n_chan} */
    const float *bias;  /* [n_chan] */
    float *s;           /* [n_k - 1, n_chan], in and out */
    float *y;           /* [n_tok, n_chan]; must not be x */
    size_t n_tok, n_chan, n_k;
    size_t x_stride, y_stride; /* floats */
};

/* ---- The table ---------------------------------------------------------------------------------------------- */

/* X(return type, name, arguments): what each one computes stands beside it. "sum16" is the order of every float sum:
 * 16 lanes, lane i takes k = i mod 16 ascending by fma from zero, the tail padded with zeros, then the tree
 * (i, i+8), (i, i+4), (i, i+2), (i, i+1). */
#define KERN_LIST(X)                                                                                              \
    /* groups [g0, g1) of a product; one entry a weight type */                                                   \
    X(void, linear_f32, (const struct kern_linear *a, size_t g0, size_t g1))                                       \
    X(void, linear_f16, (const struct kern_linear *a, size_t g0, size_t g1))                                       \
    X(void, linear_bf16, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q4_0, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q4_1, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q5_0, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q5_1, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q8_0, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q4_k, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    X(void, linear_q6_k, (const struct kern_linear *a, size_t g0, size_t g1))                                      \
    /* one activation row to blocks of 32 (Q8) or 256 (Q8K): kernels/c/quant.c has the layout */                  \
    X(void, act_q8, (const float *x, size_t n, void *out))                                                        \
    X(void, act_q8k, (const float *x, size_t n, void *out))                                                       \
    /* y = (x * r) * w, r = 1 / sqrt(sum16(x^2) / n + eps) (Zhang, Sennrich 2019); y may be x; w NULL means ones */  \
    X(void, rms_norm, (float *y, const float *x, const float *w, size_t n, float eps))                             \
    X(void, add, (float *y, const float *x, size_t n))                 /* y += x */                                \
    X(void, scale, (float *y, float s, size_t n))                      /* y *= s */                                \
    X(void, mul_silu, (float *y, const float *x, const float *z, size_t n)) /* y = x * silu(z); y may be x or z */   \
    X(void, softplus_bias, (float *y, const float *bias, size_t n))    /* y = softplus(y + bias) */                \
    X(void, exp, (float *y, const float *x, size_t n))                 /* y = e^x; y may be x */                   \
    X(float, dot, (const float *x, const float *y, size_t n))          /* sum16 */                                 \
    X(float, max, (const float *x, size_t n))                          /* largest; -inf for n = 0; NaN if any is */  \
    X(void, to_f16, (void *y, const float *x, size_t n))               /* half to even */                          \
    X(void, from_f16, (float *y, const void *x, size_t n))                                                        \
    /* rotates pairs of each of n_head heads of d: (2j, 2j+1), or (j, j + n_rot/2) when neox; cs[2j], cs[2j+1] =     \
     * cos, sin of pair j; (a, b) = (fma(a, cos, -(b sin)), fma(a, sin, b cos)) */                                 \
    X(void, rope, (float *x, const float *cs, size_t n_head, size_t d, size_t n_rot, bool neox))                   \
    X(void, attn, (const struct kern_attn *a))                                                                    \
    X(void, conv_silu, (const struct kern_conv *a, size_t c0, size_t c1))                                          \
    X(void, scan1, (const struct kern_scan1 *a, size_t g0, size_t g1))                                             \
    X(void, scan2, (const struct kern_scan2 *a))

struct kern {
    enum kern_level level;
    size_t ahead; /* bytes from packed weights in use to those that are best asked for then */
#define X(ret, name, args) ret(*name) args;
    KERN_LIST(X)
#undef X
};

/* The table of a level: kernels that a level lacks are taken from the level below. The level must be usable. */
void kern_init(struct kern *k, enum kern_level level);

/* The product of a weight type. */
typedef void (*kern_linear_fn)(const struct kern_linear *a, size_t g0, size_t g1);
kern_linear_fn kern_linear_of(const struct kern *k, enum kern_type type);

/* Prepares n_tok rows of activations (x_stride floats apart) for a weight type's product into out (out_stride bytes).
 * For KERN_ACT_F32 there is nothing to prepare: products read the f32 rows. */
void kern_act_rows(const struct kern *k, enum kern_act act, const float *x, size_t x_stride, size_t n_tok, size_t cols,
                   void *out, size_t out_stride);

/* ---- Scalars of the same arithmetic (kernels/c/math.c), for rope tables and samplers ----------------------------- */

float kern_expf(float x);                        /* as the exp kernel */
float kern_logf(float x);
float kern_siluf(float x);
float kern_softplusf(float x);
double kern_exp(double x);
double kern_log(double x);                       /* x > 0 */
double kern_pow(double x, double y);             /* x > 0 */
void kern_sincos(double x, double *s, double *c); /* |x| below 2^30 */
float kern_f16_to_f32(uint16_t h);
uint16_t kern_f32_to_f16(float x);               /* half to even, overflow to infinity */

/* ---- Limits of one core, to hold measurements against ------------------------------------------------------------ */

/* rounds of the level's widest f32 fmas, or 8-bit dot products (AMX not counted), all in registers and independent of
 * each other: what no product can exceed. They return the operations done, two for a multiplication and addition. */
double kern_peak_fma(enum kern_level level, size_t rounds);
double kern_peak_int8(enum kern_level level, size_t rounds);

/* Reads n bytes, a multiple of 64, in order and does nothing with them. */
void kern_peak_read(enum kern_level level, const void *p, size_t n);

/* Checks and sets the thread's floating-point state (round to nearest, denormals kept). Call once in each thread that
 * runs kernels. */
void kern_thread_init(void);

#endif
