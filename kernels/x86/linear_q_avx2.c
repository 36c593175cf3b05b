/* Products of weights in blocks of 32 by AVX2.
 *
 * vpmaddubsw adds two products in 16 bits and saturates. Codes of 4 and 5 bits stay below that (15 * 127 * 2 = 3810,
 * eight of them 30480; 31 * 127 * 2 = 7874, four of them 31496), so that sums stay in 16 bits for a while. Q8_0 takes
 * |w| times x with the sign of w: 128 * 127 * 2 = 32512, a code of -128 included, since activations stop at 127. */
#include "impl.h"
#include "x86/half32.h"

ALWAYS __m256i dot_block(enum kern_type type, const __m256i q[8], const uint8_t *x, const uint8_t *off)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum = _mm256_setzero_si256(), part = sum;
    if (type == KERN_Q8_0) {
        UNROLL for (int v = 0; v < 8; v++) {
            __m256i w = _mm256_xor_si256(q[v], _mm256_set1_epi8(-128));
            __m256i p = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(broadcast4(x + 4 * v), w));
            p = _mm256_madd_epi16(p, ones);
            sum = v ? _mm256_add_epi32(sum, p) : p;
            __asm__("" : "+x"(sum));
        }
        return sum;
    }
    const int apart = type == KERN_Q5_0 || type == KERN_Q5_1 ? 4 : 8; /* vectors in 16 bits */
    UNROLL for (int v = 0; v < 8; v++) {
        __m256i p = _mm256_maddubs_epi16(q[v], broadcast4(x + 4 * v));
        part = v % apart ? _mm256_add_epi16(part, p) : p;
        __asm__("" : "+x"(part)); /* one after the other: a tree takes registers that the codes lie in */
        if (v % apart == apart - 1) {
            p = _mm256_madd_epi16(part, ones);
            sum = v >= apart ? _mm256_add_epi32(sum, p) : p;
        }
    }
    return type == KERN_Q4_0 || type == KERN_Q5_0 ? _mm256_add_epi32(sum, offset(type, off)) : sum;
}
LINEAR32(avx2)
