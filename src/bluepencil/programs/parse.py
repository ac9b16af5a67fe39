"""Text -> program, strictly: what is not exactly a call of the language is a fault or a note, not a guess."""

import re
from dataclasses import dataclass, field

from bluepencil.errors import OptionError, ProgramError
from bluepencil.programs.faults import Cost, Fault, FaultCode, Note
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import (
    KEEP_ALL,
    MAX_DIGITS,
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)
from bluepencil.programs.scan import Problem, scan
from bluepencil.programs.tokens import unquote

_NUMBER = rf"\s*+([0-9]{{1,{MAX_DIGITS}}}+)\s*+"
_ESCAPES = r"""\\(?:[\\"'nrt]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"""
_QUOTED = rf""""[^"\\]*+(?:{_ESCAPES}[^"\\]*+)*+"|'[^'\\]*+(?:{_ESCAPES}[^'\\]*+)*+'"""
_STRING = rf"\s*+({_QUOTED})\s*+"
_STRINGS = rf"((?:\s*+(?:{_QUOTED})\s*+,)*+\s*+(?:{_QUOTED}))\s*+"
# A call that edits, as it should be, and what separates it from the next; the last group is anything else.
_CALLS = re.compile(
    rf"(?:remove_lines\s*+\({_NUMBER},{_NUMBER}\)"
    rf"|remove_str\s*+\({_NUMBER},{_STRING}\)"
    rf"|(remove_all)\s*+\(\s*+\)"
    rf"|replace_str\s*+\({_NUMBER},{_STRING},{_STRING}\)"
    rf"|insert_line\s*+\({_NUMBER},{_STRING}\)"
    rf"|keep_str\s*+\({_NUMBER},{_STRINGS}\))"
    r"[\s;]*+|([\s\S])"
)
_STRINGS_OF = re.compile(_QUOTED)
_BETWEEN = re.compile(r"[\s;]*+")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a program may be before it is refused as a whole."""

    max_calls: int = 1000
    max_characters: int = 1_000_000

    def __post_init__(self) -> None:
        if self.max_calls < 1 or self.max_characters < 1:
            raise OptionError("max_calls and max_characters must be 1 or more")


@dataclass(frozen=True, slots=True)
class Parsed:
    """The program that may be executed, the faults that kept calls out, and the text around the calls."""

    program: Program
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()


DEFAULT_LIMITS = Limits()


def parse(source: str, limits: Limits = DEFAULT_LIMITS, cost: Cost = Cost.CALL) -> Parsed:
    """Read the text of a program. Never raises: what is wrong with it is in the faults.

    With Cost.CALL a faulty call is left out; with CHUNK or DOCUMENT any fault leaves `KEEP_ALL`. So do, at
    any cost: keep_all() beside another call, more calls or characters than the limits allow, no call at all.
    A call counts at the start of a line, after another call, or after `;`. Time is linear in the source.
    """
    if len(source) > limits.max_characters:
        message = f"the program has {len(source)} characters; the limit is {limits.max_characters}"
        return Parsed(KEEP_ALL, (Fault(FaultCode.PROGRAM_TOO_LONG, message, 1, 1, 0),))
    operations = _well_formed(source)
    if operations and len(operations) <= limits.max_calls:
        return Parsed(Program(tuple(operations)))
    return _parse_slowly(source, limits, cost)


def _parse_slowly(source: str, limits: Limits, cost: Cost) -> Parsed:
    """Parse with the scanner alone; on programs with nothing wrong in them `_well_formed` does the same."""
    reading = _read(source, limits.max_calls)
    if not reading.calls:
        reading.problems.append((Problem(FaultCode.NO_CALL, "there is no call in it", 0), 0))
    program = Program(tuple(reading.operations)) if reading.operations else KEEP_ALL
    if reading.problems and (cost is not Cost.CALL or reading.refused):
        program = KEEP_ALL
    index = LineIndex(source)
    faults = [
        Fault(problem.code, problem.message, *index.locate(problem.at), call)
        for problem, call in reading.problems
    ]
    notes = [Note(text, *index.locate(at)) for text, at in reading.texts]
    return Parsed(program, tuple(faults), tuple(notes))


def _well_formed(source: str) -> list[Operation] | None:
    """Read a program of nothing but calls that edit, each as it should be; otherwise return None."""
    operations: list[Operation] = []
    add = operations.append
    try:
        for call in _CALLS.findall(source):
            if call[0]:
                add(RemoveLines(int(call[0]), int(call[1])))
            elif call[2]:
                add(RemoveStr(int(call[2]), unquote(call[3])))
            elif call[4]:
                add(RemoveAll())
            elif call[5]:
                add(ReplaceStr(int(call[5]), unquote(call[6]), unquote(call[7])))
            elif call[8]:
                add(InsertLine(int(call[8]), unquote(call[9])))
            elif call[10]:
                add(KeepStr(int(call[10]), tuple(map(unquote, _STRINGS_OF.findall(call[11])))))
            else:
                return None
    except ProgramError:
        return None
    return operations


@dataclass(slots=True)
class _Reading:
    """What has been read so far; places are offsets."""

    calls: int = 0
    kept: bool = False
    refused: bool = False
    operations: list[Operation] = field(default_factory=list)
    problems: list[tuple[Problem, int]] = field(default_factory=list)
    texts: list[tuple[str, int]] = field(default_factory=list)

    def refuse(self, code: FaultCode, message: str, at: int, call: int) -> None:
        self.refused = True
        self.problems.append((Problem(code, message, at), call))


def _read(source: str, max_calls: int) -> _Reading:
    reading = _Reading()
    at = _after_space(source, 0)
    while at < len(source):
        found, end = scan(source, at)
        if isinstance(found, str):
            reading.texts.append((found, at))
        else:
            reading.calls += 1
            if reading.calls > max_calls:
                message = f"there are more than {max_calls} calls"
                reading.refuse(FaultCode.TOO_MANY_CALLS, message, at, reading.calls)
                break
            _take(found, at, reading)
        at = _after_space(source, end)
    return reading


def _take(found: Operation | Problem | None, at: int, reading: _Reading) -> None:
    """Add a call to what has been read, and refuse the program when it contradicts the others."""
    if isinstance(found, Problem):
        reading.problems.append((found, reading.calls))
        return
    if found is None:
        contradiction = bool(reading.operations) and not reading.kept
        reading.kept = True
    else:
        contradiction = reading.kept and not reading.operations
        reading.operations.append(found)
    if contradiction:
        message = "keep_all() stands beside a call that edits"
        reading.refuse(FaultCode.KEEP_AND_REMOVE, message, at, reading.calls)


def _after_space(source: str, at: int) -> int:
    match = _BETWEEN.match(source, at)
    return match.end() if match else at
