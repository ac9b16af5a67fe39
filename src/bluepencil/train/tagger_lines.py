"""Lines with their labels, as the ways to vary a page hand them on."""

from math import sqrt
from typing import NamedTuple

from bluepencil.evaluate.words import words
from bluepencil.train.tagger_pages import TrainingPage


class Line(NamedTuple):
    """A line, the share of it that stays, and how much it counts."""

    text: str
    keep: float
    weight: float


def labelled(text: str, keep: float) -> Line:
    """Return a line that was made, with the weight of its words."""
    return Line(text, keep, sqrt(len(words(text)) + 1))


def lines_of(page: TrainingPage) -> list[Line]:
    """Return the lines of a page with their labels."""
    return [
        Line(text, max(float(keep), 0.0), float(weight))
        for text, keep, weight in zip(page.lines, page.keep, page.weight, strict=True)
    ]


def bounds_of(lines: list[Line]) -> tuple[int, int] | None:
    """Return the first line that stays and the one after the last, None if nothing stays."""
    stay = [number for number, line in enumerate(lines) if line.keep > 0.5]
    return (stay[0], stay[-1] + 1) if stay else None
