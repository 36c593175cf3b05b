// Everything in a training step of the Mamba-2 mixer that is not a matrix product, and the KL over the vocabulary,
// for CPUs with AVX-512 BF16: stored as bf16, computed in f32, several passes over memory fused into one.
// mixer.py states the same mathematics in plain torch; check.py compares the two, values and gradients.
//
// Shapes: B rows of T tokens, in c = T/l chunks of l tokens; H = 9 heads of P = 128 channels, one group of B and C
// (N = 128 states) a head.
//   zx    [B, T, 4608]           output of ssm_in without its dt rows: z | x | B | C, 1152 each
//   xbc   [3, B, c, H, l, 128]   x, B and C after convolution and SiLU, chunk by chunk, head by head
//   y     [B, c, H, l, 128]      a mixer's output before the gate
//   cum   [B, c, H, l] f32       running sum of dt*A inside a chunk; other numbers a row have this shape too
//   state [B, c, H, 128, 128]    N x P
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <vector>

using vec = __m512;       // 16 floats
using bf16 = uint16_t;

enum { HEADS = 9, P = 128, D_INNER = 1152, ZX = 4 * D_INNER, CONV = 3 * D_INNER, CONV_BLOCKS = CONV / P, TAPS = 4,
       STATE = P * P, LANES = 16, VECS = P / LANES, KV_HEADS = 3, Q_PER_KV = 3, HEAD_DIM = 64, MAX_POSITIONS = 4096 };
static const float EPS = 1e-5f;

static inline vec all(float x) { return _mm512_set1_ps(x); }
static inline vec zero() { return _mm512_setzero_ps(); }
static inline vec add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }      // a*b + c
static inline vec fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }    // c - a*b
static inline float sum(vec a) { return _mm512_reduce_add_ps(a); }
static inline vec loadf(const float *p) { return _mm512_loadu_ps(p); }
static inline void storef(float *p, vec v) { _mm512_storeu_ps(p, v); }
static inline vec load(const bf16 *p)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16));
}
static inline void store(bf16 *p, vec v) { _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(v)); }
static inline void store_zero(bf16 *p) { _mm256_storeu_si256((__m256i *)p, _mm256_setzero_si256()); }

// e^x to about 2e-7, Cephes' polynomial; clamped to what f32 can hold.
static inline vec vexp(vec x)
{
    x = _mm512_min_ps(_mm512_max_ps(x, all(-87.f)), all(88.f));
    vec n = _mm512_roundscale_ps(mul(x, all(1.44269504f)), 0);
    vec r = fnma(n, all(-2.12194440e-4f), fnma(n, all(0.693359375f), x));
    vec p = all(1.9875691500e-4f);
    p = fma(p, r, all(1.3981999507e-3f));
    p = fma(p, r, all(8.3334519073e-3f));
    p = fma(p, r, all(4.1665795894e-2f));
    p = fma(p, r, all(1.6666665459e-1f));
    p = fma(p, r, all(5.0000001201e-1f));
    p = fma(mul(p, r), r, add(r, all(1.f)));
    return _mm512_scalef_ps(p, n);
}
static inline vec reciprocal(vec x)
{
    vec y = _mm512_rcp14_ps(x);
    return mul(y, fnma(x, y, all(2.f)));
}
static inline vec sigmoid(vec x) { return reciprocal(add(all(1.f), vexp(sub(zero(), x)))); }
// d/dx of x*sigmoid(x), given s = sigmoid(x)
static inline vec silu_slope(vec x, vec s) { return mul(s, fma(x, sub(all(1.f), s), all(1.f))); }
// lanes j .. j+15 of which those up to i count (j <= i)
static inline __mmask16 lanes_up_to(int64_t i, int64_t j) { return i - j >= 15 ? 0xffff : (__mmask16)((1u << (i - j + 1)) - 1); }

// The three tokens before token t, or zeros before the row's beginning.
struct taps { const bf16 *back[TAPS]; };
alignas(64) static const bf16 NOTHING[P] = {0};
static inline taps taps_at(const bf16 *x, int64_t t)
{
    return {{x, t > 0 ? x - ZX : NOTHING, t > 1 ? x - 2 * ZX : NOTHING, t > 2 ? x - 3 * ZX : NOTHING}};
}

extern "C" {

// Causal depthwise convolution of four taps (w [4, 3456], oldest first), bias, SiLU: zx -> xbc.
void conv_forward(const bf16 *zx, const float *w, const float *bias, bf16 *xbc, int64_t B, int64_t T, int64_t l)
{
    int64_t c = T / l, plane = B * T * D_INNER;
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; b++)
        for (int64_t q = 0; q < c; q++)
            for (int64_t k = 0; k < CONV_BLOCKS; k++) {
                const bf16 *row = zx + b * T * ZX + D_INNER + k * P;
                bf16 *out = xbc + (k / HEADS) * plane + ((b * c + q) * HEADS + k % HEADS) * l * P;
                alignas(64) float W[TAPS][P];
                for (int i = 0; i < TAPS; i++)
                    memcpy(W[i], w + i * CONV + k * P, sizeof W[i]);
                for (int64_t i = 0; i < l; i++) {
                    int64_t t = q * l + i;
                    const bf16 *x = row + t * ZX;
                    taps u = taps_at(x, t);
                    for (int p = 0; p < P; p += 32)
                        _mm_prefetch((const char *)(x + 8 * ZX + p), _MM_HINT_T0);
                    for (int p = 0; p < P; p += LANES) {
                        vec a = loadf(bias + k * P + p);
                        for (int j = 0; j < TAPS; j++)
                            a = fma(_mm512_load_ps(W[TAPS - 1 - j] + p), load(u.back[j] + p), a);
                        store(out + i * P + p, mul(a, sigmoid(a)));
                    }
                }
            }
}

// Gradient d (shaped xbc) of conv_forward's output -> the x|B|C part of dzx, dw [4, 3456], dbias [3456].
// Tokens run backwards; a ring of four rows keeps the slopes that the next three older tokens need.
void conv_backward(const bf16 *zx, const float *w, const float *bias, const bf16 *d, bf16 *dzx, float *dw, float *dbias,
                   int64_t B, int64_t T, int64_t l)
{
    int64_t c = T / l, plane = B * T * D_INNER;
#pragma omp parallel for schedule(dynamic, 1)
    for (int64_t k = 0; k < CONV_BLOCKS; k++) {
        alignas(64) float W[TAPS][P], G[TAPS + 1][P], ring[TAPS][P];
        memset(G, 0, sizeof G);
        for (int i = 0; i < TAPS; i++)
            memcpy(W[i], w + i * CONV + k * P, sizeof W[i]);
        for (int64_t b = 0; b < B; b++) {
            const bf16 *row = zx + b * T * ZX + D_INNER + k * P, *drow = d + (k / HEADS) * plane;
            bf16 *out = dzx + b * T * ZX + D_INNER + k * P;
            memset(ring, 0, sizeof ring);
            for (int64_t t = T - 1; t >= 0; t--) {
                const bf16 *x = row + t * ZX, *dt = drow + (((b * c + t / l) * HEADS + k % HEADS) * l + t % l) * P;
                taps u = taps_at(x, t);
                for (int p = 0; p < P; p += 32) {
                    _mm_prefetch((const char *)(x - 11 * ZX + p), _MM_HINT_T0);
                    _mm_prefetch((const char *)(out + (t - 8) * ZX + p), _MM_HINT_T0);
                }
                for (int p = 0; p < P; p += LANES) {
                    vec in[TAPS], a = loadf(bias + k * P + p);
                    for (int j = 0; j < TAPS; j++) {
                        in[j] = load(u.back[j] + p);
                        a = fma(_mm512_load_ps(W[TAPS - 1 - j] + p), in[j], a);
                    }
                    vec slope = mul(silu_slope(a, sigmoid(a)), load(dt + p));
                    for (int j = 0; j < TAPS; j++) {
                        float *g = G[TAPS - 1 - j] + p;
                        _mm512_store_ps(g, fma(slope, in[j], _mm512_load_ps(g)));
                    }
                    _mm512_store_ps(G[TAPS] + p, add(slope, _mm512_load_ps(G[TAPS] + p)));
                    vec o = mul(_mm512_load_ps(W[3] + p), slope);
                    for (int j = 1; j < TAPS; j++)
                        o = fma(_mm512_load_ps(W[3 - j] + p), _mm512_load_ps(ring[(t + j) % TAPS] + p), o);
                    store(out + t * ZX + p, o);
                    _mm512_store_ps(ring[t % TAPS] + p, slope);
                }
            }
        }
        for (int i = 0; i < TAPS; i++)
            memcpy(dw + i * CONV + k * P, G[i], sizeof G[i]);
        memcpy(dbias + k * P, G[TAPS], sizeof G[TAPS]);
    }
}

// m[i][j] = g[i][j] * exp(cum_i - cum_j) * dt_j for j <= i, else 0; R matrices of l x l.
void decay_forward(const bf16 *g, const float *cum, const float *dt, bf16 *m, int64_t R, int64_t l)
{
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < R; r++)
        for (int64_t i = 0; i < l; i++) {
            const float *cr = cum + r * l, *dr = dt + r * l;
            const bf16 *gr = g + (r * l + i) * l;
            bf16 *mr = m + (r * l + i) * l;
            for (int64_t j = 0; j < l; j += LANES) {
                if (j > i) {
                    store_zero(mr + j);
                    continue;
                }
                vec e = mul(vexp(sub(all(cr[i]), loadf(cr + j))), loadf(dr + j));
                store(mr + j, _mm512_maskz_mul_ps(lanes_up_to(i, j), e, load(gr + j)));
            }
        }
}

// dm, g in; m over g, dg over dm; sums of dm*m over each row and each column.
void decay_backward(bf16 *g, bf16 *dm, const float *cum, const float *dt, float *row_sum, float *col_sum, int64_t R, int64_t l)
{
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < R; r++) {
        const float *cr = cum + r * l, *dr = dt + r * l;
        float *cols = col_sum + r * l;
        memset(cols, 0, l * sizeof *cols);
        for (int64_t i = 0; i < l; i++) {
            bf16 *gr = g + (r * l + i) * l, *dmr = dm + (r * l + i) * l;
            vec total = zero();
            for (int64_t j = 0; j < l; j += LANES) {
                if (j > i) {
                    store_zero(gr + j);
                    store_zero(dmr + j);
                    continue;
                }
                vec e = _mm512_maskz_mul_ps(lanes_up_to(i, j), vexp(sub(all(cr[i]), loadf(cr + j))), loadf(dr + j));
                vec m = mul(e, load(gr + j)), grad = load(dmr + j), both = mul(m, grad);
                total = add(total, both);
                storef(cols + j, add(loadf(cols + j), both));
                store(gr + j, m);
                store(dmr + j, mul(grad, e));
            }
            row_sum[r * l + i] = sum(total);
        }
    }
}

// out = w[row] * x for R rows of 128
void scale_rows(const bf16 *x, const float *w, bf16 *out, int64_t R)
{
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < R; r++)
        for (int p = 0; p < P; p += LANES)
            store(out + r * P + p, mul(all(w[r]), load(x + r * P + p)));
}

// States at the chunks' beginnings: S_0 = 0, S_{i+1} = decay_i * S_i + own_i.
void states_forward(const bf16 *own, const float *decay, bf16 *S, int64_t B, int64_t c)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < HEADS; h++) {
            std::vector<float> acc(STATE, 0.f);
            for (int64_t i = 0; i < c; i++) {
                int64_t r = (b * c + i) * HEADS + h;
                for (int k = 0; k < STATE; k += LANES) {
                    vec v = loadf(&acc[k]);
                    store(S + r * STATE + k, v);
                    storef(&acc[k], fma(all(decay[r]), v, load(own + r * STATE + k)));
                }
            }
        }
}

// dS (what each chunk's outputs ask of its first state) -> down_i, the gradient of own_i, and the gradient of log decay_i.
void states_backward(const bf16 *dS, const bf16 *S, const float *decay, bf16 *down, float *dlog, int64_t B, int64_t c)
{
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; b++)
        for (int64_t h = 0; h < HEADS; h++) {
            std::vector<float> acc(STATE, 0.f);
            for (int64_t i = c - 1; i >= 0; i--) {
                int64_t r = (b * c + i) * HEADS + h;
                vec dot = zero();
                for (int k = 0; k < STATE; k += LANES) {
                    vec v = loadf(&acc[k]);
                    store(down + r * STATE + k, v);
                    dot = fma(v, load(S + r * STATE + k), dot);
                    storef(&acc[k], fma(all(decay[r]), v, load(dS + r * STATE + k)));
                }
                dlog[r] = decay[r] * sum(dot);
            }
        }
}

// y = inside + exp(cum)*across + D*x (written over inside); out = RMSNorm over 128 channels of y*silu(z), times weight.
void gate_forward(bf16 *inside, const bf16 *across, const float *ecum, const bf16 *x, const bf16 *zx, const float *D,
                  const float *weight, bf16 *out, int64_t B, int64_t T, int64_t l)
{
    int64_t chunks = B * T / l;
#pragma omp parallel for schedule(static)
    for (int64_t q = 0; q < chunks; q++)
        for (int64_t h = 0; h < HEADS; h++)
            for (int64_t i = 0; i < l; i++) {
                int64_t row = (q * HEADS + h) * l + i, tok = q * l + i;
                vec g[VECS], squares = zero();
                for (int k = 0; k < VECS; k++) {
                    int64_t at = row * P + k * LANES;
                    vec y = fma(all(ecum[row]), load(across + at), load(inside + at));
                    y = fma(all(D[h]), load(x + at), y);
                    store(inside + at, y);
                    vec z = load(zx + tok * ZX + h * P + k * LANES);
                    g[k] = mul(y, mul(z, sigmoid(z)));
                    squares = fma(g[k], g[k], squares);
                }
                vec r = all(1.f / sqrtf(sum(squares) / P + EPS));
                for (int k = 0; k < VECS; k++)
                    store(out + tok * D_INNER + h * P + k * LANES, mul(mul(g[k], r), loadf(weight + h * P + k * LANES)));
            }
}

// Backward of gate_forward: dy, dacross (= exp(cum)*dy), the z part of dzx, dweight [1152], dD [9], and
// dcum_across, the sum of across*dacross in each row.
void gate_backward(const bf16 *y, const bf16 *across, const float *ecum, const bf16 *x, const bf16 *zx, const float *D,
                   const float *weight, const bf16 *dout, bf16 *dy, bf16 *dacross, bf16 *dzx, float *dcum_across,
                   float *dweight, float *dD, int64_t B, int64_t T, int64_t l)
{
    int64_t chunks = B * T / l;
    (void)D;
#pragma omp parallel for schedule(static)
    for (int64_t h = 0; h < HEADS; h++) {
        vec wsum[VECS], dsum = zero();
        for (int k = 0; k < VECS; k++)
            wsum[k] = zero();
        for (int64_t q = 0; q < chunks; q++)
            for (int64_t i = 0; i < l; i++) {
                int64_t row = (q * HEADS + h) * l + i, tok = q * l + i;
                const bf16 *z = zx + tok * ZX + h * P, *dr = dout + tok * D_INNER + h * P;
                vec g[VECS], silu[VECS], slope[VECS], dn[VECS], squares = zero(), along = zero(), across_sum = zero();
                for (int k = 0; k < VECS; k++) {
                    vec v = load(z + k * LANES), s = sigmoid(v);
                    silu[k] = mul(v, s);
                    slope[k] = silu_slope(v, s);
                    g[k] = mul(load(y + row * P + k * LANES), silu[k]);
                    squares = fma(g[k], g[k], squares);
                }
                vec r = all(1.f / sqrtf(sum(squares) / P + EPS));
                for (int k = 0; k < VECS; k++) {
                    g[k] = mul(g[k], r);
                    vec d = load(dr + k * LANES);
                    wsum[k] = fma(d, g[k], wsum[k]);
                    dn[k] = mul(d, loadf(weight + h * P + k * LANES));
                    along = fma(dn[k], g[k], along);
                }
                vec mean = all(sum(along) / P);
                for (int k = 0; k < VECS; k++) {
                    int64_t at = row * P + k * LANES;
                    vec dg = mul(r, fnma(g[k], mean, dn[k])), d = mul(dg, silu[k]), da = mul(d, all(ecum[row]));
                    store(dy + at, d);
                    store(dacross + at, da);
                    across_sum = fma(da, load(across + at), across_sum);
                    dsum = fma(d, load(x + at), dsum);
                    store(dzx + tok * ZX + h * P + k * LANES, mul(mul(dg, load(y + at)), slope[k]));
                }
                dcum_across[row] = sum(across_sum);
            }
        for (int k = 0; k < VECS; k++)
            storef(dweight + h * P + k * LANES, wsum[k]);
        dD[h] = sum(dsum);
    }
}

// dx = inside + w*state + D*dy; dw[row] = <x, w*state>
void join_dx(const bf16 *x, const bf16 *inside, const bf16 *state, const float *w, const bf16 *dy, const float *D, bf16 *dx,
             float *dw, int64_t R, int64_t l)
{
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < R; r++) {
        vec skip = all(D[r / l % HEADS]), dot = zero();
        for (int p = 0; p < P; p += LANES) {
            int64_t at = r * P + p;
            vec v = mul(all(w[r]), load(state + at));
            dot = fma(v, load(x + at), dot);
            store(dx + at, fma(skip, load(dy + at), add(v, load(inside + at))));
        }
        dw[r] = sum(dot);
    }
}

// n rows of student's and teacher's logits [n, V] -> kl [n] = KL(teacher || student);
// over the student's logits: weight * (softmax(student) - softmax(teacher)), the gradient.
void kl_rows(bf16 *student, const bf16 *teacher, const float *weight, float *kl, int64_t n, int64_t V)
{
#pragma omp parallel
    {
        std::vector<float> ps(V), pt(V);
#pragma omp for schedule(static)
        for (int64_t r = 0; r < n; r++) {
            bf16 *s = student + r * V;
            const bf16 *t = teacher + r * V;
            vec ms = load(s), mt = load(t);
            for (int64_t i = LANES; i < V; i += LANES) {
                ms = _mm512_max_ps(ms, load(s + i));
                mt = _mm512_max_ps(mt, load(t + i));
            }
            ms = all(_mm512_reduce_max_ps(ms));
            mt = all(_mm512_reduce_max_ps(mt));
            vec sum_s = zero(), sum_t = zero(), diff = zero();
            for (int64_t i = 0; i < V; i += LANES) {
                vec a = sub(load(s + i), ms), b = sub(load(t + i), mt), ea = vexp(a), eb = vexp(b);
                storef(&ps[i], ea);
                storef(&pt[i], eb);
                sum_s = add(sum_s, ea);
                sum_t = add(sum_t, eb);
                diff = fma(eb, sub(b, a), diff);
            }
            float zs = sum(sum_s), zt = sum(sum_t);
            kl[r] = sum(diff) / zt - logf(zt) + logf(zs);
            vec fs = all(weight[r] / zs), ft = all(weight[r] / zt);
            for (int64_t i = 0; i < V; i += LANES)
                store(s + i, sub(mul(loadf(&ps[i]), fs), mul(loadf(&pt[i]), ft)));
        }
    }
}

// One token from each row of logits: temperature, min-p, uniform number in [0, 1).
void sample_rows(const bf16 *logits, const float *temperature, const float *min_p, const float *uniform, int64_t *out, int64_t n,
                 int64_t V)
{
#pragma omp parallel
    {
        std::vector<float> e(V);
#pragma omp for schedule(static)
        for (int64_t r = 0; r < n; r++) {
            const bf16 *a = logits + r * V;
            vec top = load(a), total = zero();
            for (int64_t i = LANES; i < V; i += LANES)
                top = _mm512_max_ps(top, load(a + i));
            top = all(_mm512_reduce_max_ps(top));
            for (int64_t i = 0; i < V; i += LANES) {
                vec x = vexp(mul(sub(load(a + i), top), all(1.f / temperature[r])));
                x = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, all(min_p[r]), _CMP_GE_OQ), x);
                storef(&e[i], x);
                total = add(total, x);
            }
            float left = uniform[r] * sum(total);
            int64_t best = 0;
            for (int64_t i = 0; i < V; i++) {
                if (e[i] == 0)
                    continue;
                best = i;
                left -= e[i];
                if (left <= 0)
                    break;
            }
            out[r] = best;
        }
    }
}

// One decoding step of attention with three query heads a key-value head:
// q [B, 9, 64], K and V caches [B, 3, room, 64], of which t <= 4096 rows are valid -> out [B, 576].
void decode_attention(const bf16 *q, const bf16 *K, const bf16 *V, bf16 *out, int64_t B, int64_t room, int64_t t)
{
#pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < B * KV_HEADS; r++) {
        const bf16 *k = K + r * room * HEAD_DIM, *v = V + r * room * HEAD_DIM;
        for (int h = 0; h < Q_PER_KV; h++) {
            const bf16 *qh = q + (r * Q_PER_KV + h) * HEAD_DIM;
            float score[MAX_POSITIONS], top = -INFINITY, total = 0;
            for (int64_t j = 0; j < t; j++) {
                vec dot = zero();
                for (int p = 0; p < HEAD_DIM; p += LANES)
                    dot = fma(load(qh + p), load(k + j * HEAD_DIM + p), dot);
                score[j] = sum(dot) * .125f;
                top = score[j] > top ? score[j] : top;
            }
            vec acc[HEAD_DIM / LANES] = {zero(), zero(), zero(), zero()};
            for (int64_t j = 0; j < t; j++) {
                float p = expf(score[j] - top);
                total += p;
                for (int c = 0; c < HEAD_DIM / LANES; c++)
                    acc[c] = fma(all(p), load(v + j * HEAD_DIM + c * LANES), acc[c]);
            }
            for (int c = 0; c < HEAD_DIM / LANES; c++)
                store(out + (r * Q_PER_KV + h) * HEAD_DIM + c * LANES, mul(acc[c], all(1.f / total)));
        }
    }
}
}
