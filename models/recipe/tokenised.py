"""Prose in the form of WikiText: words and punctuation apart, ` @-@ ` for a hyphen, rare words as <unk>, headings between equals
signs. The teacher has met such text, the student's rows hold none; it is measured on WikiText and must not train on it
(CC BY-SA), so our own books are written down that way.
"""
import collections
import random
import re

RARE = 10                           # a word seen less often becomes <unk>
TO_HEADING = 5                      # paragraphs under one
QUOTES = str.maketrans({'“': '"', '”': '"', '’': "'", '‘': "'", '_': None, '*': None})
INSIDE = ((re.compile(r'(?<=\w)-(?=\w)'), ' @-@ ', '\x01'), (re.compile(r'(?<=\d),(?=\d)'), ' @,@ ', '\x02'),
          (re.compile(r'(?<=\d)\.(?=\d)'), ' @.@ ', '\x03'))
ENDING = re.compile(r"(?<=[A-Za-z])(?='(?:s|t|re|ve|ll|d|m)\b)")
APART = re.compile(r'([.,;:!?()\[\]"—–])')
NAME = re.compile(r'\b[A-Z][a-z]+(?: (?:of |the |and )?[A-Z][a-z]+)+')


def words(paragraph):
    """A paragraph's words and signs as WikiText parts them."""
    text = paragraph.translate(QUOTES)
    for pattern, _, mark in INSIDE:
        text = pattern.sub(mark, text)
    text = APART.sub(r' \1 ', ENDING.sub(' ', text))
    for _, sign, mark in INSIDE:
        text = text.replace(mark, sign)
    return text.split()


def documents(books, size):
    """books: {title: text} -> texts of about `size` characters, each with its title."""
    parts, seen = [], collections.Counter()
    for title, book in books.items():
        paragraphs = [w for w in map(words, re.split(r'\n\s*\n', book)) if len(w) > 20]
        seen.update(w for p in paragraphs for w in p)
        parts.append((title, paragraphs))
    line = lambda ws: ' ' + ' '.join('<unk>' if w.isalpha() and seen[w] < RARE else w for w in ws) + ' \n'
    texts = []
    for title, paragraphs in parts:
        head, text, count = f' \n = {title} = \n \n', '', 0
        for p in paragraphs:
            name = NAME.search(' '.join(p))
            if count % TO_HEADING == TO_HEADING - 1 and name:
                text += f' \n = = {name.group()} = = \n \n'
            text, count = text + line(p), count + 1
            if len(text) > size:
                texts.append(head + text)
                text, count = '', 0
    return texts


def shuffled(books, size, seed):
    texts = documents(books, size)
    random.Random(seed).shuffle(texts)
    return texts
