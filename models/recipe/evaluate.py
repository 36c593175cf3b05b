"""Stage `evaluate`: the student's file beside the teacher's, both run by hiss: what ships is what is measured.

  perplexity  of both by position, KL(teacher || student) and agreement of the likeliest token, on held-out text
  recall      of a colour stated 50, 200, 1,000 tokens ago (facts.py)
  blimp       minimal pairs whose good sentence is the likelier one (Warstadt et al. 2020, arXiv 1912.00582)
  replies     to held-out questions, greedy and sampled as hiss does by default: shares that end by themselves, that loop
  ifeval      strict, greedy (ifeval.py)

Rows go to RECIPE_DIR/evaluate.jsonl, or --out, as they are measured, and a table to stdout; card.py makes the model card's
from the same rows. --limit makes it quick and rough.
"""
import argparse
import functools
import hashlib
import io
import json
import math
import os
import random
import threading
import time
import zipfile
from dataclasses import asdict

import torch
from gguf import GGUFReader

import hiss
import ifeval
import places
from data import held_rows, stream
from facts import planted
from teacher import END_OF_TEXT, read_tokenizer

BINS = ((0, 64), (64, 256), (256, 1024), (1024, 2048), (2048, 4096))
WHO = ('teacher', 'student')
SLICE = 16                          # rows of logits that stay in the cache from one operation to the next


@functools.cache
def describe(path):
    """Layers, recurrent ones, and name, bytes and SHA-256 of every part."""
    first = '-00001-of-'
    count = int(path.split(first)[1][:5]) if first in path else 1
    parts = []
    for part in (path.replace(first, f'-{i + 1:05d}-of-') for i in range(count)):
        with open(part, 'rb') as f:
            digest = hashlib.file_digest(f, 'sha256').hexdigest()
        parts.append(dict(file=os.path.basename(part), bytes=os.path.getsize(part), sha256=digest))
    fields = GGUFReader(path).fields
    read = lambda key: fields[fields['general.architecture'].contents() + '.' + key].contents()
    heads = read('attention.head_count_kv')
    return dict(layers=read('block_count'), recurrent=heads.count(0) if isinstance(heads, list) else 0, parts=parts)


def compare(files, rows):
    """rows [n, T] -> [4, T]: means over rows of the teacher's loss, the student's, KL, same likeliest token. The last
    position has no target."""
    count, length = rows.shape
    sums, streams = torch.zeros(4, length), zip(*(hiss.logits(f, rows.tolist()) for f in files))
    for row in rows:
        targets, i = torch.cat([row[1:], row[:1]]), 0
        while i < length:
            for lt, ls in zip(*(part.split(SLICE) for part in next(streams))):
                lt, ls, target = lt.log_softmax(-1), ls.log_softmax(-1), targets[i:i + len(lt), None]
                sums[:, i:i + len(lt)] += torch.stack([-lt.gather(-1, target)[:, 0], -ls.gather(-1, target)[:, 0],
                                                       (lt.exp() * (lt - ls)).sum(-1), (lt.argmax(-1) == ls.argmax(-1)).float()])
                i += len(lt)
    return sums / count


def perplexity(files, args):
    for text in args.sets.split(','):
        sums = compare(files, held_rows(text, args.rows, args.length))
        length = args.length - 1
        for low, high in (*[b for b in BINS if b[0] < length], (0, args.length)):
            t, s, kl, same = sums[:, low:min(high, length)].mean(-1).tolist()
            yield dict(text=text, tokens=f'{low}-{min(high, args.length)}', rows=args.rows, teacher=round(math.exp(t), 2),
                       student=round(math.exp(s), 2), ratio=round(math.exp(s - t), 3), kl=round(kl, 3), top1=round(same, 3))


def recall(files, args):
    tokenizer = read_tokenizer(places.teacher())
    for distance in map(int, args.distances.split(',')):
        facts = planted(tokenizer, distance, args.cases)
        (t, t8), (s, s8) = hiss.side_by_side(lambda f: facts.score(torch.cat(list(hiss.logits(f, facts.rows, last=True)))), files)
        yield dict(distance=distance, cases=args.cases, teacher=t, student=s, teacher_of_8=t8, student_of_8=s8)


def minimal_pairs(archive, per_paradigm):
    """Sentences, a good one before each bad one."""
    with zipfile.ZipFile(archive) as z:
        for name in sorted(n for n in z.namelist() if n.endswith('.jsonl')):
            lines = io.TextIOWrapper(z.open(name), encoding='utf-8').read().splitlines()
            for line in random.Random(0).sample(lines, min(per_paradigm, len(lines))):
                pair = json.loads(line)
                yield from (pair['sentence_good'], pair['sentence_bad'])


def blimp(files, args):
    texts = list(minimal_pairs(places.text('blimp', 'blimp.zip'), args.pairs))
    encoded = read_tokenizer(places.teacher()).encode_batch(texts, add_special_tokens=False)
    rows = [[END_OF_TEXT] + e.ids for e in encoded]

    def share(path):
        score = [logits[:-1].log_softmax(-1).gather(-1, torch.tensor(row[1:])[:, None]).sum().item()
                 for row, logits in zip(rows, hiss.logits(path, rows))]
        return round(sum(good > bad for good, bad in zip(score[::2], score[1::2])) / (len(rows) // 2), 3)

    yield dict(pairs=len(rows) // 2, **dict(zip(WHO, hiss.side_by_side(share, files))))


def loops(ids, size=8, times=3):
    """Whether some run of `size` tokens comes `times` times."""
    seen = {}
    for i in range(len(ids) - size + 1):
        key = tuple(ids[i:i + size])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] >= times:
            return True
    return False


def held_questions(count):
    """First questions of held-out real chats, short ones."""
    text = read_tokenizer(places.teacher()).decode(stream('held_real')[:60_000].tolist(), skip_special_tokens=False)
    asked = [part.split('<|im_end|>')[0] for part in text.split('<|im_start|>user\n')[1:]]
    return [q for q in asked if len(q) < 400][:count]


class Replies:
    """Replies, kept in a file that people can read too. One depends on weights, prompt and options alone, so an interrupted
    evaluation goes on where it stood, and the teacher need not answer twice."""

    def __init__(self, path):
        self.known, self.lock = {}, threading.Lock()
        self.file = open(path, 'a+', encoding='utf-8')
        self.file.seek(0)
        for row in map(json.loads, self.file):
            self.known[tuple(row['key'])] = hiss.Reply(row['text'], row['ids'], row['ended'])

    def one(self, path, prompt, tokens, options):
        key = (*(part['sha256'] for part in describe(path)['parts']), prompt, str(tokens), *options)
        if key not in self.known:
            reply = hiss.ask(path, prompt, tokens, *options)
            with self.lock:
                self.known[key] = reply
                self.file.write(json.dumps(dict(key=key, **asdict(reply))) + '\n')
                self.file.flush()
        return self.known[key]

    def all(self, files, prompts, tokens, options):
        """{who: [Reply]}; options(i) are those of prompt i."""
        jobs = [(f, p, tokens, options(i)) for f in files for i, p in enumerate(prompts)]
        made = hiss.side_by_side(lambda job: self.one(*job), jobs)
        return {who: made[k * len(prompts):(k + 1) * len(prompts)] for k, who in enumerate(WHO)}


def replies(files, args):
    questions = held_questions(args.prompts)
    for how, options in (('greedy', lambda i: ('--temp', '0')), ('sampled', lambda i: ('--seed', str(i)))):
        made = args.replies.all(files, questions, args.tokens, options)
        share = lambda test: {who: round(sum(map(test, made[who])) / len(questions), 3) for who in WHO}
        same = dict(how=how, prompts=len(questions), longest=args.tokens)
        yield dict(what='ended', **same, **share(lambda r: r.ended))
        yield dict(what='looping', **same, **share(lambda r: loops(r.ids)))


def instructions(files, args):
    items = ifeval.read(places.text('ifeval', 'input_data.jsonl'))[:args.prompts_ifeval]
    prompts = [item['prompt'] for item in items]
    made = args.replies.all(files, prompts, args.tokens_ifeval, lambda i: ('--temp', '0'))
    same = dict(prompts=len(items), longest=args.tokens_ifeval)
    scores = {who: ifeval.score(items, [r.text for r in made[who]]) for who in WHO}
    for what in ('prompts', 'instructions'):
        yield dict(what=what, **same, **{who: scores[who][what] for who in WHO})
    yield dict(what='looping', **same, **{who: round(sum(loops(r.ids) for r in made[who]) / len(items), 3) for who in WHO})


MEASURES = dict(perplexity=perplexity, recall=recall, blimp=blimp, replies=replies, ifeval=instructions)
COUNTS = ('rows', 'cases', 'pairs', 'prompts', 'prompts_ifeval')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('student', help='a GGUF file; of a split one the first part')
    p.add_argument('--teacher', default=None, help='default: RECIPE_TEACHER')
    p.add_argument('--only', default=','.join(MEASURES), help='measures, separated by commas')
    p.add_argument('--limit', type=int, help='at most so many rows, cases, pairs and prompts')
    p.add_argument('--sets', default='wiki,sampled', help='held-out texts: wiki, sampled (the teacher\'s chats), real, book')
    p.add_argument('--rows', type=int, default=4, help='of each text')
    p.add_argument('--length', type=int, default=4096, help='tokens a row')
    p.add_argument('--distances', default='50,200,1000')
    p.add_argument('--cases', type=int, default=24, help='planted facts a distance')
    p.add_argument('--pairs', type=int, default=40, help='of each of BLiMP\'s paradigms')
    p.add_argument('--prompts', type=int, default=40)
    p.add_argument('--tokens', type=int, default=256, help='longest reply')
    p.add_argument('--prompts-ifeval', type=int, default=270)
    p.add_argument('--tokens-ifeval', type=int, default=384)
    p.add_argument('--out', help='JSON lines; what it held is lost')
    args = p.parse_args()
    for name in COUNTS if args.limit else ():
        setattr(args, name, min(args.limit, getattr(args, name)))
    files = [args.teacher or places.teacher(), args.student]
    unknown = set(args.only.split(',')) - set(MEASURES)
    if unknown:
        p.error(f'{", ".join(sorted(unknown))}: measures are {", ".join(MEASURES)}')
    args.replies = Replies(places.work('replies.jsonl'))
    torch.set_num_threads(1)
    with open(args.out or places.work('evaluate.jsonl'), 'w') as out:
        def tell(**row):
            out.write(json.dumps(row) + '\n')
            out.flush()
            print('  '.join(f'{k} {v}' for k, v in row.items()), flush=True)

        tell(measure='files', **dict(zip(WHO, map(describe, files))))
        for name in args.only.split(','):
            start = time.monotonic()
            for row in MEASURES[name](files, args):
                tell(measure=name, **row, seconds=round(time.monotonic() - start))


if __name__ == '__main__':
    main()
