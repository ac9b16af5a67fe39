"""A program as another system's refiner would write it: what its language cannot say is said in another way.

Where there is none, that chunk is no example. Nothing is said that means something else; only white space at
both ends of a line and blank lines may differ, which no rule here counts and those refiners do not see.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from bluepencil.errors import ProgramError
from bluepencil.programs import LineIndex, Operation, Program, RemoveLines, RemoveStr, ReplaceStr
from bluepencil.programs.dialects.languages import Language


class DialectReason(StrEnum):
    """Why a chunk, or a pair, cannot be an example in a dialect. Stored and counted."""

    STRING_REPEATED = "string-repeated"
    """A string stands twice where the call looks for it: in the chunk, if it names no line, or in its line,
    with white space around the line that the refiner does not see."""
    NO_CALL = "no-call"
    """The language, or what its parser allows, has no call for an edit."""
    PAGE_TOO_LONG = "page-too-long"
    """The refiner reads whole pages, and this one does not fit its window."""
    NOTHING_SHOWN = "nothing-shown"
    """There is nothing to see in the text, so no refiner is asked about it."""


class DialectError(Exception):
    """What a dialect cannot say, with the reason code for it."""

    def __init__(self, reason: DialectReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def said(program: Program, text: str, first_line: int, language: Language, *, replacements: bool) -> str:
    """Return the answer that means a program of a chunk; DialectError where the language has none.

    Lines of the program count from `first_line`, the number of the first line of `text`.
    """
    here = fitted(program.shifted(1 - first_line), text, language, replacements=replacements)
    meant = here.shifted(first_line - 1)
    try:
        answer = language.render(meant, text, first_line)
    except ProgramError as error:
        raise DialectError(DialectReason.NO_CALL) from error
    parsed = language.parse(answer, text, first_line)
    if parsed.faults or parsed.program != meant:
        # Beyond what the parser allows, such as the number of calls.
        raise DialectError(DialectReason.NO_CALL)
    return answer


def fitted(program: Program, text: str, language: Language, *, replacements: bool) -> Program:
    """Return a program with the same result in calls that the language has; lines count in the text.

    The program is one for the text as it is seen, which has the same lines.
    """
    index = LineIndex(text)
    operations = program.operations
    if not language.blank_lines:
        operations = tuple(_between_shown(operations, index))
    for operation in operations:
        _check_once(operation, index)
    if language.name == "prox-c":
        operations = tuple(_in_chunk(operations, index, replacements=replacements))
    return Program(operations)


def _between_shown(operations: Sequence[Operation], index: LineIndex) -> Iterator[Operation]:
    """Yield the calls with ranges from one shown line to another; what lies between shows is one range."""
    shown = [number for number, line in enumerate(index.text.split("\n"), 1) if line.strip()]
    places = {number: place for place, number in enumerate(shown)}
    last: RemoveLines | None = None
    for operation in operations:
        if isinstance(operation, RemoveLines):
            numbers = [number for number in range(operation.start, operation.end + 1) if number in places]
            if not numbers:
                continue
            if last is not None and places[numbers[0]] == places[last.end] + 1:
                last = RemoveLines(last.start, numbers[-1])
                continue
            operation = RemoveLines(numbers[0], numbers[-1])
        if last is not None:
            yield last
        last = operation if isinstance(operation, RemoveLines) else None
        if last is None:
            yield operation
    if last is not None:
        yield last


def _check_once(operation: Operation, index: LineIndex) -> None:
    """Raise where the string of a call stands more than once in its line as it is."""
    if isinstance(operation, RemoveStr | ReplaceStr):
        old = operation.text if isinstance(operation, RemoveStr) else operation.old
        line = index.line(operation.line)
        if line.find(old, line.find(old) + 1) >= 0:
            raise DialectError(DialectReason.STRING_REPEATED)


def _in_chunk(
    operations: Sequence[Operation], index: LineIndex, *, replacements: bool
) -> Iterator[Operation]:
    """Yield calls of which each string stands in the chunk once, with text around it where it has to."""
    spans = [_span(operation, index) for operation in operations]
    taken = sorted({span for span in spans if span is not None})
    for operation, span in zip(operations, spans, strict=True):
        if span is None or not isinstance(operation, RemoveStr | ReplaceStr) or _once(index.text, *span):
            yield operation
            continue
        wider = _wider(index, operation.line, span, taken) if replacements else None
        if wider is None:
            raise DialectError(DialectReason.STRING_REPEATED)
        taken[taken.index(span)] = wider
        new = operation.new if isinstance(operation, ReplaceStr) else ""
        text = index.text
        yield ReplaceStr(
            operation.line,
            text[wider[0] : wider[1]],
            text[wider[0] : span[0]] + new + text[span[1] : wider[1]],
        )


def _span(operation: Operation, index: LineIndex) -> tuple[int, int] | None:
    """Return where the string of a call stands in the text."""
    if not isinstance(operation, RemoveStr | ReplaceStr):
        return None
    old = operation.text if isinstance(operation, RemoveStr) else operation.old
    at = index.text.find(old, index.start(operation.line))
    return at, at + len(old)


def _wider(
    index: LineIndex, line: int, span: tuple[int, int], taken: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """Return the shortest span around another, in its line and beside all others, that occurs once."""
    place = taken.index(span)
    least, most = index.start(line), index.end(line)
    if place:
        least = max(least, taken[place - 1][1])
    if place + 1 < len(taken):
        most = min(most, taken[place + 1][0])
    text = index.text
    end = most
    best: tuple[int, int] | None = None
    for start in range(span[0], least - 1, -1):
        # What starts earlier ends no later: with more before it, no more is needed behind.
        while end > span[1] and _once(text, start, end - 1):
            end -= 1
        if _once(text, start, end) and (best is None or end - start < best[1] - best[0]):
            best = start, end
    return best


def _once(text: str, start: int, end: int) -> bool:
    found = text.find(text[start:end])
    return text.find(text[start:end], found + 1) < 0
