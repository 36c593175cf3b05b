/* The scan of Mamba-1, four lanes. */
#include "arm/neon.h"

typedef float32x4_t vec;
enum { LANES = 4, TOGETHER = 1 };

#define v_zero() vdupq_n_f32(0)
#define v_set1 vdupq_n_f32
#define v_add vaddq_f32
#define v_mul vmulq_f32
#define v_fma(a, b, c) vfmaq_f32(c, a, b)
#define v_load load_x4
#define v_store store_x4
#define v_exp_low(e, n) (void)(*(e) = exp_x4(*(e)))

#include "scan1.h"

void kern_scan1_neon(const struct kern_scan1 *v, size_t g0, size_t g1)
{
    scan_groups(v, g0, g1);
}
