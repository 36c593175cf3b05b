#include "selftest.h"

#include <math.h>
#include <string.h>

/* ---- The broken kernels, each as C's with one fault ------------------------------------------------------------ */

static const struct kern *good;

static void add_forgets_tail(float *y, const float *x, size_t n)
{
    good->add(y, x, n - n % 16);
}

static void add_writes_behind(float *y, const float *x, size_t n)
{
    good->add(y, x, n);
    y[n] = 1.0f;
}

static void add_writes_before(float *y, const float *x, size_t n)
{
    good->add(y, x, n);
    *(volatile float *)(y - 1) = 1.0f;
}

static void add_writes_input(float *y, const float *x, size_t n)
{
    good->add(y, x, n);
    if (n)
        *(volatile float *)(float *)(uintptr_t)x = 1.0f;
}

static float dot_reads_behind(const float *x, const float *y, size_t n)
{
    volatile float past = x[n];
    (void)past;
    return good->dot(x, y, n);
}

static float dot_reads_before(const float *x, const float *y, size_t n)
{
    volatile float past = *(y - 1);
    (void)past;
    return good->dot(x, y, n);
}

static float dot_in_order(const float *x, const float *y, size_t n)
{
    float s = 0.0f;
    for (size_t i = 0; i < n; i++)
        s = fmaf(x[i], y[i], s);
    return s;
}

static void exp_off_by_an_ulp(float *y, const float *x, size_t n)
{
    good->exp(y, x, n);
    for (size_t i = 0; i < n; i++)
        if (x[i] > 3.0f && x[i] < 3.5f)
            y[i] = nextafterf(y[i], 0.0f);
}

static void scan2_contracts(const struct kern_scan2 *a)
{
    struct kern_scan2 b = *a;
    b.d = nextafterf(b.d, 0.0f);
    good->scan2(&b);
}

static void linear_forgets_stride(const struct kern_linear *a, size_t g0, size_t g1)
{
    struct kern_linear b = *a;
    b.y_stride = b.rows;
    good->linear_f32(&b, g0, g1);
}

static void linear_ignores_g0(const struct kern_linear *a, size_t g0, size_t g1)
{
    (void)g0;
    good->linear_f16(a, 0, g1);
}

static void conv_keeps_state(const struct kern_conv *a, size_t c0, size_t c1)
{
    float s[8 * 2048];
    struct kern_conv b = *a;
    size_t n = (a->n_k - 1) * a->n_chan;
    memcpy(s, a->s, n * sizeof *s);
    b.s = s;
    good->conv_silu(&b, c0, c1);
}

/* ---- Quantised ones ---- */

/* The last activation code of each row is taken for 0: what an unrolled loop does that drops a tail. */
static void q8_0_loses_a_code(const struct kern_linear *a, size_t g0, size_t g1)
{
    static _Alignas(64) unsigned char rows[1 << 20];
    struct kern_linear b = *a;
    if (!a->cols || !a->n_tok || a->n_tok * a->x_stride > sizeof rows) {
        good->linear_q8_0(a, g0, g1);
        return;
    }
    for (size_t t = 0; t < a->n_tok; t++) {
        memcpy(rows + t * a->x_stride, (const unsigned char *)a->x + t * a->x_stride, kern_act_size(KERN_ACT_Q8, a->cols));
        rows[t * a->x_stride + a->cols - 1] = 0; /* the codes stand first in a row */
    }
    b.x = rows;
    good->linear_q8_0(&b, g0, g1);
}

/* What a second accumulator or a contracted product would do. */
static void q4_k_is_off_by_an_ulp(const struct kern_linear *a, size_t g0, size_t g1)
{
    good->linear_q4_k(a, g0, g1);
    for (size_t t = 0; t < a->n_tok; t++)
        for (size_t r = g0 * KERN_GROUP; r < a->rows && r < g1 * KERN_GROUP; r += 7)
            a->y[t * a->y_stride + r] = nextafterf(a->y[t * a->y_stride + r], 0.0f);
}

static void q4_1_forgets_the_last_token(const struct kern_linear *a, size_t g0, size_t g1)
{
    struct kern_linear b = *a;
    b.n_tok = a->n_tok - (a->n_tok > 16 && a->n_tok % 16 == 1);
    good->linear_q4_1(&b, g0, g1);
}

static void q6_k_writes_the_padding(const struct kern_linear *a, size_t g0, size_t g1)
{
    good->linear_q6_k(a, g0, g1);
    if (a->n_tok && g1 > g0 && a->rows % KERN_GROUP && g1 * KERN_GROUP > a->rows)
        *(volatile float *)(a->y + (a->n_tok - 1) * a->y_stride + a->rows) = 0.0f;
}

static void q5_0_ignores_g0(const struct kern_linear *a, size_t g0, size_t g1)
{
    (void)g0;
    good->linear_q5_0(a, 0, g1);
}

static void act_q8_rounds_one_up(const float *x, size_t n, void *out)
{
    good->act_q8(x, n, out);
    int8_t *code = out;
    for (size_t i = 0; i < n; i++)
        if (code[i] == 5)
            code[i] = 6;
}

static void act_q8k_forgets_the_tail(const float *x, size_t n, void *out)
{
    good->act_q8k(x, n, out);
    if (n)
        ((int8_t *)out)[n - 1] ^= 1;
}

static void break_table(struct kern *k, size_t i);

static const struct {
    const char *name;
    const struct kc_case *cs;
} broken[] = {
    { "add forgets the tail", &kc_add },
    { "add writes behind the end", &kc_add },
    { "add writes before the start", &kc_add },
    { "add writes its input", &kc_add },
    { "dot reads behind the end", &kc_dot },
    { "dot reads before the start", &kc_dot },
    { "dot sums in one lane", &kc_dot },
    { "exp is off by an ulp in [3, 3.5]", &kc_exp },
    { "scan2 has D off by an ulp", &kc_scan2 },
    { "linear_f32 forgets y_stride", &kc_linear_f32 },
    { "linear_f16 writes groups not asked for", &kc_linear_f16 },
    { "conv_silu does not move its state on", &kc_conv_silu },
    { "linear_q8_0 loses the last code of a row", &kc_linear_q8_0 },
    { "linear_q4_k is off by an ulp in some rows", &kc_linear_q4_k },
    { "linear_q4_1 forgets the token behind a tile", &kc_linear_q4_1 },
    { "linear_q6_k writes a row of the padding", &kc_linear_q6_k },
    { "linear_q5_0 writes groups not asked for", &kc_linear_q5_0 },
    { "act_q8 rounds one code up", &kc_act_q8 },
    { "act_q8k has the last code off by one", &kc_act_q8k },
};

static void break_table(struct kern *k, size_t i)
{
    switch (i) {
    case 0: k->add = add_forgets_tail; break;
    case 1: k->add = add_writes_behind; break;
    case 2: k->add = add_writes_before; break;
    case 3: k->add = add_writes_input; break;
    case 4: k->dot = dot_reads_behind; break;
    case 5: k->dot = dot_reads_before; break;
    case 6: k->dot = dot_in_order; break;
    case 7: k->exp = exp_off_by_an_ulp; break;
    case 8: k->scan2 = scan2_contracts; break;
    case 9: k->linear_f32 = linear_forgets_stride; break;
    case 10: k->linear_f16 = linear_ignores_g0; break;
    case 11: k->conv_silu = conv_keeps_state; break;
    case 12: k->linear_q8_0 = q8_0_loses_a_code; break;
    case 13: k->linear_q4_k = q4_k_is_off_by_an_ulp; break;
    case 14: k->linear_q4_1 = q4_1_forgets_the_last_token; break;
    case 15: k->linear_q6_k = q6_k_writes_the_padding; break;
    case 16: k->linear_q5_0 = q5_0_ignores_g0; break;
    case 17: k->act_q8 = act_q8_rounds_one_up; break;
    default: k->act_q8k = act_q8k_forgets_the_tail; break;
    }
}

size_t selftest_count(void)
{
    return sizeof broken / sizeof *broken;
}

const char *selftest_name(size_t i)
{
    return broken[i].name;
}

bool selftest_caught(size_t i, uint64_t seed, const struct kern *tables)
{
    struct kern k = tables[KERN_C];
    good = &tables[KERN_C];
    break_table(&k, i);
    return !kc_self_run(broken[i].cs, seed, &tables[KERN_C], &k);
}
