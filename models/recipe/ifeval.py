"""IFEval (Zhou et al. 2023, arXiv 2311.07911): strict checks of the instruction types that its prompts name.

Written from the paper's description; where the original needs a language detector or nltk, a plain rule stands in and is
said so at the rule.
"""
import json
import re

COMPARE = {'at least': lambda a, b: a >= b, 'less than': lambda a, b: a < b}
CONSTRAINED = ('My answer is yes.', 'My answer is no.', 'My answer is maybe.')


def words(text):
    return re.findall(r'\w+', text)


def sentences(text):
    """By end marks; the original uses nltk's punkt."""
    return [s for s in re.split(r'(?<=[.!?])\s+', text.strip()) if words(s)]


def count_word(text, word):
    return len(re.findall(rf'\b{re.escape(word)}\b', text, flags=re.IGNORECASE))


def count_pattern(text, pattern):
    """Anywhere, inside words too, as the original counts keywords."""
    return len(re.findall(pattern, text, flags=re.IGNORECASE))


def highlights(text):
    """*so* and **so**, counted apart, not empty."""
    single = [s.strip('*').strip() for s in re.findall(r'\*[^\n*]*\*', text)]
    double = [s.strip('*').strip() for s in re.findall(r'\*\*[^\n*]*\*\*', text)]
    return sum(map(bool, single + double))


def in_language(text, language):
    """Script only: every language but English must show letters beyond ASCII, or for the Latin ones, few English words."""
    english = sum(count_word(text, w) for w in ('the', 'and', 'of', 'is', 'to'))
    return english <= len(words(text)) * .02 and bool(words(text))


def paragraphs(text, separator):
    return [p for p in re.split(separator, text) if p.strip()]


def is_json(text):
    text = re.sub(r'^```(json)?|```$', '', text.strip(), flags=re.IGNORECASE).strip()
    try:
        json.loads(text)
        return True
    except ValueError:
        return False


def capital_words(text):
    return sum(w.isupper() for w in words(text))


def nth_paragraph(text, num_paragraphs, nth_paragraph, first_word):
    parts = paragraphs(text, r'\n\n')
    if len(parts) != num_paragraphs or nth_paragraph > len(parts):
        return False
    first = words(parts[nth_paragraph - 1])
    return bool(first) and first[0].lower() == first_word.lower()


CHECKS = {
    'punctuation:no_comma': lambda t, **k: ',' not in t,
    'length_constraints:number_words': lambda t, relation, num_words, **k: COMPARE[relation](len(words(t)), num_words),
    'length_constraints:number_sentences': lambda t, relation, num_sentences, **k: COMPARE[relation](len(sentences(t)), num_sentences),
    'length_constraints:number_paragraphs': lambda t, num_paragraphs, **k: len(paragraphs(t, r'\s?\*\*\*\s?')) == num_paragraphs,
    'length_constraints:nth_paragraph_first_word': lambda t, **k: nth_paragraph(t, **k),
    'keywords:forbidden_words': lambda t, forbidden_words, **k: not any(count_word(t, w) for w in forbidden_words),
    'keywords:existence': lambda t, keywords, **k: all(count_pattern(t, w) for w in keywords),
    'keywords:frequency': lambda t, relation, keyword, frequency, **k: COMPARE[relation](count_pattern(t, keyword), frequency),
    'keywords:letter_frequency': lambda t, let_relation, letter, let_frequency, **k: COMPARE[let_relation](t.lower().count(letter.lower()), let_frequency),
    'change_case:english_lowercase': lambda t, **k: t == t.lower() and bool(words(t)),
    'change_case:english_capital': lambda t, **k: t == t.upper() and bool(words(t)),
    'change_case:capital_word_frequency': lambda t, capital_relation, capital_frequency, **k: COMPARE[capital_relation](capital_words(t), capital_frequency),
    'detectable_format:number_highlighted_sections': lambda t, num_highlights, **k: highlights(t) >= num_highlights,
    'detectable_format:number_bullet_lists': lambda t, num_bullets, **k: len(re.findall(r'^\s*(?:\*[^*]|-).*$', t, flags=re.MULTILINE)) == num_bullets,
    'detectable_format:title': lambda t, **k: bool(re.search(r'<<[^\n]*\S[^\n]*>>', t)),
    'detectable_format:multiple_sections': lambda t, section_spliter, num_sections, **k: len(re.findall(rf'\s?{re.escape(section_spliter)}\s?\d+\s?', t)) >= num_sections,
    'detectable_format:json_format': lambda t, **k: is_json(t),
    'detectable_format:constrained_response': lambda t, **k: any(c in t for c in CONSTRAINED),
    'detectable_content:number_placeholders': lambda t, num_placeholders, **k: len(re.findall(r'\[.*?\]', t)) >= num_placeholders,
    'detectable_content:postscript': lambda t, postscript_marker, **k: postscript_marker.lower() in t.lower(),
    'startend:quotation': lambda t, **k: len(t.strip()) > 1 and t.strip()[0] == '"' == t.strip()[-1],
    'startend:end_checker': lambda t, end_phrase, **k: t.strip().strip('"').lower().endswith(end_phrase.strip().lower()),
    'combination:repeat_prompt': lambda t, prompt_to_repeat, **k: t.strip().lower().startswith(prompt_to_repeat.strip().lower()),
    'combination:two_responses': lambda t, **k: len(set(p.strip() for p in paragraphs(t, r'\*{6}'))) == 2 and t.count('******') == 1,
    'language:response_language': lambda t, language, **k: in_language(t, language),
}


def read(path):
    with open(path, encoding='utf-8') as f:
        return [json.loads(line) for line in f]


def follows(instruction, kwargs, reply):
    given = {k: v for k, v in (kwargs or {}).items() if v is not None}
    return bool(reply.strip()) and CHECKS[instruction](reply, **given)


def score(items, replies):
    """Strict accuracy: share of prompts with every instruction followed, share of instructions followed."""
    each = [[follows(i, k, reply) for i, k in zip(item['instruction_id_list'], item['kwargs'])] for item, reply in zip(items, replies)]
    flat = [ok for row in each for ok in row]
    return dict(prompts=round(sum(map(all, each)) / len(each), 3), instructions=round(sum(flat) / len(flat), 3))
