"""The tokens of calls, `name(1, "text")`: what the readers of all languages of this form have in common."""

import re
from collections.abc import Iterable
from enum import StrEnum

from bluepencil.programs.faults import FaultCode
from bluepencil.programs.ops import MAX_DIGITS

NAME = re.compile(r"([^\W\d]\w*+)(\s*+)(\(?)")
"""A name, the white space after it, and an opening bracket, if there is one."""

ESCAPE = re.compile(
    r"""\\(?:([\\"'nrt])|(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})))"""
)
_SPACE = re.compile(r"\s*+")
_NUMBER = re.compile(r"(-?)([0-9]++)")
_STRING = re.compile(r""""[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'""", re.DOTALL)
_BACKSLASH = re.compile(r"\\.", re.DOTALL)
_SHORT = {"n": "\n", "r": "\r", "t": "\t"}
# What `skip_call` walks over: anything plain, then strings, then the characters that decide something.
_PLAIN = re.compile(r"""[^()"'\n]*+""")
_SHOWN = 40


class CallError(Exception):
    """Why a call is not carried out; `at` is an offset in the program text, -1 where it is not known."""

    def __init__(self, code: StrEnum, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at


class TokenReader:
    """Reads the arguments of a call. `at` is the end of the last token that was as it should be.

    `known` is what a call of the language looks like at the start of a line, see `known_call`. What is not as
    it should be raises CallError.
    """

    def __init__(self, source: str, at: int, known: re.Pattern[str]) -> None:
        self.source = source
        self.at = at
        self.known = known
        self.closed = False

    def next(self) -> int:
        """Return where the next token starts; raise where the call is cut off before it."""
        at = after(_SPACE, self.source, self.at)
        new_line = self.source.find("\n", self.at, at) >= 0
        if at == len(self.source) or (new_line and self.known.match(self.source, at)):
            raise CallError(FaultCode.CUT_OFF_CALL, "the call is cut off before its closing bracket", self.at)
        return at

    def has_more(self) -> bool:
        """Read a comma if there is one."""
        at = self.next()
        if self.source[at] != ",":
            return False
        self.at = at + 1
        return True

    def comma(self, takes: str) -> None:
        """Read a comma; `takes` says what the call takes."""
        self._expect(",", f"expected a comma: {takes}")

    def close(self, takes: str) -> None:
        """Read the closing bracket."""
        self._expect(")", f"expected a closing bracket: {takes}")
        self.closed = True

    def number(self, takes: str) -> int:
        """Read a line number."""
        at = self.next()
        digits = _NUMBER.match(self.source, at)
        if digits is None:
            raise CallError(FaultCode.WRONG_ARGUMENT, f"expected a line number: {takes}", at)
        if len(digits[2]) > MAX_DIGITS:
            message = f"a line number has at most {MAX_DIGITS} digits, not {len(digits[2])}"
            raise CallError(FaultCode.WRONG_ARGUMENT, message, at)
        self.at = digits.end()
        if digits[1]:
            raise CallError(FaultCode.BAD_RANGE, "a line number is not negative", at)
        return int(digits[2])

    def text(self, takes: str) -> str:
        """Read a quoted string."""
        at = self.next()
        if self.source[at] not in "\"'":
            raise CallError(FaultCode.WRONG_ARGUMENT, f"expected a quoted string: {takes}", at)
        token = _STRING.match(self.source, at)
        if token is None:
            raise CallError(FaultCode.CUT_OFF_STRING, "expected a closing quote", at)
        for backslash in _BACKSLASH.finditer(self.source, at + 1, token.end() - 1):
            if not ESCAPE.match(self.source, backslash.start(), token.end() - 1):
                message = f"there is no escape {shown(backslash[0])}; a backslash is written \\\\"
                raise CallError(FaultCode.BAD_ESCAPE, message, backslash.start())
        self.at = token.end()
        return unquote(token[0])

    def end(self) -> int:
        """Return where reading goes on after a call that was read, or is faulty."""
        return self.at if self.closed else skip_call(self.source, self.at, self.known)

    def _expect(self, token: str, message: str) -> None:
        at = self.next()
        if self.source[at] != token:
            raise CallError(FaultCode.WRONG_ARGUMENT, message, at)
        self.at = at + 1


def known_call(names: Iterable[str]) -> re.Pattern[str]:
    """Return what a call of a language looks like at the start of a line.

    It does not match over line ends: it is tried at each line, and would read a run of empty lines once per
    line.
    """
    return re.compile(rf"[^\S\n]*+(?:{'|'.join(names)})\s*+\(")


def skip_call(source: str, at: int, known: re.Pattern[str]) -> int:
    """Return where reading goes on after a faulty call whose bracket opened before `at`.

    That is after its closing bracket, strings and nested brackets respected; or at a line that starts with a
    call of the language, when the bracket was never closed; or at the end. An open string swallows the rest:
    what stands in it may be text of the page, and must not be executed.
    """
    depth = 1
    while True:
        at = after(_PLAIN, source, at)
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
            if known.match(source, at):
                return at
        else:
            depth += 1 if character == "(" else -1
            if depth == 0:
                return at


def text_line(source: str, at: int) -> tuple[str, int]:
    """Return the rest of a line that is no call, and where it ends."""
    end = source.find("\n", at)
    end = len(source) if end < 0 else end
    return source[at:end].rstrip(), end


def after(pattern: re.Pattern[str], source: str, at: int) -> int:
    """Return where a match at `at` ends; `at` where there is none."""
    match = pattern.match(source, at)
    return match.end() if match else at


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


def shown(text: str) -> str:
    """Return text to quote in a message: short, and without what would break the line."""
    return text if text.isprintable() and len(text) <= _SHOWN else ascii(text[:_SHOWN])
