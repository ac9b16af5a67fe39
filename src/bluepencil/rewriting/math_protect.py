"""Keeps a refiner from striking out formulas: on pages of mathematics it takes them for noise.

The tagger that ships learned on pages of prose, where a line such as `x_1 + x_2 = 3` is a fragment.
docs/math.md says how much it strikes out with and without this.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Protocol

from bluepencil.programs import KEEP_ALL, Program, RemoveAll, RemoveLines, RemoveStr
from bluepencil.rewriting.math_answers import stated_answers
from bluepencil.rewriting.math_latex import blanked, find_formulas
from bluepencil.rewriting.math_pages import is_math_page

_MATH = re.compile(
    r"\\[A-Za-z]{2,}|\\\(|\\\[|\$[^$\n]*[\w)][^$\n]*\$|[\w)\]]\s?[=≤≥≠≈^√∑∫±×÷]\s?[\w(\[√\-−]|(?<![A-Za-z0-9_])[A-Za-z]_[\w{]"
    r"|[∀∂∃∇∈∏∑√∝∞∫≅≈≠≡≤≥⊂⊆ℝℤℕℂℚ𝐀-𝟿]|(?<![\u0370-\u03ff\u1f00-\u1fff])[α-ωΓΔΘΛΣΦΨΩ](?![\u0370-\u03ff\u1f00-\u1fff])"
)
# Addresses and the like have equals signs too.
_NOT_MATH = re.compile(r"https?://\S+|www\.\S+|[?&]\w+=|\w+=[\"']")


class _Proposal(Protocol):
    @property
    def program(self) -> Program: ...


class _Proposes(Protocol):
    @property
    def name(self) -> str: ...

    def describe(self) -> Mapping[str, Any]: ...

    def propose(self, texts: Sequence[str]) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class KeepMath:
    """A refiner that proposes what another does, except for what strikes out a formula.

    Lines are protected as wholes; a page of mathematics that was to be removed as a whole is kept as it is.
    """

    refiner: _Proposes

    @property
    def name(self) -> str:
        """Names the refiner: `tagger:1a2b3c4d+math`."""
        return f"{self.refiner.name}+math"

    def describe(self) -> Mapping[str, Any]:
        """Return what the other refiner says, and that formulas are protected."""
        return {**self.refiner.describe(), "keeps": "math"}

    def propose(self, texts: Sequence[str]) -> Sequence[Any]:
        """Return the other refiner's proposals without the edits that strike out formulas."""
        return [
            replace(proposal, program=protected(text, proposal.program))
            for text, proposal in zip(texts, self.refiner.propose(texts), strict=True)
        ]


def holds_math(text: str) -> bool:
    """Say whether a line holds a formula or a piece of one, or states an answer: "Answer: 80"."""
    return _MATH.search(_NOT_MATH.sub(" ", text)) is not None or bool(stated_answers(text))


def protected(text: str, program: Program) -> Program:
    """Return a program without what strikes out formulas of its text."""
    if not program.operations:
        return program
    lines = text.split("\n")
    formulas = [(span.start, span.end) for span in find_formulas(blanked(text)).spans]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    in_formulas = _lines_within(formulas, starts)
    kept: list[Any] = []
    for operation in program.operations:
        match operation:
            case RemoveAll():
                if is_math_page(text):
                    return KEEP_ALL
                kept.append(operation)
            case RemoveLines(start, end):
                numbers = range(start, min(end, len(lines)) + 1)
                keeps = [number in in_formulas or holds_math(lines[number - 1]) for number in numbers]
                kept += _without(start, keeps)
            case RemoveStr(line, piece):
                start = starts[line - 1] + lines[line - 1].find(piece)
                within = _overlaps(formulas, start, start + len(piece))
                kept += [] if within or holds_math(piece) else [operation]
            case _:
                kept.append(operation)
    return Program(tuple(kept))


def _lines_within(formulas: Sequence[tuple[int, int]], starts: Sequence[int]) -> frozenset[int]:
    """Return the numbers of the lines that formulas touch; `starts` is where each line begins."""
    found: set[int] = set()
    for start, end in formulas:
        found.update(range(bisect_right(starts, start), bisect_right(starts, max(start, end - 1)) + 1))
    return frozenset(found)


def _overlaps(formulas: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    place = bisect_right(formulas, (start, start))
    return any(first < end and start < last for first, last in formulas[max(0, place - 1) : place + 1])


def _without(start: int, keeps: Sequence[bool]) -> Iterator[RemoveLines]:
    """Yield the ranges that remain of the lines from `start` when those to be kept are left out."""
    first = start
    for number, keep in enumerate((*keeps, True), start):
        if keep:
            if first < number:
                yield RemoveLines(first, number - 1)
            first = number + 1
