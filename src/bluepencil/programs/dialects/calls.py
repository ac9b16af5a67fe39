"""Calls as Python writes them, `name(1, end=2, text="a, b)")`, read strictly for any set of signatures.

What ProX and UltraX have in common. Numbers are decimal; strings have either quote and the escapes of the
native language; keywords come in the order of the parameters. A call counts at the start of a line, after
another call, or after `;`, and only when its bracket is closed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from bluepencil.errors import ProgramError
from bluepencil.programs.faults import Fault, FaultCode, Note
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import KEEP_ALL, Operation, Program
from bluepencil.programs.parse import DEFAULT_LIMITS, Limits, Parsed
from bluepencil.programs.tokens import (
    NAME,
    CallError,
    TokenReader,
    after,
    known_call,
    shown,
    text_line,
)

_BETWEEN = re.compile(r"[\s;]*+")
_KEYWORD = re.compile(r"([^\W\d]\w*+)\s*+=")
# What would end a string or its line, cannot be seen, or cannot be written as UTF-8 (lone surrogates).
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a call: a string or a line number, and the keywords it may be given by."""

    is_text: bool
    names: tuple[str, ...] = ()
    optional: bool = False


Signatures = Mapping[str, tuple[Parameter, ...]]


@dataclass(frozen=True, slots=True)
class Call:
    """A well-formed call; parameters that were left out are missing at the end."""

    name: str
    numbers: tuple[int, ...]
    texts: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """What has been read so far; places are offsets."""

    operations: list[Operation] = field(default_factory=list)
    problems: list[tuple[StrEnum, str, int, int]] = field(default_factory=list)
    texts: list[tuple[str, int]] = field(default_factory=list)
    calls: int = 0
    keeps: int = 0
    edits: int = 0
    refused: bool = False


def parse_calls(
    source: str,
    signatures: Signatures,
    keep: frozenset[str],
    build: Callable[[Call], Operation],
    limits: Limits = DEFAULT_LIMITS,
) -> Parsed:
    """Read a program; `build` makes the operation of a call, and raises CallError or ProgramError.

    A faulty call is left out. No call at all, a call of `keep` beside one that edits, and more calls or
    characters than the limits allow leave `KEEP_ALL`. Time is linear in the source.
    """
    if len(source) > limits.max_characters:
        message = f"the program has {len(source)} characters; the limit is {limits.max_characters}"
        return Parsed(KEEP_ALL, (Fault(FaultCode.PROGRAM_TOO_LONG, message, 1, 1, 0),))
    reading = _Reading()
    at = after(_BETWEEN, source, 0)
    while at < len(source):
        end = _step(source, at, signatures, keep, build, reading)
        if reading.calls > limits.max_calls:
            message = f"there are more than {limits.max_calls} calls"
            reading.problems.append((FaultCode.TOO_MANY_CALLS, message, at, reading.calls))
            reading.refused = True
            break
        at = after(_BETWEEN, source, end)
    return _parsed(source, reading)


def _parsed(source: str, reading: _Reading) -> Parsed:
    if not reading.calls:
        reading.problems.append((FaultCode.NO_CALL, "there is no call in it", 0, 0))
    if reading.keeps and reading.edits:
        message = "a call that keeps everything stands beside one that edits"
        reading.problems.append((FaultCode.KEEP_AND_REMOVE, message, 0, 0))
        reading.refused = True
    index = LineIndex(source)
    faults = tuple(
        Fault(code, message, *index.locate(at), call) for code, message, at, call in reading.problems
    )
    notes = tuple(Note(text, *index.locate(at)) for text, at in reading.texts)
    operations = () if reading.refused else tuple(reading.operations)
    return Parsed(Program(operations), faults, notes)


def _step(
    source: str,
    at: int,
    signatures: Signatures,
    keep: frozenset[str],
    build: Callable[[Call], Operation],
    reading: _Reading,
) -> int:
    """Read what stands at `at`, and return where it ends."""
    name = NAME.match(source, at)
    cut_off = (
        name is not None and name.end() == len(source) and any(s.startswith(name[1]) for s in signatures)
    )
    if name is None or not (cut_off or (name[3] and (name[1] in signatures or not name[2]))):
        text, end = text_line(source, at)
        reading.texts.append((text, at))
        return end
    reading.calls += 1
    reader = _Reader(source, name.end(), _known(tuple(signatures)))
    try:
        if not name[3]:
            raise CallError(FaultCode.CUT_OFF_CALL, f"the call is cut off after {name[1]}", at)
        if name[1] not in signatures:
            raise CallError(FaultCode.UNKNOWN_CALL, f"there is no call named {shown(name[1])}", at)
        call = reader.call(name[1], signatures[name[1]])
        if call.name in keep:
            reading.keeps += 1
        else:
            reading.edits += 1
            reading.operations.append(build(call))
    except CallError as error:
        place = at if error.at < 0 else error.at
        reading.problems.append((error.code, error.message, place, reading.calls))
        return reader.end()
    except ProgramError as error:
        reading.problems.append((FaultCode.WRONG_ARGUMENT, str(error), at, reading.calls))
    return reader.at


@lru_cache(maxsize=16)
def _known(names: tuple[str, ...]) -> re.Pattern[str]:
    return known_call(names)


class _Reader(TokenReader):
    def call(self, name: str, parameters: tuple[Parameter, ...]) -> Call:
        """Read arguments and closing bracket; raise CallError at the first thing that is wrong."""
        takes = f"{name} takes {len(parameters)} arguments"
        numbers: list[int] = []
        texts: list[str] = []
        named = False
        for place, parameter in enumerate(parameters):
            if parameter.optional and self.source[self.next()] == ")":
                break
            if place:
                self.comma(takes)
            named = self._keyword(parameter, named)
            if parameter.is_text:
                texts.append(self.text(takes))
            else:
                numbers.append(self.number(takes))
        self.close(takes)
        return Call(name, tuple(numbers), tuple(texts))

    def _keyword(self, parameter: Parameter, named: bool) -> bool:
        """Read the keyword if there is one, and return whether this argument or one before has one."""
        at = self.next()
        match = _KEYWORD.match(self.source, at)
        if match is None:
            if named:
                raise CallError(FaultCode.WRONG_ARGUMENT, "expected a keyword after one with a keyword", at)
            return False
        if match[1] not in parameter.names:
            wanted = " or ".join(parameter.names) or "no keyword"
            message = f"expected {wanted} here, not {shown(match[1])}"
            raise CallError(FaultCode.WRONG_ARGUMENT, message, at)
        self.at = match.end()
        return True


def quoted(text: str) -> str:
    """Return a text as a string that this reads, on one line and valid UTF-8."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in '\\"':
        return "\\" + match[0]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def line_range(start: int, end: int, first: int = 1) -> tuple[int, int]:
    """Return the lines counted from 1 of a range counted from `first`; CallError for one that is none."""
    if start < first:
        raise CallError(FaultCode.BAD_RANGE, f"lines are counted from {first}")
    if end < start:
        raise CallError(FaultCode.BAD_RANGE, f"the range ends before it starts: {start}, {end}")
    return start + 1 - first, end + 1 - first
