"""A table from n-gram to the parts that hold it: sorted keys, looked up for whole documents, memory-mapped.

Nearly every n-gram of a clean document is in no part. A Bloom filter of at least sixteen bits per key says so
at one look or two; only what passes it is searched among the keys. So the time of a scan hardly depends on
how many items there are.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.hashing import SLICE_BITS, Flags, Hashes, Ints, in_slices

BITS_PER_KEY = 16
MOST_BITMAP_BITS = 33
"""One gigabyte, for half a billion keys."""


@dataclass(frozen=True)
class Table:
    """`postings[offsets[i]:offsets[i + 1]]` are the parts that hold key i; `weights[i]` is its worth."""

    bitmap: NDArray[np.uint8]
    keys: Hashes
    offsets: Ints
    postings: NDArray[np.uint32]
    weights: NDArray[np.uint8]

    @classmethod
    def build(
        cls,
        grams: Hashes,
        parts: NDArray[np.uint32],
        weights: NDArray[np.uint8],
        chosen: Flags | None = None,
    ) -> "Table":
        """Make a table of entries (n-gram, part, weight of the n-gram), of all or of the chosen ones."""
        keys, offsets, postings, worth = [], [np.zeros(1, np.int64)], [], []
        for places, begins in in_slices(grams, chosen):
            first = places[begins[:-1]]
            keys.append(grams[first])
            worth.append(weights[first])
            offsets.append(begins[1:] + offsets[-1][-1])
            postings.append(parts[places])
        sorted_keys = np.concatenate(keys)
        return cls(
            _bitmap(sorted_keys),
            sorted_keys,
            np.concatenate(offsets),
            np.concatenate(postings),
            np.concatenate(worth),
        )

    @classmethod
    def load(cls, folder: Path, name: str) -> "Table":
        """Map the table that was saved under a name."""
        return cls(*(mapped(folder / f"{name}-{field}.npy") for field in cls.__dataclass_fields__))

    def save(self, folder: Path, name: str) -> None:
        """Write the table, one file per array."""
        for field in self.__dataclass_fields__:
            np.save(folder / f"{name}-{field}.npy", getattr(self, field))

    def find(self, grams: Hashes) -> tuple[Ints, Ints]:
        """Return which of the n-grams are keys: their places in `grams`, and the numbers of the keys."""
        if not len(self.keys):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        passed = np.flatnonzero(self._set(_first_slots(grams, self.bitmap)))
        passed = passed[self._set(_second_slots(grams[passed], self.bitmap))]
        wanted = grams[passed]
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        found = (self.keys[place] == wanted) & (wanted != 0)
        return passed[found], place[found]

    def _set(self, slots: Hashes) -> Flags:
        low = (slots & np.uint64(7)).astype(np.uint8)
        bits: NDArray[np.uint8] = (self.bitmap[slots >> np.uint64(3)] >> low) & np.uint8(1)
        return bits.view(np.bool_)

    def parts(self, keys: Ints) -> tuple[Ints, NDArray[np.uint32]]:
        """Return, for numbers of keys, every part that holds one: the index in `keys`, and the part."""
        begin, counts = self.offsets[keys], self.offsets[keys + 1] - self.offsets[keys]
        which = np.repeat(np.arange(len(keys)), counts)
        within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self.postings[begin[which] + within]


def mapped(path: Path) -> NDArray[Any]:
    """Map an array; an empty one cannot be mapped and is read."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(path, allow_pickle=False)
    # Plain arrays over the same memory: indexing a memmap costs ten times as much.
    return array.view(np.ndarray)


def _first_slots(grams: Hashes, bitmap: NDArray[np.uint8]) -> Hashes:
    """Return the bit of each n-gram by the high end of its hash; the length of a bitmap is a power of two."""
    return grams >> np.uint64(64 - (len(bitmap).bit_length() + 2))


def _second_slots(grams: Hashes, bitmap: NDArray[np.uint8]) -> Hashes:
    """Return the bit of each n-gram by the low end of its hash."""
    return grams & np.uint64(8 * len(bitmap) - 1)


def _bitmap(keys: Hashes) -> NDArray[np.uint8]:
    bits = min(MOST_BITMAP_BITS, max(10, (len(keys) * BITS_PER_KEY - 1).bit_length()))
    bitmap = np.zeros(1 << (bits - 3), np.uint8)
    for at in range(0, len(keys), 1 << SLICE_BITS):
        for slots_of in (_first_slots, _second_slots):
            slots = slots_of(keys[at : at + (1 << SLICE_BITS)], bitmap)
            ones = np.left_shift(1, slots & np.uint64(7)).astype(np.uint8)
            np.bitwise_or.at(bitmap, slots >> np.uint64(3), ones)
    return bitmap
