"""ggml's 32-blocks in torch: what a tensor will be after it was shipped (for fake quantisation while training), checked
against gguf's own in check.py."""
from contextlib import contextmanager

import torch

BLOCK = 32
LEVELS = {'Q4_0': 16, 'Q4_1': 16, 'Q5_0': 32, 'Q5_1': 32, 'Q8_0': 256}
QUANTISED = ('win', 'wdt', 'wout')              # ssm_in is win and wdt


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
