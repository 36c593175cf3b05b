/* The scan of Mamba-2, eight lanes, two rows together. */
#include "x86/avx2.h"

typedef __m256 vec;
enum { LANES = 8, ROWS = 2, ROWS_ONCE = 1 };

#define v_zero _mm256_setzero_ps
#define v_set1 _mm256_set1_ps
#define v_mul _mm256_mul_ps
#define v_fma _mm256_fmadd_ps
#define v_exp exp_x8
#define v_load load_x8
#define v_store store_x8
#define v_fold(s) _mm256_add_ps((s)[0], (s)[1])
#define v_turn tree_8x8

#include "scan2.h"

void kern_scan2_avx2(const struct kern_scan2 *a)
{
    struct chunk ck;
    for (size_t t0 = 0; t0 < a->n_tok; t0 += CHUNK) {
        chunk_begin(&ck, a, t0);
        rows_streamed(&ck, 0);
    }
}
