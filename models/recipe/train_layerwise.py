"""Stage `layerwise`: every mixer learns to give its attention layer's output for the teacher's own inputs.

One teacher pass a step; each layer's loss is its output's squared error over the output's mean square. Layers are
independent, so any subset may be trained here and any subset shipped later. Resumes from its own checkpoint.
"""
import argparse
import os
import time

import torch

import checkpoint
import places
from data import MIX, Rows, held_rows
from measure import HELD
from model import Passes, load_teacher
from optimiser import Guard, Optimiser, Schedule, gradient_norms
from teacher import LAYERS

CLIP = 1.


def robust_error(out, target, knee):
    """A token's squared error over the output's mean square, growing only as a logarithm beyond `knee` (Cauchy's loss): the few
    tokens where a denominator vanishes do not drown the rest. -> (its mean, the mean of the plain error)."""
    target = target.float()
    token = (out.float() - target).pow(2).mean(-1) / target.pow(2).mean()
    return (knee * torch.log1p(token / knee)).mean(), token.mean()


def layer_step(passes, teacher, mixers, ids, knee):
    """Gradients of all mixers on one batch; {layer: relative error}."""
    losses = {}

    def tap(i, u, o):
        if i in mixers:
            with torch.enable_grad():
                loss, error = robust_error(passes.mix(mixers[i], u), o, knee)
                loss.backward()
            losses[i] = error.item()

    with torch.no_grad():
        passes.stream(teacher, passes.embed(teacher, ids), range(max(mixers) + 1), tap)
    return losses


@torch.no_grad()
def evaluate(passes, teacher, mixers, rows, at_once=8):
    """{layer: relative error} on held-out rows."""
    error, size = dict.fromkeys(mixers, 0.), dict.fromkeys(mixers, 0.)

    def tap(i, u, o):
        if i in mixers:
            error[i] += (passes.mix(mixers[i], u).float() - o.float()).pow(2).sum().item()
            size[i] += o.float().pow(2).sum().item()

    for part in rows.split(at_once):
        passes.stream(teacher, passes.embed(teacher, part.to(passes.device)), range(max(mixers) + 1), tap)
    return {i: error[i] / size[i] for i in mixers}


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def train(args, passes, teacher):
    path = places.work('layerwise.pt')
    resumed = checkpoint.load(path) if os.path.exists(path) and not args.restart else None
    layers = [int(x) for x in args.layers.split(',')] if args.layers else range(LAYERS)
    mixers = checkpoint.load_mixers(path if resumed else args.init, layers, passes.device)
    optimiser = Optimiser(mixers, args.lr)
    first, tokens, curve = 0, 0, []
    if resumed:
        optimiser.load_state_dict(resumed['optimiser'])
        first, tokens, curve = resumed['step'], resumed['tokens'], resumed['curve']
    draw = Rows(args.seed, args.length, args.mix.split(','))
    held = torch.cat([held_rows(name, args.held, args.length) for name in HELD])
    total = first + max(0, args.tokens - tokens) // (args.rows * args.length)
    schedule = Schedule(total, args.warmup, args.decay, args.fall)
    log = checkpoint.Log(places.work('layerwise.jsonl'))
    guards = {l: Guard(6.) for l in mixers}
    log(start=first, tokens=tokens, until=args.tokens, lr=args.lr, device=passes.describe())

    def save(step):
        checkpoint.save(path, mixers=mixers, optimiser=optimiser.state_dict(), step=step, tokens=tokens, curve=curve)

    saved = reported = time.monotonic()
    recent, skipped = [], 0
    step = first
    while step < schedule.total:
        losses = layer_step(passes, teacher, mixers, draw(step, args.rows).to(passes.device), args.knee)
        kinds, norms = gradient_norms(mixers)
        leaps = [l for l in mixers if not (guards[l].fine(norms[l]) and losses[l] == losses[l])]
        for l, m in mixers.items():
            if l in leaps:
                m.zero_grad(set_to_none=True)
            else:
                torch.nn.utils.clip_grad_norm_(m.parameters(), CLIP)
        optimiser.step(schedule(step))
        optimiser.zero_grad()
        skipped += len(leaps)
        tokens += args.rows * args.length
        step += 1
        recent.append(losses)
        if step % args.report == 0:
            now = time.monotonic()
            curve.append((tokens, mean(mean(r.values()) for r in recent)))
            log(step=step, tokens=tokens, error=curve[-1][1], speed=args.report * args.rows * args.length / (now - reported),
                skipped=skipped, norms=kinds, layers={l: round(mean(r[l] for r in recent), 4) for l in mixers})
            recent, skipped, reported = [], 0, now
        if time.monotonic() - saved > args.save_every:
            save(step)
            saved = time.monotonic()
    errors = evaluate(passes, teacher, mixers, held)
    log(done=step, tokens=tokens, held=mean(errors.values()), layers={l: round(e, 4) for l, e in errors.items()})
    save(step)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--init', default=None, help='mixers to begin with (default: RECIPE_DIR/mapped.pt)')
    p.add_argument('--layers', help='such as 2,3,4 (default: all)')
    p.add_argument('--tokens', type=lambda x: int(float(x)), default=3_000_000, help='where the schedule ends; on resuming it may change')
    p.add_argument('--mix', default=','.join(MIX), help='streams of RECIPE_DIR/data whose rows take turns')
    p.add_argument('--rows', type=int, default=2)
    p.add_argument('--length', type=int, default=512)
    p.add_argument('--lr', type=float, default=1e-3)
    p.add_argument('--knee', type=float, default=2., help='relative error of a token beyond which it counts only as a logarithm')
    p.add_argument('--warmup', type=int, default=50)
    p.add_argument('--decay', type=float, default=.3, help='share of the steps over which the rate falls')
    p.add_argument('--fall', type=int, default=100, help='steps of the fall that SIGUSR1 begins')
    p.add_argument('--report', type=int, default=20)
    p.add_argument('--save-every', type=float, default=600, help='seconds')
    p.add_argument('--held', type=int, default=8, help='rows of each held-out text')
    p.add_argument('--eager', action='store_true', help='compile nothing: for runs of a few steps')
    p.add_argument('--seed', type=int, default=0)
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    p.add_argument('--restart', action='store_true', help='ignore this stage\'s checkpoint')
    args = p.parse_args()
    args.init = args.init or places.work('mapped.pt')
    torch.manual_seed(args.seed)
    train(args, Passes(args.device, compiled=not args.eager), load_teacher(places.teacher(), device=args.device))


if __name__ == '__main__':
    main()
