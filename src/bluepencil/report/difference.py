"""Two texts line by line: what a rewrite took away and what it put there, as a unified diff."""

from difflib import SequenceMatcher

from bluepencil.report.struck import visible

MOST_LINES = 3000
"""Lines that differ, on either side, up to which they are compared: difflib takes quadratic time."""

_CONTEXT = 3
_RED, _GREEN, _CYAN, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"


def difference(before: str, after: str, *, color: bool) -> str:
    """Return the lines that differ, those taken away with `-`, those put there with `+`, and some around."""
    old, new = before.split("\n"), after.split("\n")
    start = _same_at_start(old, new)
    end = _same_at_start(old[start:][::-1], new[start:][::-1])
    first = max(0, start - _CONTEXT)
    old_part = old[first : len(old) - max(0, end - _CONTEXT)]
    new_part = new[first : len(new) - max(0, end - _CONTEXT)]
    if max(len(old_part), len(new_part)) > MOST_LINES:
        return (
            f"@@ from line {start + 1} on, {len(old) - start - end:,} lines became "
            f"{len(new) - start - end:,}: too many to compare @@"
        )
    lines = []
    for group in SequenceMatcher(None, old_part, new_part, autojunk=False).get_grouped_opcodes(_CONTEXT):
        where = _span(first, group[0][1], group[-1][2]), _span(first, group[0][3], group[-1][4])
        lines.append(_marked(f"@@ -{where[0]} +{where[1]} @@", _CYAN, color))
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                lines += [f" {visible(line)}" for line in old_part[old_from:old_to]]
                continue
            lines += [_marked(f"-{visible(line)}", _RED, color) for line in old_part[old_from:old_to]]
            lines += [_marked(f"+{visible(line)}", _GREEN, color) for line in new_part[new_from:new_to]]
    return "\n".join(lines)


def _same_at_start(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _span(first: int, start: int, end: int) -> str:
    return f"{first + start + 1},{end - start}"


def _marked(line: str, mark: str, color: bool) -> str:
    return f"{mark}{line}{_PLAIN}" if color else line
