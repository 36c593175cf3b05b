"""Planted facts: a colour stated, some tokens of a book, then the question. For `rank` (torch) and `evaluate` (hiss)."""
import random
from dataclasses import dataclass

from data import stream
from teacher import END_OF_TEXT, prompt_text

COLOURS = ('red', 'blue', 'green', 'yellow', 'purple', 'orange', 'black', 'white')
NAMES = ('Alice', 'Boris', 'Clara', 'David', 'Elena', 'Frank', 'Greta', 'Henry')


@dataclass
class Facts:
    rows: list                      # of ids, each up to the answer
    answers: list                   # the id that comes next
    colours: list                   # the ids of all eight

    def score(self, logits):
        """logits [cases, V] after each row -> shares: the answer is the likeliest token, the likeliest of the eight."""
        answers, colours = logits.new_tensor(self.answers).long(), logits.new_tensor(self.colours).long()
        of_eight = colours[logits[:, colours].argmax(-1)]
        return [round((found == answers).float().mean().item(), 3) for found in (logits.argmax(-1), of_eight)]


def planted(tokenizer, distance, cases, seed=1):
    """`cases` rows whose fact lies `distance` tokens of a held-out book before the question."""
    encode = lambda s: tokenizer.encode(s, add_special_tokens=False).ids
    facts = Facts([], [], [encode(' ' + c)[0] for c in COLOURS])
    book, rng = stream('held_book').tolist(), random.Random(seed)
    before, after = prompt_text([{'role': 'user', 'content': '\0'}]).split('\0')
    for k in range(cases):
        start, colour = rng.randrange(len(book) - distance), rng.randrange(len(COLOURS))
        filler = [t for t in book[start:start + distance] if t != END_OF_TEXT]
        facts.rows.append(encode(before + f'My name is {NAMES[k % 8]} and my favorite color is {COLOURS[colour]}.') + filler +
                          encode('\n\nWhat is my favorite color?' + after + 'Your favorite color is'))
        facts.answers.append(facts.colours[colour])
    return facts
