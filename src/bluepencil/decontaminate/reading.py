"""Several texts read at once as prose or as code: arrays are only fast when they are long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bluepencil.decontaminate import code, prose
from bluepencil.decontaminate.hashing import Ints
from bluepencil.decontaminate.lexing import marks
from bluepencil.decontaminate.streams import Streams

BATCH = 1 << 18
"""Characters that are read together; a longer text is read by itself."""

# A word between two texts, so that neither a run of numbers nor a word goes from one into the next.
_BETWEEN = "\nx\n"


class Kind(StrEnum):
    """How a text is read."""

    PROSE = "prose"
    CODE = "code"


@dataclass(frozen=True)
class Reading:
    """The streams of several texts. `offsets[i]` is where text i begins in what was read."""

    texts: Sequence[str]
    offsets: Ints
    streams: Streams

    def tokens(self, number: int) -> tuple[int, int]:
        """Return the loose tokens [first, end) of text `number`."""
        return self._range(number, self.streams.loose_starts)

    def exact_tokens(self, number: int) -> tuple[int, int]:
        """Return the fine tokens [first, end) of text `number`."""
        return self._range(number, self.streams.starts)

    def _range(self, number: int, starts: Ints) -> tuple[int, int]:
        begin = int(self.offsets[number])
        low, high = np.searchsorted(starts, [begin, begin + len(self.texts[number])])
        return int(low), int(high)


def read(texts: Sequence[str], kind: Kind) -> Reading:
    """Read texts as one; no n-gram reaches from one into the next."""
    lengths = np.array([0, *(len(text) + len(_BETWEEN) for text in texts)], np.int64)
    offsets = np.cumsum(lengths)[:-1]
    whole = _BETWEEN.join(texts)
    if kind is Kind.PROSE:
        streams = prose.streams(whole)
    else:
        marked = [(offset, marks(text)) for offset, text in zip(offsets.tolist(), texts, strict=True)]
        streams = code.streams(whole, marked)
    if len(texts) > 1:
        streams.cut_between(offsets[1:] - len(_BETWEEN))
    return Reading(texts, offsets, streams)


def batches(texts: Sequence[str]) -> Iterator[range]:
    """Yield the numbers of the texts to read together."""
    start, size = 0, 0
    for number, text in enumerate(texts):
        if size and size + len(text) > BATCH:
            yield range(start, number)
            start, size = number, 0
        size += len(text) + len(_BETWEEN)
    if start < len(texts):
        yield range(start, len(texts))
