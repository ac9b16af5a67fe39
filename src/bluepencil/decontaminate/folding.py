"""Characters as prose compares them: without case, accents, widths and styles, each with its place.

A character folds to none, one or several, whatever stands around it: NFKD, marks and format characters
dropped, case folded, decimal digits of every script as ASCII. So the place of each in the source is known.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.hashing import BLOCK, CHARACTERS, Ints

BACKSLASH = 92


class Class(IntEnum):
    """What a folded character is to the tokenizer."""

    SEPARATOR = 0
    LETTER = 1
    DIGIT = 2
    SINGLE = 3  # a letter of a script written without spaces: a token by itself


# Lao to Thai, Myanmar, Khmer, kana, CJK: scripts without spaces between words.
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a text that begins at character `at`, folded.

    `moved[i]` is where in the stretch character i comes from; None where each comes from its own place.
    """

    at: int
    characters: NDArray[Any]
    classes: NDArray[np.uint8]
    moved: Ints | None = None

    def places(self, characters: Ints) -> Ints:
        """Return where in the text these characters of the block stand."""
        return self.at + (characters if self.moved is None else self.moved[characters])


class _Tables(NamedTuple):
    first: NDArray[np.uint32]
    counts: NDArray[np.uint8]
    rest: dict[int, tuple[int, ...]]
    classes: NDArray[np.uint8]


def fold(character: str) -> str:
    r"""Return what a character is compared as.

    >>> fold("É"), fold("½"), fold("ﬁ"), fold("𝑥"), fold("\u200b")
    ('e', '1⁄2', 'fi', 'x', '')
    """
    if "\ud800" <= character <= "\udfff":
        return " "
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold()).casefold()
    kept = (c for c in folded if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
    return "".join(str(digit) if (digit := unicodedata.decimal(c, None)) is not None else c for c in kept)


def classify(character: str) -> Class:
    """Return the class of a folded character."""
    if character.isdecimal() and character.isascii():
        return Class.DIGIT
    if any(low <= ord(character) <= high for low, high in _UNSPACED):
        return Class.SINGLE if character.isalnum() else Class.SEPARATOR
    return Class.LETTER if character.isalpha() else Class.SEPARATOR


@lru_cache(maxsize=1)
def _ascii_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    folded = [fold(chr(code)) or " " for code in range(128)]
    return (
        np.array([ord(one) for one in folded], np.uint8),
        np.array([classify(one) for one in folded], np.uint8),
    )


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    """Make the tables of all characters up to U+1FFFF: once per process, 0.2 s, when the first is met."""
    folded = [fold(chr(code)) for code in range(CHARACTERS)]
    rest = {code: tuple(map(ord, one[1:])) for code, one in enumerate(folded) if len(one) > 1}
    return _Tables(
        np.array([ord(one[0]) if one else 0 for one in folded], np.uint32),
        np.array([len(one) for one in folded], np.uint8),
        rest,
        np.array([classify(chr(code)) for code in range(CHARACTERS)], np.uint8),
    )


def blocks(text: str) -> Iterator[Block]:
    """Yield the text folded, in stretches of at most 2 * BLOCK characters, cut at white space if possible."""
    at = 0
    while at < len(text):
        end = min(len(text), at + BLOCK)
        if end < len(text):
            end = max(text.rfind(" ", at, end), text.rfind("\n", at, end)) + 1 or end
        piece = text[at:end]
        yield from _folded_ascii(piece, at) if piece.isascii() else _folded(piece, at)
        at = end


def _folded_ascii(piece: str, at: int) -> Iterator[Block]:
    codes = np.frombuffer(piece.encode(), np.uint8)
    characters, classes = _ascii_tables()
    yield Block(at, characters[codes], classes[codes])


def _folded(piece: str, at: int) -> Iterator[Block]:
    codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)
    if codes.max() >= CHARACTERS:
        # Ideographs beyond the tables share the values of others; what they are to the tokenizer is the same.
        codes = np.where(codes < CHARACTERS, codes, codes % np.uint32(0x5000) + np.uint32(0x4E00))
    tables = _tables()
    counts = tables.counts[codes]
    characters = tables.first[codes]
    moved: Ints | None = None
    if (counts != 1).any():
        characters, moved = _respelled(codes, characters, counts, tables)
    classes = tables.classes[characters]
    for start in range(0, len(characters), 2 * BLOCK):
        cut = slice(start, start + 2 * BLOCK)
        if moved is None:
            yield Block(at + start, characters[cut], classes[cut])
        else:
            yield Block(at, characters[cut], classes[cut], moved[cut])


def _respelled(
    codes: NDArray[np.uint32], characters: NDArray[np.uint32], counts: NDArray[np.uint8], tables: _Tables
) -> tuple[NDArray[np.uint32], Ints]:
    """Put in the second and further characters of what folds to several, and leave out what folds to none."""
    moved = np.arange(len(codes))
    several = np.flatnonzero(counts > 1)
    if len(several):
        added = [(place, code) for place in several.tolist() for code in tables.rest[int(codes[place])]]
        behind = np.array([place + 1 for place, _ in added])
        characters = np.insert(characters, behind, [code for _, code in added])
        moved = np.insert(moved, behind, behind - 1)
    kept = counts[moved] > 0
    return (characters, moved) if kept.all() else (characters[kept], moved[kept])
