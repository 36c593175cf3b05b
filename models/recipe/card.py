"""Stage `card`: the measured part of models/README.md, written from models/measured.jsonl; no figure is copied by hand.

    recipe card --evaluation evaluate.jsonl --machine TEXT LOG...    new measurements, and the logs of the stages that made it
    recipe card --goes-on --evaluation ...                           the same, for a run that began from the weights in the tree
    recipe card                                                      the card anew from the rows in the tree
    recipe card --check                                              fails if the card says anything else

Needs nothing but Python, so that `make recipe-check` holds the card against its rows anywhere.
"""
import argparse
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.dirname(HERE)
CARD, ROWS = os.path.join(MODELS, 'README.md'), os.path.join(MODELS, 'measured.jsonl')
BEGIN, END = '<!-- measured: begin (recipe card) -->\n', '<!-- measured: end -->\n'
WHO = ('student', 'teacher')
TEXTS = dict(wiki='WikiText-2, valid', sampled='the teacher\'s chats', real='real chats', book='books')


def read(path):
    with open(path, encoding='utf-8') as f:
        return [json.loads(line) for line in f if line.strip()]


def run_of(path, machine):
    """One row for one stage's log: what it took and where it ended. A resumed run counts its seconds anew."""
    log, seconds, hours = read(path), 0, 0.
    for row in log:
        if 'start' in row:
            hours += seconds / 3600
        seconds = row['seconds']
    first = next(r for r in log if 'start' in r)
    last = next(r for r in reversed(log) if 'done' in r)
    return dict(measure='run', stage=first.get('stage', 'layerwise'), steps=last['done'], tokens=last['tokens'],
                lr=first['lr'], hours=round(hours + seconds / 3600, 2), device=first['device'], machine=machine,
                before=first.get('held'), after=last.get('held'))


def section(title, header, rows):
    """A table under its title; nothing without rows."""
    cells = [header, ['---'] * len(header), *rows]
    return f'### {title}\n\n' + ''.join('| ' + ' | '.join(map(str, row)) + ' |\n' for row in cells) + '\n' if rows else ''


def files(by):
    rows = [(who, f'{it["recurrent"]} of {it["layers"]}', part['file'], f'{part["bytes"] / 1e6:.1f} MB', f'`{part["sha256"]}`')
            for row in by.get('files', ()) for who, it in ((who, row[who]) for who in WHO) for part in it['parts']]
    return section('The files measured', ('', 'recurrent layers', 'file', 'size', 'SHA-256'), rows)


def held(value):
    """A stage's held-out loss: the layers' mean relative error, or KL to the teacher by text."""
    if isinstance(value, dict):
        return 'KL: ' + ', '.join(f'{name} {v:.3f}' for name, v in value.items())
    return f'error {value:.3f}' if value is not None else ''


def runs(by):
    rows = [(r['stage'], r['steps'], f'{r["tokens"]:,}', r['lr'], r['hours'], held(r['before']), held(r['after']),
             '; '.join(filter(None, (r['machine'], r['device'])))) for r in by.get('run', ())]
    return section('How it was trained', ('stage', 'steps', 'tokens', 'rate', 'hours', 'held out, before', 'after', 'on'), rows)


def aims(by):
    """The issue's aims for a CPU without AMX, and what was reached; what was not measured is left out."""
    def ratio(measure, student='student', teacher='teacher', **which):
        row = next((r for r in by.get(measure, ()) if all(r[k] == v for k, v in which.items())), None)
        return row[student] / row[teacher] if row and row[teacher] else None

    wiki = [r['ratio'] for r in by.get('perplexity', ()) if r['text'] == 'wiki']        # the last is the whole rows'
    of_eight = dict(student='student_of_8', teacher='teacher_of_8')
    found = (('perplexity on WikiText-2, times the teacher\'s', 'at most', 1.2, wiki[-1] if wiki else None),
             ('IFEval prompts, of the teacher\'s', 'at least', .85, ratio('ifeval', what='prompts')),
             ('looping replies, sampled, times the teacher\'s', 'at most', 1.5, ratio('replies', what='looping', how='sampled')),
             ('looping replies to IFEval\'s prompts, greedy, times the teacher\'s', 'at most', 1.5, ratio('ifeval', what='looping')),
             ('recall at 200 tokens, of the teacher\'s', 'at least', .95, ratio('recall', distance=200, **of_eight)),
             ('recall at 1,000 tokens, of the teacher\'s', 'at least', .8, ratio('recall', distance=1000, **of_eight)))
    rows = []
    for what, how, aim, value in found:
        if value is not None:
            met = value <= aim if how == 'at most' else value >= aim
            rows.append((what, f'{how} {aim}', round(value, 3), 'yes' if met else '**no**'))
    return section('Aims', ('', 'aim', 'reached', 'met'), rows)


def perplexity(by):
    columns = ('tokens', 'student', 'teacher', 'ratio', 'kl', 'top1')
    rows = [(TEXTS[r['text']], *(r[c] for c in columns)) for r in by.get('perplexity', ())]
    return section('Perplexity by position', ('text', 'tokens', 'student', 'teacher', 'ratio', 'KL', 'same top token'), rows)


def scores(by):
    """Everything that is one number for each of the two."""
    rows = []
    for r in by.get('recall', ()):
        what = f'a colour stated {r["distance"]} tokens ago ({r["cases"]} cases): '
        rows.append((what + 'likeliest of eight', r['student_of_8'], r['teacher_of_8']))
        rows.append((what + 'likeliest token', r['student'], r['teacher']))
    most = lambda r: f'{r["prompts"]} prompts, at most {r["longest"]} tokens'
    named = (('blimp', lambda r: f'BLiMP ({r["pairs"]} pairs)'),
             ('replies', lambda r: f'replies {r["what"]}, {r["how"]} ({most(r)})'),
             ('ifeval', lambda r: f'IFEval, {"greedy: replies" if r["what"] == "looping" else "strict, greedy:"} {r["what"]} ({most(r)})'))
    for measure, name in named:
        rows += [(name(r), r['student'], r['teacher']) for r in by.get(measure, ())]
    return section('Shares', ('', 'student', 'teacher'), rows)


def measured(rows):
    by = {}
    for row in rows:
        by.setdefault(row['measure'], []).append(row)
    if not by:
        return 'Nothing yet: no weights have landed.\n'
    return ''.join(part(by) for part in (files, runs, aims, perplexity, scores)).rstrip('\n') + '\n'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('logs', nargs='*', help='of the stages, in order: layerwise.jsonl e2e.jsonl ...')
    p.add_argument('--evaluation', help='rows of `recipe evaluate`')
    p.add_argument('--goes-on', action='store_true', help='keep the runs that the rows in the tree name')
    p.add_argument('--machine', help='on which the stages ran, in words')
    p.add_argument('--check', action='store_true')
    args = p.parse_args()
    if args.evaluation:
        before = [row for row in read(ROWS) if row['measure'] == 'run'] if args.goes_on else []
        rows = before + [run_of(path, args.machine) for path in args.logs] + read(args.evaluation)
        with open(ROWS, 'w', encoding='utf-8') as f:
            f.writelines(json.dumps(row) + '\n' for row in rows)
    with open(CARD, encoding='utf-8') as f:
        card = f.read()
    before, rest = card.split(BEGIN)
    new = before + BEGIN + '\n' + measured(read(ROWS) if os.path.exists(ROWS) else []) + '\n' + END + rest.split(END)[1]
    if args.check and new != card:
        sys.exit('card: models/README.md does not say what models/measured.jsonl holds; run `recipe card`')
    with open(CARD, 'w', encoding='utf-8') as f:
        f.write(new)


if __name__ == '__main__':
    main()
