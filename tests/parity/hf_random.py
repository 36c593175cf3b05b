"""Random F32 models of Hugging Face transformers beside hiss: the same weights, the same ids, every logit compared.

    python3 tests/parity/hf_random.py --hiss build/hiss

Needs torch, transformers, gguf, numpy. For each of mamba, mamba2 and llama a model is made with a fixed seed, written as
GGUF, and read by `hiss logits`; printed is max|difference| / max|logit|, which must be at most 1e-4, and beside it how far either
program is from the same model in f64. Exit status 1 if one is larger."""
import argparse
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import torch
import transformers

import tiny_vocab

BOUND = 1e-4
VOCAB = 1000
SEED = 20261125


def f32(t):
    return t.detach().to(torch.float32).contiguous().numpy()


def permute(w, heads):
    """HF's half-split rope rows to GGUF's interleaved pairs: new row 2j is old row j of each head."""
    d = w.shape[0] // heads
    return w.reshape(heads, 2, d // 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)


def common(w, cfg, layers, embd, eps):
    w.add_context_length(1 << 14)
    w.add_embedding_length(embd)
    w.add_block_count(layers)
    w.add_layer_norm_rms_eps(eps)
    tiny_vocab.add(w, cfg.vocab_size)


def ssm_common(w, sd, i, p):
    w.add_tensor(f"blk.{i}.attn_norm.weight", f32(sd[f"{p}.norm.weight"]))
    w.add_tensor(f"blk.{i}.ssm_in.weight", f32(sd[f"{p}.mixer.in_proj.weight"]))
    w.add_tensor(f"blk.{i}.ssm_conv1d.weight", f32(sd[f"{p}.mixer.conv1d.weight"])[:, 0, :])
    w.add_tensor(f"blk.{i}.ssm_conv1d.bias", f32(sd[f"{p}.mixer.conv1d.bias"]))
    w.add_tensor(f"blk.{i}.ssm_out.weight", f32(sd[f"{p}.mixer.out_proj.weight"]))


def mamba(path):
    cfg = transformers.MambaConfig(vocab_size=VOCAB, hidden_size=192, state_size=16, num_hidden_layers=4, pad_token_id=0,
                                   tie_word_embeddings=True)
    model = transformers.MambaForCausalLM(cfg)
    sd = stir(model)
    w = gguf.GGUFWriter(path, "mamba")
    common(w, cfg, 4, 192, cfg.layer_norm_epsilon)
    w.add_feed_forward_length(0)
    w.add_head_count(0)
    w.add_ssm_conv_kernel(cfg.conv_kernel)
    w.add_ssm_inner_size(cfg.intermediate_size)
    w.add_ssm_state_size(cfg.state_size)
    w.add_ssm_time_step_rank(cfg.time_step_rank)
    w.add_tensor("token_embd.weight", f32(sd["backbone.embeddings.weight"]))
    w.add_tensor("output_norm.weight", f32(sd["backbone.norm_f.weight"]))
    for i in range(4):
        p = f"backbone.layers.{i}"
        ssm_common(w, sd, i, p)
        w.add_tensor(f"blk.{i}.ssm_x.weight", f32(sd[f"{p}.mixer.x_proj.weight"]))
        w.add_tensor(f"blk.{i}.ssm_dt.weight", f32(sd[f"{p}.mixer.dt_proj.weight"]))
        w.add_tensor(f"blk.{i}.ssm_dt.bias", f32(sd[f"{p}.mixer.dt_proj.bias"]))
        w.add_tensor(f"blk.{i}.ssm_a", f32(-torch.exp(sd[f"{p}.mixer.A_log"])))
        w.add_tensor(f"blk.{i}.ssm_d", f32(sd[f"{p}.mixer.D"]))
    return model, w


def mamba2(path):
    # one group: the Python norm of transformers does not know more
    cfg = transformers.Mamba2Config(vocab_size=VOCAB, hidden_size=192, state_size=64, head_dim=32, num_heads=12, n_groups=1,
                                    num_hidden_layers=4, expand=2, chunk_size=64, tie_word_embeddings=False, pad_token_id=0)
    model = transformers.Mamba2ForCausalLM(cfg)
    sd = stir(model)
    w = gguf.GGUFWriter(path, "mamba2")
    common(w, cfg, 4, 192, cfg.layer_norm_epsilon)
    w.add_feed_forward_length(0)
    w.add_head_count(0)
    w.add_ssm_conv_kernel(cfg.conv_kernel)
    w.add_ssm_inner_size(384)
    w.add_ssm_state_size(cfg.state_size)
    w.add_ssm_time_step_rank(cfg.num_heads)
    w.add_ssm_group_count(1)
    w.add_tensor("token_embd.weight", f32(sd["backbone.embeddings.weight"]))
    w.add_tensor("output_norm.weight", f32(sd["backbone.norm_f.weight"]))
    w.add_tensor("output.weight", f32(sd["lm_head.weight"]))
    for i in range(4):
        p = f"backbone.layers.{i}"
        ssm_common(w, sd, i, p)
        w.add_tensor(f"blk.{i}.ssm_dt.bias", f32(sd[f"{p}.mixer.dt_bias"]))
        w.add_tensor(f"blk.{i}.ssm_a", f32(-torch.exp(sd[f"{p}.mixer.A_log"]))[:, None])
        w.add_tensor(f"blk.{i}.ssm_d", f32(sd[f"{p}.mixer.D"])[:, None])
        w.add_tensor(f"blk.{i}.ssm_norm.weight", f32(sd[f"{p}.mixer.norm.weight"])[None, :])
    return model, w


def llama(path):
    cfg = transformers.LlamaConfig(vocab_size=VOCAB, hidden_size=192, intermediate_size=512, num_hidden_layers=4,
                                   num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5, max_position_embeddings=2048,
                                   rope_theta=10000.0, tie_word_embeddings=True, attn_implementation="eager")
    model = transformers.LlamaForCausalLM(cfg)
    sd = stir(model)
    w = gguf.GGUFWriter(path, "llama")
    common(w, cfg, 4, 192, cfg.rms_norm_eps)
    w.add_feed_forward_length(512)
    w.add_head_count(6)
    w.add_head_count_kv(2)
    w.add_rope_dimension_count(32)
    w.add_rope_freq_base(10000.0)
    w.add_tensor("token_embd.weight", f32(sd["model.embed_tokens.weight"]))
    w.add_tensor("output_norm.weight", f32(sd["model.norm.weight"]))
    names = {"attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj",
             "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm",
             "ffn_norm": "post_attention_layernorm"}
    for i in range(4):
        p = f"model.layers.{i}"
        w.add_tensor(f"blk.{i}.attn_q.weight", permute(f32(sd[f"{p}.self_attn.q_proj.weight"]), 6))
        w.add_tensor(f"blk.{i}.attn_k.weight", permute(f32(sd[f"{p}.self_attn.k_proj.weight"]), 2))
        for ours, theirs in names.items():
            w.add_tensor(f"blk.{i}.{ours}.weight", f32(sd[f"{p}.{theirs}.weight"]))
    return model, w


def stir(model):
    """Fresh models have norms of one, biases of zero and small logits, under which mistakes hide: widen everything."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" in name:
                p.mul_(1 + 0.3 * torch.randn_like(p))
            elif name.endswith(".D") or ("bias" in name and "dt" not in name):
                p.add_(0.2 * torch.randn_like(p))
            elif p.dim() == 2 and "A_log" not in name:
                p.mul_(2.5)
    return model.state_dict()


def compare(name, make, hiss, folder, n):
    torch.manual_seed(SEED)
    path = os.path.join(folder, name + ".gguf")
    model, w = make(path)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    ids = np.random.default_rng(SEED).integers(0, VOCAB, n)
    with torch.no_grad():
        theirs = model.eval()(torch.tensor(ids)[None]).logits[0].to(torch.float64).numpy()
        exact = model.double()(torch.tensor(ids)[None]).logits[0].numpy()
    ids_path, out = os.path.join(folder, "ids"), os.path.join(folder, "out.f32")
    with open(ids_path, "w") as f:
        f.write(" ".join(map(str, ids)) + "\n")
    subprocess.run([hiss, "logits", "-m", path, "--ids", ids_path, "-o", out], check=True)
    got = np.fromfile(out, dtype="<f4").reshape(n, VOCAB).astype(np.float64)
    size = np.abs(theirs).max()
    ratio, own, floor = (np.abs(d).max() / size for d in (got - theirs, got - exact, theirs - exact))
    same = (got.argmax(1) == theirs.argmax(1)).mean()
    print(f"{name:7} {n} tokens: max|difference| / max|logit| = {ratio:.2e}, same top-1 {100 * same:.1f} %, max|logit| {size:.2f}"
          f"\n        from the same model in f64: hiss {own:.2e}, transformers in f32 {floor:.2e}")
    return ratio <= BOUND


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--hiss", default="build/hiss")
    a.add_argument("--tokens", type=int, default=200)
    a = a.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ok = [compare(name, make, a.hiss, folder, a.tokens)
              for name, make in (("mamba", mamba), ("mamba2", mamba2), ("llama", llama))]
    sys.exit(not all(ok))


if __name__ == "__main__":
    main()
