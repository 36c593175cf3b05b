"""Stage `restore`: mixers and trained attention from an exported file, dequantised, as a checkpoint (without optimiser state).

What ships is what a run restarts from when the checkpoints are gone. --beside adds the mixers of another checkpoint for
layers that the file keeps as attention.
"""
import argparse
import glob

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize

import checkpoint
import places
from mixer import D_INNER, HEADS, Mixer
from model import Attention
from teacher import KV_HEADS, Q_HEADS, unpermute


def read_mixers(first_part):
    """{layer: Mixer or trained Attention} from the parts beside first_part. A kept layer was trained where its bytes are not
    the teacher's."""
    raw = {t.name: t for path in sorted(glob.glob(first_part.replace('-00001-of-', '-?????-of-'))) for t in GGUFReader(path).tensors}
    whole = lambda t: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), dtype=np.float32))
    mixers = {}
    for layer in sorted({int(name.split('.')[1]) for name in raw if '.ssm_' in name}):
        w = lambda suffix: whole(raw[f'blk.{layer}.ssm_{suffix}'])
        m = mixers[layer] = Mixer()
        rows = w('in.weight')
        m.load_state_dict(dict(
            win=rows[:4 * D_INNER], wdt=rows[4 * D_INNER:], dt_bias=w('dt.bias').reshape(HEADS), conv_w=w('conv1d.weight').t(),
            conv_b=w('conv1d.bias').flatten(), A_log=torch.log(-w('a').reshape(HEADS)), D=w('d').reshape(HEADS),
            norm=w('norm.weight').flatten(), wout=w('out.weight')))
    for t in GGUFReader(places.teacher()).tensors:
        ours = raw.get(t.name)
        if t.name.endswith('attn_q.weight') and ours and (ours.tensor_type != t.tensor_type or not np.array_equal(ours.data, t.data)):
            layer = int(t.name.split('.')[1])
            w = lambda suffix: whole(raw[f'blk.{layer}.attn_{suffix}.weight'])
            mixers[layer] = Attention(torch.cat([unpermute(w('q'), Q_HEADS), unpermute(w('k'), KV_HEADS), w('v')]), w('output'))
    return mixers


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('file', help='the first part')
    p.add_argument('--beside', help='a checkpoint')
    p.add_argument('--out', help='default: RECIPE_DIR/restored.pt')
    args = p.parse_args()
    mixers = checkpoint.load_mixers(args.beside) if args.beside else {}
    mixers.update(read_mixers(args.file))
    checkpoint.save(args.out or places.work('restored.pt'), mixers=mixers, stage='restore')
    print(f'layers {sorted(mixers)}')


if __name__ == '__main__':
    main()
