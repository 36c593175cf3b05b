/* Elementwise kernels, eight lanes. */
#include "x86/avx2.h"

#include "elem.h"

void kern_to_f16_avx2(void *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        __m128i h = _mm256_cvtps_ph(v_load(x + i, n - i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        unsigned char *at = (unsigned char *)y + 2 * i;
        if (n - i >= 8)
            _mm_storeu_si128((__m128i *)(void *)at, h);
        else
            memcpy(at, &h, 2 * (n - i));
    }
}
