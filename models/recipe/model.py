"""Teacher and student: the same llama blocks, a mixer's place taken by attention or by a Mamba-2 mixer.

The student shares the teacher's embedding, norms and MLPs (they ship as the teacher's own bytes); only mixers train.
Matrices run in bf16 where the machine multiplies it (a CPU without such instructions is nine times slower in bf16 than in
f32: there f32), norms, rope, softmax and the residual stream in f32. `Passes` holds the compiled pieces and chooses the
mixer's implementation: kernels.cpp on AVX-512 BF16, plain torch elsewhere (GPU included).
"""
import torch
import torch._dynamo
import torch.nn as nn
import torch.nn.functional as F

import fast
import vocabulary
from mixer import Mixer
from teacher import D_FF, D_MODEL, HEAD_DIM, KV_HEADS, LAYERS, NORM_EPS, Q_HEADS, ROPE_BASE, read_weights

torch._dynamo.config.cache_size_limit = 64
BF16 = torch.bfloat16


def matrix_type(device):
    return BF16 if torch.device(device).type == 'cuda' or {'avx512_bf16', 'amx_bf16'} & fast.cpu_flags() else torch.float32


def rms(x, weight):
    x = x.float()
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + NORM_EPS) * weight


def rope_tables(length, device='cpu'):
    frequency = ROPE_BASE ** (-torch.arange(0, HEAD_DIM, 2, device=device).float() / HEAD_DIM)
    angle = torch.outer(torch.arange(length, device=device).float(), frequency)
    angle = torch.cat([angle, angle], -1)
    return angle.cos(), angle.sin()


def rope(x, cos, sin):
    """x [B, T, heads, 64]"""
    half = HEAD_DIM // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], -1)
    return (x.float() * cos[:, None] + turned.float() * sin[:, None]).to(x.dtype)


class Attention(nn.Module):
    """A kept layer's matrices; a copy with `trained` set may move from the teacher's."""

    def __init__(self, wqkv, wo, trained=False):
        super().__init__()
        self.wqkv, self.wo = nn.Parameter(wqkv, trained), nn.Parameter(wo, trained)


class Block(nn.Module):
    """norm_in and norm_mlp f32 [576]; w_gate_up [3072, 576], w_down [576, 1536]."""

    def __init__(self, norm_in, norm_mlp, w_gate_up, w_down, mixer):
        super().__init__()
        fixed = lambda w: nn.Parameter(w, False)
        self.norm_in, self.norm_mlp = fixed(norm_in), fixed(norm_mlp)
        self.w_gate_up, self.w_down, self.mixer = fixed(w_gate_up), fixed(w_down), mixer


class LanguageModel(nn.Module):
    def __init__(self, embedding, norm, blocks):
        super().__init__()
        self.embedding, self.norm = nn.Parameter(embedding, False), nn.Parameter(norm, False)
        self.blocks = nn.ModuleList(blocks)

    def with_mixers(self, mixers):
        """A student that shares everything with this model but the mixers of some layers."""
        blocks = [Block(b.norm_in.data, b.norm_mlp.data, b.w_gate_up.data, b.w_down.data, mixers.get(i, b.mixer))
                  for i, b in enumerate(self.blocks)]
        return LanguageModel(self.embedding.data, self.norm.data, blocks)


def load_teacher(path, dtype=None, device='cpu'):
    """dtype: of the matrices (default: as fits the machine); norms stay f32."""
    w, dtype = read_weights(path), dtype or matrix_type(device)
    matrix = lambda *names: torch.cat([w[n + '.weight'] for n in names]).to(device, dtype)
    vector = lambda name: w[name + '.weight'].to(device)
    blocks = []
    for i in range(LAYERS):
        p = f'blk.{i}.'
        attention = Attention(matrix(p + 'attn_q', p + 'attn_k', p + 'attn_v'), matrix(p + 'attn_output'))
        blocks.append(Block(vector(p + 'attn_norm'), vector(p + 'ffn_norm'), matrix(p + 'ffn_gate', p + 'ffn_up'),
                            matrix(p + 'ffn_down'), attention))
    return LanguageModel(matrix('token_embd'), vector('output_norm'), blocks)


# The pieces that torch.compile fuses.
def _norm(h, weight, dtype):
    return rms(h, weight).to(dtype)


def _mlp(h, mixed, norm, w_gate_up, w_down):
    h = h + mixed
    gate, up = F.linear(rms(h, norm).to(w_down.dtype), w_gate_up).split(D_FF, -1)
    return h + F.linear(F.silu(gate) * up, w_down)


def _attention(u, wqkv, wo, cos, sin):
    b, t, _ = u.shape
    wqkv, wo = wqkv.to(u.dtype), wo.to(u.dtype)
    q, k, v = F.linear(u, wqkv).view(b, t, -1, HEAD_DIM).split([Q_HEADS, KV_HEADS, KV_HEADS], 2)
    q, k = rope(q, cos, sin), rope(k, cos, sin)
    k, v = (x.transpose(1, 2).repeat_interleave(Q_HEADS // KV_HEADS, 1) for x in (k, v))
    out = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, is_causal=True)
    return F.linear(out.transpose(1, 2).reshape(b, t, -1), wo)


class Passes:
    def __init__(self, device='cpu', compiled=True):
        self.device = torch.device(device)
        self.kernels = self.device.type == 'cpu' and fast.available()
        wrap = (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        self.norm, self.mlp, self.attention = wrap(_norm), wrap(_mlp), wrap(_attention)
        self.kl_rows, self.plain = wrap(vocabulary.kl_rows), wrap(Mixer.normed)
        self.tables = {}

    def describe(self):
        if self.device.type == 'cuda':
            return f'GPU {torch.cuda.get_device_name(self.device)}, bf16, plain torch mixers'
        flags = fast.cpu_flags()
        isa = 'AMX BF16' if 'amx_bf16' in flags else 'AVX-512 BF16' if 'avx512_bf16' in flags else 'f32'
        return f'CPU, {torch.get_num_threads()} threads, {isa}, ' + ('kernels.cpp' if self.kernels else 'plain torch mixers')

    def rope(self, length):
        if length not in self.tables:
            self.tables[length] = rope_tables(length, self.device)
        return self.tables[length]

    def normed(self, mixer, u):
        return fast.normed(mixer, u) if self.kernels and u.dtype == BF16 else self.plain(mixer, u)

    def mix(self, mixer, u):
        if isinstance(mixer, Mixer):
            return F.linear(self.normed(mixer, u), mixer.wout.to(u.dtype))
        return self.attention(u, mixer.wqkv, mixer.wo, *self.rope(u.shape[1]))

    def embed(self, model, ids):
        return F.embedding(ids, model.embedding).float()

    def stream(self, model, h, layers, tap=None):
        """The residual stream h [B, T, 576] through some layers."""
        for i in layers:
            b = model.blocks[i]
            u = self.norm(h, b.norm_in, model.embedding.dtype)
            o = self.mix(b.mixer, u)
            if tap:
                tap(i, u, o)
            h = self.mlp(h, o, b.norm_mlp, b.w_gate_up, b.w_down)
        return h

    def hidden(self, model, ids, tap=None):
        """ids [B, T] -> final normed hidden states [B, T, 576] in the matrices' type. tap(i, u, o) sees a layer's mixer
        input and output."""
        h = self.stream(model, self.embed(model, ids), range(LAYERS), tap)
        return self.norm(h, model.norm, model.embedding.dtype)

    def hidden_pair(self, teacher, student, ids):
        """Final hidden states [B * T, 576] of teacher and student; the layers that they share in the beginning run once, and only the
        student's get a gradient."""
        first = next((i for i, (t, s) in enumerate(zip(teacher.blocks, student.blocks)) if t.mixer is not s.mixer), LAYERS)
        end = lambda m, h: self.norm(self.stream(m, h, range(first, LAYERS)), m.norm, m.embedding.dtype).view(-1, D_MODEL)
        with torch.no_grad():
            h = self.stream(teacher, self.embed(teacher, ids), range(first))
            exact = end(teacher, h)
        return exact, end(student, h)

    def kl(self, model, student, teacher, weight):
        """Hidden states [n, 576] -> (weighted sum of KL(teacher || student) with gradient, KL of each token)."""
        pieces, rows = (fast.kl_rows, 1024) if self.kernels and student.dtype == BF16 else (self.kl_rows, 256)
        return vocabulary.VocabularyKL.apply(student, teacher, model.embedding, weight, rows, pieces)
