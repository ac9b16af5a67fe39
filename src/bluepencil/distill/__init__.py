"""Pairs of a text and an expert's version of it, made into the shortest programs and training examples.

Reference: docs/distill.md.
"""

from bluepencil.distill.align import Alignment, align
from bluepencil.distill.cost import cost
from bluepencil.distill.dataset import Distilled, Example, Options, Rejected, examples
from bluepencil.distill.differences import Difference, Kind
from bluepencil.distill.screen import SCREENS, Screen, ScreenReason, screen_named
from bluepencil.distill.shortest import Solution, shortest, solve

__all__ = [
    "SCREENS",
    "Alignment",
    "Difference",
    "Distilled",
    "Example",
    "Kind",
    "Options",
    "Rejected",
    "Screen",
    "ScreenReason",
    "Solution",
    "align",
    "cost",
    "examples",
    "screen_named",
    "shortest",
    "solve",
]
