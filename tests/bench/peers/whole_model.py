"""Whole models beside llama.cpp, the two programs in turn: tokens a second, medians and range as tables.

    python3 tests/bench/peers/whole_model.py --hiss build/hiss --threads 1,2 --rounds 3 --batch 8 --make /tmp/models \
        mamba-130m:Q8_0 mamba2-780m:Q4_K MODEL.gguf

SHAPE:TYPE is a random model of that shape (../make_random.py), made in --make's folder unless it is there. Needs llama-cpp-python.
llama.cpp runs as llama-bench runs it: llama_decode on one batch of a prompt, logits of its last token only; one token a call;
with --batch N also N sequences at once, a token of each a call; each warmed up first. hiss by `hiss bench --json`. Each round
starts both anew. Loading: from the file, in the page cache, to a model that can run. "Of limit" is what one token reads and writes
(weights, twice the state) against reading as many bytes again and again, in the same run. With --neighbours N, N other programs
that never sleep run all the while. --raw FILE keeps each run's figures as lines of JSON.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

WARM_UP, PAUSE, LOAD = 8, .2, 'load, ms'
MAKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'make_random.py')


def token(i, vocab):
    return (7 * i + 3) % (vocab - 1) + 1


class Peer:
    """llama.cpp with one model and context for `sequences` sequences of `length` tokens."""

    def __init__(self, ll, model, threads, length, batch, sequences=1):
        self.ll, self.sequences = ll, sequences
        self.vocab = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(model))
        p = ll.llama_context_default_params()
        p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max = sequences * length, batch, batch, sequences
        p.n_threads = p.n_threads_batch = threads
        self.context, self.batch = ll.llama_init_from_model(model, p), ll.llama_batch_init(batch, 0, 1)
        if not self.context:
            raise SystemExit('llama.cpp makes no context')

    def close(self):
        self.ll.llama_batch_free(self.batch)
        self.ll.llama_free(self.context)

    def forget(self):
        self.ll.llama_memory_clear(self.ll.llama_get_memory(self.context), True)

    def step(self, tokens):
        """One call with [(token, position, sequence, whether its logits are wanted)]."""
        b = self.batch
        b.n_tokens = len(tokens)
        for i, (token, position, sequence, wanted) in enumerate(tokens):
            b.token[i], b.pos[i], b.n_seq_id[i], b.logits[i] = token, position, 1, wanted
            b.seq_id[i][0] = sequence
        if self.ll.llama_decode(self.context, b):
            raise SystemExit('llama_decode failed')
        self.ll.llama_synchronize(self.context)

    def prompt(self, length):
        self.step([(token(i, self.vocab), i, 0, i == length - 1) for i in range(length)])

    def one_each(self, position):
        self.step([(token(position + s, self.vocab), position, s, 1) for s in range(self.sequences)])


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def llama_cpp(path, threads, prompts, decode, sequences):
    """{measure: tokens a second} of one run."""
    import llama_cpp as ll
    quiet = ll.llama_log_callback(lambda *a: None)  # must live as long as the library
    ll.llama_log_set(quiet, None)
    start = time.perf_counter()
    model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
    found = {LOAD: 1000 * (time.perf_counter() - start)}
    if not model:
        raise SystemExit(f'llama.cpp does not load {path}')
    one = Peer(ll, model, threads, max(*prompts, decode) + WARM_UP, max(prompts))
    one.prompt(WARM_UP)
    for n in prompts:
        one.forget()
        found[f'prefill {n}'] = n / seconds(lambda: one.prompt(n))
    one.forget()
    one.one_each(0)
    found[f'decode {decode}'] = decode / seconds(lambda: [one.one_each(i + 1) for i in range(decode)])
    one.close()
    if sequences:
        many = Peer(ll, model, threads, decode + WARM_UP, sequences, sequences)
        many.one_each(0)
        found[f'{sequences} at once'] = sequences * decode / seconds(lambda: [many.one_each(i + 1) for i in range(decode)])
        many.close()
    return found


def hiss(program, path, threads, prompts, decode, sequences):
    """The same of hiss, and the share of the memory's limit in decoding."""
    found = {}
    for n in prompts:
        last = n == prompts[-1]
        command = [program, 'bench', '-m', path, '-t', str(threads), '-p', str(n), '-n', str(decode if last else 1), '-r', '1', '--json']
        if sequences and last:
            command += ['--batch', str(sequences)]
        j = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found[f'prefill {n}'] = n / j['prefill']['median_s']
    found[f'decode {decode}'] = decode / j['decode']['median_s']
    found['of limit'] = j['decode']['of_limit']
    found[LOAD] = 1000 * j['load_s']
    if sequences:
        found[f'{sequences} at once'] = sequences * decode / j['batch']['median_s']
    return found


def made(name, folder):
    """The path of a model: a file, or SHAPE:TYPE made in folder."""
    if ':' not in name:
        return name
    shape, kind = name.split(':')
    path = os.path.join(folder, f'{shape}-{kind}.gguf')
    if not os.path.exists(path):
        subprocess.run([sys.executable, MAKER, shape, kind, path + '.part'], check=True)
        os.rename(path + '.part', path)
    return path


def spread(values):
    return f'{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})'


def table(a, threads):
    measures = [f'prefill {n}' for n in a.prefill] + [f'decode {a.decode}'] + ([f'{a.batch} at once'] if a.batch else []) + [LOAD]
    print(f'\n{threads} thread{"s" * (threads > 1)}, {a.rounds} rounds\n\n| model |' + ''.join(f' {m}: llama.cpp | hiss | times |' for m in measures) +
          ' decode, of limit |\n|---|' + '---|---|---|' * len(measures) + '---|')
    for name in a.models:
        path, theirs, ours = made(name, a.make), [], []
        command = [sys.executable, __file__, '--one', '--hiss', '-', '--threads', str(threads), '--prefill', ','.join(map(str, a.prefill)),
                   '--decode', str(a.decode), '--batch', str(a.batch), path]
        for _ in range(a.rounds):
            theirs.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))
            time.sleep(PAUSE)
            ours.append(hiss(a.hiss, path, threads, a.prefill, a.decode, a.batch))
            time.sleep(PAUSE)
            if a.raw:
                with open(a.raw, 'a') as f:
                    f.write(json.dumps(dict(model=name, threads=threads, llama_cpp=theirs[-1], hiss=ours[-1])) + '\n')
        cells = []
        for m in measures:
            t, h = [r[m] for r in theirs], [r[m] for r in ours]
            times = statistics.median(h) / statistics.median(t)
            cells += [spread(t), spread(h), f'{1 / times if m == LOAD else times:.1f}']
        limit = statistics.median(r['of limit'] for r in ours)
        print(f'| {name.rsplit("/", 1)[-1]} | ' + ' | '.join(cells) + f' | {limit:.0%} |', flush=True)


def numbers(text):
    return [int(n) for n in text.split(',')]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('models', nargs='+', help='files, or SHAPE:TYPE')
    p.add_argument('--hiss', required=True)
    p.add_argument('--make', default='.', help='folder of the models that are made')
    p.add_argument('--threads', type=numbers, default=[2])
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--prefill', type=numbers, default=[64, 512])
    p.add_argument('--decode', type=int, default=128)
    p.add_argument('--batch', type=int, default=0)
    p.add_argument('--neighbours', type=int, default=0)
    p.add_argument('--raw')
    p.add_argument('--one', action='store_true', help='(inside) one run of llama.cpp, as JSON')
    a = p.parse_args()
    if a.one:
        print(json.dumps(llama_cpp(a.models[0], a.threads[0], a.prefill, a.decode, a.batch)))
        return
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass'], start_new_session=True) for _ in range(a.neighbours)]
    try:
        for threads in a.threads:
            table(a, threads)
    finally:
        for b in busy:
            b.kill()


if __name__ == '__main__':
    main()
