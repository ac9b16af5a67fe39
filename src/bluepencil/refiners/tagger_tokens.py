"""Cuts a batch of texts into lines and tokens and hashes them, with no Python loop per token.

A token is a run of letters, a run of digits, or one other character; a character of a script that is written
without spaces is a token of its own. Digits are hashed alike. All arithmetic is on integers, so the result is
the same on every machine. What kind each character is comes from a table that ships with the package
(`weights/characters.npz`), because Python versions differ in the Unicode they know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

SPACE, LOWER, UPPER, LETTER, IDEOGRAPH, DIGIT, STOP, COMMA, COLON, QUOTE, BAR, DASH, BRACKET, SIGN, OTHER = (
    range(15)
)
BREAK = 15
CLASSES = 16
_WORD_CLASSES = [LOWER, UPPER, LETTER, IDEOGRAPH, DIGIT]
"""Kinds of characters; `BREAK` is the line feed, which alone ends a line."""

TABLE_SIZE = 0x20000
"""Code points from here on are ideographs up to U+3FFFF, and `OTHER` beyond."""

LONGEST_LINE = 20_000
"""Characters: of a longer line only both ends are read, so that one huge line costs bounded memory."""

_BASE = 0x9E3779B97F4A7C15 | 1
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Tokens:
    """The lines with words of a batch of texts, and their tokens; P pages, L lines, N tokens.

    A line without a letter or digit is left out, and so is a text without such a line: what stands between
    other lines must not change how they are judged.
    pages: [P] which texts. page_lines: [P + 1] first line of each page. numbers: [L] line of its text,
    from 0. begins: [L] first character of the line in the batch. cut: [L] whether only its ends were read.
    counts: [L, CLASSES] kinds of characters. hashes: [L] of the whole line, digits alike.
    starts, ends: [N] characters of the batch. lines: [N] line of each token, ascending.
    kinds: [N] kind of the first character. words, prefixes, suffixes: [N] hashes.
    """

    pages: Array
    page_lines: Array
    numbers: Array
    begins: Array
    cut: Array
    counts: Array
    hashes: Array
    starts: Array
    ends: Array
    lines: Array
    kinds: Array
    words: Array
    prefixes: Array
    suffixes: Array


@cache
def _tables() -> tuple[Array, Array]:
    with files("bluepencil.refiners").joinpath("weights/characters.npz").open("rb") as source:
        data = np.load(source, allow_pickle=False)
        return data["classes"], data["lower_by"]


def mix(values: Array) -> Array:
    """Return well-mixed 64-bit hashes (the finisher of splitmix64)."""
    values = values ^ (values >> np.uint64(30))
    values = values * np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


class _Powers:
    """Powers of the hash base and of its inverse modulo 2**64, grown on demand."""

    def __init__(self) -> None:
        self.powers = np.ones(1, np.uint64)
        self.inverses = np.ones(1, np.uint64)

    def upto(self, size: int) -> tuple[Array, Array]:
        if len(self.powers) < size:
            size = 1 << (size - 1).bit_length()
            self.powers = _geometric(_BASE, size)
            self.inverses = _geometric(_BASE_INVERSE, size)
        return self.powers, self.inverses


def _geometric(base: int, size: int) -> Array:
    factors = np.full(size, base & _MASK, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


_POWERS = _Powers()


def _shorten(text: str) -> tuple[str, list[int]]:
    """Return the text with over-long lines cut to both ends, and the numbers of those lines from 0."""
    if len(text) <= LONGEST_LINE:
        return text, []
    lines = text.split("\n")
    cut = [number for number, line in enumerate(lines) if len(line) > LONGEST_LINE]
    half = LONGEST_LINE // 2
    for number in cut:
        lines[number] = lines[number][:half] + lines[number][-half:]
    return ("\n".join(lines) if cut else text), cut


def _code_points(texts: Sequence[str]) -> Array:
    joined = "\n".join(texts) + "\n"
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)


def tokenize(texts: Sequence[str]) -> Tokens:
    """Cut texts into lines and tokens; any text will do, with NUL and lone surrogates too."""
    shortened = [_shorten(text) for text in texts]
    codes = _code_points([text for text, _ in shortened])
    classes, lowered = _look_up(codes)
    breaks = np.flatnonzero(classes == BREAK)
    begins = np.concatenate([[0], breaks[:-1] + 1])
    first_lines = np.concatenate([[0], np.cumsum([text.count("\n") + 1 for text, _ in shortened])]).astype(
        np.int64
    )
    cut = np.zeros(len(breaks), bool)
    for first, (_, numbers) in zip(first_lines, shortened, strict=False):
        cut[first + np.array(numbers, np.int64)] = True

    n_lines = len(breaks)
    line_of_char = np.repeat(np.arange(n_lines), breaks - begins + 1)
    counts = np.bincount(line_of_char * CLASSES + classes, minlength=n_lines * CLASSES)
    counts = counts.reshape(n_lines, CLASSES)
    with_words: Array = counts[:, _WORD_CLASSES].sum(axis=1) > 0
    lines = np.flatnonzero(with_words)
    starts, ends, kinds = _segments(classes)
    token_lines = line_of_char[starts]
    if len(lines) < n_lines:
        kept = with_words[token_lines]
        starts, ends, kinds, token_lines = starts[kept], ends[kept], kinds[kept], token_lines[kept]
    in_lines_with_words = np.concatenate([[0], np.cumsum(with_words)])
    page_lines = in_lines_with_words[first_lines]
    pages = np.flatnonzero(page_lines[1:] > page_lines[:-1])
    hashed = _hasher(lowered)
    return Tokens(
        pages=pages,
        page_lines=np.append(page_lines[:-1][pages], len(lines)),
        numbers=lines - np.repeat(first_lines[:-1], np.diff(first_lines))[lines],
        begins=begins[lines],
        cut=cut[lines],
        counts=counts[lines],
        hashes=hashed(begins[lines], breaks[lines], 4),
        starts=starts,
        ends=ends,
        lines=in_lines_with_words[token_lines],
        kinds=kinds,
        words=hashed(starts, ends, 1),
        prefixes=hashed(starts, np.minimum(starts + 4, ends), 2),
        suffixes=hashed(np.maximum(ends - 3, starts), ends, 3),
    )


def _hasher(lowered: Array) -> Callable[[Array, Array, int], Array]:
    """Return a function that hashes the characters from `begin` to `end`, for arrays of both."""
    powers, inverses = _POWERS.upto(len(lowered) + 1)
    sums = np.zeros(len(lowered) + 1, np.uint64)
    np.cumsum((lowered.astype(np.uint64) + np.uint64(1)) * powers[: len(lowered)], out=sums[1:])

    def hashed(begin: Array, end: Array, salt: int) -> Array:
        return mix((sums[end] - sums[begin]) * inverses[begin] + np.uint64(salt))

    return hashed


def _look_up(codes: Array) -> tuple[Array, Array]:
    """Return the kind and the lower-case form of each code point."""
    class_table, lower_table = _tables()
    inside = np.minimum(codes, TABLE_SIZE - 1)
    classes, lowered = class_table[inside], (inside + lower_table[inside]).astype(np.uint32)
    beyond = np.flatnonzero(codes >= TABLE_SIZE)
    if len(beyond):
        far = codes[beyond]
        classes[beyond] = np.where(far < 0x40000, IDEOGRAPH, OTHER).astype(np.uint8)
        lowered[beyond] = far
    return classes, lowered


_RUN = np.arange(CLASSES, dtype=np.uint8)
_RUN[[UPPER, LETTER]] = LOWER
_SINGLE = np.ones(CLASSES, bool)
_SINGLE[[SPACE, LOWER, UPPER, LETTER, DIGIT]] = False


def _segments(classes: Array) -> tuple[Array, Array, Array]:
    """Return start, end and kind of every token."""
    runs = _RUN[classes]
    begins = np.empty(len(runs), bool)
    begins[0] = True
    np.not_equal(runs[1:], runs[:-1], out=begins[1:])
    begins |= _SINGLE[classes]
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(runs))
    kinds = classes[starts]
    real = (kinds != SPACE) & (kinds != BREAK)
    return starts[real], ends[real], kinds[real]


def hash_word(word: str) -> int:
    """Return the hash that a token of these lower-case characters gets: the plain oracle of `tokenize`."""
    value = sum((ord(c) + 1) * pow(_BASE, i, 1 << 64) for i, c in enumerate(word)) & _MASK
    return int(mix(np.array([(value + 1) & _MASK], np.uint64))[0])
