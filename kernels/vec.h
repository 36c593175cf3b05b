/* What one text for every SIMD level is written in. The header of a level (x86/avx2.h, x86/avx512.h, arm/neon.h) gives:
 *   LEVEL(name)           the level's function of a kernel
 *   vec, LANES            a register of floats and its lanes
 *   v_zero() v_set1(x) v_add v_mul v_div v_fma(a, b, c)
 *   v_pin(v)              an empty asm that has v in a register, where gcc would load it again for each use
 *   v_load(p, n), v_store(p, n, v)      the first n floats only (all for n >= LANES), zeros behind them
 *   v_load_h(p, n)                      the same from f16
 *   v_load_b(p, n)                      the same from bf16
 *   v_exp(x) v_silu(x) v_softplus(x)    the curves of c/math.c
 *   v_exp_low(e, n)                     e = exp(e) of n registers, n <= 8, none above exp's range
 *   v_fold(s)                           the first levels of the tree of sum16, s[PARTS], down to LANES lanes
 *   v_sum(v), v_turn(sums)              the other levels: the sum; for LANES sums, lane j is the sum of sums[j] */
#ifndef KERN_VEC_H
#define KERN_VEC_H

#define KERN_INLINE static inline __attribute__((always_inline))

enum { PARTS = 16 / LANES }; /* registers of the sixteen lanes of a sum */

#endif
