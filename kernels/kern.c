/* Levels, the table of kernels, and what belongs to no level. */
#include "impl.h"
#include "layout.h"

#include <fenv.h>
#include <string.h>

#if defined(__x86_64__)
#include "x86/cpu.h"
#include "x86/have.h"
#elif defined(__aarch64__)
#include "arm/cpu.h"
#include "arm/have.h"
#endif

/* ---- Levels ------------------------------------------------------------------------------------------------- */

static const char *const level_names[KERN_N_LEVELS] = { "c", "avx2", "avxvnni", "avx512", "amx", "neon", "i8mm" };

const char *kern_level_name(enum kern_level level)
{
    return level_names[level];
}

bool kern_level_parse(const char *name, enum kern_level *out)
{
    for (int i = 0; i < KERN_N_LEVELS; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum kern_level)i;
            return true;
        }
    return false;
}

bool kern_level_usable(enum kern_level level)
{
    if (level == KERN_C)
        return true;
#if defined(__x86_64__)
    return kern_x86_usable(level);
#elif defined(__aarch64__)
    return kern_arm_usable(level);
#else
    return false;
#endif
}

enum kern_level kern_level_best(void)
{
    int level = KERN_N_LEVELS - 1;
    while (!kern_level_usable((enum kern_level)level))
        level--;
    return (enum kern_level)level;
}

/* ---- Types -------------------------------------------------------------------------------------------------- */

const struct kern_type_info kern_types[KERN_N_TYPES] = {
#define X(e, name, id, blk, bytes, act) { name, id, blk, bytes, act },
    KERN_TYPES(X)
#undef X
};

bool kern_type_from_gguf(uint32_t id, enum kern_type *out)
{
    for (int i = 0; i < KERN_N_TYPES; i++)
        if (kern_types[i].gguf_id == id) {
            *out = (enum kern_type)i;
            return true;
        }
    return false;
}

/* ---- The table ---------------------------------------------------------------------------------------------- */

void kern_init(struct kern *k, enum kern_level level)
{
    k->level = level;
    k->ahead = 0;
#define X(ret, name, args) k->name = kern_##name##_c;
    KERN_LIST(X)
#undef X
#if defined(__x86_64__)
    k->ahead = kern_x86_ahead();
#define X(name) k->name = kern_##name##_avx2;
    if (level >= KERN_AVX2) {
        KERN_HAVE_AVX2(X)
    }
#undef X
#define X(name) k->name = kern_##name##_avxvnni;
    if (level == KERN_AVXVNNI) { /* AVX-512 has its own of all of them, on CPUs that may lack these */
        KERN_HAVE_AVXVNNI(X)
    }
#undef X
#define X(name) k->name = kern_##name##_avx512;
    if (level >= KERN_AVX512) {
        KERN_HAVE_AVX512(X)
    }
#undef X
#define X(name) k->name = kern_##name##_amx;
    if (level >= KERN_AMX) {
        KERN_HAVE_AMX(X)
    }
#undef X
#elif defined(__aarch64__)
#define X(name) k->name = kern_##name##_neon;
    if (level >= KERN_NEON) {
        KERN_HAVE_NEON(X)
    }
#undef X
#define X(name) k->name = kern_##name##_i8mm;
    if (level >= KERN_I8MM) {
        KERN_HAVE_I8MM(X)
    }
#undef X
#endif
}

kern_linear_fn kern_linear_of(const struct kern *k, enum kern_type type)
{
    switch (type) {
    case KERN_F32: return k->linear_f32;
    case KERN_F16: return k->linear_f16;
    case KERN_BF16: return k->linear_bf16;
    case KERN_Q4_0: return k->linear_q4_0;
    case KERN_Q4_1: return k->linear_q4_1;
    case KERN_Q5_0: return k->linear_q5_0;
    case KERN_Q5_1: return k->linear_q5_1;
    case KERN_Q8_0: return k->linear_q8_0;
    case KERN_Q4_K: return k->linear_q4_k;
    case KERN_Q6_K: return k->linear_q6_k;
    case KERN_N_TYPES: break;
    }
    return NULL;
}

void kern_act_rows(const struct kern *k, enum kern_act act, const float *x, size_t x_stride, size_t n_tok, size_t cols,
                   void *out, size_t out_stride)
{
    if (act == KERN_ACT_F32)
        return;
    for (size_t t = 0; t < n_tok; t++) {
        void *row = (uint8_t *)out + t * out_stride;
        if (act == KERN_ACT_Q8)
            k->act_q8(x + t * x_stride, cols, row);
        else
            k->act_q8k(x + t * x_stride, cols, row);
    }
}

#if defined(__x86_64__)
#define BY_LEVEL(name, ...)                                            \
    (level >= KERN_AVX512 ? kern_##name##_avx512(__VA_ARGS__) :        \
     level >= KERN_AVX2 ? kern_##name##_avx2(__VA_ARGS__) : kern_##name##_c(__VA_ARGS__))
#else
#define BY_LEVEL(name, ...) ((void)level, kern_##name##_c(__VA_ARGS__))
#endif

double kern_peak_fma(enum kern_level level, size_t rounds)
{
    return BY_LEVEL(peak_fma, rounds);
}

double kern_peak_int8(enum kern_level level, size_t rounds)
{
#if defined(__x86_64__)
    if (level == KERN_AVXVNNI)
        return kern_peak_int8_avxvnni(rounds);
#endif
    return BY_LEVEL(peak_int8, rounds);
}

void kern_peak_read(enum kern_level level, const void *p, size_t n)
{
    BY_LEVEL(peak_read, p, n);
}

void kern_thread_init(void)
{
    fesetround(FE_TONEAREST);
#if defined(__x86_64__)
    kern_x86_keep_denormals();
#elif defined(__aarch64__)
    kern_arm_keep_denormals();
#endif
}
