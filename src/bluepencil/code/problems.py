"""What can be wrong with the syntax of a source file."""

from dataclasses import dataclass
from enum import StrEnum


class SyntaxReason(StrEnum):
    """How a source file breaks its compiler."""

    SYNTAX = "syntax-error"
    INDENTATION = "indentation-error"
    TABS = "tab-error"
    PYTHON_2 = "python-2"
    NUL = "nul-character"
    SURROGATE = "lone-surrogate"
    UNKNOWN_ENCODING = "unknown-encoding"
    ENCODING_DIFFERS = "encoding-differs"
    TOO_DEEP = "nested-too-deep"
    TOO_LONG = "too-long-to-check"
    OUT_OF_MEMORY = "compiler-out-of-memory"
    TIMEOUT = "compiler-timeout"
    CRASHED = "compiler-crashed"
    NO_GRAMMAR = "no-grammar"


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """The first problem of a file: a code to count by, a sentence, and the line, from 1; 0 where unknown."""

    reason: SyntaxReason
    detail: str = ""
    line: int = 0
