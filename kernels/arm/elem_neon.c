/* Elementwise kernels, four lanes. */
#include "arm/neon.h"

#include "elem.h"

void kern_to_f16_neon(void *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        float16x4_t h = vcvt_f16_f32(v_load(x + i, n - i));
        memcpy((unsigned char *)y + 2 * i, &h, n - i < 4 ? 2 * (n - i) : 8);
    }
}
