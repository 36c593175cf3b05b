"""Stage `parity`: the float student against hiss and llama.cpp running the exported file, teacher-forced on the same text.

Float: torch, f32, with the file's own weights (mixers through the same quantisation). What remains is the rounding of
activations to 8 bits; a 135 M Transformer shows a KL of about 2.6e-3 and 97.5 % equal top tokens there.
"""
import argparse
import importlib.util
import math

import numpy as np
import torch
import torch.nn.functional as F

import checkpoint
import hiss
import places
from data import held_rows
from model import Passes, load_teacher
from quantise import shipped_as

WINDOW = 512
SCORED = slice(WINDOW // 2, WINDOW - 1)              # positions whose logits count, each with a target


def float_logits(args, rows):
    passes, teacher = Passes(compiled=False), load_teacher(places.teacher(), dtype=torch.float32)
    mixers = checkpoint.load_mixers(args.mixers, [int(x) for x in args.layers.split(',')] if args.layers else None)
    student = teacher.with_mixers(mixers)
    with torch.no_grad(), shipped_as(mixers.values(), args.quantise):
        for ids in rows:
            yield F.linear(passes.hidden(student, ids[None])[0, SCORED], teacher.embedding)


def hiss_logits(args, rows):
    parts = hiss.logits(args.file, rows.tolist())
    for _ in rows:
        yield torch.cat([next(parts) for _ in range(0, WINDOW, hiss.CHUNK)])[SCORED]


def llama_logits(args, rows):
    from llama_cpp import Llama
    llama = Llama(args.file, n_ctx=WINDOW, n_batch=WINDOW, n_threads=torch.get_num_threads(), logits_all=True, verbose=False)
    for ids in rows:
        llama.reset()
        llama.eval(ids.tolist())
        yield torch.from_numpy(np.array(llama.scores[SCORED]))


class Distance:
    """Of one program's logits from float's, gathered window by window."""

    def __init__(self):
        self.kl, self.same, self.loss = [], [], []

    def add(self, exact, logits, targets):
        exact, logp = exact.log_softmax(-1), logits.log_softmax(-1)
        self.kl.append((exact.exp() * (exact - logp)).sum(-1))
        self.same.append(exact.argmax(-1) == logp.argmax(-1))
        self.loss.append(-logp.gather(-1, targets[:, None])[:, 0])

    def __str__(self):
        kl, same, loss = map(torch.cat, (self.kl, self.same, self.loss))
        return (f'{len(kl)} positions: KL(float || it) mean {kl.mean():.2e} median {kl.median():.2e} p99 {kl.quantile(.99):.2e}, '
                f'same top token {same.float().mean():.4f}, perplexity {math.exp(loss.mean()):.3f}')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers')
    p.add_argument('file')
    p.add_argument('--layers')
    p.add_argument('--quantise', default='Q5_1')
    p.add_argument('--windows', type=int, default=4, help=f'of {WINDOW} tokens; the second half of each counts')
    args = p.parse_args()
    rows, programs = held_rows('wiki', args.windows, WINDOW), {'float': float_logits, 'hiss': hiss_logits, 'llama.cpp': llama_logits}
    if not importlib.util.find_spec('llama_cpp'):
        del programs['llama.cpp']
        print('parity: llama.cpp is left out, because Python finds no package llama_cpp (llama-cpp-python)')
    found = {name: Distance() for name in programs}
    for ids, exact, *others in zip(rows, *(make(args, rows) for make in programs.values())):
        for distance, logits in zip(found.values(), (exact, *others)):
            distance.add(exact, logits, ids[WINDOW // 2 + 1:])
    for name, distance in found.items():
        print(f'{name}: {distance}')


if __name__ == '__main__':
    main()
