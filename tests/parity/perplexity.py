"""Perplexity of the float model on a whole text, to hold `hiss perplexity` against: the same windows of 512 tokens without
overlap, the second half of each scored.

    python3 tests/parity/perplexity.py --hiss build/hiss MODEL.gguf TEXT

As tests/parity/smollm2.py, without llama.cpp and without keeping anything: the text may be long. Prints as it goes."""
import argparse
import math
import subprocess

import torch

from smollm2 import HALF, WINDOW, float_model


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("text")
    p.add_argument("--hiss", default="build/hiss")
    p.add_argument("--batch", type=int, default=8)
    a = p.parse_args()
    with open(a.text, "rb") as f:
        out = subprocess.run([a.hiss, "tokenize", "-m", a.model, "--no-bos"], stdin=f, check=True, capture_output=True).stdout
    ids = torch.tensor([int(i) for i in out.split()])
    windows = ids[:len(ids) // WINDOW * WINDOW].reshape(-1, WINDOW)
    model = float_model(a.model)
    nll, n = 0.0, 0
    with torch.no_grad():
        for i in range(0, len(windows), a.batch):
            w = windows[i:i + a.batch]
            hidden = model.model(w).last_hidden_state[:, HALF - 1:WINDOW - 1]
            logits = model.lm_head(hidden).log_softmax(-1)
            nll -= logits.gather(-1, w[:, HALF:, None]).double().sum().item()
            n += w[:, HALF:].numel()
            if i // a.batch % 8 == 0 or i + a.batch >= len(windows):
                print(f"{i + len(w)} of {len(windows)} windows: {math.exp(nll / n):.4f}", flush=True)


if __name__ == "__main__":
    main()
