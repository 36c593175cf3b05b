"""Stage `tiny`: the model of the tests, tests/data/tiny.gguf: Mamba-2 from scratch on stories for small children, 0.9 million
weights, with a vocabulary of its own and ChatML. A quarter of an hour on one core.

Text: TinyStories (Eldan and Li 2023, arXiv 2305.07759), CDLA-Sharing-1.0, whose section 3.5 leaves what is computed from the
data free: the weights are under Apache-2.0 like the rest. Lower case only, as the copy in RECIPE_TEXT is.
"""
import argparse
import itertools
import json
import math
import os
import random
import re
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quantize
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import places
from checkpoint import Log
from mixer import scan

LAYERS, WIDTH, HEADS, P, N, TAPS, EPS = 6, 128, 8, 32, 32, 4, 1e-5
INNER = HEADS * P
CONV = INNER + 2 * N
VOCABULARY = 1024                   # all bytes among them
SPECIAL = END_OF_TEXT, IM_START, IM_END = '<|endoftext|>', '<|im_start|>', '<|im_end|>'
TEMPLATE = ("{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
            "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")
NORMAL, CONTROL = 1, 3              # GGUF token types
CONTEXT = 512                       # a row of training
CHUNK = 64
SHORTEST = 300                      # characters: what is shorter is a piece of a story whose paragraphs were not parted
MATRICES = ('ssm_in', 'ssm_out')    # trained by Muon, shipped as Q8_0


# ---- Stories as conversations ----

def stories():
    """Lists of paragraphs. A story ends where a line follows without a blank one between."""
    with open(places.text('tinystories', 'tinystories.txt'), encoding='utf-8') as f:
        text = f.read()
    for story in re.split(r'(?<=\S)[ ]*\n(?=\S)', text.strip()):
        if len(story) >= SHORTEST:
            yield [p.strip() for p in story.split('\n\n') if p.strip()]


def subjects(told):
    """The two words that tell each story from the others."""
    words = [re.findall(r'[a-z]{3,}', ' '.join(story)) for story in told]
    stories_with = {}
    for found in words:
        for word in set(found):
            stories_with[word] = stories_with.get(word, 0) + 1
    for found in words:
        weight = {w: found.count(w) * math.log(len(told) / stories_with[w]) for w in set(found) if stories_with[w] > 20}
        yield sorted(sorted(weight), key=weight.get, reverse=True)[:2]


def conversations(told, rng):
    """Messages, user and assistant in turn: somebody asks for a story, at times for its second half, greets or thanks."""
    for story, about in zip(told, subjects(told)):
        asked = rng.choice(('tell me a story about {}.', 'write a story about {}.', 'can you tell me a story about {}?'))
        chat = ['hi', 'hello! do you want to hear a story?'] if rng.random() < .1 else []
        cut = len(story) // 2 if len(story) > 1 and rng.random() < .5 else len(story)
        chat += [asked.format(' and '.join(about)), '\n\n'.join(story[:cut])]
        if cut < len(story):
            chat += ['what happened next?', '\n\n'.join(story[cut:])]
        yield chat + (['thank you.', 'you are welcome! it was fun to tell you a story.'] if rng.random() < .15 else [])


def chat_text(chat):
    turns = zip(itertools.cycle(('user', 'assistant')), chat)
    return ''.join(f'{IM_START}{role}\n{text}{IM_END}\n' for role, text in turns) + END_OF_TEXT


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


# ---- The model ----

class Block(nn.Module):
    """Mamba-2 (arXiv 2405.21060) as GGUF's mamba2 has it: one group of B and C, RMSNorm over all channels after the gate."""

    def __init__(self):
        super().__init__()
        dt = torch.exp(torch.empty(HEADS).uniform_(math.log(1e-3), math.log(1e-1)))
        self.attn_norm = nn.Parameter(torch.ones(WIDTH))
        self.ssm_in = nn.Parameter(torch.randn(2 * INNER + 2 * N + HEADS, WIDTH) * WIDTH ** -.5)    # z | x | B | C | dt
        self.conv_w = nn.Parameter(torch.randn(TAPS, CONV) * TAPS ** -.5)                           # oldest tap first
        self.conv_b = nn.Parameter(torch.zeros(CONV))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))                              # softplus gives dt
        self.A_log = nn.Parameter(torch.log(torch.empty(HEADS).uniform_(1, 16)))
        self.D = nn.Parameter(torch.ones(HEADS))
        self.ssm_norm = nn.Parameter(torch.ones(INNER))
        self.ssm_out = nn.Parameter(torch.randn(WIDTH, INNER) * (INNER * 2 * LAYERS) ** -.5)

    def forward(self, h):
        b, t, _ = h.shape
        z, xbc, dt = F.linear(F.rms_norm(h, (WIDTH,), self.attn_norm, EPS), self.ssm_in).split([INNER, CONV, HEADS], -1)
        padded, dt = F.pad(xbc, (0, 0, TAPS - 1, 0)), F.softplus(dt + self.dt_bias)
        xbc = F.silu(self.conv_b + sum(padded[:, i:i + t] * self.conv_w[i] for i in range(TAPS)))
        x, B, C = xbc.split([INNER, N, N], -1)
        x, (B, C) = x.reshape(b, t, HEADS, P), (v[:, :, None].expand(b, t, HEADS, N) for v in (B, C))
        y = scan(x * dt[..., None], B, C, dt * -torch.exp(self.A_log), CHUNK) + self.D[:, None] * x
        y = F.rms_norm(y.flatten(-2) * F.silu(z), (INNER,), self.ssm_norm, EPS)
        return h + F.linear(y, self.ssm_out)


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.token_embd = nn.Parameter(torch.randn(VOCABULARY, WIDTH) * .02)        # the output's weights too
        self.blk = nn.ModuleList(Block() for _ in range(LAYERS))
        self.output_norm = nn.Parameter(torch.ones(WIDTH))

    def loss(self, ids):
        h = F.embedding(ids, self.token_embd)
        for block in self.blk:
            h = block(h)
        logits = F.linear(F.rms_norm(h, (WIDTH,), self.output_norm, EPS), self.token_embd)
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def train(model, rows, held, args, log):
    """rows [n, CONTEXT]; Muon for the matrices, AdamW for the rest, warm-up, constant, linear to nothing over the last half."""
    named = list(model.named_parameters())
    matrices, rest = ([p for n, p in named if n.endswith(MATRICES) == wanted] for wanted in (True, False))
    muon = torch.optim.Muon(matrices, lr=args.lr, weight_decay=.01, momentum=.95, adjust_lr_fn='match_rms_adamw')
    adam = torch.optim.AdamW(rest, lr=args.lr, betas=(.9, .95), weight_decay=0.)
    steps, recent, start = args.tokens // (args.rows * CONTEXT), [], time.monotonic()
    for step in range(steps):
        at = np.random.default_rng([args.seed, step]).integers(0, len(rows), args.rows)
        factor = min(1., (step + 1) / 50, 2 * (steps - step) / steps)
        loss = model.loss(rows[at])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.)
        for optimiser in (muon, adam):
            optimiser.param_groups[0]['lr'] = args.lr * factor
            optimiser.step()
            optimiser.zero_grad()
        recent.append(loss.item())
        if (step + 1) % args.report == 0 or step + 1 == steps:
            tokens = (step + 1) * args.rows * CONTEXT
            log(step=step + 1, of=steps, tokens=tokens, loss=sum(recent) / len(recent), speed=tokens / (time.monotonic() - start))
            recent = []
    with torch.no_grad():
        log(held=model.loss(held).item())


# ---- The file ----

def write_tokenizer(writer, tokenizer):
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    id_of = {t: i for i, t in enumerate(vocabulary)}
    writer.add_tokenizer_model('gpt2')
    writer.add_tokenizer_pre('gpt-2')
    writer.add_token_list(vocabulary)
    writer.add_token_types([CONTROL if t in SPECIAL else NORMAL for t in vocabulary])
    writer.add_token_merges([' '.join(m) for m in json.loads(tokenizer.to_str())['model']['merges']])
    writer.add_bos_token_id(id_of[END_OF_TEXT])
    writer.add_eos_token_id(id_of[IM_END])
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def export(model, tokenizer, path):
    writer = GGUFWriter(path, 'mamba2')
    writer.add_name('tiny')
    writer.add_license('apache-2.0')
    writer.add_description('the tests\' model: Mamba-2, stories for small children')
    shape = dict(block_count=LAYERS, context_length=4096, embedding_length=WIDTH, feed_forward_length=0, vocab_size=VOCABULARY)
    heads = {'attention.head_count': 0, 'ssm.time_step_rank': HEADS, 'ssm.group_count': 1}
    sizes = {'ssm.conv_kernel': TAPS, 'ssm.inner_size': INNER, 'ssm.state_size': N}
    for key, value in (shape | heads | sizes).items():
        writer.add_uint32('mamba2.' + key, value)
    writer.add_float32('mamba2.attention.layer_norm_rms_epsilon', EPS)
    write_tokenizer(writer, tokenizer)

    def plain(name, p):
        writer.add_tensor(name, np.ascontiguousarray(p.detach().numpy()))

    def rounded(name, p):
        q = GGMLQuantizationType.Q8_0
        writer.add_tensor(name, quantize(p.detach().numpy(), q), raw_dtype=q)

    rounded('token_embd.weight', model.token_embd)
    plain('output_norm.weight', model.output_norm)
    for i, b in enumerate(model.blk):
        name = f'blk.{i}.'
        plain(name + 'attn_norm.weight', b.attn_norm)
        rounded(name + 'ssm_in.weight', b.ssm_in)
        plain(name + 'ssm_conv1d.weight', b.conv_w.T)
        plain(name + 'ssm_conv1d.bias', b.conv_b)
        plain(name + 'ssm_dt.bias', b.dt_bias)
        plain(name + 'ssm_a', -torch.exp(b.A_log)[:, None])
        plain(name + 'ssm_d', b.D[:, None])
        plain(name + 'ssm_norm.weight', b.ssm_norm[None])
        rounded(name + 'ssm_out.weight', b.ssm_out)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(f'{path}: {os.path.getsize(path) / 1e6:.2f} MB, {sum(p.numel() for p in model.parameters())} weights')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--tokens', type=lambda x: int(float(x)), default=3_000_000)
    p.add_argument('--rows', type=int, default=4)
    p.add_argument('--lr', type=float, default=4e-3)
    p.add_argument('--report', type=int, default=50)
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--out', default=os.path.join(places.HERE, '..', '..', 'tests', 'data', 'tiny.gguf'))
    args = p.parse_args()
    torch.manual_seed(args.seed)
    chats = list(conversations(list(stories()), random.Random(args.seed)))
    random.Random(args.seed).shuffle(chats)
    texts = list(map(chat_text, chats))
    tokenizer, log = train_tokenizer(texts), Log(places.work('tiny.jsonl'))
    ids = [i for e in tokenizer.encode_batch(texts) for i in e.ids]
    rows = torch.tensor(ids[:len(ids) // CONTEXT * CONTEXT]).view(-1, CONTEXT)
    held = len(rows) // 50
    log(stories=len(chats), characters=sum(map(len, texts)), tokens_of_text=len(ids))
    model = Tiny()
    train(model, rows[held:], rows[:held], args, log)
    export(model, tokenizer, args.out)


if __name__ == '__main__':
    main()
