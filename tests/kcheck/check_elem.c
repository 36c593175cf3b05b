/* add, scale, mul_silu, softplus_bias, exp, to_f16, from_f16. */
#include "kcheck.h"

#include <math.h>
#include <string.h>

/* Inputs that reach every branch of the curves: uniform, the neighbourhood of their borders, infinities, NaN. */
static float curve_input(struct kc *kc)
{
    static const float border[] = { 0.0f, -0.0f, -87.33654f, 88.72283f, -88.72283f, -128.0f, 17.0f, -17.0f,
                                    INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 0x1p-149f, -0x1p-149f, 0.34657f };
    size_t kind = kc_below(kc, 8);
    if (kind == 0) {
        float x = border[kc_below(kc, sizeof border / sizeof *border)];
        return kc_below(kc, 2) ? x : nextafterf(x, kc_below(kc, 2) ? 1e38f : -1e38f);
    }
    if (kind == 1) {
        uint32_t u = (uint32_t)kc_u64(kc);
        float x;
        memcpy(&x, &u, sizeof x);
        return x;
    }
    return kc_float(kc, kind < 4 ? -1 : -100, kind < 4 ? 1 : 100);
}

static float *curve_inputs(struct kc *kc, size_t n)
{
    float *x = kc_out(kc, n * 4);
    for (size_t i = 0; i < n; i++)
        x[i] = curve_input(kc);
    return x;
}

/* Every size three times, then long arrays: 1,000 floats each. */
static size_t elem_size(size_t i)
{
    return i < 3 * KC_N_SIZES ? kc_size(i / 3) : 1000;
}
enum { ELEM_TRIALS = 3 * KC_N_SIZES + 300 };

/* ---- The comparisons: one shape of call a kernel ---------------------------------------------------------------- */

static void add_compare(struct kc *kc)
{
    for (size_t i = 0; i < 3 * KC_N_SIZES; i++) {
        size_t n = elem_size(i);
        kc_begin(kc, "n %zu", n);
        float *x = kc_in(kc, n, -3, 3), *y = kc_in(kc, n, -3, 3), *c = kc_copy(kc, y, n * 4), *k = kc_copy(kc, y, n * 4);
        kc->c->add(c, x, n);
        kc->k->add(k, x, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

static void scale_compare(struct kc *kc)
{
    for (size_t i = 0; i < 3 * KC_N_SIZES; i++) {
        size_t n = elem_size(i);
        float s = kc_float(kc, -4, 4);
        kc_begin(kc, "n %zu, s %g", n, (double)s);
        float *y = kc_in(kc, n, -3, 3), *c = kc_copy(kc, y, n * 4), *k = kc_copy(kc, y, n * 4);
        kc->c->scale(c, s, n);
        kc->k->scale(k, s, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

static void mul_silu_compare(struct kc *kc)
{
    for (size_t i = 0; i < ELEM_TRIALS; i++) {
        size_t n = elem_size(i), place = i % 3; /* y apart, y is x, y is z */
        kc_begin(kc, "n %zu, place %zu", n, place);
        float *x = kc_in(kc, n, -3, 3), *z = curve_inputs(kc, n);
        kc_seal(kc, z);
        const float *src = place == 1 ? x : z;
        float *c = place ? kc_copy(kc, src, n * 4) : kc_out(kc, n * 4);
        float *k = place ? kc_copy(kc, src, n * 4) : kc_out(kc, n * 4);
        kc->c->mul_silu(c, place == 1 ? c : x, place == 2 ? c : z, n);
        kc->k->mul_silu(k, place == 1 ? k : x, place == 2 ? k : z, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

static void softplus_bias_compare(struct kc *kc)
{
    for (size_t i = 0; i < ELEM_TRIALS; i++) {
        size_t n = elem_size(i);
        kc_begin(kc, "n %zu", n);
        float *y = curve_inputs(kc, n), *bias = kc_in(kc, n, -1, 1);
        float *c = kc_copy(kc, y, n * 4), *k = kc_copy(kc, y, n * 4);
        kc->c->softplus_bias(c, bias, n);
        kc->k->softplus_bias(k, bias, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

enum { ALL_CHUNK = 1 << 16 };

static void exp_all_floats(struct kc *kc)
{
    static float x[ALL_CHUNK], c[ALL_CHUNK], k[ALL_CHUNK];
    kc_begin(kc, "all floats");
    for (uint64_t u0 = 0; u0 < UINT64_C(1) << 32 && !kc->failed; u0 += ALL_CHUNK) {
        for (uint32_t i = 0; i < ALL_CHUNK; i++) {
            uint32_t u = (uint32_t)u0 + i;
            memcpy(x + i, &u, sizeof u);
        }
        kc->c->exp(c, x, ALL_CHUNK);
        kc->k->exp(k, x, ALL_CHUNK);
        kc_same(kc, "exp", c, k, ALL_CHUNK);
    }
}

/* silu as mul_silu with ones, softplus as softplus_bias with zeros. */
static void pair_all_floats(struct kc *kc, bool silu)
{
    static float x[ALL_CHUNK], other[ALL_CHUNK], c[ALL_CHUNK], k[ALL_CHUNK];
    kc_begin(kc, "all floats");
    for (uint32_t i = 0; i < ALL_CHUNK; i++)
        other[i] = silu ? 1.0f : -0.0f;
    for (uint64_t u0 = 0; u0 < UINT64_C(1) << 32 && !kc->failed; u0 += ALL_CHUNK) {
        for (uint32_t i = 0; i < ALL_CHUNK; i++) {
            uint32_t u = (uint32_t)u0 + i;
            memcpy(x + i, &u, sizeof u);
        }
        memcpy(c, x, sizeof x);
        memcpy(k, x, sizeof x);
        if (silu) {
            kc->c->mul_silu(c, other, x, ALL_CHUNK);
            kc->k->mul_silu(k, other, x, ALL_CHUNK);
        } else {
            kc->c->softplus_bias(c, other, ALL_CHUNK);
            kc->k->softplus_bias(k, other, ALL_CHUNK);
        }
        kc_same(kc, silu ? "silu" : "softplus", c, k, ALL_CHUNK);
    }
}

static void mul_silu_compare_all(struct kc *kc)
{
    mul_silu_compare(kc);
    if (kc_exhaustive && !kc->failed)
        pair_all_floats(kc, true);
}

static void softplus_bias_compare_all(struct kc *kc)
{
    softplus_bias_compare(kc);
    if (kc_exhaustive && !kc->failed)
        pair_all_floats(kc, false);
}

static void exp_compare(struct kc *kc)
{
    for (size_t i = 0; i < ELEM_TRIALS; i++) {
        size_t n = elem_size(i);
        bool in_place = i & 1;
        kc_begin(kc, "n %zu%s", n, in_place ? ", in place" : "");
        float *x = curve_inputs(kc, n);
        kc_seal(kc, x);
        float *c = in_place ? kc_copy(kc, x, n * 4) : kc_out(kc, n * 4);
        float *k = in_place ? kc_copy(kc, x, n * 4) : kc_out(kc, n * 4);
        kc->c->exp(c, in_place ? c : x, n);
        kc->k->exp(k, in_place ? k : x, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
    if (kc_exhaustive)
        exp_all_floats(kc);
}

/* A NaN's payload is free: bits are compared after turning them into f32. */
static bool same_f16(struct kc *kc, const void *c, const void *k, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t a, b;
        memcpy(&a, (const char *)c + 2 * i, 2);
        memcpy(&b, (const char *)k + 2 * i, 2);
        if (a != b && ((a & 0x7fff) <= 0x7c00 || (b & 0x7fff) <= 0x7c00)) {
            kc_fail(kc, "code %zu is 0x%04x, c gives 0x%04x", i, b, a);
            return false;
        }
    }
    return true;
}

static float f16_range_input(struct kc *kc)
{
    size_t kind = kc_below(kc, 4);
    if (kind == 0)
        return curve_input(kc);
    float x = (float)kc_uniform(kc, -2, 2) * exp2f((float)kc_below(kc, 50) - 30.0f);
    if (kind == 1) { /* exactly between two codes */
        uint32_t u;
        memcpy(&u, &x, sizeof u);
        u = (u & 0xffffe000u) | 0x1000u;
        memcpy(&x, &u, sizeof u);
    }
    return x;
}

static void to_f16_compare(struct kc *kc)
{
    for (size_t i = 0; i < ELEM_TRIALS; i++) {
        size_t n = elem_size(i);
        kc_begin(kc, "n %zu", n);
        float *x = kc_out(kc, n * 4);
        for (size_t j = 0; j < n; j++)
            x[j] = f16_range_input(kc);
        kc_seal(kc, x);
        void *c = kc_out(kc, n * 2), *k = kc_out(kc, n * 2);
        kc->c->to_f16(c, x, n);
        kc->k->to_f16(k, x, n);
        same_f16(kc, c, k, n);
        if (!kc_end(kc))
            return;
    }
}

static void from_f16_compare(struct kc *kc)
{
    for (size_t i = 0; i < KC_N_SIZES + 1; i++) {
        size_t n = i < KC_N_SIZES ? kc_size(i) : 65536; /* at the end every code */
        kc_begin(kc, "n %zu", n);
        unsigned char *x = kc_out(kc, n * 2);
        for (size_t j = 0; j < n; j++) {
            uint16_t h = i < KC_N_SIZES ? (uint16_t)kc_u64(kc) : (uint16_t)j;
            memcpy(x + 2 * j, &h, 2);
        }
        kc_seal(kc, x);
        float *c = kc_out(kc, n * 4), *k = kc_out(kc, n * 4);
        kc->c->from_f16(c, x, n);
        kc->k->from_f16(k, x, n);
        kc_same(kc, "y", c, k, n);
        if (!kc_end(kc))
            return;
    }
}

/* ---- Against double: the curves have their own oracle (check_math.c); here the call around them ------------------- */

static void elem_oracle(struct kc *kc)
{
    size_t n = 67;
    kc_begin(kc, "n %zu", n);
    float *x = kc_in(kc, n, -9, 9), *z = kc_in(kc, n, -9, 9), *y = kc_copy(kc, z, n * 4), *s = kc_copy(kc, z, n * 4);
    float *g = kc_out(kc, n * 4), *p = kc_copy(kc, z, n * 4), *e = kc_out(kc, n * 4);
    kc->c->add(y, x, n);
    kc->c->scale(s, 0.375f, n);
    kc->c->mul_silu(g, x, z, n);
    kc->c->softplus_bias(p, x, n);
    kc->c->exp(e, x, n);
    for (size_t i = 0; i < n; i++) {
        double a = x[i], b = z[i], silu = a * b / (1 + exp(-b)), sp = log1p(exp(-fabs(a + b))) + fmax(a + b, 0);
        kc_near(kc, "add", i, y[i], a + b, 4 * KC_EPS * fabs(a + b) + KC_TINY);
        kc_near(kc, "scale", i, s[i], 0.375 * b, 4 * KC_EPS * fabs(b) + KC_TINY);
        kc_near(kc, "mul_silu", i, g[i], silu, 4 * KC_EPS * fabs(silu) + KC_TINY);
        kc_near(kc, "softplus_bias", i, p[i], sp, 4 * KC_EPS * (fabs(sp) + sp * fabs(a + b)));
        kc_near(kc, "exp", i, e[i], exp(a), 4 * KC_EPS * exp(a));
    }
    kc_end(kc);
}

static double f16_value(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 0x3ff;
    double v = e == 31 ? (m ? (double)NAN : (double)INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -v : v;
}

/* Every code turns into its value and back. */
static void from_f16_oracle(struct kc *kc)
{
    kc_begin(kc, "every code");
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t code = (uint16_t)h, back;
        float y;
        kc->c->from_f16(&y, &code, 1);
        kc->c->to_f16(&back, &y, 1);
        kc_near(kc, "value", h, y, f16_value(code), 0);
        kc_near(kc, "back", h, f16_value(back), f16_value(code), 0);
    }
    kc_end(kc);
}

/* The nearest of the two neighbours; at the middle the one with an even code. */
static void to_f16_oracle(struct kc *kc)
{
    kc_begin(kc, "random floats");
    for (int i = 0; i < 200000 && !kc->failed; i++) {
        float x = f16_range_input(kc);
        uint16_t h;
        kc->c->to_f16(&h, &x, 1);
        double got = f16_value(h), ax = fabs((double)x), a = fabs(got);
        if (x != x) {
            kc_near(kc, "nan", 0, got, (double)NAN, 0);
            continue;
        }
        uint16_t code = h & 0x7fff;
        double up = code < 0x7bff ? f16_value((uint16_t)(code + 1)) : 65536, down = code ? f16_value((uint16_t)(code - 1)) : -1;
        if (isinf(got)) {
            kc_near(kc, "overflow", 0, ax >= 65520, 1, 0);
            continue;
        }
        double d = fabs(ax - a), du = fabs(ax - up), dd = fabs(ax - down);
        bool near = d <= du && d <= dd && !((d == du || d == dd) && (code & 1));
        if (!near || !signbit(x) != !(h >> 15))
            kc_fail(kc, "%a becomes 0x%04x", (double)x, h);
    }
    kc_end(kc);
}

/* ---- Bench ---------------------------------------------------------------------------------------------------- */

enum { BENCH_N = 1536 };

struct job {
    const struct kern *k;
    float *y, *x;
};

#define CALL(name, expr)                         \
    static void name##_call(void *ctx, size_t i) \
    {                                            \
        struct job *j = ctx;                     \
        (void)i;                                 \
        j->k->expr;                              \
    }
CALL(add, add(j->y, j->x, BENCH_N))
CALL(scale, scale(j->y, 1.0f, BENCH_N))
CALL(mul_silu, mul_silu(j->y, j->x, j->x, BENCH_N))
CALL(softplus_bias, softplus_bias(j->y, j->x, BENCH_N))
CALL(exp, exp(j->y, j->x, BENCH_N))
CALL(to_f16, to_f16(j->y, j->x, BENCH_N))
CALL(from_f16, from_f16(j->y, j->x, BENCH_N))

static void bench(struct kc_bench *b, const struct kern *k, void (*call)(void *, size_t), double bytes, double flops)
{
    struct job j = { k, kc_bench_floats(b, BENCH_N, -1, 1), kc_bench_floats(b, BENCH_N, -4, 0) };
    kc_time(b, "1536", call, &j, 1, bytes * BENCH_N, flops * BENCH_N);
}

#define BENCH(name, bytes, flops)                                        \
    static void name##_bench(struct kc_bench *b, const struct kern *k)   \
    {                                                                    \
        bench(b, k, name##_call, bytes, flops);                          \
    }
BENCH(add, 12, 1)
BENCH(scale, 8, 1)
BENCH(mul_silu, 12, 0)
BENCH(softplus_bias, 12, 0)
BENCH(exp, 8, 0)
BENCH(to_f16, 6, 0)
BENCH(from_f16, 6, 0)

KC_CASE(add, add_compare, elem_oracle, add_bench);
KC_CASE(scale, scale_compare, NULL, scale_bench); /* elem_oracle covers it and the next three */
KC_CASE(mul_silu, mul_silu_compare_all, NULL, mul_silu_bench);
KC_CASE(softplus_bias, softplus_bias_compare_all, NULL, softplus_bias_bench);
KC_CASE(exp, exp_compare, NULL, exp_bench);
KC_CASE(to_f16, to_f16_compare, to_f16_oracle, to_f16_bench);
KC_CASE(from_f16, from_f16_compare, from_f16_oracle, from_f16_bench);
