"""One line of a chunk as the bytes that stand for it in a program, and what occurs in it exactly once."""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bluepencil.programs import Program, RemoveStr, render

Ints = NDArray[np.int64]
Span = tuple[int, int]
_AROUND = len('remove_str(1, "'), len('")')
# What `render` may write otherwise than as itself; it is asked about each such character, once per line.
_PERHAPS_ESCAPED = re.compile("[^ !#-\\[\\]-~\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]")


def quoted(text: str) -> str:
    """Return a text as `render` writes it between quotes."""
    return render(Program((RemoveStr(1, text),)))[_AROUND[0] : -_AROUND[1]]


class Line:
    """A line: `data` are its escaped bytes, `edges` where in them its characters begin, and their end."""

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii() and not _PERHAPS_ESCAPED.search(text):
            self.data = text.encode()
            self.edges = np.arange(len(text) + 1)
        else:
            units = [(quoted(one) if _PERHAPS_ESCAPED.match(one) else one).encode("utf-8") for one in text]
            self.data = b"".join(units)
            self.edges = np.concatenate([[0], np.cumsum([len(unit) for unit in units])]).astype(np.int64)
        self.bytes = np.frombuffer(self.data, dtype=np.uint8)
        self.is_edge = np.zeros(len(self.data) + 1, dtype=bool)
        self.is_edge[self.edges] = True

    @cached_property
    def once(self) -> Ints:
        """Where the shortest string that begins at each place and occurs once ends; past the end if none."""
        return np.arange(len(self.text)) + common_lengths(self.text) + 1

    def starts(self, claimed: Sequence[Span] = ()) -> tuple[Ints, Ints, Ints]:
        """Return where a string may begin that occurs once and holds nothing claimed, in bytes.

        For each place: where the shortest such string ends, and where the longest. `claimed` are disjoint
        spans of characters.
        """
        size = len(self.text)
        limits = np.full(size, size)
        free = np.ones(size, dtype=bool)
        before = 0
        for start, end in sorted(claimed):
            limits[before:start] = start
            free[start:end] = False
            before = end
        chosen = np.flatnonzero(free & (self.once <= limits))
        return self.edges[chosen], self.edges[self.once[chosen]], self.edges[limits[chosen]]

    def characters(self, start: int, end: int) -> Span:
        """Return a span of bytes that begins and ends between characters as one of characters."""
        first, last = np.searchsorted(self.edges, [start, end]).tolist()
        return first, last


def common_lengths(text: str) -> Ints:
    """Return for each place of a text how much of what follows also stands elsewhere, overlaps included.

    By prefix doubling: O(n log^2 n) at worst, and as many rounds as the longest repetition has bits.
    """
    size = len(text)
    if size < 2:
        return np.zeros(size, dtype=np.int64)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    rank = np.unique(codes, return_inverse=True)[1].ravel().astype(np.int64) + 1
    levels = [rank]
    width = 1
    while rank.max() < size:
        after = np.zeros(size, dtype=np.int64)
        after[: size - width] = rank[width:] if width < size else 0
        rank = np.unique(rank * (size + 2) + after, return_inverse=True)[1].ravel() + 1
        levels.append(rank)
        width *= 2
    order = np.argsort(rank)
    return _neighbours(order, levels)


def _neighbours(order: Ints, levels: Sequence[Ints]) -> Ints:
    """Return the longer of the common prefixes with the suffix before and the one after, per place."""
    size = len(order)
    left, right = order[:-1].copy(), order[1:].copy()
    common = np.zeros(size - 1, dtype=np.int64)
    for level in range(len(levels) - 1, -1, -1):
        # Suffixes that are shorter than the width are ranked by their length too, so no two are equal.
        ranks = np.append(levels[level], -1)
        same = ranks[np.minimum(left, size)] == ranks[np.minimum(right, size)]
        step = same.astype(np.int64) << level
        common += step
        left += step
        right += step
    longest = np.zeros(size, dtype=np.int64)
    longest[order[1:]] = common
    longest[order[:-1]] = np.maximum(longest[order[:-1]], common)
    return longest
