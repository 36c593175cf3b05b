#include "emulate_num.h"

#include <math.h>
#include <string.h>

/* ---- Numbers ---- */

static float f16_value(const unsigned char *p)
{
    unsigned h = p[0] | (unsigned)p[1] << 8, exponent = h >> 10 & 31, fraction = h & 1023;
    double v = exponent ? ldexp(1024 + fraction, (int)exponent - 25) : ldexp(fraction, -24);
    return (float)(h >> 15 ? -v : v);
}

float emu_f16_round(float x)
{
    double a = fabs((double)x), unit = ldexp(1, a < ldexp(1, -14) ? -24 : ilogb(a) - 10);
    return (float)copysign(rint(a / unit) * unit, (double)x);
}

float emu_f32_value(const unsigned char *p)
{
    float v;
    memcpy(&v, p, 4);
    return v;
}

static float bf16_value(const unsigned char *p)
{
    uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 24;
    float v;
    memcpy(&v, &bits, 4);
    return v;
}

float emu_tree(const float lane[16])
{
    float s[16];
    memcpy(s, lane, sizeof s);
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++)
            s[i] = s[i] + s[i + half];
    return s[0];
}

float emu_dot(const float *x, const float *y, size_t n)
{
    float lane[16] = { 0 };
    for (size_t k = 0; k < n; k++)
        lane[k % 16] = fmaf(x[k], y[k], lane[k % 16]);
    return emu_tree(lane);
}

/* ---- Weights as they lie in the file ---- */

/* Code k of a block, and what it is multiplied with. */
struct block {
    float d, m;       /* scale; minimum, or Q4_K's dmin */
    int scale, min;   /* K-quants: of the sub-block of k */
    int code;
};

static void six_bits(const unsigned char *s, int j, int *scale, int *min)
{
    *scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
    *min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
}

static int nibble(const unsigned char *q, int k)
{
    return k < 16 ? q[k] & 15 : q[k - 16] >> 4;
}

static int fifth(const unsigned char *q, int k)
{
    return (q[k / 8] >> k % 8 & 1) << 4;
}

static struct block block_at(enum kern_type type, const unsigned char *b, int k)
{
    struct block o = { f16_value(b), 0, 1, 0, 0 };
    int half = k / 128, part = k % 128 / 32, l = k % 32;
    switch (type) {
    case KERN_Q4_0: o.code = nibble(b + 2, k) - 8; break;
    case KERN_Q4_1: o.m = f16_value(b + 2), o.code = nibble(b + 4, k); break;
    case KERN_Q5_0: o.code = (nibble(b + 6, k) | fifth(b + 2, k)) - 16; break;
    case KERN_Q5_1: o.m = f16_value(b + 2), o.code = nibble(b + 8, k) | fifth(b + 4, k); break;
    case KERN_Q8_0: o.code = (signed char)b[2 + k]; break;
    case KERN_Q4_K:
        o.m = f16_value(b + 2);
        six_bits(b + 4, k / 32, &o.scale, &o.min);
        o.code = b[16 + k / 64 * 32 + l] >> (k / 32 % 2 ? 4 : 0) & 15;
        break;
    case KERN_Q6_K:
        o.d = f16_value(b + 208);
        o.scale = (signed char)b[192 + k / 16];
        o.code = (b[64 * half + 32 * (part & 1) + l] >> (part < 2 ? 0 : 4) & 15) - 32;
        o.code += (b[128 + 32 * half + l] >> 2 * part & 3) << 4;
        break;
    default: break;
    }
    return o;
}

float emu_plain_value(enum kern_type type, const unsigned char *row, size_t k)
{
    return type == KERN_F32 ? emu_f32_value(row + 4 * k) : type == KERN_F16 ? f16_value(row + 2 * k) : bf16_value(row + 2 * k);
}

float emu_weight_value(enum kern_type type, const unsigned char *row, size_t k)
{
    const struct kern_type_info *t = &kern_types[type];
    if (t->block == 1)
        return emu_plain_value(type, row, k);
    struct block o = block_at(type, row + k / t->block * t->bytes, (int)(k % t->block));
    if (type == KERN_Q4_K) {
        float d = o.d * (float)o.scale, min = o.m * (float)o.min;
        return d * (float)o.code - min;
    }
    if (type == KERN_Q6_K) {
        float d = o.d * (float)o.scale;
        return d * (float)o.code;
    }
    return type == KERN_Q4_1 || type == KERN_Q5_1 ? o.d * (float)o.code + o.m : o.d * (float)o.code;
}

/* ---- Products ---- */

float emu_product32(enum kern_type type, const unsigned char *row, const float *x, size_t n)
{
    float acc = 0;
    for (size_t b = 0; b < n / 32; b++, row += kern_types[type].bytes, x += 32) {
        float peak = 0;
        for (int k = 0; k < 32; k++)
            peak = fmaxf(peak, fabsf(x[k]));
        float d = peak / 127, id = peak > 0 ? 1 / d : 0;
        int sum = 0, both = 0;
        struct block o = { 0 };
        for (int k = 0; k < 32; k++) {
            int code = (int)rintf(x[k] * id);
            o = block_at(type, row, k);
            sum += code;
            both += o.code * code;
        }
        acc = fmaf(o.d * emu_f16_round(d), (float)both, acc);
        if (type == KERN_Q4_1 || type == KERN_Q5_1)
            acc = fmaf(o.m, emu_f16_round(d * (float)sum), acc);
    }
    return acc;
}

float emu_product256(enum kern_type type, const unsigned char *row, const float *x, size_t n)
{
    float acc = 0;
    for (size_t b = 0; b < n / 256; b++, row += kern_types[type].bytes, x += 256) {
        float peak = 0;
        for (int k = 0; k < 256; k++)
            if (fabsf(x[k]) > fabsf(peak))
                peak = x[k];
        float iscale = peak != 0 ? -127 / peak : 0, d = peak != 0 ? 1 / iscale : 0;
        int scaled = 0, mins = 0;
        struct block o = { 0 };
        for (int k = 0; k < 256; k++) {
            int code = (int)rintf(iscale * x[k]);
            code = code > 127 ? 127 : code;
            o = block_at(type, row, k);
            scaled += o.scale * o.code * code;
            mins += o.min * code;
        }
        acc = fmaf(o.d * d, (float)scaled, acc);
        if (type == KERN_Q4_K)
            acc = fmaf(-(o.m * d), (float)mins, acc);
    }
    return acc;
}
