"""A document in chunks for a model, and the answers to them as one proposal.

No line is ever cut. A chunk that has no whole answer stays as it is, and so does a line that is longer than
the window; both are counted, by fault codes of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from bluepencil.programs import KEEP_ALL, Chunk, Fault, Program, RemoveAll, RemoveLines, split_chunks
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.lm_dialect import Dialect, lines_of
from bluepencil.refiners.lm_generate import Generation


class ChunkFault(StrEnum):
    """What can be wrong with a chunk; why an answer is not whole has codes of its own, see `Finish`."""

    LINE_TOO_LONG = "line-too-long"
    CHUNKS_DISAGREE = "chunks-disagree"


class LinesFault(Fault):
    """A fault that concerns lines of the document, and no place in a program."""

    __slots__ = ()

    def __str__(self) -> str:
        """Say what happened to which lines."""
        return self.message


def _fault(code: StrEnum, message: str) -> LinesFault:
    return LinesFault(code, message, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """A text and its chunks; `asked` are the places of those that a model is asked about."""

    text: str
    chunks: tuple[Chunk, ...]

    @property
    def asked(self) -> list[int]:
        """Places of the chunks that a model is asked about."""
        return [place for place, chunk in enumerate(self.chunks) if not chunk.too_long]


def plan(text: str, window: int, overlap: int) -> Plan:
    """Split a text at line ends; one with nothing to see in it has no chunks. Sizes are in characters."""
    if not text.strip():
        return Plan(text, ())
    return Plan(text, tuple(split_chunks(text, window, overlap)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the answers about a text say, chunk by chunk.

    A chunk is not `decided` where there is no whole answer, and not `usable` where, besides, nothing but
    faults is in the answer. `annotations` are those of the ledger.
    """

    programs: Sequence[Program]
    decided: Sequence[bool]
    usable: Sequence[bool]
    faults: tuple[Fault, ...]
    annotations: dict[str, Any]


def proposal(planned: Plan, answers: Sequence[Generation], dialect: Dialect) -> Proposal:
    """Return what the answers come to, one for each chunk that was asked about."""
    found = read_answers(planned, answers, dialect)
    program = dialect.join(planned.text, planned.chunks, found.programs)
    return Proposal(program, found.faults, found.annotations)


def read_answers(
    planned: Plan, answers: Sequence[Generation], dialect: Dialect, otherwise: str = "stay as they are"
) -> Reading:
    """Return what the answers say, one for each chunk that was asked about.

    `otherwise` says for the record what becomes of lines without an answer.
    """
    programs = [KEEP_ALL] * len(planned.chunks)
    decided = [False] * len(planned.chunks)
    usable = [False] * len(planned.chunks)
    faults: list[Fault] = [
        _without_answer(chunk, ChunkFault.LINE_TOO_LONG, otherwise, "longer than the window")
        for chunk in planned.chunks
        if chunk.too_long
    ]
    for place, answer in zip(planned.asked, answers, strict=True):
        chunk = planned.chunks[place]
        if answer.is_whole:
            parsed = dialect.read(answer.text, planned.text, chunk)
            programs[place] = parsed.program
            decided[place] = True
            usable[place] = not (parsed.faults and parsed.program.keeps_all)
            faults += parsed.faults
        else:
            faults.append(_without_answer(chunk, answer.finish_reason, otherwise, answer.detail))
    differing = list(conflicts(planned.chunks, programs, decided))
    faults += [fault for fault, _ in differing]
    notes = _annotations(planned, answers, dialect, sum(lines for _, lines in differing))
    return Reading(programs, decided, usable, tuple(faults), notes)


def _without_answer(chunk: Chunk, code: StrEnum, otherwise: str, detail: str) -> Fault:
    why = f"{code}: {detail}" if detail else code
    return _fault(code, f"lines {chunk.first_line} to {chunk.last_line} {otherwise}: {why}")


def _annotations(
    planned: Plan, answers: Sequence[Generation], dialect: Dialect, conflicting: int
) -> dict[str, Any]:
    notes: dict[str, Any] = {
        "prompt_hash": dialect.prompt_hash,
        "tokens_in": sum(answer.tokens_in for answer in answers),
        "tokens_out": sum(answer.tokens_out for answer in answers),
        "chunks": len(planned.chunks),
    }
    undecided = len(planned.chunks) - sum(answer.is_whole for answer in answers)
    if undecided:
        notes["undecided_chunks"] = undecided
    if conflicting:
        notes["conflicting_lines"] = conflicting
    return notes


def conflicts(
    chunks: Sequence[Chunk], programs: Sequence[Program], decided: Sequence[bool]
) -> Iterator[tuple[Fault, int]]:
    """Yield a fault for each two neighbours that say different things of lines that both saw, and how many.

    The line goes by the chunk that shows more around it; see `join_programs`.
    """
    for place, (one, other) in enumerate(pairwise(chunks)):
        if other.first_line > one.last_line or not (decided[place] and decided[place + 1]):
            continue
        first, last = other.first_line, one.last_line
        said = [_said(program, first, last) for program in programs[place : place + 2]]
        differing = [line for line in range(first, last + 1) if said[0].get(line) != said[1].get(line)]
        if differing:
            message = f"two chunks disagree on {len(differing)} of the lines {first} to {last}"
            yield _fault(ChunkFault.CHUNKS_DISAGREE, message), len(differing)


def _said(program: Program, first: int, last: int) -> dict[int, set[Any]]:
    """Return what a program says of each line from `first` to `last` that it edits."""
    said: dict[int, set[Any]] = {}
    for operation in program.operations:
        low, high = lines_of(operation)
        if isinstance(operation, RemoveAll):
            low, high = first, last
        is_gone = isinstance(operation, RemoveAll | RemoveLines)
        for line in range(max(low, first), min(high, last) + 1):
            said.setdefault(line, set()).add("gone" if is_gone else operation)
    return said
