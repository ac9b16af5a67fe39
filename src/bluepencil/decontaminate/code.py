"""Source code as tokens: what remains when names, layout, comments, strings and docstrings have changed.

The strict stream has the names, in lower case; in the loose one a name is the distance
to where it last stood in the same n-gram, so that consistent renaming changes nothing.
Keywords, called built-ins, attributes, numbers and the letters of short strings stay in both. Parentheses,
commas, colons and semicolons go, since formatters move them; so do imports and the parameters of Python
functions, which annotations and defaults change. See `lexing` for what else is left out.
"""

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.hashing import (
    BLOCK,
    GRAM_BASE,
    Flags,
    Hashes,
    Ints,
    WordTable,
    mixed,
    powers,
    run_hashes,
)
from bluepencil.decontaminate.lexing import Marks
from bluepencil.decontaminate.streams import Streams, joined

SIZE = 8
"""Tokens of an n-gram: about a line."""

KEYWORDS = """
and as assert async await break case class continue def del elif else except finally for from global if in
is lambda match nonlocal not or pass raise return try while with yield none true false self print null nil
undefined var let const function func fn switch default do new delete throw throws catch this super public
private protected static final void struct enum interface extends implements namespace using template
typedef sizeof go defer chan select range map package impl trait mut pub use mod unsafe where loop
"""
CALLED = """
abs all any ascii bin bool bytearray bytes callable chr complex dict dir divmod enumerate eval filter float
format frozenset getattr hasattr hash hex id input int isinstance issubclass iter len list max min next
object oct open ord pow property range raw_input repr reversed round set setattr slice sorted str sum super
tuple type unicode vars xrange zip reduce valueerror typeerror indexerror keyerror exception malloc free
printf scanf strlen strcmp memcpy memset sqrt floor ceil parseint parsefloat array string number make append
copy cap push println sprintf errorf vec some ok err unwrap
"""
_SPACE, _WORD, _DIGIT, _SIGN, _DROPPED, _OPEN, _DOT, _STRING = range(8)
_ATTRIBUTE, _NAME, _DISTANCE, _TEXT = (np.uint64(0xA5A5A5A5A5A5A5A5 + (step << 20)) for step in range(4))


class _Tokens(NamedTuple):
    """Tokens of one kind each: the class of the first character, the hash, the characters [start, end)."""

    classes: NDArray[np.uint8]
    hashes: Hashes
    starts: Ints
    ends: Ints


@lru_cache(maxsize=1)
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8], WordTable, WordTable]:
    classes = np.full(256, _SPACE, np.uint8)
    for code in range(256):
        character = chr(code)
        if character.isdecimal() and code < 128:
            classes[code] = _DIGIT
        elif character.isalpha() or character == "_" or code > 160:
            classes[code] = _WORD
        elif character in "+-*/%<>=!&|^~?@[{":
            classes[code] = _SIGN
    classes[list(b"),:;]}")] = _DROPPED
    classes[ord("(")], classes[ord(".")] = _OPEN, _DOT
    lowered = np.array([ord(chr(code).lower()) if code < 128 else code for code in range(256)], np.uint8)
    return classes, lowered, WordTable(KEYWORDS.split()), WordTable(CALLED.split())


def streams(text: str, marked: Sequence[tuple[int, Marks]]) -> Streams:
    """Return the n-grams of texts read as code; `marked` says where each begins and what in it is no code."""
    raw = _tokens(text, marked)
    called = np.zeros(len(raw.classes), np.bool_)
    called[:-1] = raw.classes[1:] == _OPEN
    attribute = np.zeros(len(raw.classes), np.bool_)
    # The full stop of a sentence before a line of code makes no attribute of its first word.
    attribute[1:] = (raw.classes[:-1] == _DOT) & (raw.ends[:-1] == raw.starts[1:])
    kept = np.isin(raw.classes, (_WORD, _DIGIT, _SIGN, _STRING))
    classes, hashes = raw.classes[kept], raw.hashes[kept]
    called, attribute = called[kept], attribute[kept]
    _, _, keywords, builtins = _tables()
    word = classes == _WORD
    attribute &= word
    name = word & ~attribute & ~keywords.holds(hashes) & ~(called & builtins.holds(hashes))
    loose = hashes.copy()
    loose[attribute] = mixed(hashes[attribute] ^ _ATTRIBUTE)
    loose[name] = _NAME
    grams = _renamed_grams(loose, _distances(hashes, name))
    first = np.arange(len(hashes) + 1)
    return Streams(SIZE, grams, hashes, raw.starts[kept], raw.ends[kept], first, name)


def _distances(hashes: Hashes, name: Flags) -> NDArray[np.uint8]:
    """Return how many tokens before the same name last stood, 0 for SIZE or more and for what is no name."""
    distances = np.zeros(len(hashes), np.uint8)
    for distance in range(SIZE - 1, 0, -1):
        same = (hashes[distance:] == hashes[:-distance]) & name[distance:] & name[:-distance]
        distances[distance:][same] = distance
    return distances


def _renamed_grams(loose: Hashes, distances: NDArray[np.uint8]) -> Hashes:
    """Return the hash of each n-gram; a name counts by its distance where it stood in the n-gram before."""
    count = max(0, len(loose) - SIZE + 1)
    apart = mixed(_DISTANCE + np.arange(SIZE, dtype=np.uint64))
    total = np.zeros(count, np.uint64)
    tokens = loose
    for place, power in enumerate(powers(GRAM_BASE, SIZE)):
        if place:
            at = np.flatnonzero(distances == place)
            tokens = tokens.copy() if place == 1 else tokens
            tokens[at] = apart[place]
        total += tokens[place : place + count] * power
    return mixed(total)


def _tokens(text: str, marked: Sequence[tuple[int, Marks]]) -> _Tokens:
    if text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
    else:
        wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = np.where(wide < 128, wide, 192 + wide % np.uint32(64)).astype(np.uint8)
    table, lowered, _, _ = _tables()
    classes = table[codes]
    for offset, (left_out, strings) in marked:
        for start, end, _ in strings:
            classes[offset + start : offset + end] = _SPACE
            classes[offset + start] = _STRING
        for start, end in left_out:
            classes[offset + start : offset + end] = _SPACE
    lower = lowered[codes]
    edges = _edges(classes)
    pieces = [_block(classes[a:b], lower[a:b], a) for a, b in itertools.pairwise(edges)]
    runs = _Tokens(*(joined([piece[field] for piece in pieces], kind) for field, kind in _FIELDS))
    contents = [
        (offset + end, content)
        for offset, (_, strings) in marked
        for start, end, content in strings
        if classes[offset + start] == _STRING
    ]
    if contents:
        at = runs.classes == _STRING
        end, content = np.array(contents, np.int64).T
        runs.ends[at] = end
        runs.hashes[at] = mixed(content.astype(np.uint64) ^ _TEXT)
    return runs


_FIELDS = ((0, np.uint8), (1, np.uint64), (2, np.int64), (3, np.int64))


def _edges(classes: NDArray[np.uint8]) -> list[int]:
    """Return where to cut into blocks: outside words, unless one is longer than a thousand characters."""
    edges = [0]
    while edges[-1] + BLOCK < len(classes):
        end = edges[-1] + BLOCK
        outside = np.flatnonzero((classes[end - 1000 : end] != _WORD) & (classes[end - 1000 : end] != _DIGIT))
        edges.append(end - 1000 + int(outside[-1]) + 1 if len(outside) else end)
    return [*edges, len(classes)]


def _block(classes: NDArray[np.uint8], characters: NDArray[np.uint8], at: int) -> _Tokens:
    inside = (classes == _WORD) | (classes == _DIGIT)
    before = np.zeros_like(inside)
    before[1:] = inside[:-1]
    after = np.zeros_like(inside)
    after[:-1] = inside[1:]
    single = classes > _DIGIT
    first = np.flatnonzero(single | (inside & ~before))
    last = np.flatnonzero(single | (inside & ~after))
    hashes = run_hashes(characters, first, last + 1) if len(first) else np.zeros(0, np.uint64)
    return _Tokens(classes[first], hashes, at + first, at + last + 1)
