#!/usr/bin/env python3
"""Check thousand.jsonl, our own set of curated conversations, and print its
composition.

    check_thousand.py [FILE]      exit 0 if every rule below holds, else 1
    check_thousand.py --table     print the composition as a Markdown table

Rules: a thousand lines, one valid JSON object each with id, tags and messages;
roles in the order system? (user assistant)+; no empty, padded or overlong
text; no two conversations alike; no mannerism that hiss should not learn.

What is to be known by heart (who hiss is, its jokes, greetings) must recur to
be learnt, so there openings may be spellings of one question and answers may
repeat, each up to a limit; the user's texts must still differ. Needs Python
3.8 and its standard library only.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

TOKENS_PER_WORD = 1.4       # estimate for English in the student's vocabulary
MAX_TOKENS = 700            # a whole conversation
MAX_TURNS = 5               # user turns
SHINGLE = 8                 # words; shorter texts use SHORT_SHINGLE
SHORT_SHINGLE = 3
SHORT_WORDS = 16            # below this a text is short
# Jaccard similarity from which two texts count as near duplicates. Short
# texts share much by nature ("What is the capital of ..."), so theirs is higher.
LONG_LIMIT = 0.4
SHORT_LIMIT = 0.75

CONVERSATIONS = 1000
# First tags of what is to be known by heart; a later tag marks a conversation
# of another kind in which such a question comes up.
BY_HEART = set("greet thanks joke fun identity usage unknown".split())
MAX_ASKED = 15              # conversations opening with one question
MAX_ANSWERED = 20           # conversations with one answer, or one much like it
IDENTITY = "hiss, a small language model that runs in your terminal"
MAX_IDENTITY = 100          # conversations with that sentence
MAX_SHARE = 0.45            # of all conversations

BANNED = [
    (r"\u2014|\u2013|\w -- \w", "a dash used as a mannerism"),
    (r"(?i)\bas an? (ai|language model|ai language model)\b", "as an AI"),
    (r"(?i)^(great|excellent|good|wonderful) question", "flattering opener"),
    (r"(?i)^(certainly|absolutely|of course|sure)!", "eager opener"),
    (r"(?i)\bi hope this (helps|email finds)", "stock phrase"),
    (r"(?i)\bdelve|\btapestry\b", "stock word"),
    (r"(?i)\b(hugging ?face|openai|anthropic)\b", "a company's name"),
    (r"(?i)\bi am smollm|\bi'm smollm", "a false name"),
]

# A tag belongs to the first family that holds it, for the table.
FAMILIES = {
    "greetings, thanks, small talk, jokes, fun facts":
        "greet thanks smalltalk joke fun",
    "what hiss is": "identity",
    "how to use hiss": "usage",
    "what it cannot know": "unknown",
    "simple facts": "fact",
    "text given: summarise, shorten, title":
        "summarise shorten title subject",
    "text given: rewrite, correct, translate":
        "rewrite correct translate",
    "text given: extract, classify, list, answer":
        "extract classify bullets reading",
    "short creative pieces":
        "haiku poem story slogan simile dialogue namelist letter invitation "
        "creative",
    "formatting": "format",
    "arithmetic and small logic": "math",
    "shell, Python, git": "code",
    "comfort and advice": "comfort advice",
    "gentle refusals": "refuse",
    "recall of earlier turns": "recall",
    "corrections by the user": "fixup",
    "system prompt or persona": "persona",
}


def words(text):
    return re.findall(r"\w+(?:'\w+)?", text.lower())


def shingles(text):
    """Set of word n-grams, and whether the text counts as short."""
    w = words(text) or [text]           # an emoji, a lone question mark
    short = len(w) < SHORT_WORDS
    n = min(SHORT_SHINGLE if short else SHINGLE, len(w))
    grams = {tuple(w[i:i + n]) for i in range(len(w) - n + 1)}
    return grams, short


def near_duplicates(texts):
    """Pairs (i, j, similarity) of texts that are nearly alike; texts of one
    conversation are never compared. texts: list of (conversation, text)."""
    index = collections.defaultdict(list)
    kept = []
    found = []
    for i, (conversation, text) in enumerate(texts):
        grams, short = shingles(text)
        shared = collections.Counter(
            j for g in grams for j in index[(short, g)])
        for j, n in shared.items():
            if texts[j][0] == conversation:
                continue
            similarity = n / (len(grams) + len(kept[j]) - n)
            if similarity >= (SHORT_LIMIT if short else LONG_LIMIT):
                found.append((j, i, similarity))
        for g in grams:
            index[(short, g)].append(i)
        kept.append(grams)
    return found


def check_messages(messages):
    """Complaints about one conversation's roles and texts."""
    if not isinstance(messages, list) or not messages:
        return ["messages is not a list with something in it"]
    bad = []
    roles = [m.get("role") for m in messages]
    turns = roles[1:] if roles[0] == "system" else roles
    if not turns or len(turns) % 2 or \
            turns != ["user", "assistant"] * (len(turns) // 2):
        bad.append("roles out of order: " + " ".join(map(str, roles)))
    if len(turns) // 2 > MAX_TURNS:
        bad.append(f"more than {MAX_TURNS} user turns")
    n_words = 0
    for m in messages:
        if set(m) != {"role", "content"}:
            bad.append("a message has keys other than role and content")
        text = m.get("content")
        if not isinstance(text, str) or not text or text != text.strip():
            bad.append("a message is empty or has white space around it")
            continue
        n_words += len(text.split())
        if m["role"] == "assistant":
            bad += [f"{why}: {text[:60]!r}"
                    for pattern, why in BANNED if re.search(pattern, text)]
    if n_words * TOKENS_PER_WORD > MAX_TOKENS:
        bad.append(f"about {n_words * TOKENS_PER_WORD:.0f} tokens, "
                   f"at most {MAX_TOKENS} wanted")
    return bad


def load(path, complain):
    rows, seen = [], set()
    for number, line in enumerate(path.open(encoding="utf-8"), 1):
        try:
            row = json.loads(line)
        except ValueError as e:
            complain(f"line {number}: not JSON: {e}")
            continue
        name = row.get("id")
        if not isinstance(name, str) or name in seen:
            complain(f"line {number}: id missing or used twice: {name!r}")
        seen.add(name)
        tags = row.get("tags")
        if not tags or not all(isinstance(t, str) for t in tags):
            complain(f"{name}: tags missing")
        elif not any(tags[0] in f.split() for f in FAMILIES.values()):
            complain(f"{name}: first tag {tags[0]!r} is in no family")
        for bad in check_messages(row.get("messages")):
            complain(f"{name}: {bad}")
        rows.append(row)
    return rows


def by_heart(row):
    return row["tags"][0] in BY_HEART


def recurs(row):
    return any(t in BY_HEART for t in row["tags"])


def check_alike(rows, complain):
    """Nearly equal openings (system and first user turn) and answers of some
    length. What is known by heart may recur up to its limits."""
    openings, answers = [], []
    for i, row in enumerate(rows):
        first = 2 if row["messages"][0]["role"] == "system" else 1
        openings.append((i, "\n".join(
            m["content"] for m in row["messages"][:first])))
        answers += [(i, m["content"]) for m in row["messages"]
                    if m["role"] == "assistant" and
                    len(words(m["content"])) > 3]
    for what, texts, free in (("openings", openings, by_heart),
                              ("answers", answers, recurs)):
        alike = collections.defaultdict(set)
        for j, i, similarity in near_duplicates(texts):
            a, b = rows[texts[j][0]], rows[texts[i][0]]
            if free(a) and free(b):
                alike[i].add(a["id"])
                continue
            complain(f"{what} of {a['id']} and {b['id']} are alike "
                     f"({similarity:.2f}): {texts[i][1][:60]!r}")
        for i, others in alike.items():
            limit = MAX_ASKED if what == "openings" else \
                MAX_IDENTITY if IDENTITY in texts[i][1] else \
                MAX_ANSWERED
            if len(others) >= limit:
                complain(f"{what} like that of {rows[texts[i][0]]['id']} "
                         f"come more than {limit} times: "
                         f"{texts[i][1][:60]!r}")


def check_by_heart(rows, complain):
    """No two conversations ask literally the same, and the rest of the set
    stays the larger part."""
    seen = {}
    for row in rows:
        asked = tuple(m["content"] for m in row["messages"]
                      if m["role"] != "assistant")
        if asked in seen:
            complain(f"{seen[asked]} and {row['id']} ask the same: "
                     f"{asked[0][:60]!r}")
        seen[asked] = row["id"]
    share = sum(map(by_heart, rows)) / len(rows)
    if share > MAX_SHARE:
        complain(f"{share:.0%} are to be known by heart, "
                 f"at most {MAX_SHARE:.0%} wanted")


def check_rows(rows, complain):
    if len(rows) != CONVERSATIONS:
        complain(f"{len(rows)} conversations, {CONVERSATIONS} wanted")
    check_alike(rows, complain)
    check_by_heart(rows, complain)


def composition(rows):
    """Rows (family, conversations, with system, multi-turn, mean words of
    an answer), and a total."""
    table = []
    for family, tags in list(FAMILIES.items()) + [("all", None)]:
        chosen = [r for r in rows
                  if tags is None or r["tags"][0] in tags.split()]
        lengths = [len(m["content"].split()) for r in chosen
                   for m in r["messages"] if m["role"] == "assistant"]
        table.append((
            family, len(chosen),
            sum(r["messages"][0]["role"] == "system" for r in chosen),
            sum(len(r["messages"]) > 3 for r in chosen),
            sum(lengths) / max(len(lengths), 1)))
    return table


def print_table(rows):
    print("| kind | conversations | with system text | several turns "
          "| words an answer |\n|---|---:|---:|---:|---:|")
    for family, n, system, multi, mean in composition(rows):
        print(f"| {family} | {n} | {system} | {multi} | {mean:.0f} |")


def print_summary(rows):
    n_words = {role: sum(len(m["content"].split()) for r in rows
                         for m in r["messages"] if m["role"] == role)
               for role in ("system", "user", "assistant")}
    print(f"to be known by heart: {sum(map(by_heart, rows))} conversations, "
          f"and a turn of {sum(map(recurs, rows)) - sum(map(by_heart, rows))} "
          "others")
    turns = collections.Counter(
        sum(m["role"] == "user" for m in r["messages"]) for r in rows)
    longest = max(sum(len(m["content"].split()) for m in r["messages"])
                  for r in rows)
    print(f"{len(rows)} conversations, words: " +
          ", ".join(f"{n} {role}" for role, n in n_words.items()))
    print("user turns: " + ", ".join(f"{n} with {k}"
                                     for k, n in sorted(turns.items())))
    print(f"longest: about {longest * TOKENS_PER_WORD:.0f} tokens")
    tags = collections.Counter(t for r in rows for t in r["tags"])
    print("tags: " + ", ".join(f"{t} {n}" for t, n in tags.most_common()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).with_name(
                            "thousand.jsonl"))
    parser.add_argument("--table", action="store_true",
                        help="print the composition as a Markdown table")
    args = parser.parse_args()

    complaints = []
    rows = load(args.file, complaints.append)
    if rows and not complaints:
        check_rows(rows, complaints.append)
    for c in complaints:
        print(f"{args.file.name}: {c}", file=sys.stderr)
    if not rows or complaints:
        print(f"{len(complaints)} violations", file=sys.stderr)
        return 1
    print_table(rows) if args.table else print_summary(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
