"""Whole models beside llama.cpp: prefill and decode in tokens a second, the two programs in turn.

    python3 tests/bench/peers/whole_model.py --hiss build/hiss --threads 2 --rounds 5 MODEL.gguf...

Needs llama-cpp-python. llama.cpp runs as llama-bench runs it: llama_decode on one batch of the prompt, then one token a
call, and with --batch N also N sequences at once, a token of each a call; hiss by `hiss bench --json`. Each round starts
both anew; medians and the range are printed as a table row. With --neighbours N, N other programs that never sleep run
all the while.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time


def llama_cpp(path, threads, prefill, decode):
    """(prefill, decode) tokens a second of one run."""
    from llama_cpp import Llama
    m = Llama(path, n_ctx=prefill + decode + 8, n_batch=prefill, n_ubatch=prefill, n_threads=threads,
              n_threads_batch=threads, verbose=False)
    ids = [(7 * i + 3) % (m.n_vocab() - 1) + 1 for i in range(prefill)]
    m.eval(ids[:8])
    m.reset()
    t = time.perf_counter()
    m.eval(ids)
    read = prefill / (time.perf_counter() - t)
    m.reset()
    m.eval(ids[:1])
    t = time.perf_counter()
    for i in range(decode):
        m.eval([ids[i % prefill]])
    return read, decode / (time.perf_counter() - t)


def llama_cpp_batch(path, threads, n, steps):
    """Tokens a second of n sequences decoded together."""
    import llama_cpp as ll
    quiet = ll.llama_log_callback(lambda *a: None)  # must live as long as the library
    ll.llama_log_set(quiet, None)
    model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
    p = ll.llama_context_default_params()
    p.n_ctx, p.n_batch, p.n_ubatch, p.n_seq_max = n * 256, n, n, n
    p.n_threads = p.n_threads_batch = threads
    ctx, batch = ll.llama_init_from_model(model, p), ll.llama_batch_init(n, 0, 1)
    vocab, batch.n_tokens = ll.llama_vocab_n_tokens(ll.llama_model_get_vocab(model)), n
    for step in range(steps + 1):
        if step == 1:  # the first warms up
            t = time.perf_counter()
        for i in range(n):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = (7 * (step + i) + 3) % (vocab - 1) + 1, step, 1, 1
            batch.seq_id[i][0] = i
        if ll.llama_decode(ctx, batch):
            raise SystemExit('llama_decode failed')
    return n * steps / (time.perf_counter() - t)


def hiss(program, path, threads, prefill, decode, batch):
    out = subprocess.run([program, 'bench', '-m', path, '-t', str(threads), '-p', str(prefill), '-n', str(decode), '-r', '1', '--json'] +
                         (['--batch', str(batch)] if batch else []), check=True, capture_output=True, text=True).stdout
    j = json.loads(out)
    speed = [prefill / j['prefill']['median_s'], decode / j['decode']['median_s']]
    return speed + [batch * decode / j['batch']['median_s']] if batch else speed


def row(values):
    return f'{statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f})'


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('models', nargs='+')
    p.add_argument('--hiss', required=True)
    p.add_argument('--threads', type=int, default=2)
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--prefill', type=int, default=512)
    p.add_argument('--decode', type=int, default=128)
    p.add_argument('--batch', type=int, default=0)
    p.add_argument('--neighbours', type=int, default=0)
    p.add_argument('--one', action='store_true', help='(inside) one run of llama.cpp, as JSON')
    a = p.parse_args()
    if a.one:
        speed = list(llama_cpp(a.models[0], a.threads, a.prefill, a.decode))
        print(json.dumps(speed + ([llama_cpp_batch(a.models[0], a.threads, a.batch, a.decode)] if a.batch else [])))
        return
    busy = [subprocess.Popen([sys.executable, '-c', 'while True: pass'], start_new_session=True) for _ in range(a.neighbours)]
    try:
        table(a)
    finally:
        for b in busy:
            b.kill()


def table(a):
    print(f'| model | llama.cpp prefill {a.prefill} | hiss | llama.cpp decode {a.decode} | hiss |' +
          (f' llama.cpp {a.batch} at once | hiss |' if a.batch else '') + '\n|---|---|---|---|---|' + ('---|---|' if a.batch else ''))
    for path in a.models:
        theirs, ours = [], []
        for _ in range(a.rounds):
            out = subprocess.run([sys.executable, __file__, '--one', '--hiss', '-', '--threads', str(a.threads), '--prefill',
                                  str(a.prefill), '--decode', str(a.decode), '--batch', str(a.batch), path], check=True, capture_output=True, text=True).stdout
            theirs.append(json.loads(out.splitlines()[-1]))
            ours.append(hiss(a.hiss, path, a.threads, a.prefill, a.decode, a.batch))
        cells = [row([v[i] for v in who]) for i in range(len(ours[0])) for who in (theirs, ours)]
        print(f'| {path.rsplit("/", 1)[-1]} | ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
    main()
