"""Stages `e2e`, `finish` and `finetune`: the whole student against the teacher's distribution, mixers only.

e2e       KL(teacher || student) of every token, text and chats
finish    the same on sampled chats only, reply tokens only
finetune  KL as in e2e, and beside it cross entropy of our own thousand's replies: what it is to know besides the teacher

--attention names kept attention layers that train as well; they then ship as Q8_0 instead of the teacher's bytes.

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
from data import MIX, Rows
from measure import held_kl
from mixer import CHUNK
from model import Passes, load_teacher
from optimiser import Guard, Optimiser, Schedule, gradient_norms
from quantise import shipped_as
from teacher import D_MODEL, END_OF_TEXT, HISS_SYSTEM, IM_END, chat_text, read_tokenizer
from train_layerwise import mean

CLIP = 1.
SKIPS_TO_RETREAT = 5
WORSE_TO_RETREAT = 1.33
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
    (check_thousand.BY_HEART) comes `often` times an epoch, a joke twice as often: it is one only word for word."""

    def __init__(self, paths, length, seed, often=1):
        tokenizer, examples = read_tokenizer(places.teacher()), []
        for path in paths:
            with open(path, encoding='utf-8') as f:
                examples += [json.loads(line) for line in f if line.strip()]
        times = lambda tags: 2 * often if 'joke' in tags else often if BY_HEART & set(tags) else 1
        examples = [e for e in examples for _ in range(times(e['tags']))]
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

    def kl(self, ids, replies_only=False, share=1.):
        """Adds the gradient of share * mean KL; returns the mean KL."""
        weight = reply_mask(ids, self.header) if replies_only else torch.ones(ids.shape)
        weight = (weight / weight.sum().clamp_min(1)).view(-1).to(ids.device)
        ht, hs = self.passes.hidden_pair(self.teacher, self.student, ids)
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
    layers, kept = ([int(x) for x in names.split(',') if x] for names in (args.layers, args.attention))
    mixers = checkpoint.load_mixers(path if resumed else args.init, layers, passes.device)
    mixers.update(checkpoint.load_attention(path if resumed else args.init, kept, teacher))
    header = read_tokenizer(places.teacher()).encode('<|im_start|>assistant\n', add_special_tokens=False).ids
    distiller, run = Distiller(passes, teacher, mixers, header), Run(args, mixers, path)
    log = checkpoint.Log(places.work(args.name + '.jsonl'))
    if resumed:
        run.restore(resumed)
        run.step, run.tokens, run.curve = resumed['step'], resumed['tokens'], resumed['curve']
    first, per_step = run.step, (args.rows * args.length + (args.chats * args.chat_length if args.stage == 'finetune' else 0)) * args.accumulate
    total = run.step + max(0, args.tokens - run.tokens) // per_step
    schedule = Schedule(total, args.warmup, args.decay, args.fall, minutes=args.minutes)
    draw = Rows(args.seed, args.length, ('sampled',) if args.stage == 'finish' else args.mix.split(','))
    thousand = Thousand(args.thousand.split(','), args.chat_length, args.seed, args.often) if args.stage == 'finetune' else None
    log(start=run.step, stage=args.stage, tokens=run.tokens, until=args.tokens, lr=args.lr, layers_swapped=layers, attention=kept,
        device=passes.describe(), held=held_kl(passes, teacher, distiller.student, args.held))
    run.save()

    def gradients(step):
        """(KL, cross entropy of our own chats or None), means of the micro-batches."""
        ours, kl, chats = args.chat_share if thousand else 0., [], []
        for i in range(args.accumulate):
            ids = draw(step * args.accumulate + i, args.rows).to(passes.device)
            kl.append(distiller.kl(ids, args.stage == 'finish', (1 - ours) / args.accumulate))
            if thousand:
                chats.append(distiller.cross_entropy(thousand(args.chats).to(passes.device), ours / args.accumulate))
        return mean(kl), mean(chats) if chats else None

    saved = reported = time.monotonic()
    losses, chats, all_kinds = [], [], []
    while not schedule.over(run.step):
        factor = schedule(run.step)
        with shipped_as(mixers.values(), args.quantise if args.quantise_all or schedule.last_tenth(run.step, first) else None):
            loss, on_chats = gradients(run.step)
        kinds, norms = gradient_norms(mixers)
        taken = run.update(loss, sum(v * v for v in norms.values()) ** .5, factor)
        run.step += 1
        run.tokens += per_step
        if taken:
            losses.append(loss)
            all_kinds.append(kinds)
            chats += [on_chats] if thousand else []
        else:
            log(skipped=run.step, loss=loss, norms=kinds, layer_norms={l: round(v, 3) for l, v in norms.items()})
        if run.step % args.report == 0 and losses:
            now, level = time.monotonic(), mean(losses)
            run.curve.append((run.tokens, level))
            ours = dict(chats=mean(chats)) if chats else {}
            log(step=run.step, tokens=run.tokens, loss=level, **ours, rate=factor * run.rate * args.lr,
                speed=args.report * per_step / (now - reported), norms={k: round(mean(n[k] for n in all_kinds), 4) for k in all_kinds[0]})
            losses, chats, all_kinds, reported = [], [], [], now
            run.best = level if run.best is None else min(run.best, level)
            if level > WORSE_TO_RETREAT * run.best:
                run.retreat(log)
            elif time.monotonic() - saved > args.save_every:
                run.save()
                saved = time.monotonic()
        if run.skips >= SKIPS_TO_RETREAT:
            run.retreat(log)
    with shipped_as(mixers.values(), args.quantise):
        log(done=run.step, tokens=run.tokens, quantised=args.quantise, held=held_kl(passes, teacher, distiller.student, args.held))
    run.save()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('stage', choices=STAGES)
    p.add_argument('--name', help='of checkpoint and log in RECIPE_DIR (default: the stage)')
    p.add_argument('--init', help='mixers to begin with (default: the stage before)')
    p.add_argument('--layers', required=True, help='recurrent layers, such as 2,3,4')
    p.add_argument('--attention', default='', help='kept attention layers that train too')
    p.add_argument('--tokens', type=lambda x: int(float(x)), default=1_000_000)
    p.add_argument('--mix', default=','.join(MIX), help='streams of RECIPE_DIR/data whose rows take turns (e2e and finetune)')
    p.add_argument('--rows', type=int, default=4)
    p.add_argument('--length', type=int, default=512)
    p.add_argument('--accumulate', type=int, default=2)
    p.add_argument('--lr', type=float, default=2e-4)
    p.add_argument('--vector-scale', type=float, default=1.)
    p.add_argument('--minutes', type=float, help='where the schedule ends, instead of --tokens')
    p.add_argument('--warmup', type=int, default=20)
    p.add_argument('--decay', type=float, default=.3)
    p.add_argument('--fall', type=int, default=20, help='steps of the fall that SIGUSR1 begins')
    p.add_argument('--quantise', default='Q5_1', help='type the mixers ship in; the last tenth trains under it')
    p.add_argument('--quantise-all', action='store_true', help='from the first step (restarts from shipped weights)')
    p.add_argument('--thousand', default=os.path.join(places.HERE, 'thousand.jsonl'), help='files of chats, separated by commas')
    p.add_argument('--chat-length', type=int, default=128, help='tokens of a row of the thousand, which holds one chat')
    p.add_argument('--chats', type=int, default=8, help='of the thousand, beside each --rows (finetune)')
    p.add_argument('--chat-share', type=float, default=.3, help='of the loss: the thousand\'s; the rest is KL (finetune)')
    p.add_argument('--often', type=int, default=3, help='times an epoch that what is to be learnt by heart comes (finetune)')
    p.add_argument('--report', type=int, default=5)
    p.add_argument('--save-every', type=float, default=600, help='seconds')
    p.add_argument('--held', type=int, default=4, help='rows of a held-out text')
    p.add_argument('--eager', action='store_true', help='compile nothing: for runs of a few steps')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    p.add_argument('--restart', action='store_true')
    args = p.parse_args()
    for option in ('length', 'chat_length'):
        if getattr(args, option) % CHUNK and getattr(args, option) > CHUNK:
            p.error(f'--{option.replace("_", "-")}: the mixer takes chunks of {CHUNK} tokens')
    args.name = args.name or args.stage
    args.init = args.init or places.work({'e2e': 'layerwise', 'finish': 'e2e', 'finetune': 'finish'}[args.stage] + '.pt')
    torch.manual_seed(args.seed)
    train(args, Passes(args.device, compiled=not args.eager), load_teacher(places.teacher(), device=args.device))


if __name__ == '__main__':
    main()
