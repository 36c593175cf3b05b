"""Stage `quantise`: a checkpoint's matrices rounded to the type they ship in, column by column, each column's error made up for
by the columns after it as far as the layer's own inputs allow (GPTQ: Frantar et al. 2022, arXiv 2210.17323).

Layers go in order, each on what the quantised layers before it give. The result holds the rounded weights and, for
`export`, their packed bytes.
"""
import argparse
import copy

import torch
import torch.nn.functional as F

import checkpoint
import places
from data import Rows
from measure import held_kl
from mixer import D_INNER, Mixer
from model import Passes, load_teacher
from quantise import BLOCK, LEVELS, f16, pack, quantised

DAMP = .01                          # of the mean diagonal, added to it
SHRINK = (1., .96, .92, .88, .84)   # ranges tried for a block, as shares of its own


def grid(blocks, kind):
    """blocks [n, 32] -> (d, low) [n, 1], the best of SHRINK by squared error, as f16 will hold them; values are low + d * code."""
    levels = LEVELS[kind]
    if kind == 'Q8_0':
        d = f16(blocks.abs().amax(-1, keepdim=True) / 127)
        return d, -128 * d
    lowest, highest = blocks.amin(-1, keepdim=True), blocks.amax(-1, keepdim=True)
    best = None
    for share in SHRINK:
        middle, half = (lowest + highest) / 2, (highest - lowest) / 2 * share
        d, low = f16(2 * half / (levels - 1)), f16(middle - half)
        error = (low + d * codes(blocks, d, low, kind) - blocks).pow(2).sum(-1, keepdim=True)
        if best is None:
            best = [error, d, low]
        else:
            best = [torch.where(error < best[0], new, old) for new, old in zip((error, d, low), best)]
    return best[1], best[2]


def codes(w, d, low, kind):
    first = 1 if kind == 'Q8_0' else 0
    return ((w - low) * torch.where(d > 0, 1 / d, 0)).round().clamp(first, LEVELS[kind] - 1)


def round_matrix(w, gram, kind):
    """w [rows, K] f32, gram [K, K] of its inputs -> (rounded w, packed bytes [rows, ...])."""
    w, columns = w.clone(), w.shape[1]
    gram = gram.double() + DAMP * gram.diagonal().double().mean() * torch.eye(columns, dtype=torch.float64)
    factor = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(gram)), upper=True).float()
    out, all_codes, ds, lows = torch.empty_like(w), torch.empty_like(w), [], []
    for begin in range(0, columns, BLOCK):
        block, errors = slice(begin, begin + BLOCK), []
        d, low = grid(w[:, block], kind)
        for j in range(begin, begin + BLOCK):
            column = w[:, j:j + 1]
            all_codes[:, j:j + 1] = codes(column, d, low, kind)
            out[:, j:j + 1] = low + d * all_codes[:, j:j + 1]
            error = (column - out[:, j:j + 1]) / factor[j, j]
            w[:, j + 1:begin + BLOCK] -= error * factor[j, j + 1:begin + BLOCK]
            errors.append(error)
        w[:, begin + BLOCK:] -= torch.cat(errors, 1) @ factor[block, begin + BLOCK:]
        ds.append(d)
        lows.append(low)
    return out, pack(all_codes, torch.cat(ds, 1), torch.cat(lows, 1), kind)


@torch.no_grad()
def compensate(passes, student, mixers, rows, kinds, log):
    """Rounds mixers in place; kinds {layer: (type of ssm_in, of ssm_out)}. rows [n, T] -> {layer: {'in': bytes, 'out': bytes}}.
    Attention that was trained goes to the nearest."""
    dtype, packed = student.embedding.dtype, {}
    streams = [passes.embed(student, part) for part in rows.split(8)]
    gram = lambda parts: sum(x.t() @ x for x in (p.float().reshape(-1, p.shape[-1]) for p in parts))
    for i, b in enumerate(student.blocks):
        inputs = [passes.norm(h, b.norm_in, dtype) for h in streams]
        outputs = [passes.mix(b.mixer, u) for u in inputs]
        if isinstance(b.mixer, Mixer):
            m, (kind_in, kind_out), exact = b.mixer, kinds[i], outputs
            rounded, bytes_in = round_matrix(torch.cat([m.win, m.wdt]), gram(inputs), kind_in)
            m.win.copy_(rounded[:4 * D_INNER])
            m.wdt.copy_(rounded[4 * D_INNER:])
            channels = [passes.normed(m, u) for u in inputs]
            rounded, bytes_out = round_matrix(m.wout, gram(channels), kind_out)
            m.wout.copy_(rounded)
            packed[i] = {'in': bytes_in, 'out': bytes_out, 'types': kinds[i]}
            outputs = [F.linear(x, m.wout.to(dtype)) for x in channels]
            error, size = (sum(x.float().pow(2).sum().item() for x in parts) for parts in ([a - b for a, b in zip(outputs, exact)], exact))
            log(layer=i, types='/'.join(kinds[i]), error=error / size)
        elif i in mixers:
            for p in b.mixer.parameters():
                p.copy_(quantised(p, kinds[i][0]))
            outputs = [passes.mix(b.mixer, u) for u in inputs]
        streams = [passes.mlp(h, o, b.norm_mlp, b.w_gate_up, b.w_down) for h, o in zip(streams, outputs)]
    return packed


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers', help='a checkpoint')
    p.add_argument('--out', help='default: beside it, -rounded.pt')
    p.add_argument('--layers', help='which of its layers (default: all it has)')
    p.add_argument('--type', default='Q5_1', choices=('Q4_1', 'Q5_1', 'Q8_0'))
    p.add_argument('--better', default='', help='layers whose ssm_in ships as Q8_0, such as 3,20')
    p.add_argument('--rows', type=int, default=96, help='of 512 tokens')
    p.add_argument('--held', type=int, default=2, help='rows of each held-out text')
    p.add_argument('--mix', default='sampled,text,sampled,real')
    p.add_argument('--seed', type=int, default=11)
    args = p.parse_args()
    passes, teacher = Passes(compiled=False), load_teacher(places.teacher())
    layers = [int(x) for x in args.layers.split(',')] if args.layers else None
    mixers = checkpoint.load_mixers(args.mixers, layers)
    better = {int(x) for x in args.better.split(',') if x}
    kinds = {l: ('Q8_0' if l in better else args.type, args.type) for l in mixers}
    exact, log = teacher.with_mixers(copy.deepcopy(mixers)), checkpoint.Log(places.work('quantise.jsonl'))
    student = teacher.with_mixers(mixers)
    log(float_student=held_kl(passes, teacher, student, args.held))
    packed = compensate(passes, student, mixers, Rows(args.seed, 512, args.mix.split(','))(0, args.rows), kinds, log)
    rounded = {whose: held_kl(passes, model, student, args.held) for whose, model in (('teacher', teacher), ('float student', exact))}
    log(rounded=rounded)
    print('KL from', rounded)
    checkpoint.save(args.out or args.mixers.replace('.pt', '-rounded.pt'), mixers=mixers, packed=packed, stage='quantise')


if __name__ == '__main__':
    main()
