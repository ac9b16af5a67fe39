"""One line of a chunk as the bytes that stand for it in a program, and what occurs in it exactly once."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluepencil.programs import Program, RemoveStr, render
from bluepencil.refiners.lm_vocabulary import NEVER

Ints = NDArray[np.signedinteger[Any]]
Keys = NDArray[np.uint64]
Span = tuple[int, int]
_AROUND = len('remove_str(1, "'), len('")')
# What `render` may write otherwise than as itself; it is asked about each such character, once per line.
_PERHAPS_ESCAPED = re.compile("[^ !#-\\[\\]-~\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]")


def quoted(text: str) -> str:
    """Return a text as `render` writes it between quotes."""
    return render(Program((RemoveStr(1, text),)))[_AROUND[0] : -_AROUND[1]]


@lru_cache(maxsize=4096)
def _size(character: str) -> int:
    """Return the bytes of one character between quotes."""
    return len(quoted(character).encode())


class Places(NamedTuple):
    """Where strings may begin that occur once and hold nothing claimed, and where the shortest of them end.

    All in bytes of `data`, in which what is claimed, and the end, is the byte NEVER; `bytes` is the same as
    an array. `starts` are in about the order of what begins there: neighbours look at the same part of a
    vocabulary. `once` is for each byte, not only for these.
    """

    data: bytes
    bytes: Ints
    starts: Ints
    once: Ints


class Line:
    """A line: `data` are its escaped bytes, `edges` where in them its characters begin, and their end.

    `is_edge` says the same, a byte for each byte of `data`, and for its end.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii() and not _PERHAPS_ESCAPED.search(text):
            self.data = text.encode()
            self.edges = np.arange(len(text) + 1)
            self.is_edge = b"\1" * (len(text) + 1)
            return
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        lengths = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000).astype(np.int64)
        for match in _PERHAPS_ESCAPED.finditer(text):
            lengths[match.start()] = _size(match[0])
        self.data = quoted(text).encode()
        self.edges = np.append(0, np.cumsum(lengths))
        is_edge = np.zeros(len(self.data) + 1, dtype=np.uint8)
        is_edge[self.edges] = 1
        self.is_edge = is_edge.tobytes()

    @cached_property
    def once(self) -> Ints:
        """Where the shortest string that begins at each place and occurs once ends; past the end if none."""
        return np.arange(len(self.text)) + self._repeated[1] + 1

    def has_room(self, claimed: Sequence[Span]) -> bool:
        """Say whether there is a string that occurs once and holds nothing claimed; spans of characters."""
        at = 0
        for start, end in [*sorted(claimed), (len(self.text), 0)]:
            if at < start and (self.once[at:start] <= start).any():
                return True
            at = max(at, end)
        return False

    def places(self, claimed: Sequence[Span] = ()) -> Places:
        """Return where a string may begin that occurs once and holds nothing claimed.

        `claimed` are disjoint spans of characters.
        """
        if not claimed:
            return self._all_places
        size = len(self.text)
        limits = np.full(size, size)
        free = np.ones(size, dtype=bool)
        blanked = self._all_places.bytes.copy()
        before = 0
        for start, end in sorted(claimed):
            limits[before:start] = start
            free[start:end] = False
            blanked[self.edges[start] : self.edges[end]] = NEVER
            before = end
        return self._places(blanked.astype(np.uint8).tobytes(), blanked, free & (self.once <= limits))

    @cached_property
    def _all_places(self) -> Places:
        data = self.data + bytes([NEVER, NEVER])
        bytes_ = np.frombuffer(data, dtype=np.uint8).astype(np.int32)
        return self._places(data, bytes_, self.once <= len(self.text))

    def _places(self, data: bytes, bytes_: Ints, chosen: NDArray[np.bool_]) -> Places:
        order = self._repeated[0]
        starts = order[chosen[order]]
        if len(self.data) == len(self.text):
            return Places(data, bytes_, starts, self.once)
        once = np.zeros(len(self.data), dtype=np.int64)
        once[self.edges[starts]] = self.edges[self.once[starts]]
        return Places(data, bytes_, self.edges[starts], once)

    @cached_property
    def _repeated(self) -> tuple[Ints, Ints]:
        return repeated(self.text)

    def characters(self, start: int, end: int) -> Span:
        """Return a span of bytes that begins and ends between characters as one of characters."""
        if len(self.data) == len(self.text):
            return start, end
        first, last = self.edges.searchsorted([start, end]).tolist()
        return first, last


def repeated(text: str) -> tuple[Ints, Ints]:
    """Return the places of a text in the order of what follows, and how much of that also stands elsewhere.

    The lengths are by place, and of strings that may overlap. What follows is compared 8 (or fewer)
    characters at a time, where these are the same twice as many, and so on: O(n log^2 n) at worst.
    """
    keys, unit = _windows(text)
    width = 64 // unit
    size = len(keys)
    order = np.argsort(keys)
    in_order = keys[order]
    same = in_order[1:] == in_order[:-1]
    if not same.any():
        common = _common(in_order[1:], in_order[:-1], unit)
    else:
        levels, order = _refined(order, same, width)
        left, right = order[:-1].copy(), order[1:].copy()
        common = np.zeros(size - 1, dtype=np.int64)
        for level in range(len(levels) - 1, -1, -1):
            # Of what follows two places no two are equal, since one of them ends first.
            equal = levels[level][left] == levels[level][right]
            step = equal * (width << level)
            common += step
            left += step
            right += step
        keys = np.append(keys, np.uint64(0))
        common += _common(keys[left], keys[right], unit)
    longest = np.zeros(size, dtype=np.int64)
    longest[order[1:]] = common
    longest[order[:-1]] = np.maximum(longest[order[:-1]], common)
    return order, longest


def _windows(text: str) -> tuple[Keys, int]:
    """Return for each place the characters from there, as a number, and the bits of each."""
    if text.isascii():
        codes = np.frombuffer(text.encode(), dtype=np.uint8) + np.uint8(1)
    else:
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        known, inverse = np.unique(points, return_inverse=True)
        kind = np.uint8 if len(known) < 256 else ">u2" if len(known) < 65_536 else ">u4"
        codes = (inverse.ravel() + 1).astype(kind)
    stride = codes.dtype.itemsize
    padded = codes.tobytes() + bytes(8)
    return np.ndarray((len(codes),), ">u8", padded, strides=(stride,)).astype(np.uint64), 8 * stride


def _common(one: Keys, other: Keys, unit: int) -> Ints:
    """Return how many characters windows have in common."""
    width = 64 // unit
    bounds = np.array([1 << (unit * place) for place in range(width)], dtype=np.uint64)
    found: Ints = width - bounds.searchsorted(one ^ other, "right")
    return found


def _refined(order: Ints, same: NDArray[np.bool_], width: int) -> tuple[list[Ints], Ints]:
    """Sort places whose windows are the same by what follows these; return the ranks at each width, too.

    A rank is how many places come before all of those with the same window; past the end each has its own.
    """
    size = len(order)
    numbers = np.arange(size)
    rank = np.full(size + 1, -1, dtype=np.int64)
    rank[order] = np.maximum.accumulate(np.where(np.append(False, same), 0, numbers))
    levels = [rank]
    while same.any():
        members = np.flatnonzero(np.append(False, same) | np.append(same, False))
        places = order[members]
        keys = rank[places] * (size + 1) + 1 + rank[np.minimum(places + width, size)]
        sorting = np.argsort(keys)
        order = order.copy()
        order[members] = places[sorting]
        keys = keys[sorting]
        same = np.zeros(size - 1, dtype=bool)
        equal = np.append(False, keys[1:] == keys[:-1])
        same[members[equal] - 1] = True
        rank = rank.copy()
        rank[order[members]] = members[np.maximum.accumulate(np.where(equal, 0, np.arange(len(members))))]
        width *= 2
        levels.append(rank)
    return levels, order
