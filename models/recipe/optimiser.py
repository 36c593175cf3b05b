"""Optimiser, schedule and guard of the training stages.

AdamW without weight decay, one group for matrices and one for everything else (convolution, dt, A, D, norm), so that
their rates can differ. Muon, head by head, was tried and was no better for its time: NOTES.md.
"""
import math
import signal
import time

import torch

MATRICES = ('win', 'wout', 'wqkv', 'wo')
KINDS = {'win': 'in', 'wout': 'out', 'wdt': 'dt', 'dt_bias': 'dt', 'A_log': 'A', 'conv_w': 'conv', 'conv_b': 'conv', 'norm': 'norm', 'D': 'D',
         'wqkv': 'qkv', 'wo': 'o'}


class Optimiser:
    """mixers: {layer: Mixer}. lr of the matrices; vectors take lr * vector_scale. A parameter without a gradient (a skipped
    layer's) keeps its value and moments."""

    def __init__(self, mixers, lr, vector_scale=1., betas=(.9, .95)):
        self.mixers, self.lr, self.scales = mixers, lr, (1., vector_scale)
        named = [(n, p) for m in mixers.values() for n, p in m.named_parameters()]
        groups = [[p for n, p in named if (n in MATRICES) == wanted] for wanted in (True, False)]
        self.adam = torch.optim.AdamW([{'params': g} for g in groups], lr=lr, betas=betas, weight_decay=0., fused=True)

    def step(self, factor):
        """One update at lr * factor."""
        for group, scale in zip(self.adam.param_groups, self.scales):
            group['lr'] = self.lr * scale * factor
        self.adam.step()

    def zero_grad(self):
        self.adam.zero_grad(set_to_none=True)

    def state_dict(self):
        return self.adam.state_dict()

    def load_state_dict(self, state):
        self.adam.load_state_dict(state)


class Schedule:
    """Warm-up, constant, then linear to the floor over the last `decay` of the steps, or of `minutes` where these are given.

    On a shared machine nobody knows how many steps a stage will get: so minutes; or SIGUSR1, which begins the fall at once,
    over `fall` steps, and the stage ends there."""

    def __init__(self, total, warmup, decay, fall, floor=.05, minutes=None):
        self.total, self.warmup, self.decay, self.fall, self.floor = total, warmup, decay, fall, floor
        self.begin = total - int(decay * total)
        self.seconds = 60 * minutes if minutes else None
        self.until = time.monotonic() + self.seconds if minutes else None
        self.asked = False
        signal.signal(signal.SIGUSR1, self.ask)

    def ask(self, *_):
        self.asked = True

    def over(self, step):
        return time.monotonic() >= self.until if self.until else step >= self.total

    def last_tenth(self, step, first):
        """Of a run that began with step `first`."""
        if self.until:
            return time.monotonic() >= self.until - self.seconds / 10
        return step >= self.total - max(1, (self.total - first) // 10)

    def __call__(self, step):
        """Factor of the rate at this step."""
        if self.asked and (self.until or step < self.begin):
            self.begin, self.total, self.until = step, min(self.total, step + self.fall), None
        if self.until:
            left = (self.until - time.monotonic()) / (self.decay * self.seconds)
        else:
            left = (self.total - step) / max(1, self.total - self.begin)
        return min(1., (step + 1) / self.warmup) * (self.floor + (1 - self.floor) * min(1., max(0., left)))


def gradient_norms(mixers):
    """Norm of the gradient by kind of tensor, over all layers, and by layer."""
    kinds, layers = {}, {}
    for layer, m in mixers.items():
        for name, p in m.named_parameters():
            if p.grad is not None:
                square = p.grad.pow(2).sum().item()
                kinds[KINDS[name]] = kinds.get(KINDS[name], 0.) + square
                layers[layer] = layers.get(layer, 0.) + square
    return {k: math.sqrt(v) for k, v in kinds.items()}, {k: math.sqrt(v) for k, v in layers.items()}


class Guard:
    """Tells a leap from noise: a value is fine while finite and below `factor` times the running mean of fine ones."""

    def __init__(self, factor, settle=10):
        self.factor, self.settle, self.mean, self.seen = factor, settle, None, 0

    def fine(self, value):
        if not math.isfinite(value):
            return False
        if self.seen >= self.settle and value > self.factor * self.mean:
            return False
        self.seen += 1
        self.mean = value if self.mean is None else self.mean + (value - self.mean) * max(.05, 1 / self.seen)
        return True
