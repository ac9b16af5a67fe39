"""Python's own compiler as a gate: every way in which a file breaks it is caught and named.

A text stands for the file that holds it as UTF-8: an encoding cookie by which Python cannot read that file
is a problem of the file. Short texts are compiled in this process. Long ones go to a process of their own,
because Python's compiler can crash on what is nested very deeply (200,000 `for` in one comprehension end
CPython 3.11), and because time and memory can be limited there.
"""

import os
import re
import signal
import sys
import warnings
from contextlib import suppress
from typing import Any, NoReturn

from bluepencil.code.child import Child, ChildDiedError, ChildTimeoutError, program
from bluepencil.code.frames import frame, read_frame
from bluepencil.code.problems import SyntaxProblem, SyntaxReason
from bluepencil.errors import OptionError

IN_PROCESS_CHARACTERS = 20_000
"""Longer texts are compiled elsewhere: so short a text cannot nest as deeply as it takes to crash."""

MAX_CHARACTERS = 10_000_000
SECONDS = 20
MEMORY_BYTES = 2 << 30
_ATTEMPTS = 2

OLDEST = (3, 7)
"""The oldest grammar that `ast.parse` knows."""

# PEP 263.
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_NO_CODE = re.compile(r"^[ \t\f]*(?:#.*)?$")

# What Python says about Python 2, in any version since 3.8.
_PYTHON_2_SAID = re.compile(
    r"Missing parentheses in call to '(?:print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer literals|invalid token"
)
# What Python 2 looks like where Python 3 only says "invalid syntax".
_PYTHON_2_SEEN = re.compile(
    r"""
    ^\s*(?:print|exec)\s+(?!=)\S            # print "x", exec code
  | ^\s*print\s*>>                          # print >>stream, "x"
  | ^\s*except\s+[^#:]+?,\s*[\w.]+\s*:      # except Error, error:
  | ^\s*raise\s+[\w.]+\s*,\s*\S             # raise Error, "why"
  | <>                                      # inequality
  | `[^`]*`                                 # repr
  | \b0[0-7]+[lL]?\b | \b\d+[lL]\b | \b0[xX][0-9a-fA-F]+[lL]\b
  | \b[uU][rR]['"]
  | ^\s*def\s+\w+\s*\([^)]*\([\w\s,]+\)     # def f(a, (b, c)):
  | \blambda\s*\(                           # lambda (a, b): a
    """,
    re.VERBOSE,
)


def check_version(version: tuple[int, int] | None) -> None:
    """Raise OptionError for a grammar that this Python does not know."""
    if version is not None and not OLDEST <= tuple(version) <= sys.version_info[:2]:
        running = ".".join(map(str, sys.version_info[:2]))
        raise OptionError(f"Python {running} knows the grammars from 3.7 to {running}, not {version}")


def check_python(text: str, version: tuple[int, int] | None = None) -> SyntaxProblem | None:
    """Return how a text breaks the compiler of this Python, or None.

    With an older `version`, also what that version's grammar lacks, as far as `ast.parse` with its
    `feature_version` knows: assignment expressions and positional-only parameters (3.8), parenthesized
    contexts (3.9), `match` (3.10), `except*` (3.11), `type` statements and type parameters (3.12). It does
    not bring back what later versions took away.
    """
    check_version(version)
    problem = unreadable(text)
    if problem is not None:
        return problem
    if len(text) <= IN_PROCESS_CHARACTERS:
        return compiled(text, version)
    return _compile_outside(text, version)


def unreadable(text: str) -> SyntaxProblem | None:
    """Return what keeps Python from reading a text as a UTF-8 file at all."""
    if len(text) > MAX_CHARACTERS:
        return SyntaxProblem(SyntaxReason.TOO_LONG, f"{len(text):,} characters")
    if (at := text.find("\0")) >= 0:
        return SyntaxProblem(SyntaxReason.NUL, "a NUL character", _line(text, at))
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        detail = f"a lone surrogate, U+{ord(text[error.start]):04X}"
        return SyntaxProblem(SyntaxReason.SURROGATE, detail, _line(text, error.start))
    return _cookie_problem(text, content)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _cookie_problem(text: str, content: bytes) -> SyntaxProblem | None:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n", 2)[:2], start=1):
        found = _COOKIE.match(line)
        if found:
            return _encoding_problem(found[1], number, content)
        if not _NO_CODE.match(line.rstrip("\r")):
            return None
    return None


def _encoding_problem(name: str, line: int, content: bytes) -> SyntaxProblem | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            content.decode(name)
        except LookupError:
            return SyntaxProblem(SyntaxReason.UNKNOWN_ENCODING, f"no text encoding is called {name!r}", line)
        except ValueError:
            detail = f"the file says it is {name}, in which it cannot be read"
            return SyntaxProblem(SyntaxReason.ENCODING_DIFFERS, detail, line)
    return None


def compiled(text: str, version: tuple[int, int] | None = None) -> SyntaxProblem | None:
    """Compile a text here and say what went wrong. Warnings of the compiler go nowhere."""
    text = text.removeprefix("\ufeff")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<source>", "exec", dont_inherit=True)
            if version is not None and tuple(version) < sys.version_info[:2]:
                _parse_as(text, version)
    except SyntaxError as error:
        return _named(error, text)
    except RecursionError:
        return SyntaxProblem(SyntaxReason.TOO_DEEP, "expressions or blocks are nested too deeply")
    except MemoryError:
        # Before 3.12 the parser says this of its own stack, too.
        if len(text) < MAX_CHARACTERS // 4:
            return SyntaxProblem(SyntaxReason.TOO_DEEP, "expressions or blocks are nested too deeply")
        return SyntaxProblem(SyntaxReason.OUT_OF_MEMORY, "the compiler ran out of memory")
    except Exception as error:  # noqa: BLE001 - what the compiler raises beside these is not documented
        return SyntaxProblem(SyntaxReason.SYNTAX, f"{type(error).__name__}: {error}")
    return None


def _parse_as(text: str, version: tuple[int, int]) -> None:
    import ast

    ast.parse(text, feature_version=version)


def _named(error: SyntaxError, text: str) -> SyntaxProblem:
    line = error.lineno or 0
    lines = text.split("\n")
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    if isinstance(error, TabError):
        reason = SyntaxReason.TABS
    elif _PYTHON_2_SAID.search(error.msg) or _PYTHON_2_SEEN.search(source):
        reason = SyntaxReason.PYTHON_2
    elif isinstance(error, IndentationError):
        reason = SyntaxReason.INDENTATION
    elif "too many nested parentheses" in error.msg:
        reason = SyntaxReason.TOO_DEEP
    else:
        reason = SyntaxReason.SYNTAX
    return SyntaxProblem(reason, error.msg, line)


_outside: Child | None = None


def _compile_outside(text: str, version: tuple[int, int] | None) -> SyntaxProblem | None:
    """Compile in the process that this one keeps for it; another takes its place when it dies."""
    global _outside
    minor = version[1] if version else 0
    said = ""
    for _ in range(_ATTEMPTS):
        if _outside is None or not _outside.ours:
            settings = {"memory": MEMORY_BYTES}
            _outside = Child(
                "the compiler", program("bluepencil.code.python_syntax"), settings, SECONDS, 60.0
            )
        try:
            _outside.send(minor, text.encode())
            return _read_answer(_outside.receive()[1])
        except ChildTimeoutError as error:
            _outside.close()
            _outside = None
            return SyntaxProblem(SyntaxReason.TIMEOUT, str(error))
        except ChildDiedError as error:
            _outside.close()
            _outside = None
            said = str(error)
    return SyntaxProblem(SyntaxReason.CRASHED, said)


def _read_answer(answer: bytes) -> SyntaxProblem | None:
    if not answer:
        return None
    reason, line, detail = answer.decode(errors="replace").split("\n", 2)
    return SyntaxProblem(SyntaxReason(reason), detail, int(line))


def main(settings: dict[str, Any]) -> NoReturn:
    """Answer each text with its problem, until standard input ends."""
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (settings["memory"], settings["memory"]))
    answers = os.dup(1)
    os.dup2(2, 1)
    os.write(answers, frame(0, b""))
    while (request := read_frame(0)) is not None:
        minor, content = request
        # Who asked has given up by then, or is no more.
        signal.alarm(2 * SECONDS)
        problem = compiled(content.decode(), (3, minor) if minor else None)
        signal.alarm(0)
        parts = (problem.reason.value, str(problem.line), problem.detail) if problem else ()
        answer = frame(minor, "\n".join(parts).encode(errors="replace"))
        while answer:
            answer = answer[os.write(answers, answer) :]
    os._exit(0)
