"""Stage `prepare`: streams of uint16 token ids under RECIPE_DIR/data, and rows drawn from them.

Only text whose licence lets the weights be shipped under Apache-2.0 is trained on: chats sampled from the teacher,
GPTeacher (MIT), self-instruct's seeds (Apache-2.0), gsm8k (MIT), Standard Ebooks (CC0), prose (public domain, CC0, MIT).
WikiText (CC BY-SA) is only measured on.
"""
import glob
import json
import os
import random

import numpy as np
import torch

import places
import tokenised
from teacher import END_OF_TEXT, chat_text, read_tokenizer

PIECE = 6000                        # characters a document is cut into before shuffling
BOOK_PART, PROSE_PART = 150_000, 20_000
HELD_BOOKS = ('jerome', 'darwin_the-voyage')
HELD_CHAT_ROWS = 40                 # the last rows of the sampled chats are held out
GSM8K = 1500
# Books of fact, whose parts go into the stream that is written as WikiText is (tokenised.py)
FACT = ('adam-smith', 'benjamin-franklin', 'booker-t', 'darwin_the-origin', 'gibbon', 'william-james', 'stuart-mill', 'emerson', 'thoreau')
FACT_PART, FACT_PIECE = 800_000, 8000
# layerwise and end to end draw rows from these in turn
MIX = ('text', 'real', 'sampled', 'sampled')


def read(path):
    with open(path, encoding='utf-8', errors='ignore') as f:
        return f.read()


def text_documents(rng):
    held, pieces = [], []
    for path in sorted(glob.glob(places.text('books', '*.txt'))):
        book = read(path)
        if any(h in path for h in HELD_BOOKS):
            held.append(book[20_000:140_000])
            continue
        start = rng.randrange(max(1, len(book) - BOOK_PART))
        pieces.append(book[start:start + BOOK_PART])
    pieces += [read(p)[:PROSE_PART] for p in sorted(glob.glob(places.text('prose', '*', '*.txt')))]
    pieces = [p[i:i + PIECE] for p in pieces for i in range(0, len(p), PIECE)]
    rng.shuffle(pieces)
    return pieces, held


def facts_tokenised():
    books = {}
    for path in sorted(glob.glob(places.text('books', '*.txt'))):
        name = os.path.basename(path)[:-4]
        if any(f in name for f in FACT):
            books[name.split('_')[1].replace('-', ' ').title()] = read(path)[:FACT_PART]
    return tokenised.shuffled(books, FACT_PIECE, seed=0)


def real_chats(rng):
    """Single turns written by people or larger models, as ChatML text."""
    pairs = []
    for path in sorted(glob.glob(places.text('gpteacher', '*.json'))):
        for d in json.loads(read(path)):
            pairs.append((d['instruction'], d.get('input', ''), d.get('response', d.get('output', ''))))
    for line in read(places.text('self_instruct', 'seed_tasks.jsonl')).splitlines():
        d = json.loads(line)
        pairs.append((d['instruction'], d['instances'][0]['input'], d['instances'][0]['output']))
    for line in read(places.text('questions', 'gsm8k', 'train.jsonl')).splitlines()[:GSM8K]:
        d = json.loads(line)
        pairs.append((d['question'], '', d['answer']))
    rng.shuffle(pairs)
    ask = lambda q, extra: q.strip() + ('\n\n' + extra.strip() if extra.strip() else '')
    return [chat_text([{'role': 'user', 'content': ask(q, extra)}, {'role': 'assistant', 'content': a.strip()}])
            for q, extra, a in pairs]


def prepare():
    rng = random.Random(0)
    tokenizer = read_tokenizer(places.teacher())

    def save(name, ids):
        np.save(places.work('data', name + '.npy'), np.asarray(ids, dtype=np.uint16))
        print(f'{name}: {len(ids)} tokens')

    def encode(texts, end):
        return [i for e in tokenizer.encode_batch(texts, add_special_tokens=False) for i in e.ids + end]

    pieces, held = text_documents(rng)
    save('text', encode(pieces, [END_OF_TEXT]))
    save('held_book', encode(held, [END_OF_TEXT]))
    save('tokenised', encode(facts_tokenised(), []))
    chats = real_chats(rng)
    cut = len(chats) // 12
    save('held_real', encode(chats[:cut], []))
    save('real', encode(chats[cut:], []))
    long = np.load(places.text('teacher_chats', 'rows1024.npy'))
    short = np.load(places.text('teacher_chats', 'rows512.npy'))
    more = [np.load(p) for p in sorted(glob.glob(places.work('sampled', '*.npy')))]
    save('held_sampled', long[-HELD_CHAT_ROWS:].reshape(-1))
    save('sampled', np.concatenate([a.reshape(-1) for a in (long[:-HELD_CHAT_ROWS], short, *more)]))
    save('held_wiki', encode([read(places.text('wikitext2', 'valid.txt'))], []))


def stream(name):
    return np.load(places.work('data', name + '.npy'), mmap_mode='r')


class Rows:
    """Random rows of `length` tokens. Row i of step s depends on (seed, s, i) alone, so that a resumed run draws what an
    uninterrupted one would have drawn."""

    def __init__(self, seed, length, mix=MIX):
        self.seed, self.length, self.mix = seed, length, mix
        self.streams = {name: stream(name) for name in mix}

    def __call__(self, step, count):
        rows = []
        for i in range(count):
            ids = self.streams[self.mix[(step * count + i) % len(self.mix)]]
            start = np.random.default_rng([self.seed, step, i]).integers(0, len(ids) - self.length)
            rows.append(ids[start:start + self.length])
        return torch.from_numpy(np.stack(rows).astype(np.int64))


def held_rows(name, count, length, skip=0):
    ids = stream('held_' + name)[skip * length:(skip + count) * length]
    return torch.from_numpy(ids.reshape(-1, length).astype(np.int64))


if __name__ == '__main__':
    prepare()
