"""A long text in chunks of whole lines that fit a refiner's window, and lines with their numbers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bluepencil.errors import OptionError
from bluepencil.programs.lines import LineIndex
from bluepencil.programs.ops import (
    REMOVE_ALL,
    InsertLine,
    KeepStr,
    Operation,
    Program,
    RemoveAll,
    RemoveLines,
    RemoveStr,
    ReplaceStr,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The lines `first_line` to `last_line` of a text, both included: its characters `start` to `end`.

    The line end after the last line is not part of it. A chunk that is `too_long` is one line that does not
    fit the window: it is there so that every line is in some chunk, and a refiner passes over it.
    """

    first_line: int
    last_line: int
    start: int
    end: int
    too_long: bool = False


def split_chunks(text: str, window: int, overlap: int = 0, size: Callable[[str], int] = len) -> list[Chunk]:
    """Split a text into chunks of whole lines whose size is at most `window`, in order, no line left out.

    The size of a chunk is that of its lines, plus 1 for each line end between them: by default its
    characters; with another `size`, tokens or whatever that function counts in one line.
    A chunk repeats as many of the last lines of the one before as fit both in `overlap` and, with the line
    that follows them, in the window. RefineX splits alike:
    windows of 12,000 at line ends, overlapping. Raises OptionError for a window that cannot work.
    """
    if window < 1 or not 0 <= overlap < window:
        raise OptionError(
            f"the window must be 1 or more and larger than the overlap, not {window} and {overlap}"
        )
    index = LineIndex(text)
    sizes = [0, *map(size, text.split("\n"))]
    chunks: list[Chunk] = []
    line = 1
    while line <= index.count:
        first = _first_line(chunks, sizes, line, window, overlap)
        last = _last_line(sizes, first, line, window)
        chunks.append(Chunk(first, last, index.start(first), index.end(last), sizes[line] > window))
        line = last + 1
    return chunks


def _first_line(chunks: list[Chunk], sizes: list[int], line: int, window: int, overlap: int) -> int:
    """Return the first line of the chunk whose first new line is `line`."""
    if not chunks or chunks[-1].too_long or not overlap:
        return line
    # The first line of the chunk before is not repeated: then that chunk would be part of this one.
    allowed = min(overlap, window - sizes[line] - 1)
    first = line
    repeated = -1
    while first - 1 > chunks[-1].first_line and repeated + sizes[first - 1] + 1 <= allowed:
        first -= 1
        repeated += sizes[first] + 1
    return first


def _last_line(sizes: list[int], first: int, line: int, window: int) -> int:
    """Return the last line of the chunk from `first` that is to hold `line` at least."""
    total = sum(sizes[first : line + 1]) + line - first
    last = line
    while last + 1 < len(sizes) and total + sizes[last + 1] + 1 <= window:
        last += 1
        total += sizes[last] + 1
    return last


def number_lines(text: str, first_line: int = 1) -> str:
    """Return the text with `[number] ` before each line, as RefineX shows a text to its refiner.

    With the first line of a chunk in its document, the numbers are those of the document; with 1, those of
    the chunk, and `Program.shifted(first_line - 1)` carries the program to the document.
    """
    return "\n".join(f"[{number}] {line}" for number, line in enumerate(text.split("\n"), first_line))


def join_programs(chunks: Sequence[Chunk], programs: Sequence[Program]) -> Program:
    """Return the program of a document from those of its chunks, all with the line numbers of the document.

    A line in two chunks is decided by the chunk that shows more around it: the first half of an overlap
    belongs to the earlier chunk, the rest to the later one, and what a program says of lines that are not its
    own is left out. remove_all() of a chunk removes its own lines; only where all chunks say so, the text.
    """
    if all(RemoveAll() in program.operations for program in programs):
        return REMOVE_ALL if programs else Program()
    operations: list[Operation] = []
    for first, last, start, program in _owned(chunks, programs):
        if RemoveAll() in program.operations:
            operations.append(RemoveLines(first, last))
        else:
            operations.extend(_clipped(program.operations, first, last, start))
    return Program(tuple(operations))


def _owned(chunks: Sequence[Chunk], programs: Sequence[Program]) -> Iterator[tuple[int, int, int, Program]]:
    """Yield for each chunk its own first and last line, its first line, and its program."""
    first = 1
    for index, (chunk, program) in enumerate(zip(chunks, programs, strict=True)):
        last = chunk.last_line
        if index + 1 < len(chunks):
            following = chunks[index + 1].first_line
            last = (following + last) // 2
        yield first, last, chunk.first_line, program
        first = last + 1


def _clipped(operations: Iterable[Operation], first: int, last: int, start: int) -> Iterator[Operation]:
    for operation in operations:
        match operation:
            case RemoveLines(begin, end):
                if begin <= last and end >= first:
                    yield RemoveLines(max(begin, first), min(end, last))
            case InsertLine(after, _):
                # Without an overlap no other chunk speaks for the place before the first line.
                if first <= after <= last or after == first - 1 == start - 1:
                    yield operation
            case RemoveStr(line) | KeepStr(line) | ReplaceStr(line):
                if first <= line <= last:
                    yield operation
