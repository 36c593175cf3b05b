/* Products of K-quants by AVX-VNNI: a sub-block is summed by vpdpbusd, then multiplied by its scale in 32 bits. */
#include "impl.h"
#include "x86/half256.h"
#include "x86/vnni256.h"

ALWAYS __m256i as_scale(__m256i sc)
{
    return sc;
}

ALWAYS __m256i scaled(const __m256i *q, const int n, const int together, __m256i sc, const uint8_t *x)
{
    (void)together;
    __m256i sum = _mm256_setzero_si256();
    UNROLL for (int v = 0; v < n; v++)
        sum = dot4(sum, q[v], broadcast4(x + 4 * v));
    return _mm256_mullo_epi32(sum, sc);
}
LINEAR256(AVXVNNI)
