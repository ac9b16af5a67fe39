"""Which lines a cascade asks its model about, in which windows, and how two verdicts become one program."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from bluepencil.programs import (
    Chunk,
    Fault,
    LineIndex,
    Operation,
    Policy,
    Program,
    RemoveAll,
    RemoveLines,
    check,
    join_programs,
    split_chunks,
)
from bluepencil.refiners.lm_chunks import Plan
from bluepencil.refiners.tagger_decide import NO_WORDS, STEPS, Thresholds, Verdict, judge, line_of, settle
from bluepencil.refiners.tagger_model import Scores

_UNGUARDED = Policy(replacements=True, max_deleted_share=1.0, max_calls=1 << 31)


class Page:
    """A text as the tagger sees it: its scores, its verdict, and how sure it is of each line."""

    def __init__(self, text: str, scores: Scores, thresholds: Thresholds) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.scores = scores
        self.thresholds = thresholds
        self.verdict = judge(self.lines, scores.lines, scores.spans, thresholds)

    @cached_property
    def worded(self) -> list[int]:
        """Places, from 0, of the lines with words."""
        return [place for place, score in enumerate(self.scores.lines) if score != NO_WORDS]

    @cached_property
    def confidence(self) -> list[int]:
        """How likely the verdict on each line is right, in steps of 1 / STEPS, counting the spans in it.

        Lines without words have STEPS.
        """
        found = []
        for score in self.scores.lines:
            goes = score < self.thresholds.lines
            found.append(STEPS - score if goes else min(score, STEPS))
        for span in self.scores.spans:
            if self.scores.lines[span.line - 1] >= self.thresholds.lines:
                sure = STEPS - span.score if span.score < self.thresholds.spans else span.score
                found[span.line - 1] = min(found[span.line - 1], sure)
        return found

    def unsure(self, sure: float) -> list[bool]:
        """Mark the lines of which the tagger is less sure than this; with 1.0 all of a text with words.

        Lines without words are marked where those with words on both sides are; the ends of the text count
        as the line beside them.
        """
        marked = [sure >= 1 or one < sure * STEPS for one in self.confidence]
        for place, line in enumerate(self.scores.lines):
            if line == NO_WORDS:
                marked[place] = False
        if not self.worded:
            return marked
        sides = [self.worded[0], *self.worded, self.worded[-1]]
        edges = [-1, *self.worded, len(self.lines)]
        for number in range(len(edges) - 1):
            both = marked[sides[number]] and marked[sides[number + 1]]
            for place in range(edges[number] + 1, edges[number + 1]):
                marked[place] = both
        return marked

    def windows(self, unsure: Sequence[bool], context: int) -> list[tuple[int, int]]:
        """Return first and last line, from 1, of what is shown: marked lines, `context` lines around them.

        Only lines with words count as context. Windows that overlap or touch are one.
        """
        found: list[tuple[int, int]] = []
        most = len(self.worded) - 1
        for number, place in enumerate(self.worded):
            if not unsure[place]:
                continue
            first, last = max(0, number - context), min(most, number + context)
            if found and first <= found[-1][1] + 1:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        shown = [(self.worded[first] + 1, self.worded[last] + 1) for first, last in found]
        if shown and unsure[0]:
            shown[0] = (1, shown[0][1])
        if shown and unsure[-1]:
            shown[-1] = (shown[-1][0], len(self.lines))
        return shown

    def plan(self, unsure: Sequence[bool], context: int, window: int, overlap: int) -> Plan:
        """Return the chunks of the windows that hold a marked line; sizes as those of `split_chunks`."""
        index = LineIndex(self.text)
        chunks: list[Chunk] = []
        for first, last in self.windows(unsure, context):
            begin = index.start(first)
            for chunk in split_chunks(self.text[begin : index.end(last)], window, overlap):
                here = _moved(chunk, first - 1, begin)
                if any(unsure[here.first_line - 1 : here.last_line]):
                    chunks.append(here)
        return Plan(self.text, tuple(chunks))


def _moved(chunk: Chunk, lines: int, characters: int) -> Chunk:
    return replace(
        chunk,
        first_line=chunk.first_line + lines,
        last_line=chunk.last_line + lines,
        start=chunk.start + characters,
        end=chunk.end + characters,
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """One program of two verdicts. `by_model` marks the lines that the model decided.

    faults: calls of the model that cannot be carried out. left_out: lines with words of which the tagger was
    sure, that the model would have edited and the program does not edit so.
    """

    program: Program
    by_model: list[bool]
    faults: tuple[Fault, ...]
    left_out: int


def merge(page: Page, unsure: Sequence[bool], chunks: Sequence[Chunk], programs: Sequence[Program]) -> Merged:
    """Return the program of a text: on marked lines of the chunks the model's, on all others the tagger's.

    `chunks` are those that the model has answered about, and `programs` its answers, in lines of the text.
    """
    by_model = [False] * len(page.lines)
    for chunk in chunks:
        by_model[chunk.first_line - 1 : chunk.last_line] = unsure[chunk.first_line - 1 : chunk.last_line]
    whole = join_programs(chunks, programs)
    faults = check(whole, page.text, _UNGUARDED)
    faulty = {fault.call for fault in faults}
    said = Program(tuple(one for call, one in enumerate(whole.operations, 1) if call not in faulty))
    if all(by_model):
        return Merged(said, by_model, faults, 0)
    model = _verdict(said, chunks, len(page.lines))
    tagger = page.verdict
    goes = [(model if asked else tagger).goes[place] for place, asked in enumerate(by_model)]
    calls = [call for call in tagger.calls if not by_model[line_of(call) - 1]]
    calls += [call for call in model.calls if by_model[line_of(call) - 1]]
    # Of what the model strikes out it is sure: so it counts when a whole page is at stake.
    scores = bytes(
        0 if asked and gone and score != NO_WORDS else score
        for score, asked, gone in zip(page.scores.lines, by_model, goes, strict=True)
    )
    program = settle(page.lines, Verdict(goes, calls), scores, page.thresholds.whole, by_model)
    return Merged(program, by_model, faults, _left_out(page, by_model, model, chunks))


def _verdict(program: Program, chunks: Sequence[Chunk], count: int) -> Verdict:
    """Return a program as what it says line by line; remove_all() is said of the lines of the chunks."""
    goes = [False] * count
    calls: list[Operation] = []
    for operation in program.operations:
        match operation:
            case RemoveAll():
                for chunk in chunks:
                    goes[chunk.first_line - 1 : chunk.last_line] = [True] * (
                        chunk.last_line - chunk.first_line + 1
                    )
            case RemoveLines(start, end):
                goes[start - 1 : end] = [True] * (end - start + 1)
            case _:
                calls.append(operation)
    return Verdict(goes, calls)


def _left_out(page: Page, by_model: Sequence[bool], model: Verdict, chunks: Sequence[Chunk]) -> int:
    """Count the lines of which the tagger was sure and which the model would have edited otherwise."""
    edited = {place for place, gone in enumerate(model.goes) if gone}
    edited |= {line_of(call) - 1 for call in model.calls if call not in page.verdict.calls}
    seen = {place for chunk in chunks for place in range(chunk.first_line - 1, chunk.last_line)}
    return sum(
        not by_model[place] and page.scores.lines[place] != NO_WORDS and not page.verdict.goes[place]
        for place in edited & seen
    )


def ranges(marked: Sequence[bool]) -> str:
    """Return the marked lines, from 1, as the ledger keeps them: `3-5 9`."""
    found = []
    for one, places in groupby(range(len(marked)), key=marked.__getitem__):
        if one:
            run = list(places)
            found.append(f"{run[0] + 1}-{run[-1] + 1}" if len(run) > 1 else str(run[0] + 1))
    return " ".join(found)
