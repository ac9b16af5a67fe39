"""ReScraper: a decision, the lines that are no main content, the decision again, and what it takes.

    <edit>
    <extract>
    rm 1-3
    <edit>
    rm 9
    sub 5: " Share this"

Decisions are <keep>, <delete>, <edit> and <rewrite>; the first of the two may be missing, as in the older
form. Between calls stand line ends or `;`. Lines are counted from 1. A text that the model wrote, after
<rewrite> or in the place of the calls of <edit>, is a fault, `rewrites-text`; what <extract> removes stays
removed. Source: ReScraper (CMU, 2026), its README and executor.
"""

import json
import re
from collections.abc import Mapping
from enum import StrEnum

from bluepencil.errors import ProgramError
from bluepencil.programs.dialects.faults import DialectFault
from bluepencil.programs.faults import Fault, FaultCode, Note
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import (
    KEEP_ALL,
    REMOVE_ALL,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
)
from bluepencil.programs.parse import DEFAULT_LIMITS, Limits, Parsed

_BETWEEN = re.compile(r"[\s;]*+")
_TAG = re.compile(r"<(keep|edit|delete|rewrite|extract)>(?=[\s;]|\Z)")
_END = re.compile(r"[ \t\r]*+(?=[;\n<]|\Z)")
_RM = re.compile(rf"rm[ \t]++([0-9]{{1,18}}+)(?:-([0-9]{{1,18}}+))?+(?={_END.pattern})")
_SUB = re.compile(r"""sub[ \t]++([0-9]{1,18}+):[ \t]*+(?=")""")
_JSON = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"')
_CALL = re.compile(r"(?:rm|sub)(?![^\s;:])")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_rescraper(source: str, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the program of an answer, and what is wrong with it.

    Lines are those that the answer names. An answer without <extract> or without the decision after it is cut
    off, and nothing of it is carried out; nor is anything where two decisions differ.
    """
    if len(source) > limits.max_characters:
        message = f"the program has {len(source)} characters; the limit is {limits.max_characters}"
        return Parsed(KEEP_ALL, (Fault(FaultCode.PROGRAM_TOO_LONG, message, 1, 1, 0),))
    reader = _Reader(source, limits.max_calls)
    try:
        program = reader.program()
    except _RefusedError as refused:
        reader.fault(refused.code, str(refused), refused.at, 0)
        program = KEEP_ALL
    return Parsed(program, tuple(reader.faults), tuple(reader.notes))


def render_rescraper(program: Program) -> str:
    """Return the answer that means a program; ProgramError for what ReScraper has no call for."""
    if program == KEEP_ALL:
        return "<keep>\n<extract>\n<keep>"
    if program == REMOVE_ALL:
        return "<delete>\n<extract>\n<delete>"
    return "\n".join(["<edit>\n<extract>\n<edit>", *map(_rendered, program.operations)])


def _rendered(operation: Operation) -> str:
    match operation:
        case RemoveLines(start, end):
            return f"rm {start:d}" if start == end else f"rm {start:d}-{end:d}"
        case RemoveStr(line, text):
            if _SURROGATE.search(text):
                raise ProgramError("a string of JSON cannot hold half a character (a lone surrogate)")
            return f"sub {line:d}: {json.dumps(text, ensure_ascii=False)}"
        case _:
            raise ProgramError(f"ReScraper has no call for {type(operation).__name__}")


def shown_lines(text: str, first_line: int = 1) -> list[int]:
    """Return the lines of a text that are shown, in order; the model numbers these from 1."""
    return [number for number, line in enumerate(text.split("\n"), first_line) if line.strip()]


def read_rescraper(source: str, text: str, first_line: int = 1, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the program of an answer in lines of the page; a call on a line not shown is a fault."""
    parsed = parse_rescraper(source, limits)
    shown = shown_lines(text, first_line)
    placed: list[Operation] = []
    faults: list[Fault] = []
    for call, operation in enumerate(parsed.program.operations, 1):
        match operation:
            case RemoveLines(start, end) if end <= len(shown):
                placed.append(RemoveLines(shown[start - 1], shown[end - 1]))
            case RemoveStr(line, string) if line <= len(shown):
                placed.append(RemoveStr(shown[line - 1], string))
            case RemoveAll():
                placed.append(operation)
            case _:
                message = f"{_rendered(operation)}: the page has the lines 1 to {len(shown)}"
                faults.append(Fault(FaultCode.LINE_MISSING, message, call, 1, call))
    return Parsed(Program(tuple(placed)), (*parsed.faults, *faults), parsed.notes)


def write_rescraper(program: Program, text: str, first_line: int = 1) -> str:
    """Return the answer that means a program in lines of the page; ProgramError where there is none.

    A range must begin and end with lines that are shown.
    """
    numbers = {line: number for number, line in enumerate(shown_lines(text, first_line), 1)}
    try:
        return render_rescraper(Program(tuple(_numbered(one, numbers) for one in program.operations)))
    except KeyError as error:
        raise ProgramError(f"line {error} is blank, so ReScraper does not see it") from error


def _numbered(operation: Operation, numbers: Mapping[int, int]) -> Operation:
    match operation:
        case RemoveLines(start, end):
            return RemoveLines(numbers[start], numbers[end])
        case RemoveStr(line, string):
            return RemoveStr(numbers[line], string)
        case _:
            return operation


class _RefusedError(Exception):
    """Why nothing of an answer is carried out."""

    def __init__(self, code: StrEnum, message: str, at: int) -> None:
        super().__init__(message)
        self.code = code
        self.at = at


class _Reader:
    """Reads an answer; what has been found so far is in `operations`, `faults` and `notes`."""

    def __init__(self, source: str, max_calls: int) -> None:
        self.source = source
        self.max_calls = max_calls
        self.index = LineIndex(source)
        self.at = 0
        self.calls = 0
        self.operations: list[Operation] = []
        self.faults: list[Fault] = []
        self.notes: list[Note] = []

    def program(self) -> Program:
        """Read the whole answer."""
        first = self._tag()
        if first is None:
            raise _RefusedError(FaultCode.NO_CALL, "expected a decision or <extract>", self.at)
        opening = first if first == "extract" else self._tag()
        if opening != "extract":
            raise self._cut_off("expected <extract>")
        self._read_calls()
        decision = self._tag()
        if decision is None or decision == "extract":
            raise self._cut_off("expected the decision after <extract>")
        if first not in ("extract", decision):
            message = f"the first decision is <{first}>, the second <{decision}>"
            raise _RefusedError(DialectFault.DECISIONS_DIFFER, message, self.at)
        if decision == "edit":
            self._read_edits()
        elif decision == "rewrite":
            self.fault(DialectFault.REWRITES_TEXT, "the rewritten text is not used", self.at, 0)
        else:
            self._note_rest()
        return REMOVE_ALL if decision == "delete" else Program(tuple(self.operations))

    def _cut_off(self, message: str) -> _RefusedError:
        return _RefusedError(FaultCode.CUT_OFF_CALL, message, self.at)

    def fault(self, code: StrEnum, message: str, at: int, call: int) -> None:
        """Take note of a fault at an offset."""
        self.faults.append(Fault(code, message, *self.index.locate(at), call))

    def _more(self) -> bool:
        """Pass over what separates calls, and say whether anything follows."""
        match = _BETWEEN.match(self.source, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.source)

    def _tag(self) -> str | None:
        """Read a tag if there is one."""
        self._more()
        match = _TAG.match(self.source, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[1]

    def _note_rest(self) -> None:
        """Read what stands after an answer that is complete."""
        while self._more():
            self.notes.append(Note(*self._line()))

    def _line(self) -> tuple[str, int, int]:
        """Read to the end of the line, and return what stood there and where."""
        start = self.at
        end = self.source.find("\n", start)
        self.at = len(self.source) if end < 0 else end
        return self.source[start : self.at].rstrip(), *self.index.locate(start)

    def _read_edits(self) -> None:
        """Read the calls of <edit>; text among them means that all of it is text."""
        start, before, faults = self.at, len(self.operations), len(self.faults)
        self._read_calls(is_edit=True)
        if any(fault.code is DialectFault.REWRITES_TEXT for fault in self.faults[faults:]):
            del self.operations[before:], self.faults[faults:]
            self.fault(DialectFault.REWRITES_TEXT, "there is text in the place of calls", start, 0)

    def _read_calls(self, *, is_edit: bool = False) -> None:
        """Read calls as far as the next tag, or the end."""
        while self._more():
            if not is_edit and _TAG.match(self.source, self.at):
                return
            start = self.at
            if not _CALL.match(self.source, start):
                code = DialectFault.REWRITES_TEXT if is_edit else FaultCode.UNKNOWN_CALL
                self.fault(code, f"not a call: {self._line()[0][:40]!a}", start, 0)
                continue
            self.calls += 1
            if self.calls > self.max_calls:
                message = f"there are more than {self.max_calls} calls"
                raise _RefusedError(FaultCode.TOO_MANY_CALLS, message, start)
            try:
                self.operations.append(self._call())
            except _RefusedError as refused:
                self.fault(refused.code, str(refused), refused.at, self.calls)
                self._line()

    def _call(self) -> Operation:
        start = self.at
        rm = _RM.match(self.source, start)
        if rm is not None:
            self.at = rm.end()
            first = int(rm[1])
            last = int(rm[2] or rm[1])
            if not 1 <= first <= last:
                message = f"lines are counted from 1, and ranges do not end before they start: {rm[0]}"
                raise _RefusedError(FaultCode.BAD_RANGE, message, start)
            return RemoveLines(first, last)
        sub = _SUB.match(self.source, start)
        if sub is None:
            raise _RefusedError(FaultCode.WRONG_ARGUMENT, 'expected rm A, rm A-B or sub A: "text"', start)
        string = self._string(sub.end())
        if int(sub[1]) < 1:
            raise _RefusedError(FaultCode.BAD_RANGE, "lines are counted from 1", start)
        if not string:
            raise _RefusedError(FaultCode.WRONG_ARGUMENT, "there is no text to remove", sub.end())
        return RemoveStr(int(sub[1]), string)

    def _string(self, at: int) -> str:
        token = _JSON.match(self.source, at)
        if token is None:
            raise _RefusedError(FaultCode.CUT_OFF_STRING, "expected a closing quote on the same line", at)
        if not _END.match(self.source, token.end()):
            raise _RefusedError(FaultCode.WRONG_ARGUMENT, "expected the end of the line", token.end())
        try:
            string = json.loads(token[0])
        except ValueError as error:
            raise _RefusedError(FaultCode.BAD_ESCAPE, "the string is not one of JSON", at) from error
        self.at = token.end()
        return str(string)
