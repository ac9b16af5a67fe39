"""Finds what a model says about its task instead of doing it, and prompts that came back as answers.

English phrases, by kind. One that the source has as well (a page may say "this page") does not count. What no
list can hold is missed; docs/math.md says how much of unseen talk is found.
"""

import re
from collections import Counter
from functools import cache

from bluepencil.rewriting.math_words import sections

_FLAGS = re.IGNORECASE | re.MULTILINE
_WORD = re.compile(r"\w+")
# So many words in a row are a prompt's and nobody else's.
_ECHO = 12


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {kind: re.compile("".join(lines), _FLAGS) for kind, lines in sections("math_talk.txt").items()}


def talk(before: str, after: str) -> list[tuple[str, str]]:
    """Return (kind, words) of what the rewrite says about itself and its source does not say."""
    found = []
    for kind, pattern in _patterns().items():
        said = Counter(_one_line(match[0]) for match in pattern.finditer(before))
        for match in pattern.finditer(after):
            words = _one_line(match[0])
            if said[words]:
                said[words] -= 1
            else:
                found.append((kind, words[:100]))
    return found


def echoes(instructions: str, before: str, after: str) -> str:
    """Return words of the instructions that the rewrite repeats and its source does not have; "" for none."""
    asked = _runs(instructions) - _runs(before)
    words = _words(after)
    for place in range(len(words) - _ECHO + 1):
        run = tuple(words[place : place + _ECHO])
        if run in asked:
            return " ".join(run)
    return ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[place : place + _ECHO]) for place in range(len(words) - _ECHO + 1)}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _one_line(text: str) -> str:
    return " ".join(text.split()).casefold()
