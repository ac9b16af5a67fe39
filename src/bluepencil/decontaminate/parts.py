"""The parts of all items as columns: their n-grams, what these are worth, and how each part is looked for.

A part is looked for by the weighted share of its loose n-grams. One whose loose n-grams are worth too little,
because it is short or made of what everybody writes, is looked for as a whole, token by token, if its tokens
are surprising enough together; if they are not, it is too short to judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bluepencil.decontaminate.background import MOST_BITS, SCALE, Background, Common
from bluepencil.decontaminate.hashing import Hashes, Ints, gram_hashes, high, in_slices
from bluepencil.decontaminate.items import Item, Part, Role
from bluepencil.decontaminate.options import Thresholds
from bluepencil.decontaminate.reading import Kind, Reading, batches, read
from bluepencil.decontaminate.streams import ANCHOR, joined
from bluepencil.decontaminate.table import Table

MOST_PARTS = 64
LEAST_POSTED = 8
"""A loose n-gram of more than MOST_PARTS parts is left to the others, but each part keeps LEAST_POSTED."""
ROLES = list(Role)
_SMALL_SET = 1000


class Route(IntEnum):
    """How a part is looked for."""

    TOO_SHORT = 0
    BY_SHARE = 1
    AS_A_WHOLE = 2


@dataclass(slots=True)
class Parts:
    """The parts of one kind. Part i has `sizes[i]` n-grams, each once, one part's after the other's.

    strict: the n-gram as written where it first stands. numbered: whether it leaves something out there, and
    stands once. weights: what it is worth, in sixteenths of a bit. posted: whether it is in the table.
    whole: the fine tokens of the parts that are looked for as a whole, and what they are worth.
    """

    kind: Kind
    parts: list[Part]
    item: NDArray[np.uint32]
    length: NDArray[np.uint32]
    sizes: Ints
    grams: Hashes
    strict: NDArray[np.uint32]
    numbered: NDArray[np.bool_]
    weights: NDArray[np.uint8]
    posted: NDArray[np.bool_]
    routes: NDArray[np.uint8]
    whole: dict[int, tuple[Hashes, float]]

    @property
    def totals(self) -> NDArray[np.float32]:
        """What the n-grams of each part are worth together, in bits."""
        return (self.summed(self.weights) / SCALE).astype(np.float32)

    @property
    def unposted(self) -> NDArray[np.float32]:
        """What those n-grams of each part are worth that the table does not have."""
        return (self.summed(np.where(self.posted, np.uint8(0), self.weights)) / SCALE).astype(np.float32)

    def summed(self, values: NDArray[Any]) -> Ints:
        """Return the sum over the n-grams of each part."""
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        ends = np.cumsum(self.sizes)
        summed: Ints = sums[ends] - sums[ends - self.sizes]
        return summed

    def loose_table(self) -> Table:
        """Return the table from n-gram to the parts that are looked for by share; parts count from 0."""
        owner = np.repeat(np.arange(len(self.sizes), dtype=np.uint32), self.sizes)
        return Table.build(self.grams, owner, self.weights, self.posted)

    def exact_table(self) -> Table:
        """Return the table from the first tokens to the parts that are looked for as a whole."""
        first = [gram_hashes(tokens[:ANCHOR], ANCHOR) for tokens, _ in self.whole.values()]
        numbers = np.array(list(self.whole), np.uint32)
        return Table.build(joined(first, np.uint64), numbers, np.zeros(len(numbers), np.uint8))


_DTYPES = (np.uint32, np.int64, np.uint64, np.uint32, np.bool_, np.uint8)


def gather(items: Sequence[Item], kind: Kind, background: Background, thresholds: Thresholds) -> Parts:
    """Read the parts of a kind of all items, weigh their n-grams, and choose how each is looked for."""
    chosen = [(number, part) for number, item in enumerate(items) for part in item.parts if part.kind is kind]
    texts = [part.text for _, part in chosen]
    pieces: list[list[NDArray[np.generic]]] = [[] for _ in _DTYPES]
    for batch in batches(texts):
        reading = read([texts[number] for number in batch], kind)
        for column, piece in zip(pieces, _columns(reading, kind, background), strict=True):
            column.append(piece)
    # With a million items, a copy of the n-grams is a gigabyte: the pieces of a column go when it is joined.
    length, sizes, grams, strict, numbered, weights = (joined(pieces.pop(0), dtype) for dtype in _DTYPES)
    shared = _weigh(grams, weights, background.grams[kind], len(chosen))
    item = np.array([number for number, _ in chosen], np.uint32)
    routes = np.zeros(len(chosen), np.uint8)
    parts = [part for _, part in chosen]
    posted = (shared <= MOST_PARTS) & (weights > 0)
    made = Parts(kind, parts, item, length, sizes, grams, strict, numbered, weights, posted, routes, {})
    _choose_routes(made, thresholds, background.surprise[kind])
    _post_more(made, shared)
    return made


def _post_more(made: Parts, shared: NDArray[np.uint32]) -> None:
    """See to it that each part that is looked for by share has n-grams in the table, and no other has."""
    by_share = made.routes == Route.BY_SHARE
    made.posted &= np.repeat(by_share, made.sizes)
    ends = np.cumsum(made.sizes)
    for number in np.flatnonzero(by_share & (made.summed(made.posted) < LEAST_POSTED)).tolist():
        begin, end = int(ends[number] - made.sizes[number]), int(ends[number])
        made.posted[begin + np.argsort(shared[begin:end], kind="stable")[:LEAST_POSTED]] = True


def _columns(reading: Reading, kind: Kind, background: Background) -> Iterator[NDArray[np.generic]]:
    """Yield length and number of n-grams of each text, and of each of its n-grams what `Parts` holds."""
    streams = reading.streams
    ends = reading.offsets + [len(text) for text in reading.texts]
    first, end = (np.searchsorted(streams.loose_starts, places) for places in (reading.offsets, ends))
    yield (end - first).astype(np.uint32)
    places = np.flatnonzero(streams.loose)
    owner = np.searchsorted(first, places, side="right") - 1
    places = places[np.lexsort((streams.loose[places], owner))]
    owner = np.searchsorted(first, places, side="right") - 1
    grams = streams.loose[places]
    new = np.ones(len(places) + 1, np.bool_)
    new[1:-1] = (grams[1:] != grams[:-1]) | (owner[1:] != owner[:-1])
    begins = np.flatnonzero(new)
    once, begins = np.diff(begins) == 1, begins[:-1]
    places = places[begins]
    yield np.bincount(owner[begins], minlength=len(reading.texts)).astype(np.int64)
    yield grams[begins]
    strict, numbered = streams.strict(0, len(streams.loose))
    yield high(strict[places])
    # Where one stands twice, with other numbers perhaps, it tells nothing of them.
    yield numbered[places] & once
    if kind is Kind.PROSE:
        # x # x # x is never written in ordinary text, and yet any formula may hold it.
        told = streams.told(background.tokens[kind].bits_of(streams.exact))[places]
        yield quantised(np.minimum(told, MOST_BITS))
    else:
        yield np.full(len(places), int(MOST_BITS * SCALE), np.uint8)


def _weigh(grams: Hashes, weights: NDArray[np.uint8], common: Common, parts: int) -> NDArray[np.uint32]:
    """Lower the weights to what n-grams are worth by their commonest appearance.

    Returns how many parts have each.
    """
    shared = np.zeros(len(grams), np.uint32)
    for places, begins in in_slices(grams):
        counts = np.diff(begins)
        bits = common.bits_of(grams[places[begins[:-1]]])
        several = counts > 1
        others = (counts[several] - 1) / max(_SMALL_SET, parts)
        bits[several] = np.minimum(bits[several], np.maximum(-np.log2(others), 0))
        weights[places] = np.minimum(weights[places], np.repeat(quantised(bits), counts))
        shared[places] = np.repeat(counts, counts)
    return shared


def quantised(bits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return bits as whole sixteenths."""
    rounded: NDArray[np.uint8] = np.round(bits * SCALE).astype(np.uint8)
    return rounded


def _choose_routes(made: Parts, thresholds: Thresholds, common: Common) -> None:
    enough = made.totals * thresholds.share(made.kind) >= thresholds.least_bits(made.kind)
    made.routes[enough] = Route.BY_SHARE
    for number in np.flatnonzero(~enough).tolist():
        tokens = read([made.parts[number].text], made.kind).streams.exact
        if len(tokens) < ANCHOR:
            continue
        worth = _surprise(tokens, common)
        if worth >= thresholds.least_exact_bits(made.kind):
            made.routes[number] = Route.AS_A_WHOLE
            made.whole[number] = (tokens, worth)


def _surprise(tokens: Hashes, common: Common) -> float:
    """Return how surprising a run of tokens is; a pair that stands in it again is none, as in 0.333333."""
    pairs = gram_hashes(tokens, 2)
    new = np.ones(len(tokens), np.bool_)
    new[1:] = False
    new[1 + np.unique(pairs, return_index=True)[1]] = True
    return float(common.bits_of(tokens)[new].sum())
