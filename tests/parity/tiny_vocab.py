"""A byte-level vocabulary of any size for models whose text means nothing: hiss opens no model without one."""


def byte_tokens():
    """GPT-2's printable stand-ins for the 256 bytes (bytes_to_unicode)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    stand_in, spare = {b: chr(b) for b in plain}, 256
    for b in range(256):
        if b not in stand_in:
            stand_in[b] = chr(spare)
            spare += 1
    return [stand_in[b] for b in range(256)]


def add(w, n):
    """Puts a vocabulary of n tokens into a gguf.GGUFWriter: the bytes, one merge, an end token, and fillers."""
    tokens = byte_tokens() + ["ab", "<|endoftext|>"]
    types = [1] * 257 + [3]
    while len(tokens) < n:
        tokens.append(f"[PAD{len(tokens)}]")
        types.append(5)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens[:n])
    w.add_token_types(types[:n])
    w.add_token_merges(["a b"])
    w.add_bos_token_id(257)
    w.add_eos_token_id(257)
    w.add_add_bos_token(False)
