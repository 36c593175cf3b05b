"""Stage `sample`: more chats from the teacher, rows of uint16 tokens in RECIPE_DIR/sampled, picked up by `prepare`.

Half of the conversations begin with a real prompt (GPTeacher, self-instruct, gsm8k), half with one the teacher makes up
(Magpie, arXiv 2406.08464); system prompts vary in two of five; up to six turns. On a CPU with
AVX-512 BF16 by kernels.cpp, several times faster than by plain torch.
"""
import argparse
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import fast
import places
from data import GSM8K, read
from model import LAYERS, Passes, load_teacher, rms, rope_tables
from teacher import END_OF_TEXT, HEAD_DIM, IM_END, KV_HEADS, Q_HEADS, SYSTEM, read_tokenizer

QUESTION, ANSWER = (1., .03), (.8, .05)              # temperature, min-p
MOST_TURNS, OWN_SYSTEM = 6, .4
PROMPT_LENGTH = (8, 700)


def prompts():
    found = []
    for name in ('codegen-instruct', 'roleplay-simple-deduped-roleplay-instruct', 'toolformer-similarity-0.6-dataset'):
        for d in json.loads(read(places.text('gpteacher', name + '.json'))):
            found.append(d['instruction'].strip() + ('\n\n' + d['input'].strip() if d.get('input', '').strip() else ''))
    for line in read(places.text('self_instruct', 'seed_tasks.jsonl')).splitlines():
        d = json.loads(line)
        found.append((d['instruction'] + '\n\n' + d['instances'][0]['input']).strip())
    for line in read(places.text('questions', 'gsm8k', 'train.jsonl')).splitlines()[:GSM8K]:
        found.append(json.loads(line)['question'])
    return [p for p in found if PROMPT_LENGTH[0] < len(p) < PROMPT_LENGTH[1]]


class Decoder:
    """One token of a batch of rows after the other, with caches of keys and values."""

    def __init__(self, teacher, batch, length):
        self.teacher, self.batch, self.length, self.dtype = teacher, batch, length, teacher.embedding.dtype
        self.keys = [torch.zeros(batch, KV_HEADS, length, HEAD_DIM, dtype=self.dtype) for _ in range(LAYERS)]
        self.values = [torch.zeros_like(self.keys[0]) for _ in range(LAYERS)]
        self.cos, self.sin = rope_tables(length)
        self.mlp = Passes().mlp

    @torch.no_grad()
    def __call__(self, ids, position):
        """ids [batch] -> logits [batch, V]"""
        m = self.teacher
        h = F.embedding(ids, m.embedding).float()
        cos, sin = self.cos[position], self.sin[position]
        for i, b in enumerate(m.blocks):
            qkv = F.linear(rms(h, b.norm_in).to(self.dtype), b.mixer.wqkv).view(self.batch, -1, HEAD_DIM)
            qk = qkv[:, :Q_HEADS + KV_HEADS].float()
            turned = torch.cat([-qk[..., HEAD_DIM // 2:], qk[..., :HEAD_DIM // 2]], -1)
            qk = (qk * cos + turned * sin).to(self.dtype)
            self.keys[i][:, :, position] = qk[:, Q_HEADS:]
            self.values[i][:, :, position] = qkv[:, Q_HEADS + KV_HEADS:]
            out = self.attention(qk[:, :Q_HEADS].contiguous(), i, position + 1)
            h = self.mlp(h, F.linear(out, b.mixer.wo), b.norm_mlp, b.w_gate_up, b.w_down)
        return F.linear(rms(h, m.norm).to(self.dtype), m.embedding)


    def attention(self, q, layer, valid):
        """q [batch, 9, 64] on the first `valid` rows of a layer's caches -> [batch, 576]"""
        keys, values = self.keys[layer], self.values[layer]
        if fast.available():
            out = torch.empty(self.batch, Q_HEADS * HEAD_DIM, dtype=self.dtype)
            fast.call('decode_attention', q, keys, values, out, self.batch, self.length, valid)
            return out
        out = F.scaled_dot_product_attention(q[:, :, None], keys[:, :, :valid], values[:, :, :valid], enable_gqa=True)
        return out.reshape(self.batch, -1)


def choose(logits, temperature, min_p, uniform):
    """One token a row [batch]: those of at least min_p of the likeliest's probability, by `uniform` [batch]."""
    if fast.available():
        chosen = torch.zeros(len(logits), dtype=torch.int64)
        fast.call('sample_rows', logits, temperature, min_p, uniform, chosen, *logits.shape)
        return chosen
    p = ((logits - logits.amax(-1, keepdim=True)).float() / temperature[:, None]).exp()
    p = torch.where(p >= min_p[:, None], p, 0.).cumsum(-1)
    return torch.searchsorted(p, uniform[:, None] * p[:, -1:])[:, 0].clamp_max(p.shape[-1] - 1)


class Conversation:
    """What comes next in one row: tokens that stand fixed, else what the teacher says."""

    def __init__(self, encode, openings, systems, rng):
        self.encode, self.openings, self.systems, self.rng = encode, openings, systems, rng
        self.fixed = []
        self.open()

    def open(self):
        self.turn, self.turns = 0, int(self.rng.integers(1, MOST_TURNS + 1))
        system = self.systems[self.rng.integers(1, len(self.systems))] if self.rng.random() < OWN_SYSTEM else self.systems[0]
        text = f'<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n'
        self.asking = self.rng.random() < .5
        if not self.asking:
            text += self.openings[self.rng.integers(len(self.openings))] + '<|im_end|>\n<|im_start|>assistant\n'
        self.fixed += self.encode(text)

    def next(self, sampled):
        if self.fixed:
            return self.fixed.pop(0)
        if sampled not in (IM_END, END_OF_TEXT):
            return sampled
        if self.asking:
            self.asking = False
            self.fixed += self.encode('\n<|im_start|>assistant\n')
        else:
            self.turn += 1
            self.fixed += self.encode('\n')
            if self.turn < self.turns:
                self.asking = True
                self.fixed += self.encode('<|im_start|>user\n')
            else:
                self.open()
        return IM_END

    def manner(self):
        return QUESTION if self.asking else ANSWER


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--batches', type=int, default=1)
    p.add_argument('--batch', type=int, default=128)
    p.add_argument('--length', type=int, default=1024)
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    tokenizer, openings = read_tokenizer(places.teacher()), prompts()
    systems = [SYSTEM] + read(os.path.join(places.HERE, 'systems.txt')).splitlines()
    decoder = Decoder(load_teacher(places.teacher()), args.batch, args.length)
    encode = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    for k in range(args.batches):
        rng, start = np.random.default_rng([args.seed, k]), time.monotonic()
        torch.manual_seed(args.seed * 1000 + k)
        rows, chats = np.zeros((args.batch, args.length), dtype=np.int64), [Conversation(encode, openings, systems, rng) for _ in range(args.batch)]
        sampled = torch.zeros(args.batch, dtype=torch.int64)
        for t in range(args.length):
            rows[:, t] = [c.next(s) for c, s in zip(chats, sampled.tolist())]
            temperature, min_p = (torch.tensor(v) for v in zip(*(c.manner() for c in chats)))
            logits = decoder(torch.from_numpy(rows[:, t].copy()), t)
            sampled = choose(logits, temperature, min_p, torch.rand(args.batch))
        np.save(places.work('sampled', f'seed{args.seed}-{k:03d}.npy'), rows.astype(np.uint16))
        print(f'batch {k}: {rows.size} tokens, {rows.size / (time.monotonic() - start):.0f} tokens/s', flush=True)


if __name__ == '__main__':
    main()
