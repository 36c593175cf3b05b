"""Stage `average`: between two checkpoints of one descent, weight by weight.

A run that bought perplexity and the run that it began from, which talked surely: part of the way back to the latter loses less of
the one than it gains of the other (NOTES.md). A layer that only the first has as trained attention is the teacher's in the
second.
"""
import argparse

import checkpoint
import places
from model import load_teacher


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('first', help='a checkpoint')
    p.add_argument('second')
    p.add_argument('--share', type=float, default=.7, help='of the first')
    p.add_argument('--out', required=True)
    args = p.parse_args()
    first, layers = checkpoint.load_mixers(args.first), checkpoint.load(args.second)['mixers']
    second = checkpoint.load_mixers(args.second)
    second.update(checkpoint.load_attention(args.second, [l for l in first if l not in layers], load_teacher(places.teacher())))
    for l, m in first.items():
        for ours, theirs in zip(m.parameters(), second[l].parameters()):
            ours.data.lerp_(theirs.data, 1 - args.share)
    checkpoint.save(args.out, mixers=first, stage='average')


if __name__ == '__main__':
    main()
