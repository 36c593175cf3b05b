"""Stage `calibrate`: first values of every mixer from its attention layer, then ssm_out by ridge regression.

The mapping, a head at a time: B and C become a two-sided SiLU feature map of k and q, [silu(s k + b), silu(-s k + b)];
the values pass SiLU exactly because silu(t) - silu(-t) = t; the last channel is the ballast, a constant whose output is
the sum of the weights, so that the gated RMSNorm divides by attention's denominator; the gate is neutral (m.u is about 1
everywhere, so z only scales a group). Rope's place is taken by one decay a head. s, b and the decay are chosen per head
by the error of the head's output on calibration rows.
"""
import argparse
import math

import torch
import torch.nn.functional as F

import checkpoint
import places
from data import Rows
from mixer import D_INNER, D_MODEL, HEADS, P, Mixer
from model import Passes, load_teacher, rope, rope_tables
from teacher import HEAD_DIM, KV_HEADS, LAYERS, Q_HEADS
from train_layerwise import evaluate, mean

SCALES, BIASES, REACHES = (.5, .75, 1., 1.5), (.25, .5), (2, 6, 16, 48, 160, 640, 4096)
DT = .1
GATE = 3.
BALLAST = 2.                        # times the RMS norm of a head's values: also the most that a value can grow
                                    # by where the denominator vanishes
KEPT = HEAD_DIM - 1                 # value directions that fit beside the ballast, twice


def feature_map(x, s, b):
    return torch.cat([F.silu(s * x + b), F.silu(-s * x + b)], -1)


def fit_head(q, k, v, target, wo):
    """Unrotated q, k, v and the true head output [n, T, 64]; the best (error, s, b, reach) of the grid."""
    length = q.shape[1]
    position = torch.arange(length)
    distance = (position[:, None] - position[None]).clamp_min(0).float()
    causal = torch.ones(length, length).tril()
    metric = wo.t() @ wo                                              # errors count as ssm_out will see them
    size = ((target @ metric) * target).sum()
    best = (math.inf, SCALES[0], BIASES[0], REACHES[-1])
    for s in SCALES:
        for b in BIASES:
            kernel = feature_map(q, s, b) @ feature_map(k, s, b).transpose(1, 2)
            for reach in REACHES:
                w = kernel * torch.exp(-distance / reach) * causal
                out = (w @ v) / w.sum(-1, keepdim=True)
                error = ((((out - target) @ metric) * (out - target)).sum() / size).item()
                if math.isfinite(error) and error < best[0]:
                    best = (error, s, b, reach)
    return best


def value_basis(v, wo):
    """The 63 whitened directions of v that matter most to wo: v' = R v and wo v = O v'. v [n, 64]."""
    moment = v.t() @ v / len(v)
    power, vectors = torch.linalg.eigh(moment)
    power = power.clamp_min(1e-8)
    root, inverse = vectors * power.sqrt() @ vectors.t(), vectors / power.sqrt() @ vectors.t()
    left, singular, right = torch.linalg.svd(wo @ root, full_matrices=False)
    return (right @ inverse)[:KEPT], (left * singular)[:, :KEPT]


@torch.no_grad()
def map_layer(attention, u, fit_rows=2):
    """attention: model.Attention; u [n, T, 576] f32 normed inputs -> (Mixer, report of each head)."""
    n, length, _ = u.shape
    wq, wk, wv = attention.wqkv.float().split([Q_HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM])
    wo = attention.wo.float()
    q, k, v = (F.linear(u, w).view(n, length, -1, HEAD_DIM) for w in (wq, wk, wv))
    tables = rope_tables(length)
    q_turned, k_turned = rope(q[:fit_rows], *tables), rope(k[:fit_rows], *tables)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    flat = u.reshape(-1, D_MODEL)
    gram = flat.t() @ flat / len(flat)
    gate = torch.linalg.solve(gram + 1e-3 * gram.diagonal().mean() * torch.eye(D_MODEL), flat.mean(0))
    m, report = Mixer(), [dict(gate_min=round((flat @ gate).min().item(), 3))]
    win, bias = m.win.zero_(), m.conv_b
    m.wout.zero_()
    m.dt_bias.fill_(math.log(math.expm1(DT)))
    for j in range(HEADS):
        kv = j // (Q_HEADS // KV_HEADS)
        rows = lambda w, i: w[i * HEAD_DIM:(i + 1) * HEAD_DIM]
        wo_j = wo[:, j * HEAD_DIM:(j + 1) * HEAD_DIM]
        balance = (k[:, :, kv].std() / q[:, :, j].std()).sqrt()
        scores = (q_turned[:, :, j] @ k_turned[:, :, kv].transpose(1, 2)) / math.sqrt(HEAD_DIM)
        target = scores.masked_fill(~causal, -torch.inf).softmax(-1) @ v[:fit_rows, :, kv]
        error, s, b, reach = fit_head(q[:fit_rows, :, j] * balance, k[:fit_rows, :, kv] / balance, v[:fit_rows, :, kv], target, wo_j)
        report.append(dict(error=round(error, 3), s=s, b=b, reach=reach))
        R, O = value_basis(v[:, :, kv].reshape(-1, HEAD_DIM), wo_j)
        ballast = BALLAST * (v[:, :, kv].reshape(-1, HEAD_DIM) @ R.t()).pow(2).sum(-1).mean().sqrt()
        z, x, B, C = (part * D_INNER + j * P for part in range(4))
        win[z:z + P] = GATE * gate
        win[x:x + KEPT], win[x + 64:x + 64 + KEPT] = R @ rows(wv, kv), -R @ rows(wv, kv)
        win[B:B + 64], win[B + 64:B + P] = s / balance * rows(wk, kv), -s / balance * rows(wk, kv)
        win[C:C + 64], win[C + 64:C + P] = s * balance * rows(wq, j), -s * balance * rows(wq, j)
        bias[j * P + P - 1] = ballast                                  # silu(c) is c for a large c
        bias[D_INNER + j * P:D_INNER + (j + 1) * P] = b
        bias[2 * D_INNER + j * P:2 * D_INNER + (j + 1) * P] = b
        m.norm[j * P:(j + 1) * P] = ballast / math.sqrt(P)
        m.norm[(j + 1) * P - 1] = 1 / math.sqrt(P)                     # the ballast leaves the norm as 1, not as c
        m.wout[:, j * P:j * P + KEPT], m.wout[:, j * P + 64:j * P + 64 + KEPT] = O, -O
        m.A_log[j] = -math.log(DT * max(reach, 2))
    return m, report


@torch.no_grad()
def ridge(passes, teacher, mixers, rows, strength, at_once=8):
    """ssm_out of every mixer from the normal equations of its normed channels, pulled towards its present values.

    The nine ballasts are one and the same constant. With a pull too weak for their scale their columns grow to a hundred
    times the others' and cancel; the first head whose denominator wavers then throws the layer far off. Hence ballasts of
    size 1. Few rows and a weak pull fit the few tokens that wavered: a pull of 1e-2 and 192 rows do best on held-out ones."""
    gram = {l: torch.zeros(D_INNER, D_INNER) for l in mixers}
    cross = {l: torch.zeros(D_INNER, D_MODEL) for l in mixers}

    def tap(i, u, o):
        if i in mixers:
            x = passes.normed(mixers[i], u).float().view(-1, D_INNER)
            gram[i] += x.t() @ x
            cross[i] += x.t() @ o.float().reshape(-1, D_MODEL)

    for part in rows.split(at_once):
        passes.hidden(teacher, part, tap)
    for l, m in mixers.items():
        pull = strength * gram[l].diagonal().mean().double() * torch.eye(D_INNER, dtype=torch.float64)
        m.wout.copy_(torch.linalg.solve(gram[l].double() + pull, cross[l].double() + pull @ m.wout.t().double()).t().float())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rows', type=int, default=32, help='of 512 tokens, for the mapping')
    p.add_argument('--ridge-rows', type=int, default=192)
    p.add_argument('--strength', type=float, default=1e-2, help='of the pull, as a share of the mean diagonal')
    p.add_argument('--layers', help='such as 5,20 (default: all)')
    p.add_argument('--held', type=int, default=32, help='rows, for the errors in the log')
    p.add_argument('--eager', action='store_true', help='compile nothing: for a few rows')
    p.add_argument('--seed', type=int, default=7)
    args = p.parse_args()
    torch.manual_seed(args.seed)
    passes, teacher, draw = Passes(compiled=not args.eager), load_teacher(places.teacher()), Rows(args.seed, 512)
    log = checkpoint.Log(places.work('calibrate.jsonl'))
    inputs = {}

    def tap(i, u, o):
        inputs.setdefault(i, []).append(u.float())

    with torch.no_grad():
        for part in draw(0, args.rows).split(8):
            passes.hidden(teacher, part, tap)
    mixers = {}
    for l in [int(x) for x in args.layers.split(',')] if args.layers else range(LAYERS):
        mixers[l], report = map_layer(teacher.blocks[l].mixer, torch.cat(inputs.pop(l)))
        log(layer=l, heads=report)
    ridge(passes, teacher, mixers, draw(1, args.ridge_rows), args.strength)
    errors = evaluate(passes, teacher, mixers, draw(2, args.held))
    log(mapped=mean(errors.values()), layers={l: round(e, 4) for l, e in errors.items()})
    checkpoint.save(places.work('mapped.pt'), mixers=mixers, stage='calibrate')


if __name__ == '__main__':
    main()
