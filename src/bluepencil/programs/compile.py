r"""Program + text -> disjoint spans of the text, and the calls that cannot be carried out on it.

Everything here counts in the text with one "\n" added at its end: then each line owns the "\n" after it,
removed lines are exactly the spans of the lines, and an empty line is one character wide and can be claimed
by one call only. `_to_text` takes the added "\n" back.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from bluepencil.programs.faults import Fault, FaultCode
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import (
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)


class Edit(NamedTuple):
    """The characters from `start` to `end` of the source become `new`."""

    start: int
    end: int
    new: str = ""


# Start, end and new text, counted with the added line end.
_Span = tuple[int, int, str]


class _RefusedError(Exception):
    """A call that cannot be carried out on this text."""

    def __init__(self, code: FaultCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Compiled(NamedTuple):
    """The edits, sorted and at least one character apart, and the faults of the calls left out."""

    edits: tuple[Edit, ...]
    faults: tuple[Fault, ...]


def compile_program(program: Program, text: str, *, replacements: bool) -> Compiled:
    """Return the edits that the program means for this text.

    Every call refers to the source: to its line numbers, and to its characters. A call that claims characters
    of an earlier one is left out; so is every other call beside remove_all(). Time grows with the length of
    the text and the number of calls, not with the numbers in the calls.
    """
    operations = program.operations
    if RemoveAll in set(map(type, operations)):
        return _remove_all(operations, text)
    claims = _Claims(text, replacements)
    faults: list[Fault] = []
    for call, operation in enumerate(operations, 1):
        try:
            claims.add(operation)
        except _RefusedError as refused:
            faults.append(Fault(refused.code, refused.message, call, 1, call))
    return Compiled(tuple(_to_text(claims.merged(), len(text))), tuple(faults))


def _remove_all(operations: tuple[Operation, ...], text: str) -> Compiled:
    effective = next(call for call, operation in enumerate(operations, 1) if type(operation) is RemoveAll)
    message = f"call {effective} removes the whole text"
    faults = [
        Fault(FaultCode.OVERLAP, message, call, 1, call)
        for call in range(1, len(operations) + 1)
        if call != effective
    ]
    return Compiled((Edit(0, len(text)),) if text else (), tuple(faults))


class _Claims:
    """The spans that calls have claimed so far: disjoint, sorted, `(start, end, new)`; and inserted lines."""

    def __init__(self, text: str, replacements: bool) -> None:
        self.text = text
        self.index = LineIndex(text)
        self.replacements = replacements
        self.spans: list[_Span] = []
        self.reach = 0
        self.insertions: list[_Span] = []
        self.kept_lines: set[int] = set()

    def add(self, operation: Operation) -> None:
        """Claim what the operation edits; raise _RefusedError when it cannot be carried out."""
        if type(operation) is RemoveLines:
            before = self.index.before
            start, end = operation.start - 1, operation.end
            if end >= len(before):
                raise self._missing(end)
            self._claim(before[start] + start, before[end] + end, "")
        elif type(operation) is RemoveStr:
            start, end = self._only(operation.line, operation.text)
            self._claim(start, end, "")
        elif type(operation) is KeepStr:
            self._keep(operation)
        elif not self.replacements:
            raise _RefusedError(FaultCode.NOT_ALLOWED, "the policy allows deletions only")
        elif type(operation) is ReplaceStr:
            start, end = self._only(operation.line, operation.old)
            self._claim(start, end, operation.new)
        elif type(operation) is InsertLine:
            if operation.after > self.index.count:
                raise self._missing(operation.after)
            at = self.index.before[operation.after] + operation.after
            self.insertions.append((at, at, operation.text + "\n"))

    def _missing(self, line: int) -> _RefusedError:
        message = f"there is no line {line}; the text has {self.index.count}"
        return _RefusedError(FaultCode.LINE_MISSING, message)

    def _only(self, line: int, string: str) -> tuple[int, int]:
        """Return the span of a string that occurs once in the line; occurrences may overlap each other."""
        before = self.index.before
        if line >= len(before):
            raise self._missing(line)
        end = before[line] + line - 1
        found = self.text.find(string, before[line - 1] + line - 1, end)
        if found < 0:
            raise _RefusedError(FaultCode.STRING_MISSING, f"line {line} does not contain {_shown(string)}")
        if self.text.find(string, found + 1, end) >= 0:
            message = f"line {line} contains {_shown(string)} more than once"
            raise _RefusedError(FaultCode.STRING_REPEATED, message)
        return found, found + len(string)

    def _keep(self, operation: KeepStr) -> None:
        """Claim what is left of the line beside the strings, all of it or none."""
        line = operation.line
        kept = sorted(self._only(line, text) for text in operation.texts)
        if line in self.kept_lines:
            raise _RefusedError(FaultCode.OVERLAP, f"an earlier call keeps parts of line {line}")
        rest = []
        at, end = self.index.start(line), self.index.end(line)
        for first, last in kept:
            if first > at:
                rest.append((at, first))
            at = max(at, last)
        if at < end:
            rest.append((at, end))
        if any(self._free_place(first, last) is None for first, last in rest):
            raise self._overlap()
        for first, last in rest:
            self._claim(first, last, "")
        self.kept_lines.add(line)

    def _claim(self, start: int, end: int, new: str) -> None:
        if start >= self.reach:
            self.spans.append((start, end, new))
            self.reach = end
            return
        place = self._free_place(start, end)
        if place is None:
            raise self._overlap()
        self.spans.insert(place, (start, end, new))

    def _free_place(self, start: int, end: int) -> int | None:
        """Return where a span belongs among those claimed; None when it overlaps one of them."""
        spans = self.spans
        # Where the starts are equal the spans overlap, on whichever side the search ends.
        at = bisect_right(spans, (start, end, ""))
        if (at and spans[at - 1][1] > start) or (at < len(spans) and spans[at][0] < end):
            return None
        return at

    def _overlap(self) -> _RefusedError:
        return _RefusedError(FaultCode.OVERLAP, "an earlier call edits the same place")

    def merged(self) -> list[_Span]:
        """Return spans and insertions so that no two touch."""
        spans = self.spans
        if self.insertions:
            # Insertions in one place stay in the order of their calls: the sort is stable.
            spans = sorted(self.insertions + spans, key=_place)
        merged: list[_Span] = []
        reach = -1
        for span in spans:
            start, end, new = span
            if start > reach:
                merged.append(span)
                reach = end
            else:
                before = merged[-1]
                reach = max(reach, end)
                merged[-1] = (before[0], reach, before[2] + new)
        return merged


def _place(span: _Span) -> tuple[int, int]:
    return span[0], span[1]


def _to_text(spans: list[_Span], length: int) -> Iterator[Edit]:
    r"""Return the edits of the text itself: the result loses its last "\n" instead of the added one."""
    if spans and spans[-1][1] > length:
        start, _, new = spans.pop()
        if start > length:
            start, new = length, "\n" + new[:-1]
        elif new:
            new = new[:-1]
        else:
            start = max(start - 1, 0)
        if spans and spans[-1][1] == start:
            before = spans.pop()
            start, new = before[0], before[2] + new
        if start < length or new:
            spans.append((start, length, new))
    return map(Edit._make, spans)


def _shown(string: str) -> str:
    return ascii(string) if len(string) <= 40 else ascii(string[:40]) + "..."
