/* The curves of the arithmetic: add, multiply, fma, divide and integer steps, written operation by operation, so that
 * every level can repeat them to the bit. The f32 ones are met by the SIMD levels; the f64 ones are scalars for rope
 * tables and samplers and exist once. */
#include "curve.h"
#include "kern.h"

#include <math.h>
#include <string.h>

static uint32_t bits_of(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static float float_of(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static uint64_t bits_of64(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static double double_of(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* ---- f32 ---------------------------------------------------------------------------------------------------- */

/* e^x = 2^n e^r, n = round(x / ln 2). 2^n is added to the exponent: between LO and HI that never leaves the normal
 * range. Worst error 1.01 ulp; exact at 0. */
float kern_expf(float x)
{
    float t = fmaf(x, CURVE_LOG2E, CURVE_MAGIC);
    float n = t - CURVE_MAGIC;
    float r = fmaf(n, -CURVE_LN2_LO, fmaf(n, -CURVE_LN2_HI, x));
    float q = fmaf(CURVE_E4, r, CURVE_E3);
    q = fmaf(q, r, CURVE_E2);
    q = fmaf(q, r, CURVE_E1);
    q = fmaf(q, r, CURVE_E0);
    float e = 1.0f + fmaf(q, r * r, r);
    float y = float_of(bits_of(e) + ((bits_of(t) - CURVE_MAGIC_BITS) << 23));
    if (x < CURVE_EXP_LO)
        y = 0.0f;
    if (!(x <= CURVE_EXP_HI)) /* too large, or not a number */
        y = x + INFINITY;
    return y;
}

float kern_siluf(float x)
{
    float c = x < CURVE_SILU_LO ? CURVE_SILU_LO : x;
    return c / (1.0f + kern_expf(-c));
}

/* max(x, 0) + log1p(e^-|x|): keeps its precision where e^x is far below 1. */
float kern_softplusf(float x)
{
    float t = kern_expf(-fabsf(x));
    float s = t / (2.0f + t);
    float z = s * s, s2 = s + s;
    float p = fmaf(CURVE_L4, z, CURVE_L3);
    p = fmaf(p, z, CURVE_L2);
    p = fmaf(p, z, CURVE_L1);
    p = fmaf(p, z, CURVE_L0);
    float log1p = fmaf(s2 * z, p, s2);
    return (x > 0.0f ? x : 0.0f) + log1p;
}

/* log x = e ln 2 + log m, m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m - 1) / (m + 1). */
float kern_logf(float x)
{
    uint32_t u = bits_of(x);
    int e = 0;
    if (u > 0x7f800000u) /* negative or not a number */
        return u == 0x80000000u ? -INFINITY : float_of(0x7fc00000u);
    if (u == 0x7f800000u)
        return x;
    if (u == 0)
        return -INFINITY;
    if (u < 0x00800000u) { /* denormal */
        u = bits_of(x * 0x1p23f);
        e = -23;
    }
    const uint32_t sqrt_half = 0x3f3504f3u;
    u -= sqrt_half;
    e += (int32_t)u >> 23;
    float f = float_of((u & 0x007fffffu) + sqrt_half) - 1.0f;
    float s = f / (2.0f + f);
    float z = s * s, s2 = s + s;
    float p = fmaf(0x1.e2f65ep-4f, z, 0x1.2438d8p-3f); /* minimax for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1): 5e-12 */
    p = fmaf(p, z, 0x1.999a7ap-3f);
    p = fmaf(p, z, 0x1.555554p-2f);
    float log_m = fmaf(s2 * z, p, s2);
    return fmaf((float)e, CURVE_LN2_HI, fmaf((float)e, CURVE_LN2_LO, log_m));
}

/* ---- f64 ---------------------------------------------------------------------------------------------------- */

#define LN2_HI 0x1.62e42fefa39efp-1
#define LN2_LO 0x1.abc9e3b39803fp-56

/* Rounds to an integer, half to even; |x| below 2^51. */
static double round_even(double x)
{
    return (x + 0x1.8p52) - 0x1.8p52;
}

/* y 2^n for y in [0.7, 1.5]: two steps, so that only the last one can round. */
static double scale2(double y, int n)
{
    int h = n / 2;
    return y * double_of((uint64_t)(h + 1023) << 52) * double_of((uint64_t)(n - h + 1023) << 52);
}

double kern_exp(double x)
{
    if (x != x || x > 709.79)
        return x + INFINITY;
    if (x < -745.14)
        return 0.0;
    double n = round_even(x * 0x1.71547652b82fep+0);
    double r = fma(n, -LN2_LO, fma(n, -LN2_HI, x));
    double q = 1.0; /* the Taylor series by Horner: 1 + r/k (1 + r/(k+1) (...)), |r| <= ln(2)/2, k = 2 .. 13 */
    for (int k = 13; k >= 2; k--)
        q = fma(q, r / k, 1.0);
    return scale2(fma(q, r, 1.0), (int)n);
}

double kern_log(double x)
{
    uint64_t u = bits_of64(x);
    int e = 0;
    if (!(x > 0.0))
        return x == 0.0 ? -INFINITY : (double)NAN;
    if (u == 0x7ff0000000000000u)
        return x;
    if (u < 0x0010000000000000u) {
        u = bits_of64(x * 0x1p52);
        e = -52;
    }
    const uint64_t sqrt_half = 0x3fe6a09e667f3bcdu;
    u -= sqrt_half;
    e += (int)((int64_t)u >> 52);
    double f = double_of((u & 0x000fffffffffffffu) + sqrt_half) - 1.0;
    double s = f / (2.0 + f);
    double z = s * s, p = 0.0;
    for (int k = 23; k >= 3; k -= 2) /* atanh(s) = s + s^3/3 + s^5/5 + ..., z <= 0.0295 */
        p = fma(p, z, 1.0 / k);
    double log_m = fma(2.0 * s * z, p, 2.0 * s);
    return fma((double)e, LN2_HI, fma((double)e, LN2_LO, log_m));
}

/* Relative error about |y log x| eps: enough for rope's frequencies, whose exponents stay below 30. */
double kern_pow(double x, double y)
{
    return kern_exp(y * kern_log(x));
}

/* sin and cos of |r| <= pi/4 by their Taylor series. */
static double sin_small(double r)
{
    double z = r * r, p = 0.0;
    for (int k = 17; k >= 3; k -= 2)
        p = fma(p, z, 1.0) / -(double)(k * (k - 1));
    return fma(r * z, p, r);
}

static double cos_small(double r)
{
    double z = r * r, p = 0.0;
    for (int k = 18; k >= 2; k -= 2)
        p = fma(p, z, 1.0) / -(double)(k * (k - 1));
    return fma(z, p, 1.0);
}

/* x = k pi/2 + r with pi/2 in three parts (Cody and Waite, with fma each step but the last is exact). */
void kern_sincos(double x, double *s, double *c)
{
    double k = round_even(x * 0x1.45f306dc9c883p-1);
    double r = fma(k, -0x1.921fb54442d18p+0, x);
    r = fma(k, -0x1.1a62633145c07p-54, r);
    r = fma(k, 0x1.f1976b7ed8fbcp-110, r);
    double sr = sin_small(r), cr = cos_small(r);
    switch ((int64_t)k & 3) {
    case 0: *s = sr, *c = cr; break;
    case 1: *s = cr, *c = -sr; break;
    case 2: *s = -sr, *c = -cr; break;
    default: *s = -cr, *c = sr; break;
    }
}

/* ---- f16 ---------------------------------------------------------------------------------------------------- */

float kern_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, e = h >> 10 & 31, m = h & 0x3ff;
    if (e == 31)
        return float_of(sign | 0x7f800000u | m << 13 | (m ? 0x00400000u : 0)); /* quiet, as the CPU does */
    if (e)
        return float_of(sign | (e + 112) << 23 | m << 13);
    float y = (float)m * 0x1p-24f; /* zero or denormal: exact */
    return sign ? -y : y;
}

uint16_t kern_f32_to_f16(float x)
{
    uint32_t u = bits_of(x), a = u & 0x7fffffffu;
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    if (a > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00 | (a >> 13 & 0x3ff));
    if (a >= 0x477ff000u) /* 65520 and more */
        return (uint16_t)(sign | 0x7c00);
    if (a < 0x38800000u) { /* below 2^-14: adding 1/2 leaves the code, rounded half to even, in the low bits */
        uint32_t code = bits_of(float_of(a) + 0.5f) - bits_of(0.5f);
        return (uint16_t)(sign | code);
    }
    uint32_t odd = a >> 13 & 1;
    return (uint16_t)(sign | ((a - 0x38000000u + 0xfff + odd) >> 13));
}
