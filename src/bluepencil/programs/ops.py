r"""The operations of the edit language, and the program they make.

A line is what stands between one "\n" and the next; nothing else ends a line; lines are counted from 1.
An operation checks itself when it is made, so that one that exists can be rendered, checked and executed.
Source: RefineX (arXiv 2507.03253), section on program functions; replacements as in ProX and UltraX.
"""

from dataclasses import dataclass

from bluepencil.errors import ProgramError

# No text has more lines; and a number of this length still fits 64 bits wherever a program is stored.
MAX_DIGITS = 18
MAX_NUMBER = 10**MAX_DIGITS - 1


def _check_number(value: int, name: str, least: int = 1) -> None:
    if not least <= value <= MAX_NUMBER:
        raise ProgramError(
            f"{name} must be {least} or more and have at most {MAX_DIGITS} digits, not {value}"
        )


@dataclass(frozen=True, slots=True)
class RemoveAll:
    """Remove the whole text."""


@dataclass(frozen=True, slots=True)
class RemoveLines:
    """Remove the lines `start` to `end`, both included."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 1 <= self.start <= self.end <= MAX_NUMBER:
            _check_number(self.start, "start")
            _check_number(self.end, "end")
            raise ProgramError(f"the range ends before it starts: {self.start}, {self.end}")


@dataclass(frozen=True, slots=True)
class RemoveStr:
    """Remove `text` from a line in which it occurs exactly once."""

    line: int
    text: str

    def __post_init__(self) -> None:
        _check_number(self.line, "line")
        if not self.text:
            raise ProgramError("there is no text to remove")


@dataclass(frozen=True, slots=True)
class KeepStr:
    """Keep of a line nothing but `texts`, each of which occurs in it exactly once.

    They may be named in any order, and may overlap. All that is kept of a line is named in one call: were it
    named in several, a program that is cut off would delete the pieces that it did not come to. What is kept
    may be edited further by other calls.
    """

    line: int
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_number(self.line, "line")
        if not self.texts or not all(self.texts):
            raise ProgramError("there is no text to keep")


@dataclass(frozen=True, slots=True)
class ReplaceStr:
    """Replace `old`, which occurs exactly once in the line, by `new`. Not a deletion: needs the policy."""

    line: int
    old: str
    new: str

    def __post_init__(self) -> None:
        _check_number(self.line, "line")
        if not self.old:
            raise ProgramError("there is no text to replace")


@dataclass(frozen=True, slots=True)
class InsertLine:
    """Insert `text` as a line of its own after line `after` (0: before the first). Needs the policy."""

    after: int
    text: str

    def __post_init__(self) -> None:
        _check_number(self.after, "after", least=0)
        if "\n" in self.text:
            raise ProgramError("the inserted text holds a line break; insert one line at a time")


Operation = RemoveAll | RemoveLines | RemoveStr | KeepStr | ReplaceStr | InsertLine


@dataclass(frozen=True, slots=True)
class Program:
    """The edits of one text, in order. No operation at all means: keep everything (`keep_all()`)."""

    operations: tuple[Operation, ...] = ()

    @property
    def keeps_all(self) -> bool:
        """Whether the program leaves the text as it is."""
        return not self.operations

    def shifted(self, lines: int) -> "Program":
        """Return the program with every line number moved by `lines`: from a chunk to its document.

        Raises ProgramError where a number would leave its range.
        """
        return Program(tuple(_shifted(operation, lines) for operation in self.operations))


def _shifted(operation: Operation, lines: int) -> Operation:
    match operation:
        case RemoveLines(start, end):
            return RemoveLines(start + lines, end + lines)
        case RemoveStr(line, text):
            return RemoveStr(line + lines, text)
        case KeepStr(line, texts):
            return KeepStr(line + lines, texts)
        case ReplaceStr(line, old, new):
            return ReplaceStr(line + lines, old, new)
        case InsertLine(after, text):
            return InsertLine(after + lines, text)
        case RemoveAll():
            return operation


KEEP_ALL = Program()
REMOVE_ALL = Program((RemoveAll(),))
