"""Asks math-verify whether two answers are equal, in a process of its own with hard limits.

math-verify limits itself by signals, which work only in the main thread, and sympy can take hours or all
memory for a short expression. So it runs in one child process per worker, which serves comparison after
comparison and is killed and replaced when one takes too long. What is bound to explode is not even sent.
"""

import atexit
import json
import os
import re
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from bluepencil.errors import MissingExtraError, OptionError

# Longer answers are compared as they are written.
LONGEST = 400
# Seconds that the child may take to start: sympy is large, and the machine may be busy.
START_S = 120.0
_POWER = re.compile(r"\^|\*\*")
_DIGITS = re.compile(r"\d{25,}")
# An exponent or a factorial of five digits or more is computed for minutes.
_LARGE_EXPONENT = re.compile(r"(?:\^|\*\*)\s*[{(]*\s*-?\d{5,}|\d{4,}\s*\)*\s*!")
_TOWER = re.compile(r"(?:\^|\*\*)[^+\-,;=]{0,20}?(?:\^|\*\*)[^+\-,;=]{0,20}?(?:\^|\*\*)")


class Compared(StrEnum):
    """What a comparison came to."""

    EQUAL = "equal"
    DIFFERENT = "different"
    TIMED_OUT = "timed-out"
    REFUSED = "refused"


def math_verify_version() -> str:
    """Return the version of math-verify; MissingExtraError where there is none."""
    try:
        return version("math-verify")
    except PackageNotFoundError as error:
        raise MissingExtraError("math-verify", "math") from error


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares answers by math-verify; `seconds` limit one comparison."""

    seconds: float = 5.0

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise OptionError("the time limit of a comparison must be more than 0 seconds")

    def equal(self, one: str, other: str) -> bool:
        """Say whether two answers are shown to be equal; not so within the limits counts as not equal."""
        return self.compare(one, other) is Compared.EQUAL

    def compare(self, one: str, other: str) -> Compared:
        """Return what comes of comparing two answers; MissingExtraError without math-verify."""
        if is_explosive(one) or is_explosive(other):
            return Compared.REFUSED
        return _child(os.getpid()).compare(one, other, self.seconds)


def is_explosive(answer: str) -> bool:
    """Say whether an answer is too long, or holds a tower of powers or numbers nobody writes out."""
    return bool(
        len(answer) > LONGEST
        or _DIGITS.search(answer)
        or _LARGE_EXPONENT.search(answer)
        or _TOWER.search(answer)
        or len(_POWER.findall(answer)) > 20
    )


@cache
def _child(_process: int) -> "_Child":
    """Return this process's child; a process that was forked makes its own."""
    math_verify_version()
    return _Child()


class _Child:
    """A running `math_compare_child`: one question at a time, replaced when it hangs or dies."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""
        atexit.register(self.end)

    def compare(self, one: str, other: str, seconds: float) -> Compared:
        with self.lock:
            process = self._running()
            question = json.dumps([one, other, seconds]).encode() + b"\n"
            try:
                assert process.stdin is not None
                process.stdin.write(question)
                process.stdin.flush()
            except OSError:  # it died between two questions, such as by its own limit of memory
                self.end()
                return Compared.TIMED_OUT
            answer = self._line(time.monotonic() + seconds)
            if answer is None:
                self.end()
                return Compared.TIMED_OUT
            return Compared.EQUAL if answer == b"true" else Compared.DIFFERENT

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is not None and self.process.poll() is None:
            return self.process
        self.end()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bluepencil.rewriting.math_compare_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if self._line(time.monotonic() + START_S) != b"ready":
            self.end()
            raise OptionError("math-verify could not be started in a process of its own")
        return self.process

    def _line(self, until: float) -> bytes | None:
        """Return the next line of the child; None when it is late or dead."""
        assert self.process is not None
        assert self.process.stdout is not None
        while b"\n" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                return None
            read = os.read(self.process.stdout.fileno(), 4096)
            if not read:
                return None
            self.rest += read
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def end(self) -> None:
        """End the child at once."""
        process, self.process, self.rest = self.process, None, b""
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not sent to a dead child is lost with it
                    continue
