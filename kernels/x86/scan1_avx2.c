/* The scan of Mamba-1, eight lanes. */
#include "x86/avx2.h"

typedef __m256 vec;
enum { LANES = 8, TOGETHER = 4 };

#define v_zero _mm256_setzero_ps
#define v_set1 _mm256_set1_ps
#define v_add _mm256_add_ps
#define v_mul _mm256_mul_ps
#define v_fma _mm256_fmadd_ps
#define v_load load_x8
#define v_store store_x8
#define v_exp_low exp_low_x8s

#include "scan1.h"

void kern_scan1_avx2(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
