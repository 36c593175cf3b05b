"""Stage `check`: the recipe's own tests, minutes on any machine, without the teacher or any text.

The chunked mixer against the token-by-token definition; kernels.cpp against plain torch, values and gradients; the
vocabulary KL; trained attention's way to disk; text written as WikiText; forms given by rule; rounding; schedule and guard; a checkpoint's way to disk and back; that check_thousand.py finds what is
planted. With a teacher and text in place, `recipe dry` runs every stage at toy size.
"""
import copy
import os
import pathlib
import sys
import tempfile

import torch
import torch.nn.functional as F
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

import check_thousand
import checkpoint
import fast
import forms
import ifeval
import places
import tokenised
from compensate import round_matrix
from mixer import D_MODEL, Mixer
from model import Attention
from optimiser import Guard, Optimiser, Schedule
from quantise import LEVELS, quantised
from teacher import HEAD_DIM, KV_HEADS, Q_HEADS, permute, unpermute
from vocabulary import VocabularyKL, kl_rows

SEED = 1


def random_mixer(chunk):
    m = Mixer(chunk)
    with torch.no_grad():
        m.wdt.normal_(0, .02)
        m.conv_w.normal_(0, .5)
        m.conv_b.normal_(0, .3)
        m.D.normal_()
        m.A_log.uniform_(-3, 1)
        m.norm.uniform_(.5, 2)
        m.win.mul_(2)
    return m


def distance(a, b):
    return ((a.double() - b.double()).pow(2).sum() / b.double().pow(2).sum()).sqrt().item()


def expect(what, value, limit):
    print(f'{what}: {value:.2e} (limit {limit:.0e})')
    if not value <= limit:
        sys.exit(f'check: {what} is {value:.3e}, more than {limit:.0e} (seed {SEED})')


def check_scan():
    u = torch.randn(2, 256, D_MODEL, dtype=torch.float64)
    for chunk in (64, 128):
        m = random_mixer(chunk).double()
        expect(f'chunks of {chunk} against the recurrence', distance(m(u), m.recurrent(u)), 1e-9)


def gradients(mixer, forward, u, upstream):
    mixer.zero_grad()
    u = u.clone().requires_grad_(True)
    out = forward(u)
    (out.float() * upstream).sum().backward()
    return {'out': out.detach(), 'u': u.grad, **{n: p.grad.clone() for n, p in mixer.named_parameters()}}


def check_kernels():
    if not fast.available():
        print('kernels.cpp: skipped, this CPU has no AVX-512 BF16')
        return
    for chunk, length in ((64, 256), (128, 256), (128, 128)):
        m = random_mixer(chunk)
        u, upstream = torch.randn(2, length, D_MODEL).bfloat16(), torch.randn(2, length, D_MODEL)
        exact = gradients(m, m, u.float(), upstream)
        plain = gradients(m, m, u, upstream)
        ours = gradients(m, lambda u: F.linear(fast.normed(m, u), m.wout.to(u.dtype)), u, upstream)
        for name in exact:            # as close to f32 as plain bf16 torch is, give or take
            limit = max(3e-2, 1.5 * distance(plain[name], exact[name]))
            expect(f'kernels, chunk {chunk} of {length}, {name}', distance(ours[name], exact[name]), limit)
    hs, ht, e = torch.randn(64, D_MODEL).bfloat16(), torch.randn(64, D_MODEL).bfloat16(), torch.randn(4096, D_MODEL) * .1
    weight, h = torch.rand(64) / 64, hs.float().requires_grad_(True)
    wide = e.bfloat16().float()
    ls, lt = (h @ wide.t()).log_softmax(-1), (ht.float() @ wide.t()).log_softmax(-1)
    exact = ((lt.exp() * (lt - ls)).sum(-1) * weight).sum()
    exact.backward()
    h2 = hs.clone().requires_grad_(True)
    ours, _ = VocabularyKL.apply(h2, ht, e, weight, 24, fast.kl_rows)
    ours.backward()
    expect('vocabulary KL', abs(ours.item() / exact.item() - 1), 2e-2)
    expect('vocabulary KL, gradient', distance(h2.grad, h.grad), 2e-2)


def check_vocabulary_kl():
    """A row's loss and gradient, taken in slices, against autograd."""
    hs, ht, e, weight = torch.randn(50, D_MODEL, requires_grad=True), torch.randn(50, D_MODEL), torch.randn(512, D_MODEL) * .1, torch.rand(50)
    ls, lt = (hs @ e.t()).log_softmax(-1), (ht @ e.t()).log_softmax(-1)
    exact = ((lt.exp() * (lt - ls)).sum(-1) * weight).sum()
    wanted, = torch.autograd.grad(exact, hs)
    ours, _ = VocabularyKL.apply(hs, ht, e, weight, 16, kl_rows)
    expect('vocabulary KL in slices', abs(ours.item() / exact.item() - 1), 1e-5)
    expect('vocabulary KL in slices, gradient', distance(torch.autograd.grad(ours, hs)[0], wanted), 1e-5)


def check_attention():
    """A trained attention layer's way to disk and back, and into GGUF's order of rows."""
    w = torch.randn(KV_HEADS * HEAD_DIM, D_MODEL)
    kept = Attention(torch.randn((Q_HEADS + 2 * KV_HEADS) * HEAD_DIM, D_MODEL), torch.randn(D_MODEL, Q_HEADS * HEAD_DIM), trained=True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'c.pt')
        checkpoint.save(path, mixers={3: random_mixer(128), 8: kept})
        back = checkpoint.load_mixers(path)
    expect('trained attention from disk', distance(back[8].wqkv, kept.wqkv) + isinstance(back[3], Attention), 0)
    expect('rows in GGUF\'s order and back', distance(unpermute(permute(w, KV_HEADS), KV_HEADS), w), 0)


def check_tokenised():
    text = 'It\'s a well-known “fact”: 1,000 of 2.5 (or so) didn\'t.'
    wanted = 'It \'s a well @-@ known " fact " : 1 @,@ 000 of 2 @.@ 5 ( or so ) didn \'t .'
    if ' '.join(tokenised.words(text)) != wanted:
        sys.exit(f'check: written as WikiText it reads {" ".join(tokenised.words(text))!r}, not {wanted!r}')


def check_rounding():
    """Nearest against gguf's own; compensated: its bytes hold its values, and the output's error is well below nearest's."""
    x, w = torch.randn(4000, 128) @ (torch.randn(128, 128) * .1 + torch.eye(128)), torch.randn(64, 128)
    ours = lambda raw, kind: torch.from_numpy(dequantize(raw, GGMLQuantizationType[kind]))
    output_error = lambda rounded: ((x @ (rounded - w).t()).pow(2).mean() / (x @ w.t()).pow(2).mean()).item()
    for kind in LEVELS:
        theirs = ours(quantize(w.numpy(), GGMLQuantizationType[kind]), kind)
        expect(f'{kind} against gguf', distance(quantised(w, kind), theirs), 1e-6)
    for kind in ('Q4_1', 'Q5_1', 'Q8_0'):
        rounded, packed = round_matrix(w, x.t() @ x, kind)
        expect(f'{kind} compensated against its bytes', distance(rounded, ours(packed.numpy(), kind)), 1e-7)
        expect(f'{kind} compensated: share of the nearest\'s error', output_error(rounded) / output_error(quantised(w, kind)), .8)


def check_forms():
    """Every form that a rule gives is one that its own check finds; what has no way to it, or lacks the form, is not let through."""
    question, four = 'Why is the sky blue?', 'Air scatters blue light more than red. So blue comes from all sides. At dusk the way is longer. Red is left.'
    requests = [r for r in ifeval.read(os.path.join(places.HERE, 'requests.jsonl')) if r['instruction'] in forms.FORMS]
    failed = [r['text'] for r in requests if not forms.formed(r, question, four) and r['kwargs'].get('num_bullets') != 5]
    plain = [r['text'] for r in requests if ifeval.follows(r['instruction'], {**r['kwargs'], 'prompt_to_repeat': question}, four)]
    five = [r for r in requests if r['kwargs'].get('num_bullets') == 5]
    if failed or plain or any(forms.formed(r, question, four) for r in five):
        sys.exit(f'check: forms: not given {failed}, there already {plain}, or five bullets of four sentences')
    print(f'forms: {len(requests)} requests are given what they ask for, none has it before')


def check_optimiser():
    plain = Schedule(100, 10, .5, 20)
    if [round(plain(s), 3) for s in (0, 9, 50, 75, 100)] != [.1, 1., 1., .525, .05]:
        sys.exit('check: the schedule is not warm-up, constant, linear')
    plain.asked = True
    if [round(plain(s), 3) for s in (20, 30, 40)] != [1., .525, .05] or plain.total != 40:
        sys.exit('check: the fall does not begin when asked for')
    timed = Schedule(10**9, 1, 1., 20, minutes=1.)
    timed.until -= 30
    if abs(timed(5) - .525) > .01 or timed.over(5) or timed.last_tenth(5, 0):
        sys.exit('check: half way through its minutes the rate is not half fallen')
    timed.until -= 30
    if not timed.over(6):
        sys.exit('check: a schedule in minutes does not end')
    guard = Guard(5.)
    fine = [guard.fine(1.) for _ in range(20)]
    if not all(fine) or guard.fine(6.) or guard.fine(float('nan')) or not guard.fine(2.):
        sys.exit('check: the guard does not tell a leap from noise')


def check_resume():
    """Two steps, saved and resumed between, must equal two steps."""
    def steps(mixers, optimiser, count):
        for _ in range(count):
            for m in mixers.values():
                m(torch.ones(1, 128, D_MODEL)).sum().backward()
            optimiser.step(1.)
            optimiser.zero_grad()

    start = random_mixer(128)
    through, broken = Mixer(), Mixer()
    for m in (through, broken):
        m.load_state_dict(start.state_dict())
    steps({3: through}, Optimiser({3: through}, 1e-3), 2)
    optimiser = Optimiser({3: broken}, 1e-3)
    steps({3: broken}, optimiser, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'c.pt')
        checkpoint.save(path, mixers={3: broken}, optimiser=optimiser.state_dict(), step=1)
        mixers = checkpoint.load_mixers(path)
        optimiser = Optimiser(mixers, 1e-3)
        optimiser.load_state_dict(checkpoint.load(path)['optimiser'])
    steps(mixers, optimiser, 1)
    expect('a resumed run against an uninterrupted one', distance(mixers[3].win, through.win), 1e-6)


def check_our_thousand():
    """No complaint about the set as it is; one about each of five things planted in it."""
    complaints = []
    rows = check_thousand.load(pathlib.Path(check_thousand.__file__).with_name('thousand.jsonl'), complaints.append)
    check_thousand.check_rows(rows, complaints.append)
    if complaints:
        sys.exit(f'check: our thousand: {complaints[0]}')
    plain = [i for i, r in enumerate(rows) if not check_thousand.recurs(r)]
    joke = next(r for r in rows if r['tags'] == ['joke'])

    def planted(what, wanted, change):
        changed, found = copy.deepcopy(rows), []
        change(changed)
        check_thousand.check_rows(changed, found.append)
        if not any(wanted in f for f in found):
            sys.exit(f'check: our thousand with {what} passes')

    def opening(rows):
        i = next(i for i in plain if len(rows[i]['messages'][0]['content'].split()) > 40)
        rows[plain[-1]]['messages'][0]['content'] = rows[i]['messages'][0]['content'] + ' Thank you very much.'

    def answer(rows):
        i = next(i for i in plain if len(rows[i]['messages'][1]['content'].split()) > 12)
        rows[plain[-1]]['messages'][-1]['content'] = rows[i]['messages'][1]['content'].rstrip('.')

    def elsewhere(rows):
        rows[plain[-1]]['messages'][-1]['content'] = joke['messages'][1]['content']

    def literally(rows):
        i = next(i for i, r in enumerate(rows) if check_thousand.by_heart(r) and r['messages'] != joke['messages'])
        rows[i]['messages'] = copy.deepcopy(joke['messages'])

    def too_often(rows):
        for n, i in enumerate(plain[:check_thousand.MAX_ANSWERED + 1]):
            asked = {'role': 'user', 'content': f'joke {n}, please'}
            rows[i].update(tags=['joke'], messages=[asked, joke['messages'][1]])

    planted('a near duplicate of a question', 'openings of', opening)
    planted('a near duplicate of an answer', 'answers of', answer)
    planted('a joke in a conversation of another kind', 'answers of', elsewhere)
    planted('a question asked literally twice', 'ask the same', literally)
    planted('a joke too often', 'answers like', too_often)
    print('our thousand: passes; each of five planted faults does not')


if __name__ == '__main__':
    torch.manual_seed(SEED)
    print('check: seed', SEED)
    check_our_thousand()
    check_tokenised()
    check_scan()
    check_vocabulary_kl()
    check_attention()
    check_rounding()
    check_forms()
    check_optimiser()
    check_resume()
    check_kernels()
    print('check: passed')
