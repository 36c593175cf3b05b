"""The teacher, SmolLM2-135M-Instruct (Apache-2.0), read from its GGUF: weights dequantised to f32, tokenizer rebuilt."""
import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

LAYERS, D_MODEL, Q_HEADS, KV_HEADS, HEAD_DIM, D_FF, VOCAB = 30, 576, 9, 3, 64, 1536, 49152
ROPE_BASE, NORM_EPS = 1e5, 1e-5
END_OF_TEXT, IM_START, IM_END = 0, 1, 2
SYSTEM = 'You are a helpful AI assistant named SmolLM, trained by Hugging Face'   # what its chat template writes
HISS_SYSTEM = 'You are hiss, a small assistant that runs in the terminal. Answer briefly and plainly.'   # the student's instead
CONTROL_TYPES = (3, 4)                                                             # GGUF token types: control, user defined


def unpermute(w, heads):
    """GGUF interleaves the two halves of a rotated head's rows (llama.cpp's NORM rope); back to half after half."""
    rows, columns = w.shape
    return w.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def permute(w, heads):
    """The way back."""
    rows, columns = w.shape
    return w.view(heads, 2, rows // heads // 2, columns).transpose(1, 2).reshape(rows, columns)


def read_weights(path):
    """{GGUF tensor name: f32 tensor}, attn_q and attn_k un-permuted."""
    weights = {}
    for t in GGUFReader(path).tensors:
        w = torch.from_numpy(np.array(dequantize(t.data, t.tensor_type), dtype=np.float32))
        if t.name.endswith('attn_q.weight'):
            w = unpermute(w, Q_HEADS)
        elif t.name.endswith('attn_k.weight'):
            w = unpermute(w, KV_HEADS)
        weights[t.name] = w.contiguous()
    return weights


def read_tokenizer(path):
    fields = GGUFReader(path).fields
    strings = lambda key: [bytes(fields[key].parts[i]).decode() for i in fields[key].data]
    tokens = strings('tokenizer.ggml.tokens')
    merges = [tuple(m.split(' ')) for m in strings('tokenizer.ggml.merges')]
    types = [int(fields['tokenizer.ggml.token_type'].parts[i][0]) for i in fields['tokenizer.ggml.token_type'].data]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t, kind in zip(tokens, types) if kind in CONTROL_TYPES])
    return tokenizer


def chat_text(messages, system=SYSTEM):
    """ChatML as the teacher's template writes it: the default system prompt unless the messages begin with one."""
    if not messages or messages[0]['role'] != 'system':
        messages = [{'role': 'system', 'content': system}, *messages]
    return ''.join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)


def prompt_text(messages, system=SYSTEM):
    return chat_text(messages, system) + '<|im_start|>assistant\n'
