"""Finished files through the program that people run: `hiss logits` for what is teacher-forced, `hiss ask` for replies.

HISS names the program (default: build/hiss of this tree, else the installed one). A token of so small a model is too little
work to share: one thread a process, and as many processes as there are cores. Start-up (0.1 s) is a tenth of a reply.
"""
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch

import places
from teacher import VOCAB

CHUNK = 256                         # tokens of logits that are read at a time


def program():
    built = os.path.join(places.HERE, '..', '..', 'build', 'hiss')
    found = os.environ.get('HISS') or (built if os.path.exists(built) else shutil.which('hiss'))
    if not found:
        raise SystemExit('recipe: there is no hiss: build it, or let HISS name the program')
    return os.path.abspath(found)


def processes():
    return int(os.environ.get('OMP_NUM_THREADS') or os.cpu_count())


def side_by_side(work, items):
    """[work(item)] with every core busy."""
    with ThreadPoolExecutor(processes()) as pool:
        return list(pool.map(work, items))


def _read(process, model, shape):
    data = bytearray(shape[0] * shape[1] * 4)
    if process.stdout.readinto(data) != len(data):
        raise SystemExit(f'recipe: {model}: {process.stderr.read().decode().strip() or "hiss logits ended early"}')
    return torch.frombuffer(data, dtype=torch.float32).view(shape)


def logits(model, rows, last=False):
    """Yields the logits after every id of every row (lists of ids), each row from an empty state: [n, VOCAB] with n at most
    CHUNK, no two rows in one. last: [1, VOCAB] a row, after its last id."""
    command = [program(), 'logits', '-m', model, '-t', '1', '--ids', '-', '-o', '-', '--chunk', str(CHUNK), '--lines']
    process = subprocess.Popen(command + ['--last'] * last, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.stdin.write('\n'.join(' '.join(map(str, r)) for r in rows).encode())
        process.stdin.close()
        for r in rows:
            for i in range(0, 1 if last else len(r), CHUNK):
                yield _read(process, model, (1 if last else min(CHUNK, len(r) - i), VOCAB))
    finally:
        process.kill()
        process.wait()


@dataclass
class Reply:
    text: str
    ids: list
    ended: bool                     # by its own end mark, not by the limit


def ask(model, prompt, tokens, *options, folder=None, home=None):
    """One reply; with --chat among the options, the conversation's next. folder: where model's path begins; home: HISS_HOME."""
    command = [program(), 'ask', '-m', model, '-t', '1', '-n', str(tokens), '--json', *options]
    environment = dict(os.environ, HISS_HOME=home) if home else None
    done = subprocess.run(command, input=prompt, capture_output=True, encoding='utf-8', cwd=folder, env=environment)
    if done.returncode:
        raise SystemExit(f'recipe: {done.stderr.strip()}')
    *made, summary = map(json.loads, done.stdout.splitlines())
    return Reply(''.join(m['text'] for m in made), [m['token'] for m in made], summary['end'] == 'eot')
