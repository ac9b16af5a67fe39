"""From the probabilities of lines and spans to a program: pure text work, without the model.

The probabilities are one byte each, so that the ledger can keep them and another strength can be tried later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import or_

from bluepencil.errors import InputError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)

STRENGTHS = ("light", "normal", "strong")
"""How sure the tagger must be: each stands for an expected precision of deletions, in the model's card."""

STEPS = 250
"""A byte b up to here says: the line stays with probability b / STEPS."""

NO_WORDS = 255
"""The byte of a line without words; it goes with the lines around it."""

MOST_CALLS = 1000
"""A program has no more calls than the default policy carries out; those that remove most are kept."""

_SPAN = re.compile(r"(\d+):(\d+)-(\d+)=(\d+)")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Bytes under which something goes: a line, a span inside a line, and a text all of whose lines go."""

    lines: int
    spans: int
    whole: int


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of line `line` (from 1), which stay with probability `score` / STEPS."""

    line: int
    start: int
    end: int
    score: int

    def __str__(self) -> str:
        """Write it as the ledger keeps it: `12:0-23=17`."""
        return f"{self.line}:{self.start}-{self.end}={self.score}"


def read_spans(written: str) -> list[Span]:
    """Return the spans of a ledger field: `12:0-23=17 14:80-99=3`. Raises InputError."""
    spans = []
    for part in written.split():
        match = _SPAN.fullmatch(part)
        if not match:
            raise InputError(f"not a span with its score: {part!r}; expected LINE:START-END=SCORE")
        spans.append(Span(*map(int, match.groups())))
    return spans


def decide(text: str, line_scores: bytes, spans: Sequence[Span], thresholds: Thresholds) -> Program:
    """Return the program that the scores of a text mean at these thresholds.

    `line_scores` holds one byte per line. Contiguous lines that go become one call. When every line with
    words goes, the whole text goes if it is sure enough, and stays as it is otherwise.
    Raises InputError if the scores are not of this text.
    """
    lines = text.split("\n")
    verdict = judge(lines, line_scores, spans, thresholds)
    return settle(lines, verdict, line_scores, thresholds.whole)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which lines go, and the calls on lines that stay, each on one line. It is not yet a program."""

    goes: list[bool]
    calls: list[Operation]


def judge(lines: Sequence[str], line_scores: bytes, spans: Sequence[Span], thresholds: Thresholds) -> Verdict:
    """Return what becomes of each line by its own scores; one without words stays, and `settle` looks at it.

    Raises InputError if the scores are not of these lines.
    """
    if len(line_scores) != len(lines):
        raise InputError(f"{len(line_scores)} scores for {len(lines)} lines: they belong to another text")
    goes = [score < thresholds.lines for score in line_scores]
    strings: list[RemoveStr] = []
    for span in spans:
        if span.score >= thresholds.spans or goes[span.line - 1]:
            continue
        line = lines[span.line - 1]
        removed = line[span.start : span.end]
        if removed.strip() == line.strip():
            goes[span.line - 1] = True
        elif _occurs_once(removed, line):
            strings.append(RemoveStr(span.line, removed))
    return Verdict(goes, [string for string in strings if not goes[string.line - 1]])


def settle(
    lines: Sequence[str], verdict: Verdict, line_scores: bytes, whole: int, settled: Sequence[bool] = ()
) -> Program:
    """Return the program of a verdict: lines without words go or stay with those around them.

    Where every line with words goes, the whole text goes if the mean of its scores is below `whole`, and
    stays as it is otherwise. `settled` marks lines without words that have been decided about.
    """
    goes = list(verdict.goes)
    if not any(goes) and not verdict.calls:
        return KEEP_ALL
    with_words = [score != NO_WORDS for score in line_scores]
    if all(gone for gone, worded in zip(goes, with_words, strict=True) if worded):
        return REMOVE_ALL if _mean(lines, line_scores) < whole else KEEP_ALL
    _take_along(lines, goes, list(map(or_, with_words, settled)) if settled else with_words)
    taken = [gone and not before for gone, before in zip(goes, verdict.goes, strict=True)]
    return _program(goes, [call for call in verdict.calls if not taken[line_of(call) - 1]], lines)


def _occurs_once(part: str, line: str) -> bool:
    first = line.find(part)
    return first >= 0 and line.find(part, first + 1) < 0


def _mean(lines: Sequence[str], scores: bytes) -> float:
    """Return the mean score of the characters of lines with words."""
    pairs = [(len(line), score) for line, score in zip(lines, scores, strict=True) if score != NO_WORDS]
    return sum(size * score for size, score in pairs) / max(1, sum(size for size, _ in pairs))


def _take_along(lines: Sequence[str], goes: list[bool], with_words: Sequence[bool]) -> None:
    """Let lines without words go: an empty one after a line that goes, another one between two that go."""
    following = True
    next_goes = [False] * len(lines)
    for number in range(len(lines) - 1, -1, -1):
        next_goes[number] = following
        if with_words[number]:
            following = goes[number]
    before, seen = True, False
    for number, line in enumerate(lines):
        if with_words[number]:
            before, seen = goes[number], True
        elif before:
            goes[number] = next_goes[number] or (seen and not line.strip())


def _program(goes: Sequence[bool], inside: Sequence[Operation], lines: Sequence[str]) -> Program:
    """Return the calls in the order of the text, at most `MOST_CALLS`."""
    calls: list[tuple[int, int, Operation]] = []
    for gone, group in groupby(range(len(goes)), key=goes.__getitem__):
        if gone:
            numbers = list(group)
            size = sum(len(lines[number]) for number in numbers)
            calls.append((numbers[0] + 1, size, RemoveLines(numbers[0] + 1, numbers[-1] + 1)))
    calls += [(line_of(call), _size(call, lines), call) for call in inside]
    if len(calls) > MOST_CALLS:
        calls = sorted(calls, key=lambda call: -call[1])[:MOST_CALLS]
    return Program(tuple(call for _, _, call in sorted(calls, key=lambda call: call[0])))


def line_of(call: Operation) -> int:
    """Return the line of a call on one line; of an insertion the line that it follows, at least 1."""
    match call:
        case InsertLine(after, _):
            return max(1, after)
        case RemoveStr(line) | KeepStr(line) | ReplaceStr(line):
            return line
        case _:
            raise TypeError(f"{call} is not a call on one line")


def _size(call: Operation, lines: Sequence[str]) -> int:
    """Return how many characters a call is about, roughly."""
    return len(call.text) if isinstance(call, RemoveStr) else len(lines[line_of(call) - 1])
