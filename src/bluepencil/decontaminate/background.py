"""How common n-grams and tokens are in ordinary text and code: what a match of them is worth, in bits.

An n-gram is worth the binary logarithm of one over the share of documents that hold it. A token has that
worth, too, and its surprise, which goes by how often it stands: digits stand in nearly every document, and
yet six given ones in a row do not.

    python -m bluepencil.decontaminate.background TABLE --prose FILE... --code FILE...

The shipped table holds hashes and shares, no text. It was made of half of the Python files of
geekcomputers/Python and of CPython's standard library (code), and of half of the labelled web pages and of
GSM8K's training problems (prose); `bench/decontaminate.py` says how the halves are drawn.
"""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.hashing import Hashes
from bluepencil.decontaminate.reading import Kind, batches, read
from bluepencil.errors import InputError

SHIPPED = "background.npz"
LEAST_DOCUMENTS = 3
MOST_GRAMS, MOST_TOKENS = 30_000, 6_000
SCALE = 16
"""Bits are kept as whole sixteenths."""
MOST_BITS = 15.0
_HIGH = np.uint64(32)


@dataclass(frozen=True)
class Common:
    """The common n-grams or tokens of one kind: the high half of each hash, sorted, and its bits.

    `rare` are the bits of all that are not among them.
    """

    keys: NDArray[np.uint32]
    bits: NDArray[np.uint8]
    rare: float

    def bits_of(self, hashes: Hashes) -> NDArray[np.float32]:
        """Return what each is worth."""
        short = (hashes >> _HIGH).astype(np.uint32)
        place = np.minimum(np.searchsorted(self.keys, short), len(self.keys) - 1)
        known = self.keys[place] == short
        return np.where(known, self.bits[place] / np.float32(SCALE), np.float32(self.rare)).astype(np.float32)


@dataclass(frozen=True)
class Background:
    """What is common in prose and in code."""

    grams: dict[Kind, Common]
    tokens: dict[Kind, Common]
    surprise: dict[Kind, Common]

    @classmethod
    def load(cls, path: str = "") -> "Background":
        """Load a table, or the shipped one."""
        try:
            return _loaded(cls.read(path))
        except (ValueError, KeyError, BadZipFile) as error:
            raise InputError(f"{path or SHIPPED} is no table of what is common: {error}") from error

    @staticmethod
    def read(path: str = "") -> bytes:
        """Return the stored bytes of a table, or of the shipped one."""
        place = Path(path) if path else files("bluepencil.decontaminate").joinpath(SHIPPED)
        try:
            return place.read_bytes()
        except OSError as error:
            raise InputError(f"{path or SHIPPED} is no table of what is common: {error}") from error


@lru_cache(maxsize=4)
def _loaded(stored: bytes) -> Background:
    with np.load(io.BytesIO(stored), allow_pickle=False) as table:
        arrays = dict(table)
    columns = (("grams", "bits"), ("tokens", "bits"), ("tokens", "surprise"))
    return Background(
        *({kind: _common(arrays, f"{kind}-{what}", bits) for kind in Kind} for what, bits in columns)
    )


def _common(arrays: dict[str, Any], name: str, bits: str) -> Common:
    return Common(arrays[f"{name}-keys"], arrays[f"{name}-{bits}"], float(arrays[f"{name}-{bits}-rare"]))


def learn(texts: Sequence[str], kind: Kind) -> dict[str, Any]:
    """Return the arrays of a table for one kind, learned from a sample of texts."""
    grams: list[Hashes] = []
    tokens: list[Hashes] = []
    for batch in batches(texts):
        reading = read([texts[number] for number in batch], kind)
        for number in range(len(batch)):
            grams.append(np.unique(reading.streams.loose[slice(*reading.tokens(number))]))
            tokens.append(reading.streams.exact[slice(*reading.exact_tokens(number))])
    arrays = _learned(grams, len(texts), MOST_GRAMS, f"{kind}-grams")
    arrays |= _learned([np.unique(one) for one in tokens], len(texts), MOST_TOKENS, f"{kind}-tokens")
    every, counts = np.unique((np.concatenate(tokens) >> _HIGH).astype(np.uint32), return_counts=True)
    kept = np.isin(every, arrays[f"{kind}-tokens-keys"])
    least = counts[kept].min() if kept.any() else 1
    arrays[f"{kind}-tokens-surprise"] = _bits(counts[kept] / counts.sum())
    arrays[f"{kind}-tokens-surprise-rare"] = np.float32(min(MOST_BITS, np.log2(counts.sum() / least)))
    return arrays


def _learned(seen: list[Hashes], total: int, most: int, name: str) -> dict[str, Any]:
    found, documents = np.unique(np.concatenate(seen), return_counts=True)
    order = np.argsort(-documents, kind="stable")
    order = order[(documents[order] >= LEAST_DOCUMENTS) & (found[order] != 0)][:most]
    keys, first = np.unique((found[order] >> _HIGH).astype(np.uint32), return_index=True)
    rare = np.float32(min(MOST_BITS, np.log2(2 * total / LEAST_DOCUMENTS)))
    shares = documents[order][first] / total
    return {f"{name}-keys": keys, f"{name}-bits": _bits(shares), f"{name}-bits-rare": rare}


def _bits(shares: NDArray[Any]) -> NDArray[np.uint8]:
    bits: NDArray[np.uint8] = np.round(np.minimum(-np.log2(shares), MOST_BITS) * SCALE).astype(np.uint8)
    return bits


def main(arguments: Sequence[str]) -> None:
    """Learn a table from JSON lines with a field `text`."""
    import argparse
    import json

    parser = argparse.ArgumentParser(prog="python -m bluepencil.decontaminate.background")
    parser.add_argument("table")
    for kind in Kind:
        parser.add_argument(f"--{kind}", nargs="+", default=[], metavar="FILE")
    chosen = parser.parse_args(arguments)
    arrays: dict[str, Any] = {}
    for kind in Kind:
        texts = [
            json.loads(line)["text"]
            for name in getattr(chosen, kind)
            for line in Path(name).read_text(encoding="utf-8").split("\n")
            if line
        ]
        if not texts:
            parser.error(f"name files with {kind} texts")
        arrays |= learn(texts, kind)
    with Path(chosen.table).open("wb") as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
