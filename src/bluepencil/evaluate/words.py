"""Words, and the longest common subsequence of two lists of them.

A word is a run of letters, digits and underscores; in scripts that are written without spaces every
character is a word, so that a Chinese sentence is not one word. Punctuation does not count, case does.
Marks that Unicode does not call letters (the vowel signs of Hindi, say) part words.
"""

import re
from collections.abc import Hashable, Sequence

# Blocks of Unicode 16: Thai and Lao, Myanmar, Khmer, their extensions; CJK radicals, Kana, Han with its
# extensions and compatibility forms, full-width forms; the supplementary planes of Kana and Han.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u2e80-\u2fdf\u3001-\u303f\u3040-\u30ff\u31c0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uffef"
    "\U0001aff0-\U0001b16f\U00020000-\U000323af"
)
_WORD = re.compile(f"(?!\\W)[{UNSPACED}]|[^\\W{UNSPACED}]+")
_ASCII_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text: runs of word characters, or single characters of unspaced scripts.

    Unspaced scripts are Han, Hiragana, Katakana, Thai, Lao, Khmer and Myanmar. Word characters rather than
    white space part words, as in the article-extraction-benchmark of Scrapinghub: a full stop that an
    extractor leaves behind a space is no difference.
    """
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def common_length(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence of two sequences.

    Bit-parallel over Python's big integers, one addition per item of `right`: time grows with
    len(left) * len(right) / 64. Source: H. Hyyrö, "Bit-parallel LCS-length computation revisited", AWOCA
    2004, after Crochemore, Iliopoulos, Pinzon and Reid, Information Processing Letters 80(6), 2001.
    """
    start, end = _common_ends(left, right)
    inner = left[start : len(left) - end]
    places: dict[Hashable, int] = {}
    for place, item in enumerate(inner):
        places[item] = places.get(item, 0) | 1 << place
    full = (1 << len(inner)) - 1
    state = full
    for item in right[start : len(right) - end]:
        if matches := places.get(item, 0):
            shared = state & matches
            state = (state + shared | state - shared) & full
    return start + end + len(inner) - state.bit_count()


def _common_ends(left: Sequence[Hashable], right: Sequence[Hashable]) -> tuple[int, int]:
    """Return how many items agree at the start and, of the rest, at the end: they are always common."""
    most = min(len(left), len(right))
    start = 0
    while start < most and left[start] == right[start]:
        start += 1
    end = 0
    while end < most - start and left[-1 - end] == right[-1 - end]:
        end += 1
    return start, end
