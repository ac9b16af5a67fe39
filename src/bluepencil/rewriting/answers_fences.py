"""Blocks of code in fences, as CommonMark (0.31, section 4.5) defines them, and the fence that code needs."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Ends that are tried for a block whose code may hold fences itself.
MOST_ENDS = 64
SHORTEST_FENCE = 3

_OPENING = re.compile(r"(?P<indent> {0,3})(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_CLOSING = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})[ \t\r]*")
_RUNS = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


class UnclosedError(ValueError):
    """A block that does not end: the answer was cut off, or was never a whole one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: what follows the opening fence on its line, and the lines inside, each ended by a newline."""

    info: str
    code: str


def fence_for(text: str) -> str:
    """Return the shortest fence of backticks that no line of a text can end: longer than those it holds."""
    longest = max(map(len, _RUNS.findall(text)), default=0)
    return "`" * max(SHORTEST_FENCE, longest + 1)


def fenced(text: str, info: str = "") -> str:
    """Return a text in a block of its own, which `read_block` reads back to the letter.

    The text gets a newline at its end where it has none.
    """
    fence = fence_for(text)
    return f"{fence}{info}\n{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{fence}"


def is_opening(line: str) -> bool:
    """Say whether a line begins a block."""
    return _OPENING.fullmatch(line) is not None


def read_block(
    lines: Sequence[str],
    first: int,
    parses: Callable[[str], bool] | None = None,
    is_code: Callable[[str], bool] = lambda info: True,
) -> tuple[Block, int]:
    """Return the block that begins at a line, and the number of the line after it; raises UnclosedError.

    It ends at the first closing fence, or, where `parses` is given and `is_code` says yes to the info string,
    at the only one that makes the code parse. (A fence inside a string of Python cannot end code that parses,
    so there is never more than one.)
    """
    opening = _OPENING.fullmatch(lines[first])
    assert opening is not None
    fence, indent, info = opening["fence"], len(opening["indent"]), opening["info"].strip()
    most = MOST_ENDS if parses is not None and is_code(info) else 1
    ends: list[int] = []
    for number in range(first + 1, len(lines)):
        closing = _CLOSING.fullmatch(lines[number])
        if closing is not None and closing["fence"].startswith(fence):
            ends.append(number)
            if len(ends) == most:
                break
    if not ends:
        raise UnclosedError(f"a block that begins with {lines[first].strip()!r} has no end")
    codes = (_inside(lines[first + 1 : end], indent) for end in ends)
    if parses is not None and len(ends) > 1:
        for end, code in zip(ends, codes, strict=True):
            if parses(code):
                return Block(info, code), end + 1
    return Block(info, _inside(lines[first + 1 : ends[0]], indent)), ends[0] + 1


def _inside(lines: Sequence[str], indent: int) -> str:
    if indent:
        lines = [line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines]
    return "".join(f"{line}\n" for line in lines)
