/* Products of weights in blocks of 32 by AVX-VNNI. Codes stay unsigned and a sum begins at the offset's share, as at
 * AVX-512. */
#include "impl.h"
#include "x86/half32.h"
#include "x86/vnni256.h"

ALWAYS __m256i dot_block(enum kern_type type, const __m256i q[8], const uint8_t *x, const uint8_t *off)
{
    __m256i sum = offset(type, off);
    UNROLL for (int v = 0; v < 8; v++)
        sum = dot4(sum, q[v], broadcast4(x + 4 * v));
    return sum;
}
LINEAR32(AVXVNNI)
