"""Stages `e2e`, `finish` and `finetune`: the whole student against the teacher's distribution, mixers only.

e2e       KL(teacher || student) of every token, text and chats
finish    the same on sampled chats only, reply tokens only
finetune  cross entropy of our own thousand's replies, with rows of `finish` beside them so that the rest is not forgotten

The last tenth runs with the mixers quantised as they will ship. A step whose loss or gradient norm leaps is skipped; five
skips in a row, or a loss a third above its best for long, and the run goes back to its last good checkpoint at half the
rate. The gradient norm is logged by kind of tensor. Resumes from its own checkpoint.
"""
import argparse
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import checkpoint
import places
from check_thousand import BY_HEART
from data import MIX, Rows, held_rows
from model import Passes, load_teacher
from optimiser import Guard, Optimiser, Schedule, gradient_norms
from quantise import shipped_as
from teacher import D_MODEL, END_OF_TEXT, HISS_SYSTEM, IM_END, chat_text, read_tokenizer
from train_layerwise import mean

CLIP = 1.
SKIPS_TO_RETREAT = 5
WORSE_TO_RETREAT = 1.33
HELD = (('wiki', 2), ('book', 2), ('real', 2), ('sampled', 4))
STAGES = ('e2e', 'finish', 'finetune')


def reply_mask(ids, header):
    """ids [B, T] -> 1 where the *next* token belongs to an assistant's reply (its end mark too), else 0. header: the ids of
    "<|im_start|>assistant\\n"; its last token predicts the reply's first."""
    mask, inside, n = torch.zeros(ids.shape), torch.zeros(len(ids), dtype=torch.bool), len(header)
    header = torch.tensor(header)
    ids = ids.cpu()
    for t in range(ids.shape[1]):
        if t + 1 >= n:
            inside |= (ids[:, t + 1 - n:t + 1] == header).all(-1)
        inside &= ids[:, t] != IM_END
        mask[:, t] = inside.float()
    return mask


class Thousand:
    """Our own examples, one a row, shuffled anew each epoch. Each begins from an empty state, as a chat does: packed behind others
    an answer can be copied from them, and who it is was not learnt. What is longer than a row is cut; learnt by heart
    (check_thousand.BY_HEART) comes `often` times an epoch."""

    def __init__(self, path, length, seed, often=1):
        tokenizer = read_tokenizer(places.teacher())
        with open(path, encoding='utf-8') as f:
            examples = [json.loads(line) for line in f if line.strip()]
        examples = [e for e in examples for _ in range(often if BY_HEART & set(e['tags']) else 1)]
        texts = [chat_text(e['messages'], HISS_SYSTEM) for e in examples]
        self.chats = [e.ids[:length] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
        self.length, self.seed, self.rows, self.epoch = length, seed, [], 0

    def shuffled(self):
        order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.chats))
        self.epoch += 1
        return [self.chats[i] + [END_OF_TEXT] * (self.length - len(self.chats[i])) for i in order]

    def __call__(self, count):
        while len(self.rows) < count:
            self.rows += self.shuffled()
        taken, self.rows = self.rows[:count], self.rows[count:]
        return torch.tensor(taken)


class Distiller:
    def __init__(self, passes, teacher, mixers, header):
        self.passes, self.teacher, self.mixers, self.header = passes, teacher, mixers, header
        self.student = teacher.with_mixers(mixers)

    def both(self, ids):
        with torch.no_grad():
            t = self.passes.hidden(self.teacher, ids).view(-1, D_MODEL)
        return self.passes.hidden(self.student, ids).view(-1, D_MODEL), t

    def kl(self, ids, replies_only=False, share=1.):
        """Adds the gradient of share * mean KL; returns the mean KL."""
        weight = reply_mask(ids, self.header) if replies_only else torch.ones(ids.shape)
        weight = (weight / weight.sum().clamp_min(1)).view(-1).to(ids.device)
        hs, ht = self.both(ids)
        loss, _ = self.passes.kl(self.student, hs, ht, weight)
        (loss * share).backward()
        return loss.item()

    def cross_entropy(self, ids, share=1.):
        """Of reply tokens, as above."""
        weight = reply_mask(ids, self.header)[:, :-1].reshape(-1).to(ids.device)
        hs = self.passes.hidden(self.student, ids)[:, :-1].reshape(-1, D_MODEL)[weight > 0]
        loss = F.cross_entropy(F.linear(hs, self.student.embedding).float(), ids[:, 1:].reshape(-1)[weight > 0])
        (loss * share).backward()
        return loss.item()


@torch.no_grad()
def held_kl(distiller, most, length=512, at_once=4):
    """{text: KL} on held-out rows, at most `most` of a text, all tokens."""
    result = {}
    for name, count in HELD:
        kl, n = 0., 0
        for ids in held_rows(name, min(count, most), length).split(at_once):
            hs, ht = distiller.both(ids.to(distiller.passes.device))
            kl += distiller.passes.kl(distiller.student, hs, ht, torch.ones(len(hs), device=hs.device))[0].item()
            n += len(hs)
        result[name] = round(kl / n, 4)
    return result


class Run:
    """Position, optimiser and the way back."""

    def __init__(self, args, mixers, path):
        self.args, self.mixers, self.path = args, mixers, path
        self.optimiser = Optimiser(mixers, args.lr, args.vector_scale)
        self.step = self.tokens = self.retreats = 0
        self.rate, self.curve, self.best = 1., [], None
        self.loss_guard, self.norm_guard, self.skips = Guard(2.), Guard(4.), 0

    def save(self):
        checkpoint.save(self.path, mixers=self.mixers, optimiser=self.optimiser.state_dict(), step=self.step,
                        tokens=self.tokens, curve=self.curve, rate=self.rate, layers=sorted(self.mixers))

    def restore(self, saved):
        for l, m in self.mixers.items():
            m.load_state_dict(saved['mixers'][l])
        self.optimiser.load_state_dict(saved['optimiser'])
        self.rate = saved['rate']

    def retreat(self, log):
        """Weights of the last good checkpoint, half the rate; the rows go on from here, so the bad ones are not met again."""
        rate = self.rate / 2
        self.restore(checkpoint.load(self.path))
        self.rate, self.retreats, self.skips, self.best = rate, self.retreats + 1, 0, None
        log(retreat=self.retreats, step=self.step, rate=self.rate)
        if self.retreats > 4:
            raise SystemExit(f'{self.path}: the loss leapt five times; the last good checkpoint is kept. Lower --lr.')

    def update(self, loss, norm, factor):
        """One optimiser step unless this one leaps; True if taken."""
        if not (self.loss_guard.fine(loss) and self.norm_guard.fine(norm)):
            self.skips += 1
            self.optimiser.zero_grad()
            return False
        self.skips = 0
        parameters = [p for m in self.mixers.values() for p in m.parameters()]
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        self.optimiser.step(factor * self.rate)
        self.optimiser.zero_grad()
        return True


def train(args, passes, teacher):
    path = places.work(args.name + '.pt')
    resumed = checkpoint.load(path) if os.path.exists(path) and not args.restart else None
    layers = [int(x) for x in args.layers.split(',')]
    mixers = checkpoint.load_mixers(path if resumed else args.init, layers, passes.device)
    header = read_tokenizer(places.teacher()).encode('<|im_start|>assistant\n', add_special_tokens=False).ids
    distiller, run = Distiller(passes, teacher, mixers, header), Run(args, mixers, path)
    log = checkpoint.Log(places.work(args.name + '.jsonl'))
    if resumed:
        run.restore(resumed)
        run.step, run.tokens, run.curve = resumed['step'], resumed['tokens'], resumed['curve']
    first, per_step = run.step, args.rows * args.length * args.accumulate
    total = run.step + max(0, args.tokens - run.tokens) // per_step
    schedule = Schedule(total, args.warmup, args.decay, args.fall)
    draw = Rows(args.seed, args.length, args.mix.split(',') if args.stage == 'e2e' else ('sampled',))
    thousand = Thousand(args.thousand, args.chat_length, args.seed, args.often) if args.stage == 'finetune' else None
    log(start=run.step, stage=args.stage, tokens=run.tokens, until=args.tokens, lr=args.lr, layers_swapped=layers,
        device=passes.describe(), held=held_kl(distiller, args.held))
    run.save()

    def gradients(step):
        share, losses = 1 / args.accumulate, []
        for i in range(args.accumulate):
            if thousand and i % 3 != 2:
                losses.append(distiller.cross_entropy(thousand(args.rows * args.length // args.chat_length).to(passes.device), share))
            else:
                ids = draw(step * args.accumulate + i, args.rows).to(passes.device)
                losses.append(distiller.kl(ids, args.stage != 'e2e', share))
        return mean(losses)

    saved = reported = time.monotonic()
    losses, all_kinds = [], []
    while run.step < schedule.total:
        factor = schedule(run.step)
        last_tenth = run.step >= schedule.total - max(1, (schedule.total - first) // 10)
        with shipped_as(mixers.values(), args.quantise if last_tenth or args.quantise_all else None):
            loss = gradients(run.step)
        kinds, norms = gradient_norms(mixers)
        taken = run.update(loss, sum(v * v for v in norms.values()) ** .5, factor)
        run.step += 1
        run.tokens += per_step
        if taken:
            losses.append(loss)
            all_kinds.append(kinds)
        else:
            log(skipped=run.step, loss=loss, norms=kinds, layer_norms={l: round(v, 3) for l, v in norms.items()})
        if run.step % args.report == 0 and losses:
            now, level = time.monotonic(), mean(losses)
            run.curve.append((run.tokens, level))
            log(step=run.step, tokens=run.tokens, loss=level, rate=factor * run.rate * args.lr,
                speed=args.report * per_step / (now - reported), norms={k: round(mean(n[k] for n in all_kinds), 4) for k in all_kinds[0]})
            losses, all_kinds, reported = [], [], now
            run.best = level if run.best is None else min(run.best, level)
            if level > WORSE_TO_RETREAT * run.best:
                run.retreat(log)
            elif time.monotonic() - saved > args.save_every:
                run.save()
                saved = time.monotonic()
        if run.skips >= SKIPS_TO_RETREAT:
            run.retreat(log)
    with shipped_as(mixers.values(), args.quantise):
        log(done=run.step, tokens=run.tokens, quantised=args.quantise, held=held_kl(distiller, args.held))
    run.save()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('stage', choices=STAGES)
    p.add_argument('--name', help='of checkpoint and log in RECIPE_DIR (default: the stage)')
    p.add_argument('--init', help='mixers to begin with (default: the stage before)')
    p.add_argument('--layers', required=True, help='recurrent layers, such as 2,3,4')
    p.add_argument('--tokens', type=lambda x: int(float(x)), default=1_000_000)
    p.add_argument('--mix', default=','.join(MIX), help='streams of RECIPE_DIR/data whose rows take turns (e2e)')
    p.add_argument('--rows', type=int, default=4)
    p.add_argument('--length', type=int, default=512)
    p.add_argument('--accumulate', type=int, default=2)
    p.add_argument('--lr', type=float, default=2e-4)
    p.add_argument('--vector-scale', type=float, default=1.)
    p.add_argument('--warmup', type=int, default=20)
    p.add_argument('--decay', type=float, default=.3)
    p.add_argument('--fall', type=int, default=20, help='steps of the fall that SIGUSR1 begins')
    p.add_argument('--quantise', default='Q5_1', help='type the mixers ship in; the last tenth trains under it')
    p.add_argument('--quantise-all', action='store_true', help='from the first step (restarts from shipped weights)')
    p.add_argument('--thousand', default=os.path.join(places.HERE, 'thousand.jsonl'))
    p.add_argument('--chat-length', type=int, default=128, help='tokens of a row of the thousand, which holds one chat')
    p.add_argument('--often', type=int, default=3, help='times an epoch that what is to be learnt by heart comes (finetune)')
    p.add_argument('--report', type=int, default=5)
    p.add_argument('--save-every', type=float, default=600, help='seconds')
    p.add_argument('--held', type=int, default=4, help='rows of a held-out text at most')
    p.add_argument('--eager', action='store_true', help='compile nothing: for runs of a few steps')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    p.add_argument('--restart', action='store_true')
    args = p.parse_args()
    args.name = args.name or args.stage
    args.init = args.init or places.work({'e2e': 'layerwise', 'finish': 'e2e', 'finetune': 'finish'}[args.stage] + '.pt')
    torch.manual_seed(args.seed)
    train(args, Passes(args.device, compiled=not args.eager), load_teacher(places.teacher(), device=args.device))


if __name__ == '__main__':
    main()
