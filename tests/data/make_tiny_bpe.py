#!/usr/bin/env python3
"""Makes tests/data/tiny_bpe.json: a byte-level BPE vocabulary of 400 merges, and the ids that Hugging Face's
`tokenizers` gives for some texts under four pre-tokenizers. Run: make_tiny_bpe.py TEXT... > tiny_bpe.json
The committed file was trained on Shakespeare (public domain, the first 400 KB of "tinyshakespeare") and the samples
below; tokenizers 0.23.3."""
import json
import random
import sys
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, trainers

SAMPLES = [
    "", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "x", " x", "  x", "a\n\n\nb\r\n c", "Hello, world!",
    "I'll  don't\t\tGO 'S", "we'VE they'Re you'd it's O'Neil ''s", "  leading", "trailing  ", "3.14159 x=2^10",
    "In 2024, 1234567 people (12,345.67 each)", "٣٤٥ ४५६ ½ ² Ⅷ", "café 你好 🙂", "naïve façade — “quotes” …",
    "Καλημέρα κόσμε", "Привет, мир! Как дела?", "こんにちは世界。", "안녕하세요 세계", "नमस्ते दुनिया", "مرحبا بالعالم",
    "שלום עולם", "สวัสดีชาวโลก", "👩‍👩‍👧‍👦 🏳️‍🌈 ✅ 🇩🇪", "e\u0301 a\u0308 \u200b\u00ad\ufeff", "\u00a0nbsp\u2003em\u3000ideo",
    "int main(void)\n{\n\treturn 0;\n}\n", "for i in range(10):\n    print(i)\n\n\n# end", "a_b-c.d/e\\f", "https://example.org/?q=1&r=%20#x",
    "!!!!!!", "(((", "...", "$5 + €7 < £9 >= 3 ~ `code` ^", "\x01\x7f", "ſtrange 'ſ Kelvin K", "\u180e mongolian",
    "<|im_start|>user\nHi<|im_end|>\n", "<|endoftext|>", "<|im_end", "<think>\nhm\n</think>", "    four", "     five",
    "To be, or not to be, that is the question:", "ROMEO: But, soft! what light through yonder window breaks?",
    "thethethe", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "mixedCASEWords andCamelCase", "tab\tseparated\tvalues", "été\r\n\r\nÀ",
]
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
USER = ["<think>", "</think>", "    "]
CL = (r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s"
      r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def split(pattern):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


PRE = {
    "gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False),
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                       pre_tokenizers.ByteLevel(add_prefix_space=False)]),
    "llama-bpe": split(CL % "{1,3}"),
    "qwen2": split(CL % ""),
}


def train(texts):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = PRE["gpt-2"]
    t.train_from_iterator(texts + SAMPLES, trainers.BpeTrainer(
        vocab_size=256 + 400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(t.to_str())["model"]
    return model["vocab"], [tuple(m) for m in model["merges"]]


def reference(vocab, merges, pre, texts):
    t = Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=pre == "llama-bpe"))
    t.pre_tokenizer = PRE[pre]
    t.add_tokens([AddedToken(x, normalized=False) for x in USER])
    t.add_special_tokens([AddedToken(x, special=True, normalized=False) for x in CONTROL])
    return [t.encode(x, add_special_tokens=False).ids for x in texts]


def main():
    texts = [open(f, encoding="utf-8").read()[:400_000] for f in sys.argv[1:]]
    vocab, merges = train(texts)
    tokens = [k for k, _ in sorted(vocab.items(), key=lambda kv: kv[1])]
    rng = random.Random(10)
    joined = [x for x in SAMPLES if x]
    cases = SAMPLES + ["".join(rng.sample(joined, 3)) for _ in range(12)]
    # words.tokens whose own merges do not make them, so that ignore_merges shows
    extra = ["Ġthequestion"]
    cases.append(" thequestion the question")
    all_tokens = tokens + extra
    full = {x: i for i, x in enumerate(all_tokens)}
    out = {"tokens": all_tokens + USER + CONTROL, "kinds": [1] * len(all_tokens) + [4] * len(USER) + [3] * len(CONTROL),
           "merges": [" ".join(m) for m in merges], "texts": cases,
           "ids": {pre: reference(full, merges, pre, cases) for pre in PRE}}
    json.dump(out, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    print()


main()
