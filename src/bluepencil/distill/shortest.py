"""Deletions -> the program with the same result that costs least."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bluepencil.distill.cost import cost
from bluepencil.distill.embed import occurs_once
from bluepencil.distill.lines import LineEdit, cheapest_edit
from bluepencil.distill.mapping import EditCost, map_lines
from bluepencil.distill.replacing import replacing
from bluepencil.errors import ProgramError
from bluepencil.programs import (
    KEEP_ALL,
    REMOVE_ALL,
    Operation,
    Policy,
    Program,
    RemoveLines,
    RemoveStr,
    execute,
)

Spans = Sequence[tuple[int, int]]

# Of a policy that refuses nothing: whether too much is deleted is for a screen to say.
_NO_LIMITS = Policy(replacements=True, max_deleted_share=1.0, max_calls=10**9)


@dataclass(frozen=True, slots=True)
class Solution:
    """The cheapest program for a result, and how sure that is.

    `cost` is that of `bluepencil.distill.cost`, in quarter tokens. When the result is not `reachable`, the
    program carries out what it can of the deletions and leaves `missed` characters too many. When not
    `optimal`, the text is so large or repetitive that the search for a cheaper program (or, when not
    reachable either, for any) was cut short.
    """

    program: Program
    cost: int
    reachable: bool = True
    optimal: bool = True
    missed: int = 0


def shortest(
    raw: str,
    deletions: Spans,
    *,
    replacements: bool = False,
    remove_all: bool = True,
    keep_str: bool = True,
) -> Program:
    """Return the cheapest program whose result is `raw` without the deletions.

    `deletions` are sorted, disjoint spans of characters; only their result counts, the program may delete the
    same text from other places. Raises ProgramError when no program has this result. See `solve`.
    """
    solution = solve(raw, deletions, replacements=replacements, remove_all=remove_all, keep_str=keep_str)
    if not solution.reachable:
        raise ProgramError(
            f"no program of deletions leaves this text: {solution.missed} characters cannot be deleted, "
            "because they join two lines, or no string that occurs once in their line sets them apart"
        )
    return solution.program


def solve(
    raw: str,
    deletions: Spans,
    *,
    replacements: bool = False,
    remove_all: bool = True,
    keep_str: bool = True,
) -> Solution:
    """Return the cheapest program for the deletions, and say whether it reaches the result and is the best.

    A result is reachable when each of its lines is a line of `raw`, in order, less what can be said with
    strings that each occur once in that line: some that go, or some that stay less some that go. With
    `replacements` a line that is not, but is a line of `raw` less some characters, is reached by replacing
    what occurs more than once together with text around it, and so is one for which that is cheaper than to
    keep strings; then the program is not said to be optimal. `remove_all` allows `remove_all()`, which
    RefineX's own language does not have, and `keep_str` allows `keep_str()`, which no published one has:
    without it a result needs strings that go and each occur once, and the program is the cheapest of those.
    """
    target = without(raw, deletions)
    if target == raw:
        return Solution(KEEP_ALL, cost(KEEP_ALL))
    source = raw.split("\n")
    if not target:
        program = REMOVE_ALL if remove_all else Program((RemoveLines(1, len(source)),))
        return Solution(program, cost(program))
    left = target.split("\n")
    edits = _Edits(replacements, keep_str)
    mapping = map_lines(source, left, edits.cost, lambda: _places(raw, deletions, len(left)))
    if mapping.places is None:
        return _nearest(raw, deletions, len(target), mapping.proven, keep_str)
    program = Program(tuple(_operations(source, left, mapping.places, edits)))
    return Solution(program, mapping.cost, optimal=mapping.proven)


def without(raw: str, deletions: Spans) -> str:
    """Return the text without the deleted spans."""
    pieces = []
    at = 0
    for start, end in deletions:
        pieces.append(raw[at:start])
        at = end
    pieces.append(raw[at:])
    return "".join(pieces)


def _edit(line: str, left: str, keep_str: bool) -> LineEdit:
    # The call that `align` makes, to the letter: its answer is remembered, and looked for once.
    return cheapest_edit(line, left) if keep_str else cheapest_edit(line, left, keeps=False)


class _Edits:
    """How one line becomes another: by strings removed or kept, or where that cannot be, replaced."""

    def __init__(self, replacements: bool, keep_str: bool = True) -> None:
        self.replacements = replacements
        self.keep_str = keep_str

    def cost(self, line: str, left: str) -> EditCost:
        edit = _edit(line, left, self.keep_str)
        replaced = self._replaced(line, left, edit)
        if replaced is not None:
            return EditCost(cost(replaced), proven=False)
        return EditCost(edit.cost, edit.proven)

    def operations(self, number: int, line: str, left: str) -> Iterable[Operation]:
        edit = _edit(line, left, self.keep_str)
        replaced = self._replaced(line, left, edit)
        if replaced is not None:
            return replaced.shifted(number - 1).operations
        return edit.operations(number, line)

    def _replaced(self, line: str, left: str, edit: LineEdit) -> Program | None:
        """Return the program of one line with replacements, where these may be used and save something."""
        if not self.replacements or (edit.possible and not edit.pieces):
            return None
        program = Program(tuple(replacing(1, line, left)))
        return program if edit.cost is None or cost(program) < edit.cost else None


def _operations(
    source: Sequence[str], left: Sequence[str], places: Sequence[int], edits: _Edits
) -> Iterator[Operation]:
    after = 0
    for row, place in enumerate(places):
        if place > after:
            yield RemoveLines(after + 1, place)
        if source[place] != left[row]:
            yield from edits.operations(place + 1, source[place], left[row])
        after = place + 1
    if after < len(source):
        yield RemoveLines(after + 1, len(source))


def _places(raw: str, deletions: Spans, rows: int) -> list[int] | None:
    """Return the source line, counted from 0, of each line that the deletions leave.

    None when they join parts of two lines to one.
    """
    places = []
    line = 0
    holder = -1
    at = 0
    for start, end in [*deletions, (len(raw), len(raw))]:
        for number, piece in enumerate(raw[at:start].split("\n")):
            if number:
                places.append(line if holder < 0 else holder)
                line += 1
                holder = -1
            if piece:
                if holder not in (-1, line):
                    return None
                holder = line
        line += raw.count("\n", start, end)
        at = end
    places.append(line if holder < 0 else holder)
    rising = all(one < two for one, two in pairwise(places))
    return places if rising and len(places) == rows else None


def _nearest(raw: str, deletions: Spans, length: int, proven: bool, keep_str: bool) -> Solution:
    """Return the program that carries out those of the deletions that can be, for a result out of reach."""
    program = Program(tuple(_joined(_possible(raw, deletions, keep_str))))
    missed = len(execute(program, raw, _NO_LIMITS).text) - length
    return Solution(program, cost(program), reachable=False, optimal=proven, missed=missed)


def _possible(raw: str, deletions: Spans, keep_str: bool) -> Iterator[Operation]:
    """Yield what can be carried out of the deletions as they stand, a call per line or string."""
    starts = [start for start, _ in deletions]
    # The line end that the last removed line took with it.
    taken = -1
    start = 0
    for number, line in enumerate(raw.split("\n"), 1):
        end = start + len(line)
        first = max(bisect_right(starts, start) - 1, 0)
        near = deletions[first : bisect_right(starts, end)]
        parts = [(max(a, start) - start, min(b, end) - start) for a, b in near if a < end and b > start]
        whole = sum(b - a for a, b in parts) == len(line)
        if whole and any(a <= end < b for a, b in near):
            taken = end
            yield RemoveLines(number, number)
        elif whole and taken != start - 1 and any(a < start <= b for a, b in near):
            yield RemoveLines(number, number)
        else:
            yield from _parts_removed(number, line, parts, keep_str)
        start = end + 1


def _parts_removed(number: int, line: str, parts: Spans, keep_str: bool) -> Iterator[Operation]:
    edit = _edit(line, without(line, parts), keep_str)
    if edit.possible:
        yield from edit.operations(number, line)
        return
    for start, end in parts:
        if occurs_once(line, start, end):
            yield RemoveStr(number, line[start:end])


def _joined(operations: Iterable[Operation]) -> Iterator[Operation]:
    """Make one range of each stretch of removed lines."""
    first = last = 0
    for operation in operations:
        if isinstance(operation, RemoveLines) and operation.start == last + 1 and first:
            last = operation.end
            continue
        if first:
            yield RemoveLines(first, last)
            first = 0
        if isinstance(operation, RemoveLines):
            first, last = operation.start, operation.end
        else:
            yield operation
    if first:
        yield RemoveLines(first, last)
