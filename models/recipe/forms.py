"""Stage `forms`: chats that ask for a form and get it, forms.jsonl in RECIPE_DIR, in the form of thousand.jsonl.

The teacher follows a request about form one time in six, its student less, and what neither does cannot be distilled: of 450
requests the student's own replies followed 77, none of those for small letters, capitals or quotation marks. So good replies
(our own thousand's, GPTeacher's) are given the form by rule, and ifeval.py checks that they have it. Kinds of requests are those
of requests.jsonl, worded by us; the prompts that are measured with (IFEval's) are not among them.
"""
import argparse
import collections
import json
import os
import re

import numpy as np

import ifeval
import places
from data import stream
from teacher import read_tokenizer

TRIES = 400                         # in a row without a chat, after which a request is given up
LAST = .8                           # of the requests stand behind the question, the others in front
LONGEST = 360                       # characters of question and reply: with the form they fit a row of --chat-length tokens


def capitals(text, count):
    """The `count` longest words in capital letters."""
    for word in sorted(set(re.findall(r'\b[a-z]{4,}\b', text)), key=lambda w: (-len(w), w))[:count]:
        text = re.sub(rf'\b{word}\b', word.upper(), text, count=1)
    return text


def highlighted(text, count):
    for word in sorted(set(re.findall(r'\b[A-Za-z]{4,}\b', text)), key=lambda w: (-len(w), w))[:count]:
        text = re.sub(rf'\b{word}\b', f'*{word}*', text, count=1)
    return text


def parts(text, count):
    """Sentences in `count` runs, or None."""
    s = ifeval.sentences(text)
    if len(s) < count:
        return None
    cut = [round(i * len(s) / count) for i in range(count + 1)]
    return [' '.join(s[a:b]) for a, b in zip(cut, cut[1:])]


def joined(pieces, between, mark=lambda i, piece: piece):
    return pieces and between.join(mark(i, p) for i, p in enumerate(pieces))


def title(question):
    words = re.sub(r'[^\w\s\'-]', ' ', question.split('\n')[0]).split()
    return '<<' + ' '.join(words[-6:]).capitalize() + '>>'


def postscript(text, mark):
    s = ifeval.sentences(text)
    return ' '.join(s[:-1]) + f'\n\n{mark.rstrip(".")}. {s[-1]}' if len(s) > 1 else None


# By instruction: (question, reply, **kwargs) -> the reply in that form, or None. What is not here must be so by itself.
FORMS = {
    'change_case:english_lowercase': lambda q, r, **k: r.lower(),
    'change_case:english_capital': lambda q, r, **k: r.upper(),
    'change_case:capital_word_frequency': lambda q, r, capital_frequency, **k: capitals(r, capital_frequency),
    'startend:quotation': lambda q, r, **k: None if '"' in r else f'"{r}"',
    'startend:end_checker': lambda q, r, end_phrase, **k: f'{r} {end_phrase}',
    'combination:repeat_prompt': lambda q, r, **k: f'{q}\n\n{r}',
    'detectable_content:postscript': lambda q, r, postscript_marker, **k: postscript(r, postscript_marker),
    'detectable_format:title': lambda q, r, **k: f'{title(q)}\n\n{r}',
    'detectable_format:json_format': lambda q, r, **k: json.dumps({'answer': r}, ensure_ascii=False),
    'detectable_format:number_highlighted_sections': lambda q, r, num_highlights, **k: highlighted(r, num_highlights),
    'detectable_format:number_bullet_lists': lambda q, r, num_bullets, **k: joined(parts(r, num_bullets), '\n', lambda i, p: '* ' + p),
    'detectable_format:multiple_sections': lambda q, r, section_spliter, num_sections, **k:
        joined(parts(r, num_sections), '\n\n', lambda i, p: f'{section_spliter} {i + 1}\n{p}'),
    'length_constraints:number_paragraphs': lambda q, r, num_paragraphs, **k: joined(parts(r, num_paragraphs), '\n\n***\n\n'),
}
NOT_PROSE = re.compile(r'[{}=<>;`()\[\]]|^\s*[-*\d]|: *$', re.MULTILINE)


def usable_pair(question, reply):
    return len(reply) > 20 and len(question) + len(reply) < LONGEST and not NOT_PROSE.search(question + '\n' + reply)


def pairs():
    """(question, reply), single turns in plain prose."""
    with open(os.path.join(places.HERE, 'thousand.jsonl'), encoding='utf-8') as f:
        for e in map(json.loads, f):
            if len(e['messages']) == 2 and e['tags'][0] not in ('identity', 'joke', 'usage', 'greet', 'thanks'):
                yield tuple(m['content'] for m in e['messages'])
    text = read_tokenizer(places.teacher()).decode(stream('sampled').tolist(), skip_special_tokens=False)
    for asked in re.split(r'<\|im_start\|>system\n.*?<\|im_end\|>\n<\|im_start\|>user\n', text)[1:]:
        found = re.match(r'(.*?)<\|im_end\|>\n<\|im_start\|>assistant\n(.*?)<\|im_end\|>', asked, re.DOTALL)
        if found:
            yield tuple(part.strip() for part in found.groups())


def formed(request, question, reply):
    """The reply in the form asked for, or None where there is no way to it or the check fails."""
    name, kwargs = request['instruction'], request['kwargs']
    text = FORMS[name](question, reply, **kwargs) if name in FORMS else reply
    given = {**kwargs, 'prompt_to_repeat': question} if name == 'combination:repeat_prompt' else kwargs
    return text if text and ifeval.follows(name, given, text) else None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--chats', type=int, default=900)
    p.add_argument('--seed', type=int, default=1)
    args = p.parse_args()
    rng, usable = np.random.default_rng(args.seed), [(q, r) for q, r in pairs() if usable_pair(q, r)]
    requests = [r for r in ifeval.read(os.path.join(places.HERE, 'requests.jsonl')) if not r['instruction'].startswith('language:')]
    tries, made, seen, counts = [TRIES] * len(requests), [], set(), collections.Counter()
    while len(made) < args.chats and any(tries):
        for k, request in enumerate(requests):
            question, reply = usable[rng.integers(len(usable))]
            text = formed(request, question, reply) if tries[k] and (question, k) not in seen else None
            tries[k] = TRIES if text else max(0, tries[k] - 1)
            if text:
                seen.add((question, k))
                counts[request['instruction']] += 1
                words = [question, request['text']] if rng.random() < LAST else [request['text'], question]
                made.append(dict(id=f'form-{len(made):04d}', tags=['form'], messages=[
                    dict(role='user', content=' '.join(words)), dict(role='assistant', content=text)]))
    with open(places.work('forms.jsonl'), 'w', encoding='utf-8') as f:
        for e in made[:args.chats]:
            f.write(json.dumps(e, ensure_ascii=False) + '\n')
    print(f'forms: {len(made[:args.chats])} chats of {len(usable)} pairs: ' + ', '.join(f'{k} {n}' for k, n in sorted(counts.items())))


if __name__ == '__main__':
    main()
