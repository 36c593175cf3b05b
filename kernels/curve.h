/* The constants of the f32 curves, shared by every level: a level repeats kernels/c/math.c operation by operation.
 * Polynomials are minimax (Remez), rounded to f32; the errors beside them are relative, before rounding. */
#ifndef KERN_CURVE_H
#define KERN_CURVE_H

/* Adding and subtracting 1.5 * 2^23 rounds to an integer, half to even; its low bits then are that integer's. */
#define CURVE_MAGIC 0x1.8p23f
#define CURVE_MAGIC_BITS 0x4b400000u

#define CURVE_LOG2E 0x1.715476p+0f
#define CURVE_LN2_HI 0x1.62e43p-1f   /* ln 2 rounded to f32 */
#define CURVE_LN2_LO (-0x1.05c61p-29f) /* the rest of it */

/* e^r = 1 + r + r^2 (E0 + E1 r + ... + E4 r^4), |r| <= ln(2)/2: 3.1e-9 */
#define CURVE_E0 0x1.fffffcp-2f
#define CURVE_E1 0x1.555492p-3f
#define CURVE_E2 0x1.5558f2p-5f
#define CURVE_E3 0x1.1239e2p-7f
#define CURVE_E4 0x1.6a242cp-10f

/* e^x is 0 below LO (results under 2^-126 are flushed, so that no level meets a denormal) and infinite above HI. */
#define CURVE_EXP_LO (-0x1.5d589ep+6f) /* -87.33654 */
#define CURVE_EXP_HI 0x1.62e42ep+6f  /* 88.72283 */

/* x / (1 + e^-x) of x below this is -0 anyway; clamped, so that -inf gives -0 and no NaN. */
#define CURVE_SILU_LO (-128.0f)

/* log(1 + t) = 2 atanh(s), s = t / (2 + t) <= 1/3; 2 atanh(s) = 2s + 2s z (L0 + L1 z + ... + L4 z^4), z = s^2: 1.2e-10 */
#define CURVE_L0 0x1.555558p-2f
#define CURVE_L1 0x1.9996a8p-3f
#define CURVE_L2 0x1.250972p-3f
#define CURVE_L3 0x1.b6d6a8p-4f
#define CURVE_L4 0x1.f1aed2p-4f

#endif
