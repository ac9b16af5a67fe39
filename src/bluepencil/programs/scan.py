"""One call of the edit language, read token by token, so that what is wrong with it can be said.

This is the grammar in full; `parse` has one expression for well-formed calls in front of it, for speed.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from bluepencil.errors import ProgramError
from bluepencil.programs.faults import FaultCode
from bluepencil.programs.ops import (
    InsertLine,
    KeepStr,
    Operation,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)
from bluepencil.programs.tokens import (
    NAME,
    CallError,
    TokenReader,
    known_call,
    shown,
    skip_call,
    text_line,
)

# The calls of the language and their arguments: n a line number, z one that may be 0, s a string, t one or
# more strings.
SIGNATURES = {
    "keep_all": "",
    "remove_all": "",
    "remove_lines": "nn",
    "remove_str": "ns",
    "keep_str": "nt",
    "replace_str": "nss",
    "insert_line": "zs",
}

_KNOWN_CALL = known_call(SIGNATURES)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a call is not one: `at` is an offset in the program text."""

    code: StrEnum
    message: str
    at: int


# An operation; None for `keep_all()`; what is wrong with a call; or text that is no call.
Found = Operation | Problem | str | None


def scan(source: str, start: int) -> tuple[Found, int]:
    """Return what stands at `start`, where a call may begin and no white space stands, and where it ends."""
    name = NAME.match(source, start)
    if name is not None:
        if name[3] and name[1] in SIGNATURES:
            return _scan_known(source, name)
        if name[3] and not name[2]:
            problem = Problem(FaultCode.UNKNOWN_CALL, f"there is no call named {shown(name[1])}", start)
            return problem, skip_call(source, name.end(), _KNOWN_CALL)
        if name.end() == len(source) and any(known.startswith(name[1]) for known in SIGNATURES):
            problem = Problem(FaultCode.CUT_OFF_CALL, f"the call is cut off after {name[1]}", start)
            return problem, len(source)
    return text_line(source, start)


def _scan_known(source: str, name: re.Match[str]) -> tuple[Found, int]:
    reader = TokenReader(source, name.end(), _KNOWN_CALL)
    try:
        return _call(reader, name[1]), reader.end()
    except CallError as error:
        return Problem(error.code, error.message, error.at), reader.end()


def _call(reader: TokenReader, name: str) -> Operation | None:
    """Read the arguments of a call and its closing bracket; CallError at the first thing that is wrong."""
    takes = f"{name} takes {_arguments(name)}"
    numbers: list[int] = []
    strings: list[str] = []
    places: list[int] = []
    for index, kind in enumerate(SIGNATURES[name]):
        if index:
            reader.comma(takes)
        places.append(reader.next())
        if kind in "zn":
            numbers.append(reader.number(takes))
            continue
        strings.append(reader.text(takes))
        while kind == "t" and reader.has_more():
            places.append(reader.next())
            strings.append(reader.text(takes))
    reader.close(takes)
    return _build(name, numbers, strings, places)


def _build(name: str, numbers: list[int], strings: list[str], places: list[int]) -> Operation | None:
    for kind, number, at in zip(SIGNATURES[name], numbers, places, strict=False):
        if kind == "n" and number < 1:
            raise CallError(FaultCode.BAD_RANGE, "lines are counted from 1", at)
    if name == "remove_lines" and numbers[1] < numbers[0]:
        message = f"the range ends before it starts: {numbers[0]}, {numbers[1]}"
        raise CallError(FaultCode.BAD_RANGE, message, places[0])
    try:
        match name:
            case "remove_all":
                return RemoveAll()
            case "remove_lines":
                return RemoveLines(*numbers)
            case "remove_str":
                return RemoveStr(numbers[0], strings[0])
            case "keep_str":
                return KeepStr(numbers[0], tuple(strings))
            case "replace_str":
                return ReplaceStr(numbers[0], *strings)
            case "insert_line":
                return InsertLine(numbers[0], strings[0])
    except ProgramError as error:
        empty = strings.index("") if "" in strings else 0
        raise CallError(FaultCode.WRONG_ARGUMENT, str(error), places[len(numbers) + empty]) from error
    return None


def _arguments(name: str) -> str:
    words = {"n": "a line number", "z": "a line number", "s": "a string", "t": "one or more strings"}
    return ", ".join(words[kind] for kind in SIGNATURES[name]) or "no arguments"
