#include "ggufwrite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 32, T_U32 = 4, T_I32 = 5, T_F32 = 6, T_BOOL = 7, T_STRING = 8, T_ARRAY = 9 };

static void put(struct str *s, const void *p, size_t n)
{
    if (str_add(s, p, n)) {
        fputs("Bail out! no memory\n", stdout);
        exit(1);
    }
}

static void put_u32(struct str *s, uint32_t v)
{
    unsigned char b[4] = { v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24 };
    put(s, b, 4);
}

static void put_u64(struct str *s, uint64_t v)
{
    put_u32(s, (uint32_t)v);
    put_u32(s, (uint32_t)(v >> 32));
}

static void put_f32(struct str *s, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, 4);
    put_u32(s, bits);
}

static void put_string(struct str *s, const char *v)
{
    put_u64(s, strlen(v));
    put(s, v, strlen(v));
}

static void put_zeros(struct str *s, size_t n)
{
    static const char zeros[ALIGN];
    put(s, zeros, n);
}

void gw_init(struct gguf_writer *w)
{
    *w = (struct gguf_writer){ STR_INIT, STR_INIT, STR_INIT, 0, 0, 3 };
}

void gw_release(struct gguf_writer *w)
{
    str_release(&w->kv);
    str_release(&w->info);
    str_release(&w->data);
}

static void key(struct gguf_writer *w, const char *k, uint32_t type)
{
    put_string(&w->kv, k);
    put_u32(&w->kv, type);
    w->n_kv++;
}

static void array(struct gguf_writer *w, const char *k, uint32_t elem, size_t n)
{
    key(w, k, T_ARRAY);
    put_u32(&w->kv, elem);
    put_u64(&w->kv, n);
}

void gw_u32(struct gguf_writer *w, const char *k, uint32_t v)
{
    key(w, k, T_U32);
    put_u32(&w->kv, v);
}

void gw_f32(struct gguf_writer *w, const char *k, float v)
{
    key(w, k, T_F32);
    put_f32(&w->kv, v);
}

void gw_bool(struct gguf_writer *w, const char *k, bool v)
{
    char b = v;
    key(w, k, T_BOOL);
    put(&w->kv, &b, 1);
}

void gw_string(struct gguf_writer *w, const char *k, const char *v)
{
    key(w, k, T_STRING);
    put_string(&w->kv, v);
}

void gw_i32s(struct gguf_writer *w, const char *k, const int32_t *v, size_t n)
{
    array(w, k, T_I32, n);
    for (size_t i = 0; i < n; i++)
        put_u32(&w->kv, (uint32_t)v[i]);
}

void gw_f32s(struct gguf_writer *w, const char *k, const float *v, size_t n)
{
    array(w, k, T_F32, n);
    for (size_t i = 0; i < n; i++)
        put_f32(&w->kv, v[i]);
}

void gw_strings(struct gguf_writer *w, const char *k, const char *const *v, size_t n)
{
    array(w, k, T_STRING, n);
    for (size_t i = 0; i < n; i++)
        put_string(&w->kv, v[i]);
}

void gw_tensor(struct gguf_writer *w, const char *name, uint32_t type, const uint64_t *ne, unsigned n_dims,
               const void *bytes, size_t n)
{
    put_string(&w->info, name);
    put_u32(&w->info, n_dims);
    for (unsigned i = 0; i < n_dims; i++)
        put_u64(&w->info, ne[i]);
    put_u32(&w->info, type);
    put_u64(&w->info, w->data.len);
    put(&w->data, bytes, n);
    put_zeros(&w->data, (ALIGN - n % ALIGN) % ALIGN);
    w->n_tensor++;
}

void gw_bytes(const struct gguf_writer *w, struct str *out)
{
    size_t start = out->len;
    put(out, "GGUF", 4);
    put_u32(out, w->version);
    put_u64(out, w->n_tensor);
    put_u64(out, w->n_kv);
    put(out, str_z(&w->kv), w->kv.len);
    put(out, str_z(&w->info), w->info.len);
    if (w->n_tensor)
        put_zeros(out, (ALIGN - (out->len - start) % ALIGN) % ALIGN);
    put(out, str_z(&w->data), w->data.len);
}

int gw_save(const struct gguf_writer *w, const char *path)
{
    struct str all = STR_INIT;
    gw_bytes(w, &all);
    FILE *f = fopen(path, "wb");
    int r = !f || fwrite(all.p, 1, all.len, f) != all.len;
    if (f && fclose(f))
        r = 1;
    str_release(&all);
    return r ? -1 : 0;
}

/* ---- The simple recipes of ggml's quantize_row_*_ref ---- */

static void put_f16(struct str *s, float v)
{
    uint16_t h = kern_f32_to_f16(v);
    unsigned char b[2] = { h & 255, h >> 8 };
    put(s, b, 2);
}

static void put_bf16(struct str *s, float v)
{
    uint32_t u;
    memcpy(&u, &v, 4);
    u = (u & 0x7FFFFFFF) > 0x7F800000 ? u >> 16 | 64 : (u + 0x7FFF + (u >> 16 & 1)) >> 16;
    unsigned char b[2] = { u & 255, u >> 8 & 255 };
    put(s, b, 2);
}

static float signed_peak(const float *x, size_t n)
{
    float peak = 0;
    for (size_t i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(peak))
            peak = x[i];
    return peak;
}

static void block_q8_0(const float *x, struct str *out)
{
    float d = fabsf(signed_peak(x, 32)) / 127, id = d != 0 ? 1 / d : 0;
    signed char q[32];
    for (int i = 0; i < 32; i++)
        q[i] = (signed char)roundf(x[i] * id);
    put_f16(out, d);
    put(out, q, 32);
}

/* Codes of `bits` (4 or 5) bits: low nibbles are the first half, the fifth bits stand in one word before them. */
static void put_codes(const unsigned char q[32], bool five, struct str *out)
{
    unsigned char b[16];
    uint32_t high = 0;
    for (int i = 0; i < 32; i++)
        high |= (uint32_t)(q[i] >> 4 & 1) << i;
    for (int i = 0; i < 16; i++)
        b[i] = (unsigned char)((q[i] & 15) | (q[i + 16] & 15) << 4);
    if (five)
        put_u32(out, high);
    put(out, b, 16);
}

static void block_symmetric(const float *x, bool five, struct str *out)
{
    int half = five ? 16 : 8;
    float d = signed_peak(x, 32) / (float)-half, id = d != 0 ? 1 / d : 0;
    unsigned char q[32];
    for (int i = 0; i < 32; i++) {
        int v = (int)(x[i] * id + (float)half + 0.5f);
        q[i] = (unsigned char)(v < 2 * half ? v : 2 * half - 1);
    }
    put_f16(out, d);
    put_codes(q, five, out);
}

static void block_min(const float *x, bool five, struct str *out)
{
    int top = five ? 31 : 15;
    float lo = x[0], hi = x[0];
    for (int i = 1; i < 32; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    float d = (hi - lo) / (float)top, id = d != 0 ? 1 / d : 0;
    unsigned char q[32];
    for (int i = 0; i < 32; i++) {
        int v = (int)((x[i] - lo) * id + 0.5f);
        q[i] = (unsigned char)(v < top ? v : top);
    }
    put_f16(out, d);
    put_f16(out, lo);
    put_codes(q, five, out);
}

/* ---- K-quants, plainly: scales by the extremes of each sub-block ---- */

static int clamp(float v, int lo, int hi)
{
    int r = (int)lrintf(v);
    return r < lo ? lo : r > hi ? hi : r;
}

static void block_q4_k(const float *x, struct str *out)
{
    float scale[8], min[8], top_scale = 0, top_min = 0;
    for (int j = 0; j < 8; j++) {
        float lo = 0, hi = x[32 * j];
        for (int i = 0; i < 32; i++) {
            lo = fminf(lo, x[32 * j + i]);
            hi = fmaxf(hi, x[32 * j + i]);
        }
        scale[j] = (hi - lo) / 15;
        min[j] = -lo;
        top_scale = fmaxf(top_scale, scale[j]);
        top_min = fmaxf(top_min, min[j]);
    }
    float d = kern_f16_to_f32(kern_f32_to_f16(top_scale / 63)), dmin = kern_f16_to_f32(kern_f32_to_f16(top_min / 63));
    unsigned char sc[8], mn[8], packed[12], q[256], qs[128];
    for (int j = 0; j < 8; j++) {
        sc[j] = (unsigned char)(d > 0 ? clamp(scale[j] / d, 0, 63) : 0);
        mn[j] = (unsigned char)(dmin > 0 ? clamp(min[j] / dmin, 0, 63) : 0);
        float dj = d * sc[j], mj = dmin * mn[j];
        for (int i = 0; i < 32; i++)
            q[32 * j + i] = (unsigned char)(dj > 0 ? clamp((x[32 * j + i] + mj) / dj, 0, 15) : 0);
    }
    for (int j = 0; j < 4; j++) {
        packed[j] = (unsigned char)(sc[j] | (sc[j + 4] >> 4) << 6);
        packed[j + 4] = (unsigned char)(mn[j] | (mn[j + 4] >> 4) << 6);
        packed[j + 8] = (unsigned char)((sc[j + 4] & 15) | (mn[j + 4] & 15) << 4);
    }
    for (int j = 0; j < 4; j++)
        for (int l = 0; l < 32; l++)
            qs[32 * j + l] = (unsigned char)(q[64 * j + l] | q[64 * j + 32 + l] << 4);
    put_f16(out, d);
    put_f16(out, dmin);
    put(out, packed, 12);
    put(out, qs, 128);
}

static void block_q6_k(const float *x, struct str *out)
{
    float scale[16], top = 0;
    for (int j = 0; j < 16; j++) {
        scale[j] = signed_peak(x + 16 * j, 16) / -32;
        if (fabsf(scale[j]) > fabsf(top))
            top = scale[j];
    }
    float d = kern_f16_to_f32(kern_f32_to_f16(top / -128));
    signed char sc[16];
    unsigned char q[256], ql[128], qh[64];
    for (int j = 0; j < 16; j++) {
        sc[j] = (signed char)(d != 0 ? clamp(scale[j] / d, -128, 127) : 0);
        float dj = d * sc[j];
        for (int i = 0; i < 16; i++)
            q[16 * j + i] = (unsigned char)(32 + (dj != 0 ? clamp(x[16 * j + i] / dj, -32, 31) : 0));
    }
    for (int c = 0; c < 2; c++) {
        const unsigned char *p = q + 128 * c;
        for (int l = 0; l < 32; l++) {
            ql[64 * c + l] = (unsigned char)((p[l] & 15) | (p[l + 64] & 15) << 4);
            ql[64 * c + 32 + l] = (unsigned char)((p[l + 32] & 15) | (p[l + 96] & 15) << 4);
            qh[32 * c + l] = (unsigned char)(p[l] >> 4 | p[l + 32] >> 4 << 2 | p[l + 64] >> 4 << 4 | p[l + 96] >> 4 << 6);
        }
    }
    put(out, ql, 128);
    put(out, qh, 64);
    put(out, sc, 16);
    put_f16(out, d);
}

void gw_quantize(enum kern_type type, const float *x, size_t n, struct str *out)
{
    for (size_t i = 0; i < n; i += kern_types[type].block) {
        switch (type) {
        case KERN_F32: put_f32(out, x[i]); break;
        case KERN_F16: put_f16(out, x[i]); break;
        case KERN_BF16: put_bf16(out, x[i]); break;
        case KERN_Q8_0: block_q8_0(x + i, out); break;
        case KERN_Q4_0: block_symmetric(x + i, false, out); break;
        case KERN_Q5_0: block_symmetric(x + i, true, out); break;
        case KERN_Q4_1: block_min(x + i, false, out); break;
        case KERN_Q5_1: block_min(x + i, true, out); break;
        case KERN_Q4_K: block_q4_k(x + i, out); break;
        case KERN_Q6_K: block_q6_k(x + i, out); break;
        case KERN_N_TYPES: return;
        }
    }
}

void gw_values(struct gguf_writer *w, const char *name, enum kern_type type, const uint64_t *ne, unsigned n_dims,
               const float *v)
{
    struct str bytes = STR_INIT;
    size_t rows = 1;
    for (unsigned i = 1; i < n_dims; i++)
        rows *= (size_t)ne[i];
    for (size_t r = 0; r < rows; r++)
        gw_quantize(type, v + r * ne[0], (size_t)ne[0], &bytes);
    gw_tensor(w, name, kern_types[type].gguf_id, ne, n_dims, bytes.p, bytes.len);
    str_release(&bytes);
}
