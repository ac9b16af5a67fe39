"""What can be wrong with a program: faults with a place and a code, notes, and what a fault costs."""

from dataclasses import dataclass
from enum import StrEnum


class FaultCode(StrEnum):
    """Why a call, or a whole program, is not carried out. Stored and counted, so a code keeps its name."""

    # Found in the program alone, by `parse`.
    NO_CALL = "no-call"
    UNKNOWN_CALL = "unknown-call"
    WRONG_ARGUMENT = "wrong-argument"
    BAD_RANGE = "bad-range"
    BAD_ESCAPE = "bad-escape"
    CUT_OFF_CALL = "cut-off-call"
    CUT_OFF_STRING = "cut-off-string"
    KEEP_AND_REMOVE = "keep-and-remove"
    PROGRAM_TOO_LONG = "program-too-long"
    # Found by both: `parse` has limits, `execute` has a policy.
    TOO_MANY_CALLS = "too-many-calls"
    # Found against a text, by `check` and `execute`.
    LINE_MISSING = "line-missing"
    STRING_MISSING = "string-missing"
    STRING_REPEATED = "string-repeated"
    OVERLAP = "overlap"
    NOT_ALLOWED = "not-allowed"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line` and `column` are places in the program text, counted from 1, `column` in characters.

    `call` is the number of the call, counted from 1, faulty ones included; 0 is the program as a whole.
    For a fault found against a text, the place is that of the call in the program as `render` writes it.
    `code` is a FaultCode, or a code of its own where a refiner reads a text in chunks.
    """

    code: StrEnum
    message: str
    line: int
    column: int
    call: int

    def __str__(self) -> str:
        """Say where and what: `program line 4, column 12: expected a closing quote`."""
        return f"program line {self.line}, column {self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Note:
    """Text around the calls that was not executed: prose, a comment, a code fence. One per line at most."""

    text: str
    line: int
    column: int

    def __str__(self) -> str:
        """Say where and what: `program line 1, column 1: not a call: 'Here is the program:'`."""
        return f"program line {self.line}, column {self.column}: not a call: {self.text!r}"


class Cost(StrEnum):
    """What a faulty call costs: itself, the program of its chunk, or the programs of the whole document.

    A program knows nothing of the other chunks: whoever holds them spreads DOCUMENT; here it is CHUNK.
    """

    CALL = "call"
    CHUNK = "chunk"
    DOCUMENT = "document"
