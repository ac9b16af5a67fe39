"""64-bit hashes of tokens and n-grams over whole arrays, the same on every machine and in every version.

A token is a polynomial over its characters, an n-gram one over its tokens, both modulo 2^64 and mixed
afterwards; the values of characters are drawn by splitmix64, so that low bits are as good as high ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Odd, so that it has an inverse modulo 2^64; otherwise arbitrary.
BASE = 0x9E3779B97F4A7C15
GRAM_BASE = 0xD6E8FEB86659FD93
CHARACTERS = 1 << 17
SLICE_BITS = 22
"""Some millions of hashes are sorted at a time, so that sorting needs little memory beside them."""
BLOCK = 1 << 14
"""Characters that are worked on at a time: their arrays stay in the processor's cache."""


def mixed(values: Hashes) -> Hashes:
    """Return the values with every bit depending on every other (the finalizer of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def powers(base: int, count: int) -> Hashes:
    """Return the powers of `base` modulo 2^64, from the zeroth on."""
    values = np.full(count, base, np.uint64)
    values[0] = 1
    accumulated: Hashes = np.multiply.accumulate(values)
    return accumulated


@lru_cache(maxsize=1)
def character_values() -> Hashes:
    """Return the value of each character; those above U+1FFFF share values with lower ones."""
    return mixed((np.arange(CHARACTERS, dtype=np.uint64) + np.uint64(1)) * np.uint64(BASE))


@lru_cache(maxsize=1)
def _block_powers() -> tuple[Hashes, Hashes]:
    return powers(BASE, 2 * BLOCK), powers(pow(BASE, -1, 1 << 64), 2 * BLOCK)


def run_hashes(characters: NDArray[Any], starts: Ints, ends: Ints) -> Hashes:
    """Return the hash of each run [start, end) of at most 2 * BLOCK characters (folded code points)."""
    factors, inverses = _block_powers()
    sums = np.empty(len(characters) + 1, np.uint64)
    sums[0] = 0
    values = character_values()[characters] * factors[: len(characters)]
    np.cumsum(values, out=sums[1:])
    return mixed((sums[ends] - sums[starts]) * inverses[starts])


def word_hash(word: str) -> int:
    """Return the hash that a run of these characters gets."""
    code = np.array([ord(character) for character in word], np.int64)
    return int(run_hashes(code, np.array([0]), np.array([len(word)]))[0])


def gram_hashes(tokens: Hashes, size: int) -> Hashes:
    """Return the hash of each run of `size` tokens; entry i is that of the tokens from i on."""
    count = max(0, len(tokens) - size + 1)
    total = np.zeros(count, np.uint64)
    for number, power in enumerate(powers(GRAM_BASE, size)):
        total += tokens[number : number + count] * power
    return mixed(total)


def high(hashes: Hashes) -> NDArray[np.uint32]:
    """Return the high half of each hash, enough to compare hundreds and not millions; nothing is copied."""
    return hashes.astype("<u8", copy=False).view("<u4")[1::2]


def in_slices(hashes: Hashes, chosen: Flags | None = None) -> Iterator[tuple[Ints, Ints]]:
    """Yield all hashes, or the chosen ones, in ascending ranges of at most some millions, each sorted.

    Of each range: where its hashes stand, in ascending order of the hashes, and where in that order each new
    hash begins, with its length at the end. So what is done with them needs little memory beside them.
    """
    bits = min(7, max(0, (len(hashes) >> SLICE_BITS).bit_length()))
    ranges = np.zeros(len(hashes), np.uint8)
    if bits:
        for at in range(0, len(hashes), 1 << SLICE_BITS):
            part = slice(at, at + (1 << SLICE_BITS))
            ranges[part] = hashes[part] >> np.uint64(64 - bits)
    if chosen is not None:
        ranges[~chosen] = 255
    for number in range(1 << bits):
        places = np.flatnonzero(ranges == number)
        mine = hashes[places]
        order = np.argsort(mine, kind="stable")
        mine = mine[order]
        new = np.ones(len(mine) + 1, np.bool_)
        new[1:-1] = mine[1:] != mine[:-1]
        yield places[order], np.flatnonzero(new) if len(mine) else np.zeros(1, np.int64)


class WordTable:
    """A small fixed set of words, each with a value, looked up for whole arrays of hashes."""

    def __init__(self, words: Mapping[str, int] | Iterable[str]) -> None:
        entries = dict(words) if isinstance(words, Mapping) else dict.fromkeys(words, 1)
        self._hashes = np.array([0, *map(word_hash, entries)], np.uint64)
        self._values = np.array([0, *entries.values()], np.uint64)
        bits = 12
        while len(set((self._hashes & np.uint64((1 << bits) - 1)).tolist())) < len(self._hashes):
            bits += 1
        self._mask = np.uint64((1 << bits) - 1)
        self._slots = np.zeros(1 << bits, np.uint16)
        self._slots[self._hashes & self._mask] = np.arange(len(self._hashes))

    def values(self, hashes: Hashes) -> Hashes:
        """Return the value of each hash that is one of the words, 0 for others."""
        slots = self._slots[hashes & self._mask]
        return np.where(self._hashes[slots] == hashes, self._values[slots], np.uint64(0))

    def holds(self, hashes: Hashes) -> Flags:
        """Tell which hashes are those of the words."""
        found: Flags = self._hashes[self._slots[hashes & self._mask]] == hashes
        return found
