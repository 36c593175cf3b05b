/* Products of K-quants by AVX2. Sums of vpmaddubsw stay in 16 bits as far as they go (eight of 15 * 127 * 2 = 30480 in
 * all; two of 63 * 127 * 2 = 32004), then vpmaddwd multiplies them by the sub-block's scale and widens at once. */
#include "impl.h"
#include "x86/half256.h"

/* In both words of its lane. */
ALWAYS __m256i as_scale(__m256i sc)
{
    return _mm256_or_si256(_mm256_and_si256(sc, _mm256_set1_epi32(0xffff)), _mm256_slli_epi32(sc, 16));
}

ALWAYS __m256i scaled(const __m256i *q, const int n, const int together, __m256i sc, const uint8_t *x)
{
    __m256i sum = _mm256_setzero_si256(), part = sum;
    UNROLL for (int v = 0; v < n; v++) {
        __m256i p = _mm256_maddubs_epi16(q[v], broadcast4(x + 4 * v));
        part = v % together ? _mm256_add_epi16(part, p) : p;
        if (v % together == together - 1)
            sum = v >= together ? _mm256_add_epi32(sum, _mm256_madd_epi16(part, sc)) : _mm256_madd_epi16(part, sc);
    }
    return sum;
}
LINEAR256(avx2)
