"""Random models of real shapes, for benches: GGUF files whose text means nothing but whose cost is that of the real one.

    python3 tests/bench/make_random.py mamba-130m Q8_0 OUT.gguf

Shapes: mamba-130m, mamba-790m, mamba2-130m, mamba2-780m, llama-135m. Types: F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q6_K;
matrices whose rows are no whole blocks become F16, as in llama.cpp's own conversion. The bytes are the same each time.
Needs numpy and gguf."""
import argparse
import os
import sys

import gguf
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
import tiny_vocab

# block, bytes, offsets of f16 scales in a block
LAYOUT = {"Q8_0": (32, 34, [0]), "Q4_0": (32, 18, [0]), "Q4_1": (32, 20, [0, 2]), "Q5_0": (32, 22, [0]),
          "Q5_1": (32, 24, [0, 2]), "Q4_K": (256, 144, [0, 2]), "Q6_K": (256, 210, [208])}
PEAK = {"Q8_0": 127, "Q4_0": 8, "Q4_1": 15, "Q5_0": 16, "Q5_1": 31, "Q4_K": 63 * 15, "Q6_K": 127 * 32}

SHAPES = {
    "mamba-130m": dict(arch="mamba", layers=24, embd=768, vocab=50280, rank=48, state=16),
    "mamba-790m": dict(arch="mamba", layers=48, embd=1536, vocab=50280, rank=96, state=16),
    "mamba2-130m": dict(arch="mamba2", layers=24, embd=768, vocab=50288, rank=24, state=128),
    "mamba2-780m": dict(arch="mamba2", layers=48, embd=1536, vocab=50288, rank=48, state=128),
    "llama-135m": dict(arch="llama", layers=30, embd=576, vocab=49152, heads=9, kv=3, ff=1536),
}


class Maker:
    def __init__(self, path, arch, kind):
        self.w, self.kind, self.rng = gguf.GGUFWriter(path, arch), kind, np.random.default_rng(1)

    def vector(self, name, *shape, low=-0.1, high=0.1):
        self.w.add_tensor(name, self.rng.uniform(low, high, shape).astype(np.float32))

    def matrix(self, name, rows, cols):
        kind, size = self.kind, 1.5 / np.sqrt(cols)
        if kind in LAYOUT and cols % LAYOUT[kind][0]:
            kind = "F16"
        if kind not in LAYOUT:
            v = self.rng.uniform(-size, size, (rows, cols)).astype(np.float32)
            if kind == "BF16":
                self.w.add_tensor(name, (v.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8), (rows, 2 * cols),
                                  gguf.GGMLQuantizationType.BF16)
            else:
                self.w.add_tensor(name, v.astype(np.float16) if kind == "F16" else v)
            return
        block, nbytes, scales = LAYOUT[kind]
        b = self.rng.integers(0, 256, (rows * cols // block, nbytes), dtype=np.uint8)
        d = np.full(len(b), size / PEAK[kind], np.float16)
        for i, at in enumerate(scales):  # the second is a minimum: subtracted in K-quants, added in 32-blocks
            v = d if i == 0 else d * np.float16(7 if kind == "Q4_K" else -PEAK[kind] / 2)
            b[:, at:at + 2] = v.astype(np.float16).view(np.uint8).reshape(-1, 2)
        self.w.add_tensor(name, b.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType[kind])


def common(m, s):
    w = m.w
    w.add_context_length(8192 if s["arch"] == "llama" else 1 << 20)
    w.add_embedding_length(s["embd"])
    w.add_block_count(s["layers"])
    w.add_layer_norm_rms_eps(1e-5)
    tiny_vocab.add(w, s["vocab"])
    m.matrix("token_embd.weight", s["vocab"], s["embd"])
    m.vector("output_norm.weight", s["embd"], low=0.5, high=1.5)


def ssm(m, s):
    embd, inner, state, rank = s["embd"], 2 * s["embd"], s["state"], s["rank"]
    second = s["arch"] == "mamba2"
    conv = inner + 2 * state if second else inner
    m.w.add_feed_forward_length(0)
    m.w.add_head_count(0)
    m.w.add_ssm_conv_kernel(4)
    m.w.add_ssm_inner_size(inner)
    m.w.add_ssm_state_size(state)
    m.w.add_ssm_time_step_rank(rank)
    if second:
        m.w.add_ssm_group_count(1)
    for i in range(s["layers"]):
        p = f"blk.{i}."
        m.vector(p + "attn_norm.weight", embd, low=0.5, high=1.5)
        m.matrix(p + "ssm_in.weight", inner + conv + rank if second else 2 * inner, embd)
        m.vector(p + "ssm_conv1d.weight", conv, 4, low=-0.5, high=0.5)
        m.vector(p + "ssm_conv1d.bias", conv)
        if second:
            m.vector(p + "ssm_norm.weight", 1, inner, low=0.5, high=1.5)
        else:
            m.matrix(p + "ssm_x.weight", rank + 2 * state, inner)
            m.matrix(p + "ssm_dt.weight", inner, rank)
        n = rank if second else inner
        m.vector(p + "ssm_dt.bias", n, low=-4, high=-2)
        m.vector(p + "ssm_a", *((n, 1) if second else (n, state)), low=-16, high=-1)
        m.vector(p + "ssm_d", *((n, 1) if second else (n,)), low=0.5, high=1.5)
        m.matrix(p + "ssm_out.weight", embd, inner)


def llama(m, s):
    embd, ff, d = s["embd"], s["ff"], s["embd"] // s["heads"]
    m.w.add_feed_forward_length(ff)
    m.w.add_head_count(s["heads"])
    m.w.add_head_count_kv(s["kv"])
    m.w.add_rope_dimension_count(d)
    for i in range(s["layers"]):
        p = f"blk.{i}."
        m.vector(p + "attn_norm.weight", embd, low=0.5, high=1.5)
        m.vector(p + "ffn_norm.weight", embd, low=0.5, high=1.5)
        for name, rows, cols in (("attn_q", embd, embd), ("attn_k", s["kv"] * d, embd), ("attn_v", s["kv"] * d, embd),
                                 ("attn_output", embd, embd), ("ffn_gate", ff, embd), ("ffn_up", ff, embd),
                                 ("ffn_down", embd, ff)):
            m.matrix(f"{p}{name}.weight", rows, cols)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("shape", choices=SHAPES)
    a.add_argument("type", choices=["F32", "F16", "BF16", *LAYOUT])
    a.add_argument("out")
    a = a.parse_args()
    s = SHAPES[a.shape]
    m = Maker(a.out, s["arch"], a.type)
    m.w.add_name(f"random {a.shape} {a.type}")
    common(m, s)
    llama(m, s) if s["arch"] == "llama" else ssm(m, s)
    m.w.write_header_to_file()
    m.w.write_kv_data_to_file()
    m.w.write_tensors_to_file()
    m.w.close()


if __name__ == "__main__":
    main()
