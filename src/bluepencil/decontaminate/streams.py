"""Texts as two streams of n-grams over the same tokens: as written, and without what a disguise changes.

For prose the loose stream leaves out which numbers stand there, for code how things are named. Both have the
same places, so of a match in the loose stream it can be asked at once how much of it is exact.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.hashing import GRAM_BASE, Flags, Hashes, Ints, gram_hashes, mixed, powers

ANCHOR = 5
"""Tokens of the run by which a short item is looked up before the rest of it is compared."""
_RUN = 1 << 12


@dataclass(frozen=True)
class Streams:
    """The tokens and n-grams of a text, or of several joined texts.

    size: tokens of an n-gram.
    loose: the hash of each n-gram of loose tokens; 0 where it would reach into the next text.
    exact: the hashes of the finest tokens; `starts`, `ends` are their characters in the text, [start, end).
    first: the first fine token of each loose one, and one entry more, the number of fine tokens.
    masked: which loose tokens leave something out: numbers (prose), names (code).
    """

    size: int
    loose: Hashes
    exact: Hashes
    starts: Ints
    ends: Ints
    first: Ints
    masked: Flags

    @cached_property
    def anchors(self) -> Hashes:
        """The hash of each run of ANCHOR of the finest tokens."""
        return gram_hashes(self.exact, ANCHOR)

    @cached_property
    def loose_starts(self) -> Ints:
        """Where each loose token begins in the text."""
        return self.starts[self.first[:-1]]

    def strict(self, begin: int, end: int) -> tuple[Hashes, Flags]:
        """Return the hashes as written of the n-grams `begin` to `end`, and which leave something out."""
        tokens = self.first[begin : end + self.size]
        if end <= begin:
            return np.zeros(0, np.uint64), np.zeros(0, np.bool_)
        low, starts = tokens[0], tokens[:-1] - tokens[0]
        fine = mixed(self.exact[low : tokens[-1]])
        within = np.arange(len(fine)) - np.repeat(starts, np.diff(tokens))
        written = np.add.reduceat(fine * _run_powers()[within % _RUN], starts)
        return gram_hashes(written, self.size), any_of(self.masked[begin : end + self.size - 1], self.size)

    def told(self, bits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return, of every n-gram, the sum of the bits of its tokens, each token once.

        `bits` are those of the fine tokens. What is left out of the loose stream tells nothing.
        """
        first = self.first[:-1]
        tokens = self.exact[first]
        worth = np.where(self.masked, np.float32(0), bits[first])
        count = len(self.loose)
        total = np.zeros(count, np.float32)
        for place in range(self.size):
            once = np.ones(count, np.bool_)
            for earlier in range(place):
                once &= tokens[earlier : earlier + count] != tokens[place : place + count]
            total += np.where(once, worth[place : place + count], np.float32(0))
        return total

    def span(self, begin: int, last: int) -> tuple[int, int]:
        """Return the characters from the first token of one n-gram to the last token of another."""
        return int(self.starts[self.first[begin]]), int(self.ends[self.first[last + self.size] - 1])

    def cut_between(self, boundaries: Ints) -> None:
        """Clear the n-grams and anchors that reach over one of the boundaries, places in the text."""
        fine = np.searchsorted(self.starts, boundaries)
        _clear(self.loose, np.searchsorted(self.first[:-1], fine), self.size)
        _clear(self.anchors, fine, ANCHOR)


def _clear(grams: Hashes, tokens: Ints, size: int) -> None:
    over = tokens[:, None] - np.arange(size)
    grams[over[(over >= 0) & (over < len(grams))]] = 0


@lru_cache(maxsize=1)
def _run_powers() -> Hashes:
    return powers(GRAM_BASE, _RUN)


def joined(pieces: list[Any], dtype: Any) -> NDArray[Any]:
    """Return the arrays as one, also where there is none."""
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype)


def any_of(flags: Flags, size: int) -> Flags:
    """Tell for each run of `size` entries whether one of them is set."""
    count = max(0, len(flags) - size + 1)
    found = np.zeros(count, np.bool_)
    for number in range(size):
        found |= flags[number : number + count]
    return found
