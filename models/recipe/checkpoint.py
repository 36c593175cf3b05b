"""Checkpoints: one file holds mixers, optimiser, position and curve; written beside, synced, renamed, so that a killed run
leaves the last whole one."""
import json
import os
import time

import torch

from mixer import Mixer
from model import Attention


def save(path, **content):
    content['mixers'] = {l: {k: v.detach().clone() for k, v in m.state_dict().items()} for l, m in content['mixers'].items()}
    part = path + '.part'
    with open(part, 'wb') as f:
        torch.save(content, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(part, path)


def load(path):
    return torch.load(path, map_location='cpu', weights_only=False)


def is_attention(state):
    """Of a layer's saved weights: a kept layer's attention that was trained, not a mixer."""
    return 'wqkv' in state


def load_mixers(path, layers=None, device='cpu'):
    """{layer: Mixer} from a checkpoint, ready to train; layers None: all it has, trained attention as well."""
    saved = load(path)['mixers']
    mixers = {}
    for layer in sorted(saved) if layers is None else layers:
        if is_attention(saved[layer]):
            mixers[layer] = Attention(saved[layer]['wqkv'].to(device), saved[layer]['wo'].to(device), trained=True)
        else:
            mixers[layer] = Mixer().to(device)
            mixers[layer].load_state_dict(saved[layer])
    return mixers


def load_attention(path, layers, teacher):
    """{layer: Attention} to train, f32: from a checkpoint that has it, else the teacher's."""
    saved, found = load(path)['mixers'], {}
    for layer in layers:
        its = teacher.blocks[layer].mixer.state_dict()
        its.update(saved.get(layer, {}))
        found[layer] = Attention(*(its[name].float().clone() for name in ('wqkv', 'wo')), trained=True)
    return found


class Log:
    """One JSON object a line, appended; also printed."""

    def __init__(self, path):
        self.path, self.start = path, time.monotonic()

    def __call__(self, **row):
        row['seconds'] = round(time.monotonic() - self.start)
        with open(self.path, 'a') as f:
            f.write(json.dumps(row) + '\n')
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items() if not isinstance(v, dict)}, flush=True)
