"""Histograms as SVG, to stand inside a page: no script, no file of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _BASE = 420, 132, 112
_BINS = 32


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers to draw, with their name and the class that colours them."""

    name: str
    values: Sequence[float]
    style: str = "a"


def histogram(series: Sequence[Series], *, logarithmic: bool = False) -> str:
    """Return one or more rows of numbers as bars over the same axis; nothing where there are no numbers."""
    values = [value for one in series for value in one.values if math.isfinite(value)]
    if not values:
        return ""
    edges = _edges(min(values), max(values), values, logarithmic=logarithmic)
    counts = [_counted(one.values, edges) for one in series]
    top = max(max(row) for row in counts)
    bars = "".join(
        _bars(one, row, edges, top, offset=at / len(series), share=1 / len(series))
        for at, (one, row) in enumerate(zip(series, counts, strict=True))
    )
    said = escape(", ".join(one.name for one in series))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{said}">{bars}'
        f'<line x1="0" y1="{_BASE}" x2="{_WIDTH}" y2="{_BASE}" class="axis"/>{_ticks(edges)}</svg>'
    )


def _edges(low: float, high: float, values: Sequence[float], *, logarithmic: bool) -> list[float]:
    """Return where the bars begin, and where the last ends."""
    if logarithmic and low >= 0 and high > 0:
        first, last = math.log10(max(1.0, low)), math.log10(max(10.0, high + 1))
        return [10 ** (first + (last - first) * i / _BINS) for i in range(_BINS + 1)]
    if high == low:
        # One bar among places for others, so that it does not fill the picture.
        return [low + i - 0.5 for i in range(-3, 5)]
    if high - low <= _BINS and all(value == int(value) for value in values):
        return [low + i - 0.5 for i in range(int(high - low) + 2)]
    return [low + (high - low) * i / _BINS for i in range(_BINS + 1)]


def _counted(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    from bisect import bisect_right

    counts = [0] * (len(edges) - 1)
    for value in values:
        if math.isfinite(value):
            counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    return counts


def _bars(
    one: Series, counts: Sequence[int], edges: Sequence[float], top: int, *, offset: float, share: float
) -> str:
    width = _WIDTH / len(counts)
    pieces = []
    for at, count in enumerate(counts):
        if count:
            height = max(1.0, count / top * (_BASE - 6))
            label = escape(f"{one.name}: {count:,} from {short(edges[at])} to {short(edges[at + 1])}")
            pieces.append(
                f'<rect x="{(at + offset) * width:.1f}" y="{_BASE - height:.1f}" '
                f'width="{max(1.0, width * share - 1):.1f}" height="{height:.1f}" class="{one.style}">'
                f"<title>{label}</title></rect>"
            )
    return "".join(pieces)


def _ticks(edges: Sequence[float]) -> str:
    bars = len(edges) - 1
    # Where each bar is a whole number, that stands below its middle; else the edges are labelled.
    whole = edges[0] % 1 == 0.5 and edges[-1] - edges[0] == bars
    last = bars - 1 if whole else bars
    marks = []
    for place in sorted({round(last * part / 4) for part in range(5)}):
        value = edges[place] + 0.5 if whole else edges[place]
        x = (place + 0.5 * whole) / bars * _WIDTH
        anchor = "middle" if whole or 0 < place < last else "end" if place else "start"
        marks.append(f'<text x="{x:.1f}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{short(value)}</text>')
    return "".join(marks)


def short(value: float) -> str:
    """Return a number as an axis has it: 1,200 as 1.2k, 0.5 as 0.5."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
