/* The scan of Mamba-1, sixteen lanes. */
#include "x86/avx512.h"

typedef __m512 vec;
enum { LANES = 16, TOGETHER = 1 };

#define v_zero _mm512_setzero_ps
#define v_set1 _mm512_set1_ps
#define v_add _mm512_add_ps
#define v_mul _mm512_mul_ps
#define v_fma _mm512_fmadd_ps
#define v_load load_x16
#define v_store store_x16
#define v_exp_low(e, n) (void)(*(e) = exp_low_x16(*(e)))

#include "scan1.h"

void kern_scan1_avx512(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
