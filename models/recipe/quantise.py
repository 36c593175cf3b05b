"""ggml's 32-blocks in torch: what a tensor will be after it was shipped (for fake quantisation while training), checked
against gguf's own in check.py."""
from contextlib import contextmanager

import torch

BLOCK = 32
LEVELS = {'Q4_0': 16, 'Q4_1': 16, 'Q5_0': 32, 'Q5_1': 32, 'Q8_0': 256}
QUANTISED = ('win', 'wdt', 'wout', 'wqkv', 'wo') # ssm_in is win and wdt; the last two: attention that was trained


def f16(x):
    return x.half().float()


def quantised(w, kind):
    """w rounded to the grid of `kind`, f32; rows must be whole blocks."""
    if kind in ('F32', None):
        return w
    blocks = w.float().reshape(-1, BLOCK)
    levels = LEVELS[kind]
    if kind.endswith('_1'):
        low, high = blocks.amin(-1, keepdim=True), blocks.amax(-1, keepdim=True)
        d = (high - low) / (levels - 1)
        codes = ((blocks - low) * torch.where(d > 0, 1 / d, 0)).add(.5).floor().clamp(0, levels - 1)
        out = codes * f16(d) + f16(low)
    elif kind == 'Q8_0':
        d = blocks.abs().amax(-1, keepdim=True) / 127
        out = (blocks * torch.where(d > 0, 1 / d, 0)).round() * f16(d)
    else:                                        # signed extreme goes to -levels/2
        at = blocks.abs().argmax(-1, keepdim=True)
        d = blocks.gather(-1, at) / -(levels // 2)
        codes = (blocks * torch.where(d != 0, 1 / d, 0) + levels // 2 + .5).floor().clamp(0, levels - 1)
        out = (codes - levels // 2) * f16(d)
    return out.view(w.shape)


def pack(codes, d, low, kind):
    """codes [rows, K] (values are low + d * code), d and low [rows, K/32] -> ggml's bytes [rows, ...] of Q4_1, Q5_1 or Q8_0
    (there low is -128 d)."""
    rows, columns = codes.shape
    halves = lambda x: x.half().contiguous().view(torch.uint8).view(rows, -1, 2)
    c = codes.view(rows, columns // BLOCK, BLOCK)
    if kind == 'Q8_0':
        return torch.cat([halves(d), (c - 128).to(torch.int8).view(torch.uint8)], -1).view(rows, -1)
    c = c.to(torch.int64)
    nibbles = (c[..., :16] & 15 | (c[..., 16:] & 15) << 4).to(torch.uint8)
    parts = [halves(d), halves(low)]
    if kind == 'Q5_1':
        fifth = ((c >> 4) << torch.arange(BLOCK)).sum(-1)
        parts.append((fifth[..., None] >> torch.arange(0, 32, 8) & 255).to(torch.uint8))
    return torch.cat([*parts, nibbles], -1).view(rows, -1)


@contextmanager
def shipped_as(mixers, kind):
    """Inside, the mixers' matrices hold what they will be once quantised; gradients taken there go straight through."""
    if kind in ('F32', None):
        yield
        return
    masters = [(p, p.data) for m in mixers for n, p in m.named_parameters() if n in QUANTISED]
    for p, master in masters:
        p.data = quantised(master, kind)
    try:
        yield
    finally:
        for p, master in masters:
            p.data = master
