"""How far one model is from another on held-out rows."""
import torch

from data import held_rows

HELD = ('wiki', 'book', 'real', 'sampled')


@torch.no_grad()
def held_kl(passes, exact, student, rows, length=512, at_once=4):
    """{text: KL(exact || student)} on so many held-out rows of each text, all tokens."""
    result = {}
    for name in HELD:
        kl, n = 0., 0
        for ids in held_rows(name, rows, length).split(at_once):
            ht, hs = passes.hidden_pair(exact, student, ids.to(passes.device))
            kl += passes.kl(student, hs, ht, torch.ones(len(hs), device=hs.device))[0].item()
            n += len(hs)
        result[name] = round(kl / n, 4)
    return result
