"""Stage `evaluate`: student beside teacher, on text neither was trained on for this.

Teacher-forced, in torch, with the mixers quantised as they ship: perplexity by position, KL(teacher || student), top-1
agreement, BLiMP, recall of a planted fact. Generated, by llama.cpp on the finished files (--student-file,
--teacher-file): share of replies that end and that loop, IFEval (strict).
"""
import argparse
import glob
import io
import json
import math
import os
import random
import zipfile
from contextlib import nullcontext

import torch
import torch.nn.functional as F

import checkpoint
import places
from data import held_rows, stream
from model import Passes, load_teacher
from quantise import shipped_as
from teacher import D_MODEL, END_OF_TEXT, prompt_text, read_tokenizer

BINS = ((0, 64), (64, 256), (256, 1024), (1024, 2048), (2048, 4096))
COLOURS = ('red', 'blue', 'green', 'yellow', 'purple', 'orange', 'black', 'white')
NAMES = ('Alice', 'Boris', 'Clara', 'David', 'Elena', 'Frank', 'Greta', 'Henry')


class Pair:
    """Teacher and student on the same rows."""

    def __init__(self, passes, teacher, mixers, quantise):
        self.passes, self.teacher, self.mixers, self.quantise = passes, teacher, mixers, quantise
        self.student = teacher.with_mixers(mixers)

    @torch.no_grad()
    def hidden(self, ids):
        """([B, T, 576] of the teacher, of the student)"""
        ids = ids.to(self.passes.device)
        t = self.passes.hidden(self.teacher, ids)
        with shipped_as(self.mixers.values(), self.quantise):
            return t, self.passes.hidden(self.student, ids)

    def logits(self, h):
        return F.linear(h, self.teacher.embedding).float()


@torch.no_grad()
def compare(pair, rows, slice_=512):
    """[T] sums over the rows of: teacher's loss, student's loss, KL, same top token."""
    length = rows.shape[1]
    sums = torch.zeros(4, length)
    for ids in rows.split(1):
        ht, hs = pair.hidden(ids)
        for i in range(0, length, slice_):
            lt, ls = (pair.logits(h[0, i:i + slice_]).log_softmax(-1) for h in (ht, hs))
            target = torch.cat([ids[0, i + 1:i + slice_ + 1], ids[0, :1]])[:len(lt), None].to(lt.device)
            sums[0, i:i + len(lt)] -= lt.gather(-1, target)[:, 0].cpu()
            sums[1, i:i + len(lt)] -= ls.gather(-1, target)[:, 0].cpu()
            sums[2, i:i + len(lt)] += (lt.exp() * (lt - ls)).sum(-1).cpu()
            sums[3, i:i + len(lt)] += (lt.argmax(-1) == ls.argmax(-1)).float().cpu()
    return sums / len(rows)


def by_position(sums):
    """Rows for the table: range, perplexities, ratio, KL, top-1; the last position has no target and is left out."""
    length = sums.shape[1] - 1
    for low, high in (*[b for b in BINS if b[0] < length], (0, length)):
        t, s, kl, same = sums[:, low:min(high, length)].mean(-1).tolist()
        yield dict(tokens=f'{low}-{min(high, length + 1)}', teacher=round(math.exp(t), 2), student=round(math.exp(s), 2),
                   ratio=round(math.exp(s - t), 3), kl=round(kl, 3), top1=round(same, 3))


def padded(rows, multiple):
    """Lists of ids -> [n, T] with T a multiple; what follows a row's end cannot reach back."""
    longest = -(-max(map(len, rows)) // multiple) * multiple
    return torch.tensor([r + [END_OF_TEXT] * (longest - len(r)) for r in rows])


def recall(pair, tokenizer, distance, cases, seed=1):
    """Share of cases in which the colour stated `distance` tokens of a book ago is the most likely next word, and in which
    it is the likeliest of the eight: (teacher, student) each."""
    encode = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    colour_ids = [encode(' ' + c)[0] for c in COLOURS]
    book, rng = stream('held_book').tolist(), random.Random(seed)
    header = prompt_text([{'role': 'user', 'content': '\0'}]).split('\0')
    rows, ends, answers = [], [], []
    for k in range(cases):
        start, colour = rng.randrange(len(book) - distance), rng.randrange(len(COLOURS))
        filler = [t for t in book[start:start + distance] if t != END_OF_TEXT]
        row = encode(header[0] + f'My name is {NAMES[k % 8]} and my favorite color is {COLOURS[colour]}.') + filler
        row += encode('\n\nWhat is my favorite color?' + header[1] + 'Your favorite color is')
        rows.append(row)
        ends.append(len(row) - 1)
        answers.append(colour_ids[colour])
    first, of_eight = [0, 0], [0, 0]
    for i, ids in enumerate(padded(rows, 128).split(1)):
        for who, h in enumerate(pair.hidden(ids)):
            logits = pair.logits(h[0, ends[i]])
            first[who] += int(logits.argmax() == answers[i])
            of_eight[who] += int(colour_ids[int(logits[colour_ids].argmax())] == answers[i])
    return [round(x / cases, 3) for x in first], [round(x / cases, 3) for x in of_eight]


@torch.no_grad()
def blimp(pair, tokenizer, per_paradigm, at_once=32):
    """Share of minimal pairs whose good sentence is likelier: (teacher, student)."""
    archive = zipfile.ZipFile(places.text('blimp', 'blimp.zip'))
    right, total = [0, 0], 0
    for name in sorted(n for n in archive.namelist() if n.endswith('.jsonl')):
        lines = io.TextIOWrapper(archive.open(name), encoding='utf-8').read().splitlines()
        pairs = [json.loads(line) for line in random.Random(0).sample(lines, min(per_paradigm, len(lines)))]
        texts = [p[k] for p in pairs for k in ('sentence_good', 'sentence_bad')]
        rows = [[END_OF_TEXT] + e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
        scores = [[], []]
        for i in range(0, len(rows), at_once):
            part = rows[i:i + at_once]
            ids = padded(part, 32)
            for who, h in enumerate(pair.hidden(ids)):
                logp = pair.logits(h[:, :-1]).log_softmax(-1).gather(-1, ids[:, 1:, None].to(h.device))[..., 0]
                scores[who] += [logp[j, :len(r) - 1].sum().item() for j, r in enumerate(part)]
        for who in (0, 1):
            right[who] += sum(a > b for a, b in zip(scores[who][::2], scores[who][1::2]))
        total += len(pairs)
    return [round(r / total, 3) for r in right]


def loops(ids, size=8, times=3):
    """Whether some run of `size` tokens comes `times` times."""
    seen = {}
    for i in range(len(ids) - size + 1):
        key = tuple(ids[i:i + size])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] >= times:
            return True
    return False


def replies(path, prompts, tokens, threads):
    """Greedy replies of a GGUF file: [(text, ended, loops)]."""
    from llama_cpp import Llama
    llama = Llama(path, n_ctx=2048, n_threads=threads, verbose=False)
    result = []
    for prompt in prompts:
        text = prompt_text([{'role': 'user', 'content': prompt}])
        out = llama.create_completion(text, max_tokens=tokens, temperature=0.)['choices'][0]
        ids = llama.tokenize(out['text'].encode(), add_bos=False)
        result.append((out['text'], out['finish_reason'] == 'stop', loops(ids)))
    return result


def held_prompts(count):
    """Questions of the held-out real chats."""
    tokenizer = read_tokenizer(places.teacher())
    text = tokenizer.decode(stream('held_real')[:60_000].tolist(), skip_special_tokens=False)
    users = [part.split('<|im_end|>')[0] for part in text.split('<|im_start|>user\n')[1:]]
    return [u for u in users if len(u) < 400][:count]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers', nargs='?', help='a checkpoint; without it only the files are measured')
    p.add_argument('--layers', action='append', help='recurrent layers; several times to compare sets (default: all it has)')
    p.add_argument('--quantise', default='Q5_1')
    p.add_argument('--rows', type=int, default=6, help='of --length tokens from each text')
    p.add_argument('--length', type=int, default=1024)
    p.add_argument('--sets', default='wiki,sampled')
    p.add_argument('--recall', type=int, default=0, help='cases a distance')
    p.add_argument('--distances', default='50,200,1000')
    p.add_argument('--blimp', type=int, default=0, help='pairs a paradigm')
    p.add_argument('--student-file')
    p.add_argument('--teacher-file', default=None)
    p.add_argument('--prompts', type=int, default=0, help='prompts for endings and loops')
    p.add_argument('--ifeval', type=int, default=0, help='prompts of IFEval')
    p.add_argument('--tokens', type=int, default=192, help='longest reply')
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    args = p.parse_args()
    log = checkpoint.Log(places.work('evaluate.jsonl'))
    if args.mixers:
        passes, teacher = Passes(args.device, compiled=False), load_teacher(places.teacher(), device=args.device)
        tokenizer, everything = read_tokenizer(places.teacher()), checkpoint.load_mixers(args.mixers, device=args.device)
        for text in args.layers or [','.join(map(str, everything))]:
            layers = [int(x) for x in text.split(',')]
            pair = Pair(passes, teacher, {l: everything[l] for l in layers}, args.quantise)
            log(mixers=os.path.basename(args.mixers), recurrent=len(layers), kept=[l for l in range(30) if l not in layers], quantise=args.quantise)
            for name in args.sets.split(','):
                for row in by_position(compare(pair, held_rows(name, args.rows, args.length))):
                    log(text=name, **row)
            for distance in map(int, args.distances.split(',')) if args.recall else ():
                exact, of_eight = recall(pair, tokenizer, distance, args.recall)
                log(recall=distance, cases=args.recall, teacher=exact[0], student=exact[1], teacher_of_8=of_eight[0], student_of_8=of_eight[1])
            if args.blimp:
                t, s = blimp(pair, tokenizer, args.blimp)
                log(blimp=args.blimp, teacher=t, student=s)
    files = [(who, path) for who, path in (('teacher', args.teacher_file), ('student', args.student_file)) if path]
    for who, path in files:
        if args.prompts:
            made = replies(path, held_prompts(args.prompts), args.tokens, torch.get_num_threads())
            share = lambda k: round(sum(m[k] for m in made) / len(made), 3)
            log(who=who, replies=len(made), ended=share(1), looping=share(2))
        if args.ifeval:
            import ifeval
            items = ifeval.read(places.text('ifeval', 'input_data.jsonl'))[:args.ifeval]
            made = replies(path, [i['prompt'] for i in items], args.tokens * 2, torch.get_num_threads())
            log(who=who, ifeval=len(items), **ifeval.score(items, [m[0] for m in made]))


if __name__ == '__main__':
    main()
