"""A text with its edits shown: what was struck out, and what was put in."""

from collections.abc import Iterable, Sequence

_STRUCK = ("\x1b[9;31m", "\x1b[0m")
_ADDED = ("\x1b[32m", "\x1b[0m")
_STRUCK_PLAIN = ("[-", "-]")
_ADDED_PLAIN = ("{+", "+}")

Span = tuple[int, int, str]


def struck_out(text: str, edits: Iterable[Span], *, color: bool) -> str:
    """Return the text with what the edits (start, end, new) remove struck out, line by line.

    Without colour, `[-...-]` and `{+...+}` stand around what goes and what comes, as wdiff has it.
    """
    struck, added = (_STRUCK, _ADDED) if color else (_STRUCK_PLAIN, _ADDED_PLAIN)
    pieces = []
    at = 0
    for start, end, new in edits:
        pieces.append(visible(text[at:start]))
        pieces.append(_marked(text[start:end], struck))
        pieces.append(_marked(new, added))
        at = end
    pieces.append(visible(text[at:]))
    return "".join(pieces)


def _marked(text: str, marks: tuple[str, str]) -> str:
    # Each line is marked on its own, so that a pager or a cut shows no half of a mark.
    lines = visible(text).split("\n")
    return "\n".join(marks[0] + line + marks[1] if line else "" for line in lines)


def visible(text: str) -> str:
    """Show control characters as escapes: what a page holds must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else _escape(c) for c in text)


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def shortened(lines: Sequence[str], most: int) -> list[str]:
    """Return at most `most` lines, from the start and the end, and how many are left out."""
    if len(lines) <= most:
        return list(lines)
    head = most * 2 // 3
    tail = most - head
    return [*lines[:head], f"    ... {len(lines) - most} more lines ...", *lines[len(lines) - tail :]]
