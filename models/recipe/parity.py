"""Stage `parity`: the float student against llama.cpp running the exported file, teacher-forced on the same text.

Float: torch, f32, with the file's own weights (mixers through the same quantisation). What remains is llama.cpp's
rounding of activations to 8 bits; a 135 M Transformer shows a KL of about 2.6e-3 and 97.5 % equal top tokens there.
"""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from llama_cpp import Llama

import checkpoint
import places
from data import held_rows
from model import Passes, load_teacher
from quantise import shipped_as


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers')
    p.add_argument('file')
    p.add_argument('--layers')
    p.add_argument('--quantise', default='Q5_1')
    p.add_argument('--windows', type=int, default=4, help='of 512 tokens; the second half of each counts')
    args = p.parse_args()
    layers = [int(x) for x in args.layers.split(',')] if args.layers else None
    passes, teacher = Passes(compiled=False), load_teacher(places.teacher(), dtype=torch.float32)
    mixers = checkpoint.load_mixers(args.mixers, layers)
    student = teacher.with_mixers(mixers)
    llama = Llama(args.file, n_ctx=512, n_batch=512, n_threads=torch.get_num_threads(), logits_all=True, verbose=False)
    kl, same, loss, n = [], 0, [0., 0.], 0
    for ids in held_rows('wiki', args.windows, 512):
        with torch.no_grad(), shipped_as(mixers.values(), args.quantise):
            h = passes.hidden(student, ids[None])[0, 256:-1]
        float_logp = F.linear(h, teacher.embedding).log_softmax(-1)
        llama.reset()
        llama.eval(ids.tolist())
        llama_logp = torch.from_numpy(np.array(llama.scores[256:511])).log_softmax(-1)
        kl.append((float_logp.exp() * (float_logp - llama_logp)).sum(-1))
        same += (float_logp.argmax(-1) == llama_logp.argmax(-1)).sum().item()
        for i, logp in enumerate((float_logp, llama_logp)):
            loss[i] -= logp.gather(-1, ids[257:, None]).sum().item()
        n += len(h)
    kl = torch.cat(kl)
    print(f'{n} positions: KL(float || llama.cpp) mean {kl.mean():.2e} median {kl.median():.2e} p99 {kl.quantile(.99):.2e}, '
          f'same top token {same / n:.3f}, perplexity {np.exp(loss[0] / n):.3f} and {np.exp(loss[1] / n):.3f}')


if __name__ == '__main__':
    main()
