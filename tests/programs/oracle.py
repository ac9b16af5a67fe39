"""The slow, obvious executor: lists of lines, a set of claimed places, one call after the other."""

from bluepencil.programs import (
    FaultCode,
    InsertLine,
    KeepStr,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)


def occurrences(string: str, line: str) -> list[int]:
    return [at for at in range(len(line)) if line[at : at + len(string)] == string]


def execute_slowly(
    program: Program, text: str, replacements: bool
) -> tuple[str, list[tuple[FaultCode, int]]]:
    """Return the result, without any guard, and the faults as (code, number of the call)."""
    faults: list[tuple[FaultCode, int]] = []
    whole = [call for call, op in enumerate(program.operations, 1) if isinstance(op, RemoveAll)]
    if whole:
        calls = range(1, len(program.operations) + 1)
        return "", [(FaultCode.OVERLAP, call) for call in calls if call != whole[0]]
    state = _State(text)
    for call, op in enumerate(program.operations, 1):
        fault = state.fault(op, replacements)
        if fault is None:
            state.apply(op)
        else:
            faults.append((fault, call))
    return state.result(), faults


def strings_of(op) -> tuple[str, ...]:
    match op:
        case RemoveStr(_, string) | ReplaceStr(_, string, _):
            return (string,)
        case KeepStr(_, strings):
            return strings
    return ()


def places_named(op: KeepStr, line: str) -> set[int]:
    starts = [(occurrences(string, line)[0], len(string)) for string in op.texts]
    return {column for start, length in starts for column in range(start, start + length)}


class _State:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        # (line, column) from 0; the column after the last character stands for the line end.
        self.claimed: set[tuple[int, int]] = set()
        self.kept_lines: set[int] = set()
        self.removed: set[int] = set()
        self.new: dict[tuple[int, int], str] = {}
        self.inserted: dict[int, list[str]] = {}

    def places(self, op) -> list[tuple[int, int]]:
        match op:
            case RemoveLines(start, end):
                lines = range(start - 1, end)
                return [(line, column) for line in lines for column in range(len(self.lines[line]) + 1)]
            case RemoveStr(line, string) | ReplaceStr(line, string, _):
                at = occurrences(string, self.lines[line - 1])[0]
                return [(line - 1, column) for column in range(at, at + len(string))]
            case KeepStr(line, _):
                content = self.lines[line - 1]
                rest = set(range(len(content))) - places_named(op, content)
                return [(line - 1, column) for column in rest]
        return []

    def fault(self, op, replacements: bool) -> FaultCode | None:
        if isinstance(op, ReplaceStr | InsertLine) and not replacements:
            return FaultCode.NOT_ALLOWED
        last = op.end if isinstance(op, RemoveLines) else op.after if isinstance(op, InsertLine) else op.line
        if last > len(self.lines):
            return FaultCode.LINE_MISSING
        for string in strings_of(op):
            found = occurrences(string, self.lines[op.line - 1])
            if len(found) != 1:
                return FaultCode.STRING_REPEATED if found else FaultCode.STRING_MISSING
        twice = isinstance(op, KeepStr) and op.line in self.kept_lines
        return FaultCode.OVERLAP if twice or self.claimed & set(self.places(op)) else None

    def apply(self, op) -> None:
        places = self.places(op)
        self.claimed |= set(places)
        if isinstance(op, KeepStr):
            self.kept_lines.add(op.line)
        match op:
            case RemoveLines(start, end):
                self.removed |= set(range(start - 1, end))
            case ReplaceStr(_, _, new):
                self.new[places[0]] = new
            case InsertLine(after, text):
                self.inserted.setdefault(after, []).append(text)

    def result(self) -> str:
        out = list(self.inserted.get(0, []))
        for number, line in enumerate(self.lines):
            if number not in self.removed:
                out.append("".join(self._character(number, column, c) for column, c in enumerate(line)))
            out += self.inserted.get(number + 1, [])
        return "\n".join(out)

    def _character(self, number: int, column: int, character: str) -> str:
        if (number, column) in self.new:
            return self.new[number, column]
        return "" if (number, column) in self.claimed else character
