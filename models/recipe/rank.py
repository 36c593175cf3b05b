"""Stage `rank`: which layers are cheap to replace.

Each trained mixer alone in the teacher's place: KL of the whole model, and recall of a planted colour at 150 tokens. Then
the cheapest K together. The order goes into RECIPE_DIR/rank.json; which layers stay attention is for people to decide
(recall and KL do not agree: see NOTES.md).
"""
import argparse
import json

import torch

import checkpoint
import places
from data import held_rows
from facts import planted
from model import Passes, load_teacher
from teacher import D_MODEL, END_OF_TEXT, LAYERS, read_tokenizer

DISTANCE = 150                      # of the planted facts


class Prefix:
    """The teacher's residual stream before every layer, so that swapping layer i costs only the layers from i on."""

    def __init__(self, passes, teacher, rows):
        self.passes, self.teacher, self.before = passes, teacher, []
        h = torch.nn.functional.embedding(rows, teacher.embedding).float()
        for b in teacher.blocks:
            self.before.append(h)
            h = self.block(b, b.mixer, h)
        self.last = self.passes.norm(h, teacher.norm, teacher.embedding.dtype)

    def block(self, b, mixer, h):
        u = self.passes.norm(h, b.norm_in, self.teacher.embedding.dtype)
        return self.passes.mlp(h, self.passes.mix(mixer, u), b.norm_mlp, b.w_gate_up, b.w_down)

    def kl(self, mixers):
        """Mean KL with some layers' mixers swapped."""
        first = min(mixers)
        h = self.before[first]
        for i in range(first, LAYERS):
            b = self.teacher.blocks[i]
            h = self.block(b, mixers.get(i, b.mixer), h)
        hs = self.passes.norm(h, self.teacher.norm, self.teacher.embedding.dtype).view(-1, D_MODEL)
        weight = torch.full((len(hs),), 1 / len(hs), device=hs.device)
        return self.passes.kl(self.teacher, hs, self.last.view(-1, D_MODEL), weight)[0].item()


def recall(passes, student, facts, multiple=128):
    """Shares of facts.score; rows are padded to whole chunks, which cannot reach back."""
    last = []
    for row in facts.rows:
        ids = torch.full((1, -(-len(row) // multiple) * multiple), END_OF_TEXT)
        ids[0, :len(row)] = torch.tensor(row)
        last.append(passes.hidden(student, ids.to(passes.device))[0, len(row) - 1])
    return facts.score(torch.nn.functional.linear(torch.stack(last), student.embedding).float())


@torch.no_grad()
def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('mixers', nargs='?')
    p.add_argument('--rows', type=int, default=2, help='of 512 tokens from each held-out text')
    p.add_argument('--recall', type=int, default=0, help='cases; 0 leaves recall out')
    p.add_argument('--together', default='10,15,18,20,22,24,25,26,27')
    p.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    args = p.parse_args()
    log = checkpoint.Log(places.work('rank.jsonl'))
    passes, teacher = Passes(args.device, compiled=False), load_teacher(places.teacher(), device=args.device)
    mixers = checkpoint.load_mixers(args.mixers or places.work('layerwise.pt'), device=args.device)
    rows = torch.cat([held_rows(name, args.rows, 512) for name in ('wiki', 'book', 'real', 'sampled')]).to(args.device)
    prefix = Prefix(passes, teacher, rows)
    facts = planted(read_tokenizer(places.teacher()), DISTANCE, args.recall) if args.recall else None
    alone = {}
    for l, m in mixers.items():
        alone[l] = prefix.kl({l: m})
        found = {}
        if facts:
            exact, of_eight = recall(passes, teacher.with_mixers({l: m}), facts)
            found = dict(recall=exact, of_eight=of_eight)
        log(layer=l, kl=alone[l], **found)
    order = sorted(alone, key=alone.get)
    log(cheapest_first=order)
    for count in map(int, args.together.split(',')):
        if count <= len(order):
            kept = sorted(set(range(LAYERS)) - set(order[:count]))
            log(together=count, kept=kept, kl=prefix.kl({l: mixers[l] for l in order[:count]}))
    with open(places.work('rank.json'), 'w') as f:
        json.dump(dict(order=order, alone=alone), f)


if __name__ == '__main__':
    main()
