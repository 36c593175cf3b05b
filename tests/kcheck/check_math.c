/* The scalar curves against double and long double. */
#include "kcheck.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The largest errors met, in units of the last place of the true value. */
struct worst {
    double exp, silu, softplus, log;
};

static void note(double *worst, float got, double want)
{
    int e;
    if (!(fabs(want) >= 0x1p-126 && fabs(want) <= FLT_MAX))
        return;
    frexp(want, &e);
    *worst = fmax(*worst, fabs(got - want) / ldexp(1, e - 24));
}

static void curve_at(struct kc *kc, float x, struct worst *w)
{
    double d = x, e = exp(d), small = x > 0 ? 1 / e : e, l = log(d); /* small: e^-|x| */
    double silu = x == -INFINITY ? 0.0 : d / (1 + 1 / e), softplus = (x > 0 ? d : 0) + log1p(small);
    float got_exp = kern_expf(x), got_silu = kern_siluf(x), got_softplus = kern_softplusf(x), got_log = kern_logf(x);
    kc_near(kc, "exp", 0, got_exp, e, 1.0 * KC_EPS * e + KC_TINY);
    /* below -88.7 e^-x is infinite and silu is -0: at most 2^-121 away */
    kc_near(kc, "silu", 0, got_silu, silu, 2.5 * KC_EPS * fabs(silu) + (x < -88 ? 0x1p-121 : KC_TINY));
    kc_near(kc, "softplus", 0, got_softplus, softplus, 3.0 * KC_EPS * softplus + KC_TINY);
    kc_near(kc, "log", 0, got_log, l, 2.0 * KC_EPS * fabs(l));
    note(&w->exp, got_exp, e);
    note(&w->softplus, got_softplus, softplus);
    note(&w->log, got_log, l);
    if (x >= -88)
        note(&w->silu, got_silu, silu);
}

static void curves_oracle(struct kc *kc)
{
    static const float border[] = { 0.0f, -0.0f, 1.0f, -1.0f, -87.33654f, 88.72283f, 88.72284f, -88.72284f, -128.0f,
                                    INFINITY, -INFINITY, NAN, FLT_MAX, -FLT_MAX, FLT_MIN, 0x1p-149f, -0x1p-149f };
    uint32_t step = kc_exhaustive ? 1 : 4099, at = kc_exhaustive ? 0 : (uint32_t)kc_below(kc, step), last;
    struct worst w = { 0, 0, 0, 0 };
    kc_begin(kc, "borders");
    kc_near(kc, "exp(0)", 0, kern_expf(0.0f), 1, 0);
    kc_near(kc, "exp(-inf)", 0, kern_expf(-INFINITY), 0, 0);
    kc_near(kc, "softplus(-inf)", 0, kern_softplusf(-INFINITY), 0, 0);
    kc_near(kc, "log(1)", 0, kern_logf(1.0f), 0, 0);
    for (size_t i = 0; i < sizeof border / sizeof *border; i++) {
        curve_at(kc, border[i], &w);
        curve_at(kc, nextafterf(border[i], 1e38f), &w);
        curve_at(kc, nextafterf(border[i], -1e38f), &w);
    }
    kc_begin(kc, "every %u-th float", (unsigned)step);
    do {
        float x;
        memcpy(&x, &at, sizeof x);
        curve_at(kc, x, &w);
        if (kc->failed)
            kc_fail(kc, "at %a", (double)x);
        last = at;
        at += step;
    } while (at > last && !kc->failed);
    kc_end(kc);
    printf("# worst, in ulp: exp %.3f, silu %.3f, softplus %.3f, log %.3f\n", w.exp, w.silu, w.softplus, w.log);
}

static void curves64_oracle(struct kc *kc)
{
    kc_begin(kc, "random doubles");
    for (int i = 0; i < 100000 && !kc->failed; i++) {
        double x = kc_uniform(kc, -700, 700), e = exp(x), s, c;
        kc_near(kc, "exp", 0, kern_exp(x), e, 2 * DBL_EPSILON * e);
        kc_near(kc, "log", 0, kern_log(e), log(e), 2 * DBL_EPSILON * fabs(log(e)));
        double base = exp(kc_uniform(kc, 0, 26)), y = kc_uniform(kc, -1, 1), p = pow(base, y);
        kc_near(kc, "pow", 0, kern_pow(base, y), p, (2 + 2 * fabs(y * log(base))) * DBL_EPSILON * p);
        double angle = kc_uniform(kc, -1, 1) * ldexp(1, (int)kc_below(kc, 31));
        kern_sincos(angle, &s, &c);
        kc_near(kc, "sin", 0, s, sin(angle), DBL_EPSILON);
        kc_near(kc, "cos", 0, c, cos(angle), DBL_EPSILON);
    }
    kc_near(kc, "exp(-inf)", 0, kern_exp(-INFINITY), 0, 0);
    kc_near(kc, "exp(-740)", 0, kern_exp(-740), exp(-740), 0x1p-1074);
    kc_near(kc, "exp(710)", 0, kern_exp(710), INFINITY, 0);
    kc_near(kc, "exp(nan)", 0, kern_exp(NAN), NAN, 0);
    kc_near(kc, "log(denormal)", 0, kern_log(0x1.8p-1060), log(0x1.8p-1060), 1e-12);
    kc_end(kc);
}

KC_EXTRA(curves, curves_oracle);
KC_EXTRA(curves64, curves64_oracle);
