/* Which kernels each x86 level has; one a line. What a level lacks comes from the level below. */
#ifndef KERN_X86_HAVE_H
#define KERN_X86_HAVE_H

/* The products of quantised weights. */
#define KERN_QUANTISED(X) \
    X(linear_q4_0)          \
    X(linear_q4_1)          \
    X(linear_q5_0)          \
    X(linear_q5_1)          \
    X(linear_q8_0)          \
    X(linear_q4_k)          \
    X(linear_q6_k)          \
    /* end */

#define KERN_HAVE_AVX2(X) \
    X(linear_f32)           \
    X(linear_f16)           \
    X(linear_bf16)          \
    X(rms_norm)             \
    X(add)                  \
    X(scale)                \
    X(mul_silu)             \
    X(softplus_bias)        \
    X(exp)                  \
    X(dot)                  \
    X(max)                  \
    X(to_f16)               \
    X(from_f16)             \
    X(rope)                 \
    X(attn)                 \
    X(conv_silu)            \
    X(scan1)                \
    X(scan2)                \
    KERN_QUANTISED(X)       \
    X(act_q8)               \
    X(act_q8k)              \
    /* end */

#define KERN_HAVE_AVXVNNI(X) KERN_QUANTISED(X)

#define KERN_HAVE_AVX512(X) \
    X(linear_f32)           \
    X(linear_f16)           \
    X(linear_bf16)          \
    X(rms_norm)             \
    X(add)                  \
    X(scale)                \
    X(mul_silu)             \
    X(softplus_bias)        \
    X(exp)                  \
    X(dot)                  \
    X(from_f16)             \
    X(rope)                 \
    X(attn)                 \
    X(conv_silu)            \
    X(scan1)                \
    X(scan2)                \
    KERN_QUANTISED(X)       \
    X(act_q8)               \
    X(act_q8k)              \
    /* end */

#define KERN_HAVE_AMX(X) KERN_QUANTISED(X)

#endif
