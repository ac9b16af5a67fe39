"""The networks of the tagger, evaluated exactly in whole numbers with NumPy.

Weights and activations are small integers held in float32, and every sum of products stays below 2**24, where
float32 is exact: so a matrix product gives the same bits in whatever order a BLAS adds, on every machine and
for every batch. What is not a sum of products is elementwise, which IEEE 754 fixes.

A network is a stack of dilated convolutions over a sequence (lines of a page, or tokens of a line) with
residual connections, and now and then a summary of the whole sequence that every place sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bluepencil.errors import InputError
from bluepencil.refiners.tagger_tokens import Array

GRID = 32
"""Steps of an activation per unit."""

CLIP = 127
"""The largest activation, in steps."""

STREAM_CLIP = 1023
"""The largest value on the residual stream, in steps."""

BAG_GAIN = 4
"""The mean of a line's item vectors is multiplied by this, to use the range of its integers."""

PAIRS_PER_SUM = 256
"""Items summed at once in 16-bit lanes: 256 * 255 < 2**16."""

WIDEST = (1 << 24) // (CLIP * CLIP)
"""Products that one sum may hold."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer: `weight` [in, out] of whole numbers, `scale` and `bias` [out] in steps."""

    weight: Array
    scale: Array
    bias: Array

    def __call__(self, values: Array) -> Array:
        """Return whole steps for whole inputs; values is [n, in]."""
        return self.rounded(values @ self.weight)

    def rounded(self, sums: Array) -> Array:
        """Return what the layer makes of its sums of products; overwrites them."""
        sums *= self.scale
        sums += self.bias
        return np.floor(sums, out=sums)


def bag_means(table: Array, items: Array, starts: Array) -> Array:
    """Return [n, D]: the mean of each bag's rows of the table times `BAG_GAIN`, as whole steps.

    `table` is a `packed_table`: rows are summed four columns at a time. `starts` is [n + 1].
    """
    n_bags, width = len(starts) - 1, 4 * table.shape[1]
    counts = np.diff(starts)
    pieces = -(-counts // PAIRS_PER_SUM)
    sums = np.zeros((n_bags, width), np.int64)
    if len(items):
        first = np.repeat(starts[:-1], pieces)
        bag = np.repeat(np.arange(n_bags), pieces)
        place = np.arange(len(bag)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        rows = table[items]
        piece_starts = first + place * PAIRS_PER_SUM
        lanes = np.add.reduceat(rows, piece_starts, axis=0).view(np.uint16).astype(np.int64)
        ends = np.append(piece_starts[1:], len(items))
        lanes -= 128 * (ends - piece_starts)[:, None]
        if len(bag) == np.count_nonzero(pieces):
            sums[bag] = lanes
        else:
            np.add.at(sums, bag, lanes)
    means = BAG_GAIN * sums // np.maximum(counts, 1)[:, None]
    clipped: Array = np.clip(means, -CLIP, CLIP).astype(np.float32)
    return clipped


def packed_table(tables: Sequence[Array]) -> Array:
    """Return int8 tables [n, D] side by side as words of four 16-bit lanes, each value moved up by 128."""
    table = np.concatenate(tables, axis=1)
    return np.ascontiguousarray((table.astype(np.int16) + 128).astype(np.uint16)).view(np.uint64)


@dataclass(frozen=True, slots=True)
class Network:
    """A stack over sequences: `first`, then convolutions and summaries in order, then `middle` and `last`.

    layers: pairs of a dilation, or 0 for a summary of the sequence, and the layer: a convolution has weights
    [3 * H, H] (place before, here, place after), a summary [2 * H, H] (mean, maximum).
    """

    first: Dense
    layers: tuple[tuple[int, Dense], ...]
    middle: Dense
    last: Dense

    def scores(self, bags: Array, numbers: Array, sequences: Array) -> Array:
        """Return [n] scores in steps, positive for what stays, of `bags` [n, D] and `numbers` [n, F].

        Sequence s is `sequences[s]:sequences[s + 1]`; none may be empty.
        """
        inputs = np.concatenate([bags, numbers], axis=1, dtype=np.float32)
        gap = max((dilation for dilation, _ in self.layers), default=0)
        counts = np.diff(sequences)
        places = np.arange(len(inputs)) + gap * np.repeat(np.arange(len(counts)), counts)
        stream = np.zeros((len(inputs) + gap * len(counts), self.first.weight.shape[1]), np.float32)
        stream[places] = self.first(inputs)
        outside = np.ones((len(stream), 1), np.float32)
        outside[places] = 0
        gaps = np.flatnonzero(outside)
        for dilation, layer in self.layers:
            active = np.clip(stream, 0, CLIP)
            active[gaps] = 0
            if dilation:
                stream += layer.rounded(_convolve(active, layer.weight, dilation))
            else:
                seen = active[places]
                stream[places] += np.repeat(layer(_summary(seen, sequences)), counts, axis=0)
            np.clip(stream, -STREAM_CLIP, STREAM_CLIP, out=stream)
        hidden = np.clip(self.middle(np.clip(stream[places], 0, CLIP)), 0, CLIP)
        result: Array = self.last(hidden)[:, 0].astype(np.int64)
        return result


def _convolve(active: Array, weight: Array, dilation: int) -> Array:
    """Return the sums of products of a convolution over three places, `dilation` apart."""
    width = active.shape[1]
    sums: Array = active @ weight[width : 2 * width]
    sums[dilation:] += active[:-dilation] @ weight[:width]
    sums[:-dilation] += active[dilation:] @ weight[2 * width :]
    return sums


def _summary(active: Array, sequences: Array) -> Array:
    """Return [S, 2 * H]: the mean, rounded down, and the maximum of each sequence; none may be empty."""
    starts, counts = sequences[:-1], np.diff(sequences)
    means = np.add.reduceat(active.astype(np.int64), starts, axis=0) // counts[:, None]
    return np.concatenate([means, np.maximum.reduceat(active, starts, axis=0)], axis=1).astype(np.float32)


def build(arrays: Mapping[str, Array], name: str) -> Network:
    """Build the network that is stored under `name/...` in a weights file."""

    def dense(part: str) -> Dense:
        key = f"{name}/{part}"
        weight = arrays[f"{key}/weight"].astype(np.float32)
        if len(weight) > WIDEST:
            raise InputError(f"weights {key} sum {len(weight)} products; at most {WIDEST} are exact")
        return Dense(weight, arrays[f"{key}/scale"], arrays[f"{key}/bias"])

    dilations = arrays[f"{name}/dilations"].tolist()
    return Network(
        first=dense("first"),
        layers=tuple((dilation, dense(f"layer{i}")) for i, dilation in enumerate(dilations)),
        middle=dense("middle"),
        last=dense("last"),
    )
