"""Looks for the parts of benchmark items in documents, with an index that `build` made."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.background import SCALE
from bluepencil.decontaminate.build import FORMAT
from bluepencil.decontaminate.hashing import Ints
from bluepencil.decontaminate.options import Thresholds
from bluepencil.decontaminate.reading import Kind, Reading, batches, read
from bluepencil.decontaminate.table import Table, mapped
from bluepencil.errors import InputError

_ROLES = ("question", "solution", "tests")
_COLUMNS = (
    *("grams", "strict", "bits", "numbered", "offsets", "item", "role", "length", "total", "unposted"),
    *("exact_bits", "exact_place", "exact_tokens"),
)
_SLACK = 32
"""Tokens that a window is longer than one and a half times the part."""
_NUMBERS_AGREE = 0.9
_NAMES_AGREE = 0.8
_NEARLY_ALL = 0.9
_ATTEMPTS = 1000
"""Windows of a document that are compared with one part, the most promising first."""


class Match(StrEnum):
    """How a part stands in a document, from the plainest copy to the weakest evidence."""

    VERBATIM = "verbatim"
    NORMALISED = "normalised"
    RENAMED = "renamed"
    NUMBERS_CHANGED = "numbers-changed"


@dataclass(frozen=True, slots=True)
class Found:
    """A part of an item in a document.

    `share` is how much of the part's n-grams stands there, by weight; `bits` what they are worth; `start` and
    `end` are characters of the document.
    """

    benchmark: str
    item: str
    part: str
    match: Match
    share: float
    bits: float
    start: int
    end: int


class Index:
    """An index, memory-mapped: its processes share one copy, and only what is touched is read."""

    def __init__(self, folder: str | Path) -> None:
        """Map the index in a folder. Raises InputError where there is none of this format."""
        folder = Path(folder)
        try:
            self.facts: dict[str, Any] = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            if self.facts["format"] != FORMAT:
                raise ValueError(f"it is of format {self.facts['format']}, not {FORMAT}")
            self._parts = {name: mapped(folder / f"part-{name}.npy") for name in _COLUMNS}
            self._first = {kind: int(self.facts["first_part"][kind]) for kind in Kind}
            self._loose = {kind: Table.load(folder, f"{kind}-loose") for kind in Kind}
            self._exact = {kind: Table.load(folder, f"{kind}-exact") for kind in Kind}
            self._texts = {
                name: (mapped(folder / f"{name}-bytes.npy"), mapped(folder / f"{name}-offsets.npy"))
                for name in ("written", "names")
            }
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{folder} is no index of benchmark items: {error}") from error
        self.thresholds = Thresholds(**self.facts["thresholds"])
        self._kinds = [k for k in Kind if len(self._loose[k].keys) or len(self._exact[k].keys)]

    def scan(self, texts: Sequence[str]) -> list[list[Found]]:
        """Return what is found in each text, in the order of the text."""
        found: list[list[Found]] = [[] for _ in texts]
        for batch in batches(texts):
            for kind in self._kinds:
                reading = read([texts[number] for number in batch], kind)
                for number, one in self._loosely(reading, kind) + self._exactly(reading, kind):
                    found[batch[number]].append(one)
        for mine in found:
            mine.sort(key=lambda one: (one.start, one.end, one.benchmark, one.item, one.part))
        return found

    def _text(self, name: str, number: int) -> str:
        data, offsets = self._texts[name]
        return data[offsets[number] : offsets[number + 1]].tobytes().decode("utf-8", "surrogatepass")

    def _found(
        self,
        reading: Reading,
        document: int,
        part: int,
        match: Match,
        numbers: tuple[float, float],
        span: tuple[int, int],
    ) -> Found:
        """Describe a match; one whose text stands there as published is verbatim."""
        text, offset = reading.texts[document], int(reading.offsets[document])
        start, end = span[0] - offset, span[1] - offset
        written = self._text("written", part)
        at = text.find(written, max(0, start - len(written)), end + len(written)) if written else -1
        if at >= 0 and 2 * (min(end, at + len(written)) - max(start, at)) >= len(written):
            match, start, end = Match.VERBATIM, min(start, at), max(end, at + len(written))
        benchmark, _, item = self._text("names", int(self._parts["item"][part])).partition("\t")
        role = _ROLES[self._parts["role"][part]]
        return Found(benchmark, item, role, match, round(numbers[0], 3), round(numbers[1], 1), start, end)

    def _exactly(self, reading: Reading, kind: Kind) -> list[tuple[int, Found]]:
        """Find the parts that are looked for as a whole."""
        table = self._exact[kind]
        if not len(table.keys):
            return []
        streams = reading.streams
        places, keys = table.find(streams.anchors)
        which, parts = table.parts(keys)
        results = []
        for place, number in zip(places[which].tolist(), parts.tolist(), strict=True):
            part = number + self._first[kind]
            tokens = self._parts["exact_tokens"][slice(*self._parts["exact_place"][part])]
            there = (streams.exact[place : place + len(tokens)] >> np.uint64(32)).astype(np.uint32)
            if len(there) < len(tokens) or (there != tokens).any():
                continue
            start, end = int(streams.starts[place]), int(streams.ends[place + len(tokens) - 1])
            document = int(np.searchsorted(reading.offsets, start, side="right")) - 1
            if end > reading.offsets[document] + len(reading.texts[document]):
                continue
            bits = float(self._parts["exact_bits"][part])
            span = (start, end)
            results.append(
                (document, self._found(reading, document, part, Match.NORMALISED, (1.0, bits), span))
            )
        return results

    def _loosely(self, reading: Reading, kind: Kind) -> list[tuple[int, Found]]:
        """Find the parts of which enough n-grams stand within one window of a document."""
        table, streams = self._loose[kind], reading.streams
        places, keys = table.find(streams.loose)
        if not len(places):
            return []
        which, numbers = table.parts(keys)
        parts = numbers.astype(np.int64) + self._first[kind]
        return [
            one
            for part, hits, worth in self._candidates(places[which], parts, keys[which], table, kind)
            for one in self._verified(reading, kind, part, hits, worth)
        ]

    def _candidates(
        self, places: Ints, parts: Ints, keys: Ints, table: Table, kind: Kind
    ) -> Iterator[tuple[int, Ints, NDArray[np.float64]]]:
        """Yield the parts of which enough stands in some window, with their hits and what follows each."""
        order = np.lexsort((places, parts))
        places, parts, keys = places[order], parts[order], keys[order]
        weights = table.weights[keys] / SCALE
        window = self._window(self._parts["length"][parts])
        # One axis for all parts: the hits of a part are far from those of the next.
        axis = places + parts * (int(places.max()) + int(window.max()) + 1)
        sums = np.concatenate([[0.0], np.cumsum(weights)])
        worth = sums[np.searchsorted(axis, axis + window)] - sums[:-1]
        for part in np.unique(parts[worth >= self._need(parts, kind)]).tolist():
            mine = slice(*np.searchsorted(parts, [part, part + 1]).tolist())
            distinct = _distinct_worth(places[mine], keys[mine], weights[mine], int(window[mine][0]))
            if distinct.max() >= self._need(part, kind):
                yield part, places[mine], distinct

    def _least(self, part: Any, kind: Kind) -> Any:
        """Return from what worth on a part counts as found."""
        share = self._parts["total"][part] * self.thresholds.share(kind)
        return np.maximum(share, self.thresholds.least_bits(kind))

    def _need(self, part: Any, kind: Kind) -> Any:
        """Return what must be found of a part in the table to be worth a closer look."""
        least = self._least(part, kind)
        # A sixteenth for each rounding on the way.
        return np.maximum(least - self._parts["unposted"][part], least / 4) - 1 / SCALE

    @staticmethod
    def _window(length: Any) -> Any:
        return (np.asarray(length, np.int64) * 3) // 2 + _SLACK

    def _verified(
        self, reading: Reading, kind: Kind, part: int, hits: Ints, worth: NDArray[np.float64]
    ) -> list[tuple[int, Found]]:
        """Compare the best windows with all of the part; return those that hold enough of it."""
        offsets = self._parts["offsets"]
        mine = slice(int(offsets[part]), int(offsets[part + 1]))
        total, length = float(self._parts["total"][part]), int(self._parts["length"][part])
        window = int(self._window(length))
        least, need = float(self._least(part, kind)), float(self._need(part, kind))
        results = []
        for _ in range(_ATTEMPTS):
            best = int(np.argmax(worth))
            if worth[best] < need:
                break
            document = self._document(reading, int(hits[best]))
            low, high = reading.tokens(document)
            # N-grams that very many items share are no hits; the part may begin with some.
            begin = max(low, int(hits[best]) - length // 2)
            end = min(high - reading.streams.size + 1, int(hits[best]) + window)
            one = self._compared(reading, kind, part, mine, (begin, end), least)
            if one is None:
                worth[best] = 0
                continue
            first, last, match, bits = one
            span = reading.streams.span(first, last)
            results.append(
                (document, self._found(reading, document, part, match, (bits / total, bits), span))
            )
            worth[(hits >= first - window) & (hits <= last)] = 0
        return results

    @staticmethod
    def _document(reading: Reading, token: int) -> int:
        start = reading.streams.starts[reading.streams.first[token]]
        return int(np.searchsorted(reading.offsets, start, side="right")) - 1

    def _compared(
        self, reading: Reading, kind: Kind, part: int, mine: slice, window: tuple[int, int], least: float
    ) -> tuple[int, int, Match, float] | None:
        """Return the first and last n-gram in a window that are the part's, how they match, their worth."""
        streams = reading.streams
        there = (streams.loose[window[0] : window[1]] >> np.uint64(32)).astype(np.uint32)
        grams, weights = self._parts["grams"][mine], self._parts["bits"][mine] / SCALE
        matched = np.isin(grams, there)
        bits = float(weights[matched].sum())
        if bits < least:
            return None
        places = np.flatnonzero(np.isin(there, grams))
        first, last = _tightest(places.tolist(), there[places].tolist())
        first, last = first + window[0], last + window[0]
        strict, _ = streams.strict(first, last + 1)
        written = np.isin(self._parts["strict"][mine], (strict >> np.uint64(32)).astype(np.uint32))
        numbered = matched & self._parts["numbered"][mine]
        agree = (written & numbered).sum() / numbered.sum() if numbered.any() else 1.0
        match = Match.NORMALISED
        if kind is Kind.PROSE and agree < _NUMBERS_AGREE:
            match = Match.NUMBERS_CHANGED
        elif kind is Kind.CODE and agree < _NAMES_AGREE:
            match = Match.RENAMED
            total, enough = float(self._parts["total"][part]), self.thresholds.renamed_bits
            if bits < enough or (bits < 2 * enough and bits < _NEARLY_ALL * total):
                return None
        return first, last, match, bits


def _distinct_worth(hits: Ints, keys: Ints, weights: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return what the different n-grams in the window that begins at each hit are worth together."""
    places, grams, worth = hits.tolist(), keys.tolist(), weights.tolist()
    counts = dict.fromkeys(grams, 0)
    found, total, end = [], 0.0, 0
    for begin, place in enumerate(places):
        while end < len(places) and places[end] < place + window:
            total += 0.0 if counts[grams[end]] else worth[end]
            counts[grams[end]] += 1
            end += 1
        found.append(total)
        counts[grams[begin]] -= 1
        total -= 0.0 if counts[grams[begin]] else worth[begin]
    return np.array(found)


def _tightest(places: list[int], grams: list[int]) -> tuple[int, int]:
    """Return the ends of the shortest stretch that holds each of the n-grams at least once.

    So what a neighbour happens to repeat of the part is not taken for a piece of it.
    """
    missing, counts, low = len(set(grams)), dict.fromkeys(grams, 0), 0
    best = (places[0], places[-1])
    for place, gram in zip(places, grams, strict=True):
        missing -= not counts[gram]
        counts[gram] += 1
        while counts[grams[low]] > 1:
            counts[grams[low]] -= 1
            low += 1
        if not missing and place - places[low] < best[1] - best[0]:
            best = (places[low], place)
    return best
