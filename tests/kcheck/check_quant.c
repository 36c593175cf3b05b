/* act_q8, act_q8k against the definition, dequantisation against blocks made by llama.cpp, packing by parts. */
#include "kcheck.h"
#include "layout.h"

#include <math.h>
#include <string.h>

/* ---- Activations ---------------------------------------------------------------------------------------------- */

/* n floats of blocks that differ: ordinary, all zero, tiny, so small that 1/d overflows, huge, ties of the largest. */
static float *activations(struct kc *kc, size_t n, size_t block)
{
    static const float size[] = { 1, 1, 1, 30, 0, 1e-4f, 1e-30f, 3e-37f, 4e-37f, 1e-39f, 1e5f, 3e38f };
    float *x = kc_out(kc, n * sizeof *x);
    for (size_t b = 0; b < n / block; b++) {
        float s = size[kc_below(kc, sizeof size / sizeof *size)];
        bool ties = kc_below(kc, 4) == 0;
        for (size_t i = 0; i < block; i++) {
            float v = kc_float(kc, -1, 1) * s;
            x[b * block + i] = ties && kc_below(kc, 4) == 0 ? (kc_below(kc, 2) ? s : -s) : v;
        }
    }
    kc_seal(kc, x);
    return x;
}

static void compare(struct kc *kc, enum kern_act act, size_t block)
{
    for (size_t i = 0; i < 120; i++) {
        size_t n = (i < 40 ? i : kc_below(kc, 20)) * block, bytes = kern_act_size(act, n);
        kc_begin(kc, "%zu activations", n);
        const float *x = activations(kc, n, block);
        void *c = kc_out_aligned(kc, bytes), *k = kc_out_aligned(kc, bytes);
        (act == KERN_ACT_Q8 ? kc->c->act_q8 : kc->c->act_q8k)(x, n, c);
        (act == KERN_ACT_Q8 ? kc->k->act_q8 : kc->k->act_q8k)(x, n, k);
        kc_same_bytes(kc, "row", c, k, bytes);
        if (!kc_end(kc))
            return;
    }
}

static void q8_compare(struct kc *kc)
{
    compare(kc, KERN_ACT_Q8, Q_BLOCK);
}

static void q8k_compare(struct kc *kc)
{
    compare(kc, KERN_ACT_Q8K, QK_BLOCK);
}

static double f16_of(float x)
{
    return kern_f16_to_f32(kern_f32_to_f16(fminf(fmaxf(x, -65504.0f), 65504.0f)));
}

/* The definition with the C library's rounding; d and 1/d are divisions, whose bits IEEE 754 gives. */
static void q8_oracle(struct kc *kc)
{
    for (size_t trial = 0; trial < 60; trial++) {
        size_t n = trial * Q_BLOCK;
        kc_begin(kc, "%zu activations", n);
        const float *x = activations(kc, n, Q_BLOCK);
        void *row = kc_out_aligned(kc, kern_act_size(KERN_ACT_Q8, n));
        kc->c->act_q8(x, n, row);
        struct q8_row q = q8_row(row, n);
        for (size_t b = 0; b < n / Q_BLOCK; b++) {
            float amax = 0;
            for (size_t i = 0; i < Q_BLOCK; i++)
                amax = fmaxf(amax, fabsf(x[b * Q_BLOCK + i]));
            float d = amax / 127, id = d > 0 && isfinite(1 / d) ? 1 / d : 0;
            double sum = 0;
            for (size_t i = b * Q_BLOCK; i < (b + 1) * Q_BLOCK; i++) {
                sum += q.code[i];
                kc_near(kc, "code", i, q.code[i], nearbyintf(x[i] * id), 0);
            }
            d = id > 0 ? d : 0;
            kc_near(kc, "d", b, q.d[b], f16_of(d), 0);
            kc_near(kc, "s", b, q.s[b], f16_of(d * (float)sum), 0);
            kc_near(kc, "off", b, q.off[b], -128 * sum, 0);
        }
        if (!kc_end(kc))
            return;
    }
}

static void q8k_oracle(struct kc *kc)
{
    for (size_t trial = 0; trial < 40; trial++) {
        size_t n = trial % 7 * QK_BLOCK;
        kc_begin(kc, "%zu activations", n);
        const float *x = activations(kc, n, QK_BLOCK);
        void *row = kc_out_aligned(kc, kern_act_size(KERN_ACT_Q8K, n));
        kc->c->act_q8k(x, n, row);
        struct q8k_row q = q8k_row(row, n);
        for (size_t b = 0; b < n / QK_BLOCK; b++) {
            float max = 0;
            for (size_t i = b * QK_BLOCK; i < (b + 1) * QK_BLOCK; i++)
                max = fabsf(x[i]) > fabsf(max) ? x[i] : max;
            float iscale = max != 0 && isfinite(-127 / max) ? -127 / max : 0;
            kc_near(kc, "d", b, q.d[b], iscale != 0 ? 1 / iscale : 0, 0);
            double sum = 0;
            for (size_t i = 0; i < QK_BLOCK; i++) {
                int8_t code = q.code[b * QK_BLOCK + i];
                kc_near(kc, "code", b * QK_BLOCK + i, code, fminf(127, nearbyintf(iscale * x[b * QK_BLOCK + i])), 0);
                sum += code;
                if (i % 16 == 15) {
                    kc_near(kc, "sum16", i / 16, q.sum16[16 * b + i / 16], sum, 0);
                    sum = 0;
                }
            }
            for (size_t j = 0; j < 8; j++)
                kc_near(kc, "sum32", j, q.sum32[8 * b + j], q.sum16[16 * b + 2 * j] + q.sum16[16 * b + 2 * j + 1], 0);
        }
        if (!kc_end(kc))
            return;
    }
}

/* ---- Bench ---------------------------------------------------------------------------------------------------- */

struct act_job {
    void (*fn)(const float *x, size_t n, void *out);
    const float *x;
    size_t n;
    void *out;
};

static void act_call(void *ctx, size_t i)
{
    const struct act_job *j = ctx;
    (void)i;
    j->fn(j->x, j->n, j->out);
}

static void q8_bench(struct kc_bench *b, const struct kern *k)
{
    struct act_job j = { k->act_q8, kc_bench_floats(b, 1536, -1, 1), 1536, kc_bench_floats(b, 1536, 0, 1) };
    kc_time(b, "1536", act_call, &j, 1, 1536 * 4.0, 0);
}

static void q8k_bench(struct kc_bench *b, const struct kern *k)
{
    struct act_job j = { k->act_q8k, kc_bench_floats(b, 1536, -1, 1), 1536, kc_bench_floats(b, 1536, 0, 1) };
    kc_time(b, "1536", act_call, &j, 1, 1536 * 4.0, 0);
}

KC_CASE(act_q8, q8_compare, q8_oracle, q8_bench);
KC_CASE(act_q8k, q8k_compare, q8k_oracle, q8k_bench);

/* ---- Blocks made by llama.cpp ---------------------------------------------------------------------------------- */

/* ggml's reference quantisers (August 2026) on x = ((s >> 8) & 0xffff) / 32768 - 1, s = 1664525 s +
 * 1013904223 from 1; y at 0, 2, 16, 17 and last. */
static const struct {
    enum kern_type type;
    const char *hex;
    double y[5];
    double rmse;
} made[] = {
    { KERN_Q4_0, "252f69b9c1074fda05a6330b311153344261",
      { .1116333, -.7814331, -.2232666, .3348999, -.2232666 }, .03251 },
    { KERN_Q4_1, "8f2f25bb68b8c1074fc905a6330a311143333261",
      { .05175781, -.7749634, -.18444824, .4060669, -.18444824 }, .02973 },
    { KERN_Q5_0, "252b3302a600c161910e8f930a5c66056223966775c2",
      { .05581665, -.83724976, -.2232666, .3348999, -.2232666 }, .01673 },
    { KERN_Q5_1, "502b25bb3302a600c161810e8f930a4c66056223966774c2",
      { .078125, -.8359375, -.20751953, .36376953, -.20751953 }, .01399 },
    { KERN_Q8_0, "331f09098af27d1cd2dfb12a9396afbaa58de0334681c24a8326b481b08fcbb4bcde",
      { .06327438, -.8295975, -.22497559, .35855484, -.23903656 }, .00200 },
    { KERN_Q4_K,
      "46180924f8fefffbfafffdfbecdcacdd88b871575f890526339aa151a3d40281963bace0741cd0aa43f073914563b46695be"
      "2ded354b68e33eb17c00a6d66e83fda0af35bd23a451fe43730e7998f785fe3af3a4ef629f48c94ed82217a47cea07abb934"
      "009f074a7e2ce08a81a9b9a3075e45bda10fcb98268416ec49917de805600d1eceb24d9714cffd269feb3ce1",
      { .02059937, -.7973633, -.21310425, .3711548, .820488 }, .03202 },
    { KERN_Q6_K,
      "5ece7e8470294cc8e4654c0ba482c7ed981df18191e21179ddd1fce4731def88430e7fc3c533a0b7dbd6db138a6880010b45"
      "4634328b57a71ff133fb10b602e637568380b00613c069d661d772a080d8bdfe776f406d9d19da11627a0407d4bc026321e7"
      "c6283a4d9e3f5a972b66d3b731ab1d6c22c712607e08d990619adda899f937f6147962c233897b079bdf738b354e77d079cf"
      "5086388088f4ad681459204d6387b00bd49a21a822cf5eb749d1217a0a00c0bb41a627c3cc2a88da0af86e8e867786848972"
      "7b877b867c7585801f8c",
      { .05533695, -.8300543, -.22939682, .37276983, .83709717 }, .00789 },
};

static void from_hex(const char *hex, size_t n, unsigned char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)((strchr(digits, hex[2 * i]) - digits) << 4 | (strchr(digits, hex[2 * i + 1]) - digits));
}

static void generate(float *x, size_t n)
{
    uint32_t s = 1;
    for (size_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (float)(s >> 8 & 0xffff) / 32768 - 1;
    }
}

static bool check_made(struct kc *kc, size_t i)
{
    const struct kern_type_info *info = &kern_types[made[i].type];
    float x[QK_BLOCK];
    unsigned char bytes[QK_BLOCK];
    kc_begin(kc, "a block of %s made by llama.cpp", info->name);
    generate(x, info->block);
    from_hex(made[i].hex, info->bytes, bytes);
    const void *row = kc_copy(kc, bytes, info->bytes);
    float *y = kc_out(kc, info->block * sizeof *y);
    kern_dequant_row(made[i].type, row, info->block, y);
    double err = 0;
    for (size_t k = 0; k < info->block; k++)
        err += ((double)y[k] - x[k]) * ((double)y[k] - x[k]) / info->block;
    kc_near(kc, "rmse", 0, sqrt(err), made[i].rmse, 6e-6);
    const size_t at[5] = { 0, 2, 16, 17, info->block - 1 };
    for (size_t k = 0; k < 5; k++)
        kc_near(kc, "y", at[k], y[at[k]], made[i].y[k], 6e-8 + 1e-7 * fabs(made[i].y[k]));
    return kc_end(kc);
}

/* The Q8_1 and Q8_K rows of the same table. */
static bool check_made_rows(struct kc *kc)
{
    static const int16_t sums[16] = { -578, -660, -297, 118, 183, 15, -28, 171, 212, -46, 272, -256, 270, 429, -169, -146 };
    static const unsigned char first[12] = { 0x08, 0x08, 0x97, 0xf3, 0x70, 0x19, 0xd7, 0xe3, 0xb9, 0x25, 0x9e, 0xa2 };
    float x[QK_BLOCK];
    unsigned char bytes[34];
    kc_begin(kc, "activation blocks made by llama.cpp");
    generate(x, QK_BLOCK);
    from_hex(made[4].hex, 34, bytes);
    void *q8 = kc_out_aligned(kc, kern_act_size(KERN_ACT_Q8, 32)), *q8k = kc_out_aligned(kc, kern_act_size(KERN_ACT_Q8K, 256));
    kc->c->act_q8(x, 32, q8);
    kc->c->act_q8k(x, 256, q8k);
    struct q8_row a = q8_row(q8, 32);
    kc_same_bytes(kc, "Q8_1 codes", bytes + 2, a.code, 32);
    kc_near(kc, "Q8_1 d", 0, a.d[0], kern_f16_to_f32(0x1f33), 0);
    kc_near(kc, "Q8_1 s", 0, a.s[0], kern_f16_to_f32(0xc8e2), 0);
    struct q8k_row b = q8k_row(q8k, 256);
    kc_same_bytes(kc, "Q8_K codes", first, b.code, sizeof first);
    kc_same_bytes(kc, "Q8_K sums", sums, b.sum16, sizeof sums);
    kc_near(kc, "Q8_K d", 0, b.d[0], .007872574, 5e-10);
    return kc_end(kc);
}

/* A six-bit unpack by hand: scale bytes 00 .. 0b, then with byte 0 = c1 and byte 8 = 25. */
static bool check_q4k_scales(struct kc *kc)
{
    uint8_t s[12], sc[8], mn[8];
    static const uint8_t sc0[8] = { 0, 1, 2, 3, 8, 9, 10, 11 }, mn0[8] = { 4, 5, 6, 7, 0, 0, 0, 0 };
    kc_begin(kc, "scales of Q4_K");
    for (unsigned i = 0; i < 12; i++)
        s[i] = (uint8_t)i;
    kern_q4k_scales(s, sc, mn);
    kc_same_bytes(kc, "scales", sc0, sc, 8);
    kc_same_bytes(kc, "minima", mn0, mn, 8);
    s[0] = 0xc1;
    s[8] = 0x25;
    kern_q4k_scales(s, sc, mn);
    if (sc[0] != 1 || sc[4] != 53 || mn[4] != 2)
        kc_fail(kc, "scales 0 and 4 are %d and %d, minimum 4 is %d", sc[0], sc[4], mn[4]);
    return kc_end(kc);
}

/* ---- Packing -------------------------------------------------------------------------------------------------- */

/* Packed in parts is packed whole, and the rest of the last group is zero. (That the bytes lie where the kernels look
 * is proved by check_linear_q's oracle, which reads the file's own bytes.) */
static bool check_parts(struct kc *kc, enum kern_type type, size_t rows, size_t nb)
{
    const struct kern_type_info *info = &kern_types[type];
    size_t bytes = rows * nb * info->bytes, cols = nb * info->block, groups = (rows + 15) / 16;
    size_t size = kern_pack_size(type, rows, cols);
    kc_begin(kc, "packing %zu rows of %zu blocks of %s", rows, nb, info->name);
    unsigned char *src = kc_out(kc, bytes);
    for (size_t i = 0; i < bytes; i++)
        src[i] = (unsigned char)kc_u64(kc);
    kc_seal(kc, src);
    void *whole = kc_out_aligned(kc, size), *parts = kc_out_aligned(kc, size);
    kern_pack(type, src, rows, cols, 0, groups, whole);
    for (size_t g = groups; g-- > 0;)
        kern_pack(type, src, rows, cols, g, g + 1, parts);
    kc_same_bytes(kc, "packed", whole, parts, size);
    return kc_end(kc);
}

static void pack_oracle(struct kc *kc)
{
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (!check_made(kc, i))
            return;
    if (!check_made_rows(kc) || !check_q4k_scales(kc))
        return;
    for (int type = 0; type < KERN_N_TYPES; type++)
        for (size_t i = 0; i < 40; i++)
            if (!check_parts(kc, (enum kern_type)type, i < 35 ? i : 40 + i, 1 + kc_below(kc, type < KERN_Q4_0 ? 40 : 5)))
                return;
}

KC_EXTRA(pack, pack_oracle);
