/* The scan of Mamba-2, four lanes, four rows together. */
#include "arm/neon.h"

typedef float32x4_t vec;
enum { LANES = 4, ROWS = 4, ROWS_ONCE = 4 };

#define v_zero() vdupq_n_f32(0)
#define v_set1 vdupq_n_f32
#define v_mul vmulq_f32
#define v_fma(a, b, c) vfmaq_f32(c, a, b)
#define v_exp exp_x4
#define v_load load_x4
#define v_store store_x4
#define v_fold tree_16
#define v_turn tree_4x4

#include "scan2.h"

void kern_scan2_neon(const struct kern_scan2 *a)
{
    struct chunk ck;
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        chunk_begin(&ck, a, t0);
        rows_streamed(&ck, 0);
    }
}
