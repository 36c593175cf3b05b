"""Stage `answers`: the student's own replies, stream `own` for end to end and fine-tuning.

A student that learns on text that others wrote never sees where its own words lead it; its loops and its strayings begin there.
So it answers by hiss, as it ships, and the teacher's distribution on what it said is what it learns (on-policy distillation:
Agarwal et al. 2023, arXiv 2306.13649). Questions are the ones that `sample` begins with; every other one comes with requests about the
answer's form (requests.jsonl, our own words), which small models follow badly. Half of the replies are greedy, where loops are,
half sampled as hiss does by default.
"""
import argparse
import os
import time
from dataclasses import dataclass

import numpy as np

import hiss
import ifeval
import places
from evaluate import loops
from sample import prompts
from teacher import END_OF_TEXT, HISS_SYSTEM, IM_END, prompt_text, read_tokenizer

OTHER_SYSTEM, MOST_REQUESTS = .3, 2


@dataclass
class Question:
    system: str
    text: str
    greedy: bool


def questions(count, seed):
    rng, openings = np.random.default_rng([seed, count]), prompts()
    with open(os.path.join(places.HERE, 'systems.txt'), encoding='utf-8') as f:
        systems = f.read().splitlines()[1:]
    requests = [r['text'] for r in ifeval.read(os.path.join(places.HERE, 'requests.jsonl'))]
    for i in range(count):
        wanted = rng.permutation(requests)[:rng.integers(1, MOST_REQUESTS + 1) if i % 2 else 0]
        system = systems[rng.integers(len(systems))] if rng.random() < OTHER_SYSTEM else HISS_SYSTEM
        yield Question(system, ' '.join([openings[rng.integers(len(openings))], *wanted]), i // 2 % 2 == 0)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('student', help='a GGUF file; of a split one the first part')
    p.add_argument('--prompts', type=int, default=800)
    p.add_argument('--tokens', type=int, default=256, help='longest reply')
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    tokenizer, asked, start = read_tokenizer(places.teacher()), list(questions(args.prompts, args.seed)), time.monotonic()

    def reply(i):
        how = ('--temp', '0') if asked[i].greedy else ('--seed', str(args.seed + i))
        return hiss.ask(args.student, asked[i].text, args.tokens, '-s', asked[i].system, *how)

    made, ids = hiss.side_by_side(reply, range(len(asked))), []
    encode = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    for q, r in zip(asked, made):
        ids += encode(prompt_text([{'role': 'user', 'content': q.text}], q.system)) + [t for t in r.ids if t != IM_END]
        ids += [IM_END] + encode('\n') if r.ended else [END_OF_TEXT]
    np.save(places.work('data', 'own.npy'), np.asarray(ids, dtype=np.uint16))
    replies, share = sum(len(r.ids) for r in made), lambda flags: sum(flags) / len(made)
    print(f'own: {len(ids)} tokens, {replies} of them replies, {share(r.ended for r in made):.2f} ended, '
          f'{share(loops(r.ids) for r in made):.2f} looping, {replies / (time.monotonic() - start):.0f} tokens/s')


if __name__ == '__main__':
    main()
