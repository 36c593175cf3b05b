#!/usr/bin/env python3
"""hiss's tokenizer beside transformers' on 2,000 varied lines, and its chat template beside apply_chat_template's
ids on 200 conversations: tokenizer.py MODEL.gguf PROGRAM, where PROGRAM is tests/parity/tokenizer_lines (make it with
`make parity-tokenizer`). Both tokenizers are built from the same GGUF file. Prints the counts and every difference;
exit status 1 if there is one."""
import json
import random
import subprocess
import sys
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

SEED = 10
SCRIPTS = {  # first and last code point
    "latin": (0x61, 0x7A), "latin-1": (0xC0, 0xFF), "latin-extended": (0x100, 0x17F), "greek": (0x391, 0x3C9),
    "cyrillic": (0x410, 0x44F), "armenian": (0x561, 0x586), "hebrew": (0x5D0, 0x5EA), "arabic": (0x627, 0x64A),
    "devanagari": (0x905, 0x94D), "bengali": (0x985, 0x9CD), "tamil": (0xB85, 0xBCD), "thai": (0xE01, 0xE4E),
    "georgian": (0x10D0, 0x10F0), "khmer": (0x1780, 0x17D2), "hiragana": (0x3041, 0x3096), "katakana": (0x30A1, 0x30FA),
    "han": (0x4E00, 0x6000), "hangul": (0xAC00, 0xB000), "math": (0x1D400, 0x1D454), "arabic digits": (0x660, 0x669),
    "numbers": (0x2160, 0x2188), "combining": (0x300, 0x36F), "private": (0xE000, 0xE010), "any": (0x20, 0x2FFF),
}
SPACES = [" ", "  ", "   ", "        ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u0085",
          " \n ", "\n    ", "\u2028", "\x0b"]
EMOJI = ["🙂", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "🏳️‍🌈", "❤️", "1️⃣", "✅", "🦙", "😶‍🌫️"]
CODE = ["int main(void) {", "\treturn x->y[i] ? a : b;", "    def f(self, *args, **kw):", "for (;;)", "#include <stdio.h>",
        "SELECT * FROM t WHERE a >= 3;", "<div class=\"x\">&amp;</div>", "{\"k\": [1, 2.5e-3, null]}", "x_1 += 0xFFu;",
        "// TODO: don't", "$ ls -la ~/.cache | grep -v '^d'", "\\begin{align} a &= b \\\\", "std::vector<int> v{1,2};"]
WORDS = ("the of and to in is it you that he was for on are with as I his they be at one have this from or had by hot but "
         "some what there we can out other were all your when up use word how said an each she which do their time if "
         "will way about many then them would write like so these her long make thing see him two has look more day "
         "could go come did my sound no most number who over know water than call first people may down side been now "
         "find don't it's I'll we've they're you'd I'm can't HELLO World's").split()
TAGS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|im_end", "<repo_name>", "<think>", "</s>", "[INST]"]


def number(rng):
    return rng.choice([str(rng.randrange(10 ** rng.randrange(1, 12))), "%.3f" % rng.uniform(-99, 99),
                       "%d:%02d" % (rng.randrange(24), rng.randrange(60)), "1,234,567", "2024-06-01", "½", "٣٤٥", "Ⅷ"])


def part(rng):
    k = rng.randrange(12)
    if k < 4:
        return " ".join(rng.choices(WORDS, k=rng.randrange(1, 12)))
    if k < 7:
        lo, hi = SCRIPTS[rng.choice(list(SCRIPTS))]
        word = lambda: "".join(chr(rng.randint(lo, hi)) for _ in range(rng.randrange(1, 9)))
        return " ".join(word() for _ in range(rng.randrange(1, 6)))
    if k == 7:
        return "".join(rng.choices(EMOJI, k=rng.randrange(1, 4)))
    if k == 8:
        return rng.choice(CODE)
    if k == 9:
        return number(rng)
    if k == 10:
        return "".join(rng.choices("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", k=rng.randrange(1, 7)))
    return rng.choice(TAGS)


def line(rng):
    out = ""
    for _ in range(rng.randrange(1, 10)):
        out += rng.choice(["", "", " ", rng.choice(SPACES)]) + part(rng)
    return out.replace("\0", "") + rng.choice(["", "", rng.choice(SPACES)])


def reference(path):
    f = GGUFReader(path).fields
    get = lambda k: f["tokenizer." + k].contents()
    tokens, kinds, merges = get("ggml.tokens"), get("ggml.token_type"), get("ggml.merges")
    t = Tokenizer(models.BPE(vocab={x: i for i, x in enumerate(tokens)}, merges=[tuple(m.split(" ")) for m in merges]))
    assert get("ggml.pre") == "smollm"
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                               pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    t.add_special_tokens([AddedToken(x, special=True, normalized=False) for x, k in zip(tokens, kinds) if k == 3])
    return PreTrainedTokenizerFast(tokenizer_object=t, chat_template=get("chat_template"),
                                   bos_token=tokens[get("ggml.bos_token_id")], eos_token=tokens[get("ggml.eos_token_id")])


def ours(program, args, lines):
    r = subprocess.run([program, *args], input="".join(json.dumps(x) + "\n" for x in lines), text=True,
                       capture_output=True, check=True)
    print("hiss:", r.stderr.strip())
    return [[int(i) for i in x.split()] for x in r.stdout.split("\n")[:-1]]


def compare(what, inputs, got, want):
    assert len(got) == len(want)
    bad = [i for i in range(len(want)) if got[i] != want[i]]
    for i in bad[:5]:
        print(json.dumps(inputs[i]), got[i], want[i], sep="\n  ")
    print(f"{what}: {len(want) - len(bad)} of {len(want)} agree ({sum(map(len, want))} ids)")
    return not bad


def main():
    model, program = sys.argv[1:]
    rng = random.Random(SEED)
    tok = reference(model)
    lines = [line(rng) for _ in range(2000)]
    ok = compare("lines", lines, ours(program, [model], lines), [tok(x, add_special_tokens=False).input_ids for x in lines])
    chats = []
    for _ in range(200):
        n = rng.randrange(1, 8)
        roles = (["system"] if rng.randrange(2) else []) + ["user", "assistant"] * 4
        text = lambda: "".join(part(rng) for _ in range(3)).replace("<", "< ")  # no tags: typed ones stay text in hiss
        chats.append({"messages": [{"role": r, "content": text()} for r in roles[:n]], "generate": bool(rng.randrange(2))})
    want = [tok.apply_chat_template(c["messages"], add_generation_prompt=c["generate"], tokenize=True, return_dict=False)
            for c in chats]
    ok &= compare("conversations", chats, ours(program, ["-c", model], chats), want)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
