"""What the dialects of other systems have in common when an answer is read."""

from bisect import bisect_right
from collections.abc import Sequence

from bluepencil.llm import after_thinking
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Chunk,
    Cost,
    Fault,
    LineIndex,
    Operation,
    Parsed,
    Policy,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
    check,
)
from bluepencil.programs.dialects import DialectFault
from bluepencil.refiners.lm_dialect import lines_of, within

ALL_ALLOWED = Policy(replacements=True, max_deleted_share=1.0)


def spoken(answer: str) -> str | Parsed:
    """Return an answer without the thinking before it; a fault where that never ends."""
    said = after_thinking(answer)
    if said is None:
        fault = Fault(DialectFault.THINKING, "the answer ends inside <think>", 1, 1, 0)
        return Parsed(KEEP_ALL, (fault,))
    return said


def finished(parsed: Parsed, text: str, chunk: Chunk, cost: Cost) -> Parsed:
    """Return a program, in lines of the document, with only the calls that its chunk may make."""
    inside, faults = within(parsed.program, chunk.first_line, chunk.last_line)
    shown = text[chunk.start : chunk.end]
    here = settled(inside.shifted(1 - chunk.first_line), shown)
    if cost is not Cost.CALL:
        # Later the calls of all chunks are one program, and nobody can tell whose fault was whose.
        faults += check(here, shown, ALL_ALLOWED)
        here = KEEP_ALL if faults or parsed.faults else here
    return Parsed(here.shifted(chunk.first_line - 1), (*parsed.faults, *faults), parsed.notes)


def settled(program: Program, text: str) -> Program:
    """Return what the calls mean together: these systems take removed lines as one set.

    So ranges may overlap, and a call on a line that is removed as well says nothing more. A replacement that
    only deletes becomes a removal, so that it needs no policy that allows replacements.
    """
    if any(isinstance(operation, RemoveAll) for operation in program.operations):
        return REMOVE_ALL
    ranges = united([o for o in program.operations if isinstance(o, RemoveLines)])
    rest = [o for o in program.operations if not isinstance(o, RemoveLines)]
    index = LineIndex(text)
    kept = [_deletion(operation, index) for operation in rest if not _covers(ranges, lines_of(operation)[0])]
    return Program((*ranges, *kept))


def united(ranges: Sequence[RemoveLines]) -> list[RemoveLines]:
    """Return ranges of the same lines, sorted and disjoint."""
    found: list[RemoveLines] = []
    for one in sorted(ranges, key=lambda one: one.start):
        if found and one.start <= found[-1].end + 1:
            found[-1] = RemoveLines(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _covers(ranges: Sequence[RemoveLines], line: int) -> bool:
    at = bisect_right(ranges, line, key=lambda one: one.start)
    return at > 0 and ranges[at - 1].end >= line


def _deletion(operation: Operation, index: LineIndex) -> Operation:
    """Return a replacement that deletes one piece of its string as a removal, where that piece is unique."""
    if not isinstance(operation, ReplaceStr) or operation.line > index.count:
        return operation
    old, new = operation.old, operation.new
    line = index.line(operation.line)
    at = line.find(old)
    if len(new) >= len(old) or at < 0 or line.find(old, at + 1) >= 0:
        return operation
    same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new))
    piece = old[same : same + len(old) - len(new)]
    if old[:same] + old[same + len(piece) :] != new:
        return operation
    only = line.find(piece, line.find(piece) + 1) < 0
    return RemoveStr(operation.line, piece) if only else operation
