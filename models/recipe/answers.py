"""Stage `answers`: the student's own replies, a stream `own` for end to end and fine-tuning.

A student that learns on text that others wrote never sees where its own words lead it; its loops and its strayings begin there.
So it answers by hiss, as it ships, and the teacher's distribution on what it said is what it learns (on-policy distillation: Agarwal et
al. 2023, arXiv 2306.13649). Questions are the ones that `sample` begins with; every other one comes with requests about the
answer's form (requests.txt, our own words), which small models follow badly. Half of the replies are greedy, where loops
are, half sampled as hiss does by default.
"""
import argparse
import os
import time

import numpy as np

import hiss
import places
from sample import prompts
from teacher import END_OF_TEXT, HISS_SYSTEM, IM_END, prompt_text, read_tokenizer

OTHER_SYSTEM, MOST_REQUESTS = .3, 2


def lines(name):
    with open(os.path.join(places.HERE, name), encoding='utf-8') as f:
        return f.read().splitlines()


def questions(count, seed):
    """[(system prompt, user's text, whether greedy)]"""
    rng, openings = np.random.default_rng([seed, count]), prompts()
    systems, requests = lines('systems.txt'), lines('requests.txt')
    for i in range(count):
        text = openings[rng.integers(len(openings))]
        if i % 2:
            wanted = rng.permutation(len(requests))[:rng.integers(1, MOST_REQUESTS + 1)]
            text += rng.choice(['\n', ' ', '\n\n']) + ' '.join(requests[k] for k in wanted)
        system = systems[rng.integers(1, len(systems))] if rng.random() < OTHER_SYSTEM else HISS_SYSTEM
        yield system, text, i // 2 % 2 == 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('student', help='a GGUF file; of a split one the first part')
    p.add_argument('--prompts', type=int, default=800)
    p.add_argument('--tokens', type=int, default=256, help='longest reply')
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    tokenizer, asked, start = read_tokenizer(places.teacher()), list(questions(args.prompts, args.seed)), time.monotonic()

    def reply(i):
        system, text, greedy = asked[i]
        return hiss.ask(args.student, text, args.tokens, '-s', system, *(('--temp', '0') if greedy else ('--seed', str(args.seed + i))))

    made, ids = hiss.side_by_side(reply, range(len(asked))), []
    encode = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    for (system, text, _), r in zip(asked, made):
        ids += encode(prompt_text([{'role': 'user', 'content': text}], system)) + [t for t in r.ids if t != IM_END]
        ids += [IM_END] + encode('\n') if r.ended else [END_OF_TEXT]
    np.save(places.work('data', 'own.npy'), np.asarray(ids, dtype=np.uint16))
    replies = sum(len(r.ids) for r in made)
    print(f'own: {len(ids)} tokens, {replies} of them replies, {sum(r.ended for r in made) / len(made):.2f} ended, '
          f'{replies / (time.monotonic() - start):.0f} tokens/s')


if __name__ == '__main__':
    main()
