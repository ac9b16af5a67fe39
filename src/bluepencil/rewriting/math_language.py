"""Says what script, and for Latin letters what language, a text is written in: enough to see a change of it.

The script by counting letters; the language by the most frequent little words of ten languages. Not covered:
languages that share a script and are not among the ten, and texts of few words.
"""

import re
import unicodedata
from collections import Counter
from functools import cache

from bluepencil.rewriting.math_words import words as function_words

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "ro")
_WORD = re.compile(r"[^\W\d_]{1,20}")
_TEX = re.compile(r"\\[A-Za-z]+|\$[^$\n]*\$|\\\(.*?\\\)|\\\[.*?\\\]", re.DOTALL)
LEAST_WORDS = 25
# The first language needs so many hits more than the second to be named.
_LEAD = 1.5
_LOOKED_AT = 40_000


def language(text: str) -> str:
    """Return the script, and the language if it is one of ten: "latin/en"; "" for too few words."""
    found = [word.casefold() for word in _WORD.findall(_TEX.sub(" ", text[:_LOOKED_AT]))]
    found = [word for word in found if len(word) > 1 or not word.isascii()]
    scripts = Counter(_script(word[0]) for word in found for _ in word)
    if not scripts:
        return ""
    script, letters = scripts.most_common(1)[0]
    if len(found) < LEAST_WORDS and letters < 4 * LEAST_WORDS:
        return ""
    if script != "latin":
        return script
    hits = Counter(
        {name: sum(map(function_words(f"language-{name}").__contains__, found)) for name in LANGUAGES}
    )
    (first, most), (_, second) = hits.most_common(2)
    return f"latin/{first}" if most >= 4 and most >= _LEAD * second else "latin"


@cache
def _script(letter: str) -> str:
    return (
        unicodedata.name(letter, "unknown")
        .split()[0]
        .lower()
        .replace("hiragana", "cjk")
        .replace("katakana", "cjk")
    )


def changed_language(before: str, after: str) -> tuple[str, str] | None:
    """Return both languages where they differ for certain."""
    one, other = language(before), language(after)
    if not one or not other or one == other:
        return None
    if one.partition("/")[0] != other.partition("/")[0]:
        return one, other
    return (one, other) if "/" in one and "/" in other else None
