"""Faithfulness of quantised weights: how far hiss is from the float model, beside how far llama.cpp is.

    python3 tests/parity/smollm2.py --hiss build/hiss MODEL.gguf TEXT [--windows 8] [--one-at-a-time 2]

MODEL is a llama-architecture GGUF with a vocabulary (SmolLM2-135M-Instruct.Q4_1.gguf), TEXT plain text
(wikitext-2 valid). The float reference is the same weights dequantised to f32 in transformers' own model class. Windows of
512 tokens without overlap, the second half of each scored. Bounds (shared/spec/parity.md): KL(float || hiss) at most 1.1
times KL(float || llama.cpp), top-1 agreement with float no more than 1.5 points below llama.cpp's, perplexity within
0.5 % of float's. Exit status 1 when one is missed. Needs torch, transformers, gguf, llama-cpp-python."""
import argparse
import os
import subprocess
import sys
import tempfile

import gguf
import llama_cpp
import numpy as np
import torch
import transformers

WINDOW = 512
HALF = WINDOW // 2


def field(r, key):
    return r.fields[key].contents()


def unpermute(w, heads):
    d = w.shape[0] // heads
    return w.reshape(heads, d // 2, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def float_model(path):
    r = gguf.GGUFReader(path)
    heads, kv = field(r, "llama.attention.head_count"), field(r, "llama.attention.head_count_kv")
    w = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in r.tensors}
    cfg = transformers.LlamaConfig(
        vocab_size=w["token_embd.weight"].shape[0], hidden_size=field(r, "llama.embedding_length"),
        intermediate_size=field(r, "llama.feed_forward_length"), num_hidden_layers=field(r, "llama.block_count"),
        num_attention_heads=heads, num_key_value_heads=kv, rms_norm_eps=field(r, "llama.attention.layer_norm_rms_epsilon"),
        rope_theta=float(field(r, "llama.rope.freq_base")), max_position_embeddings=8192,
        tie_word_embeddings="output.weight" not in w)
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
             "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
             "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    sd = {"model.embed_tokens.weight": w["token_embd.weight"], "model.norm.weight": w["output_norm.weight"],
          "lm_head.weight": w.get("output.weight", w["token_embd.weight"])}
    for i in range(cfg.num_hidden_layers):
        for ours, theirs in names.items():
            v = w[f"blk.{i}.{ours}.weight"]
            v = unpermute(v, heads) if ours == "attn_q" else unpermute(v, kv) if ours == "attn_k" else v
            sd[f"model.layers.{i}.{theirs}.weight"] = v
    model = transformers.LlamaForCausalLM(cfg)
    model.load_state_dict({k: torch.tensor(np.ascontiguousarray(v)) for k, v in sd.items()})
    return model.eval()


def log_probs(logits):
    x = torch.tensor(logits[HALF - 1:-1]).to(torch.float64)  # token t is predicted by position t - 1
    return torch.log_softmax(x, -1)


class Tally:
    """One program beside the float reference, over scored positions."""

    def __init__(self, name):
        self.name, self.kl, self.same, self.nll = name, [], [], []

    def add(self, ref, lp, ids):
        self.kl.append((ref.exp() * (ref - lp)).sum(-1))
        self.same.append((ref.argmax(-1) == lp.argmax(-1)).double())
        self.nll.append(-lp[torch.arange(HALF), torch.tensor(ids[HALF:])])

    def result(self):
        kl, same, nll = torch.cat(self.kl), torch.cat(self.same), torch.cat(self.nll)
        print(f"| {self.name} | {len(kl)} | {kl.mean():.3e} | {kl.median():.2e} | {kl.quantile(.99):.2e} | "
              f"{100 * same.mean():.2f} % | {nll.mean().exp():.4f} |")
        return kl.mean().item(), 100 * same.mean().item(), nll.mean().exp().item()


def hiss_ids(hiss, model, text):
    out = subprocess.run([hiss, "tokenize", "-m", model, "--no-bos"], input=text.encode(), capture_output=True, check=True)
    return [int(t) for t in out.stdout.split()]


def hiss_logits(hiss, model, ids, folder, vocab):
    path, out = os.path.join(folder, "ids"), os.path.join(folder, "out.f32")
    with open(path, "w") as f:
        f.write(" ".join(map(str, ids)) + "\n")
    subprocess.run([hiss, "logits", "-m", model, "--ids", path, "-o", out], check=True, stderr=subprocess.DEVNULL)
    return np.fromfile(out, dtype="<f4").reshape(len(ids), vocab)


def llama_logits(m, ids, step):
    m.reset()
    for i in range(0, len(ids), step):
        m.eval(ids[i:i + step])
    return np.array(m.scores[:len(ids)], dtype=np.float32)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("model")
    a.add_argument("text")
    a.add_argument("--hiss", default="build/hiss")
    a.add_argument("--windows", type=int, default=8)
    a.add_argument("--one-at-a-time", type=int, default=0, metavar="N", help="also llama.cpp token by token, N windows")
    a = a.parse_args()
    with open(a.text, encoding="utf-8") as f:
        text = f.read(6 * WINDOW * (a.windows + 1))
    ids = hiss_ids(a.hiss, a.model, text)
    m = llama_cpp.Llama(a.model, n_ctx=WINDOW, n_batch=WINDOW, logits_all=True, verbose=False)
    theirs = m.tokenize(text.encode(), add_bos=False, special=False)
    print(f"tokens: hiss {len(ids)}, llama.cpp {len(theirs)}, {'equal' if ids == theirs else 'DIFFERENT'}")
    ref_model = float_model(a.model)
    names = ["float (f32, transformers)", "hiss", "llama.cpp, batches of 512", "llama.cpp, one token at a time"]
    tallies = [Tally(n) for n in names[:4 if a.one_at_a_time else 3]]
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for i in range(a.windows):
            win = ids[i * WINDOW:(i + 1) * WINDOW]
            ref = log_probs(ref_model(torch.tensor(win)[None]).logits[0].numpy())
            tallies[0].add(ref, ref, win)
            tallies[1].add(ref, log_probs(hiss_logits(a.hiss, a.model, win, folder, ref.shape[1])), win)
            tallies[2].add(ref, log_probs(llama_logits(m, win, WINDOW)), win)
            if i < a.one_at_a_time:
                tallies[3].add(ref, log_probs(llama_logits(m, win, 1)), win)
            print(f"window {i + 1} of {a.windows}", file=sys.stderr)
    print("| Q | positions | KL(float, Q) mean | median | p99 | same top-1 | perplexity |\n|---|---|---|---|---|---|---|")
    ref, ours, peer = [t.result() for t in tallies][:3]
    ratio, ppl = ours[0] / peer[0], 100 * (ours[2] / ref[2] - 1)
    print(f"\nKL ratio hiss / llama.cpp {ratio:.3f} (at most 1.1), top-1 {ours[1] - peer[1]:+.2f} points (at least -1.5), "
          f"perplexity {ppl:+.3f} % of float's (within 0.5)")
    out = subprocess.run([a.hiss, "perplexity", "-m", a.model, "--window", str(WINDOW), "--windows", str(a.windows), a.text],
                         capture_output=True, check=True).stdout.decode()
    print("hiss perplexity, same windows:", " ".join(out.split()))
    sys.exit(not (ratio <= 1.1 and ours[1] - peer[1] >= -1.5 and abs(ppl) <= 0.5 and ids == theirs))


if __name__ == "__main__":
    main()
