"""One line that deletions alone cannot make: what occurs more than once is replaced with text around it."""

from collections.abc import Iterator

from bluepencil.distill.embed import SEARCH_LENGTH, any_runs, occurs_once, shortest_ends
from bluepencil.programs import RemoveStr, ReplaceStr


def replacing(number: int, line: str, left: str) -> Iterator[RemoveStr | ReplaceStr]:
    """Yield calls that make `left`, a subsequence, of the line with this number.

    The deleted runs are as few as possible. One that occurs more than once is extended to the shortest string
    around it that occurs once (in very long lines, to a short one), and replaced; runs without room for that
    are replaced together. The calls are short, but not always the shortest.
    """
    runs = list(any_runs(line, left))
    ends = shortest_ends(line) if len(line) <= SEARCH_LENGTH else []
    pieces: list[list[tuple[int, int]]] = [[run] for run in runs]
    spans = list(runs)
    place = 0
    while place < len(spans):
        start, end = spans[place]
        if occurs_once(line, start, end):
            place += 1
            continue
        least = spans[place - 1][1] if place else 0
        most = spans[place + 1][0] if place + 1 < len(spans) else len(line)
        wider = _wider(ends, start, end, least, most) if ends else _doubled(line, start, end, least, most)
        if wider is not None:
            spans[place] = wider
            place += 1
            continue
        # No room: together with a neighbour. The whole line occurs once, so this ends.
        other = place if place + 1 < len(spans) else place - 1
        spans[other : other + 2] = [(spans[other][0], spans[other + 1][1])]
        pieces[other : other + 2] = [pieces[other] + pieces[other + 1]]
        place = other
    for (start, end), deleted in zip(spans, pieces, strict=True):
        yield _call(number, line, start, end, deleted)


def _wider(ends: list[int], start: int, end: int, least: int, most: int) -> tuple[int, int] | None:
    """Return the shortest span from `least` to `most` around a run that occurs once in the line."""
    spans = [(begin, max(ends[begin], end)) for begin in range(start, least - 1, -1)]
    fitting = [span for span in spans if span[1] <= most]
    return min(fitting, key=lambda span: span[1] - span[0], default=None)


def _doubled(line: str, start: int, end: int, least: int, most: int) -> tuple[int, int] | None:
    """Return a span around a run that occurs once, in a line too long to look for the shortest."""
    width = 4
    while width < 2 * len(line):
        width *= 2
        wider = max(start - width, least), min(end + width, most)
        if occurs_once(line, *wider):
            return wider
        if wider == (least, most):
            return None
    return None


def _call(
    number: int, line: str, start: int, end: int, deleted: list[tuple[int, int]]
) -> RemoveStr | ReplaceStr:
    if deleted == [(start, end)]:
        return RemoveStr(number, line[start:end])
    new = ""
    at = start
    for first, last in deleted:
        new += line[at:first]
        at = last
    return ReplaceStr(number, line[start:end], new + line[at:end])
