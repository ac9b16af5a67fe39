"""One call of the edit language, read token by token, so that what is wrong with it can be said.

This is the grammar in full; `parse` has one expression for well-formed calls in front of it, for speed.
"""

import re
from dataclasses import dataclass

from bluepencil.errors import ProgramError
from bluepencil.programs.faults import FaultCode
from bluepencil.programs.ops import (
    MAX_DIGITS,
    InsertLine,
    KeepStr,
    Operation,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
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

_SPACE = re.compile(r"\s*+")
_NAME = re.compile(r"([^\W\d]\w*+)(\s*+)(\(?)")
# Not over line ends: `_skip` tries it at each line, and would read a run of empty lines once per line.
_KNOWN_CALL = re.compile(rf"[^\S\n]*+(?:{'|'.join(SIGNATURES)})\s*+\(")
_DIGITS = re.compile(r"[0-9]++")
_STRING = re.compile(r""""[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'""", re.DOTALL)
ESCAPE = re.compile(
    r"""\\(?:([\\"'nrt])|(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})))"""
)
_BACKSLASH = re.compile(r"\\.", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t"}
# What `_skip` walks over: anything plain, then strings, then the characters that decide something.
_PLAIN = re.compile(r"""[^()"'\n]*+""")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a call is not one: `at` is an offset in the program text."""

    code: FaultCode
    message: str
    at: int


# An operation; None for `keep_all()`; what is wrong with a call; or text that is no call.
Found = Operation | Problem | str | None


class _ScanError(Exception):
    def __init__(self, code: FaultCode, message: str, at: int) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, at)


def scan(source: str, start: int) -> tuple[Found, int]:
    """Return what stands at `start`, where a call may begin and no white space stands, and where it ends."""
    name = _NAME.match(source, start)
    if name is not None:
        if name[3] and name[1] in SIGNATURES:
            return _scan_known(source, start, name)
        if name[3] and not name[2]:
            problem = Problem(FaultCode.UNKNOWN_CALL, f"there is no call named {_shown(name[1])}", start)
            return problem, _skip(source, name.end())
        if name.end() == len(source) and any(known.startswith(name[1]) for known in SIGNATURES):
            problem = Problem(FaultCode.CUT_OFF_CALL, f"the call is cut off after {name[1]}", start)
            return problem, len(source)
    end = source.find("\n", start)
    end = len(source) if end < 0 else end
    return source[start:end].rstrip(), end


def _scan_known(source: str, start: int, name: re.Match[str]) -> tuple[Found, int]:
    reader = _Reader(source, name.end())
    try:
        return reader.call(name[1]), reader.at
    except _ScanError as error:
        return error.problem, reader.at if reader.closed else _skip(source, reader.at)


class _Reader:
    """Reads the arguments of a call. `at` is the end of the last token that was as it should be."""

    def __init__(self, source: str, at: int) -> None:
        self.source = source
        self.at = at
        self.closed = False

    def call(self, name: str) -> Operation | None:
        """Read arguments and closing bracket; raise _ScanError at the first thing that is wrong."""
        numbers: list[int] = []
        strings: list[str] = []
        places: list[int] = []
        for index, kind in enumerate(SIGNATURES[name]):
            if index:
                self._expect(",", f"expected a comma: {name} takes {_arguments(name)}")
            places.append(self._next())
            if kind in "zn":
                numbers.append(self._number(name))
                continue
            strings.append(self._string(name))
            while kind == "t" and self._has_more():
                places.append(self._next())
                strings.append(self._string(name))
        self._expect(")", f"expected a closing bracket: {name} takes {_arguments(name)}")
        self.closed = True
        return _build(name, numbers, strings, places)

    def _next(self) -> int:
        """Return where the next token starts; raise where the call is cut off before it."""
        space = _SPACE.match(self.source, self.at)
        at = space.end() if space else self.at
        new_line = self.source.find("\n", self.at, at) >= 0
        if at == len(self.source) or (new_line and _KNOWN_CALL.match(self.source, at)):
            raise _ScanError(
                FaultCode.CUT_OFF_CALL, "the call is cut off before its closing bracket", self.at
            )
        return at

    def _has_more(self) -> bool:
        """Read a comma if there is one."""
        at = self._next()
        if self.source[at] != ",":
            return False
        self.at = at + 1
        return True

    def _expect(self, token: str, message: str) -> None:
        at = self._next()
        if self.source[at] != token:
            raise _ScanError(FaultCode.WRONG_ARGUMENT, message, at)
        self.at = at + 1

    def _number(self, name: str) -> int:
        at = self._next()
        digits = _DIGITS.match(self.source, at)
        if digits is None:
            raise _ScanError(
                FaultCode.WRONG_ARGUMENT, f"expected a line number: {name} takes {_arguments(name)}", at
            )
        if len(digits[0]) > MAX_DIGITS:
            message = f"a line number has at most {MAX_DIGITS} digits, not {len(digits[0])}"
            raise _ScanError(FaultCode.WRONG_ARGUMENT, message, at)
        self.at = digits.end()
        return int(digits[0])

    def _string(self, name: str) -> str:
        at = self._next()
        if self.source[at] not in "\"'":
            raise _ScanError(
                FaultCode.WRONG_ARGUMENT, f"expected a quoted string: {name} takes {_arguments(name)}", at
            )
        token = _STRING.match(self.source, at)
        if token is None:
            raise _ScanError(FaultCode.CUT_OFF_STRING, "expected a closing quote", at)
        for backslash in _BACKSLASH.finditer(self.source, at + 1, token.end() - 1):
            if not ESCAPE.match(self.source, backslash.start(), token.end() - 1):
                message = f"there is no escape {_shown(backslash[0])}; a backslash is written \\\\"
                raise _ScanError(FaultCode.BAD_ESCAPE, message, backslash.start())
        self.at = token.end()
        return unquote(token[0])


def _build(name: str, numbers: list[int], strings: list[str], places: list[int]) -> Operation | None:
    for kind, number, at in zip(SIGNATURES[name], numbers, places, strict=False):
        if kind == "n" and number < 1:
            raise _ScanError(FaultCode.BAD_RANGE, "lines are counted from 1", at)
    if name == "remove_lines" and numbers[1] < numbers[0]:
        message = f"the range ends before it starts: {numbers[0]}, {numbers[1]}"
        raise _ScanError(FaultCode.BAD_RANGE, message, places[0])
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
        raise _ScanError(FaultCode.WRONG_ARGUMENT, str(error), places[len(numbers) + empty]) from error
    return None


def unquote(token: str) -> str:
    """Return the text that a quoted string with valid escapes stands for."""
    if "\\" not in token:
        return token[1:-1]
    return ESCAPE.sub(_unescape, token[1:-1])


def _unescape(match: re.Match[str]) -> str:
    short = match[1]
    if short:
        return _SHORT.get(short, short)
    return chr(int(match[match.lastindex or 0], 16))


def _skip(source: str, at: int) -> int:
    """Return where reading goes on after a faulty call whose bracket opened before `at`.

    That is after its closing bracket, strings and nested brackets respected; or at a line that starts with a
    call of the language, when the bracket was never closed; or at the end. An open string swallows the rest:
    what stands in it may be text of the page, and must not be executed.
    """
    depth = 1
    while True:
        plain = _PLAIN.match(source, at)
        at = plain.end() if plain else at
        if at == len(source):
            return at
        character = source[at]
        if character in "\"'":
            string = _STRING.match(source, at)
            if string is None:
                return len(source)
            at = string.end()
            continue
        at += 1
        if character == "\n":
            if _KNOWN_CALL.match(source, at):
                return at
        else:
            depth += 1 if character == "(" else -1
            if depth == 0:
                return at


def _arguments(name: str) -> str:
    words = {"n": "a line number", "z": "a line number", "s": "a string", "t": "one or more strings"}
    return ", ".join(words[kind] for kind in SIGNATURES[name]) or "no arguments"


def _shown(text: str) -> str:
    """Return text to quote in a message: short, and without what would break the line."""
    return text if text.isprintable() and len(text) <= 40 else ascii(text[:40])
