"""Lines that an expert did more to than delete from them: matched as far as that goes, the rest reported."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from bluepencil.distill.differences import Difference, Kind
from bluepencil.distill.inline import compare
from bluepencil.distill.pair import Pair
from bluepencil.distill.pairing import Group, group_lines
from bluepencil.distill.subsequence import is_subsequence


class Kept(NamedTuple):
    """What is left of a source line, and the row of the refined text that it became."""

    left: str
    row: int


class Matched(NamedTuple):
    """The source lines that are kept, by their place, and the differences that remain, in order."""

    kept: dict[int, Kept]
    differences: list[Difference]
    complete: bool


def match_changed(pair: Pair, anchors: Sequence[tuple[int, int]]) -> Matched:
    """Match the rows between the anchors, pairs of equal lines, by their words; report what is left over."""
    matching = _Matching(pair)
    for place, row in anchors:
        matching.keep(place, row)
    at = start = 0
    for place, row in [*anchors, (len(pair.lines), len(pair.rows))]:
        if row > start:
            matching.between(range(start, row), range(at, place))
        at, start = place + 1, row + 1
    matching.report_rest()
    matching.differences.sort(key=lambda difference: (difference.start, difference.end))
    return Matched(matching.kept, matching.differences, matching.complete)


class _Matching:
    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.starts = pair.starts()
        self.kept: dict[int, Kept] = {}
        self.differences: list[Difference] = []
        self.complete = True
        # Rows without a counterpart, and the source line before which they stand.
        self.rest: list[tuple[int, int]] = []

    def keep(self, place: int, row: int) -> None:
        self.kept[place] = Kept(self.pair.left(place, row), row)

    def between(self, rows: range, places: range) -> None:
        """Match some rows with the source lines among which they must stand."""
        here = [place for place in places if self.pair.keys[place]]
        groups = group_lines(
            [self.pair.keys[place] for place in here], self.pair.row_keys[rows.start : rows.stop]
        )
        found = set()
        for group in groups:
            found.update(group.refined)
            self._compare(
                Group([here[rank] for rank in group.source], [rows[rank] for rank in group.refined])
            )
        before = places.start
        for rank, row in enumerate(rows):
            if rank not in found:
                self.rest.append((row, before))
            else:
                group = next(group for group in groups if rank in group.refined)
                before = here[group.source[-1]] + 1

    def _compare(self, group: Group) -> None:
        """Find out what was done to the lines of a group."""
        pair = self.pair
        if len(group.source) == len(group.refined) == 1:
            place, row = group.source[0], group.refined[0]
            if is_subsequence(pair.row_keys[row], pair.lines[place]):
                self.keep(place, row)
                return
        keys = [pair.keys[place] for place in group.source]
        changed = compare(keys, [pair.row_keys[row] for row in group.refined])
        self.complete &= changed.complete
        for place, key, left in zip(group.source, keys, changed.left, strict=True):
            if left.strip():
                self.kept[place] = Kept(pair.lines[place] if left.strip() == key else left, group.refined[0])
        offsets = list(accumulate([len(key) + 1 for key in keys], initial=0))
        for kind, start, end, text in map(_parts, changed.differences):
            rank = min(bisect_right(offsets, start) - 1, len(keys) - 1)
            line = pair.lines[group.source[rank]]
            shift = self.starts[group.source[rank]] + len(line) - len(line.lstrip()) - offsets[rank]
            self.differences.append(Difference(kind, start + shift, end + shift, text))

    def report_rest(self) -> None:
        """Report the rows without a counterpart: moved when they stand elsewhere in the source, else new."""
        pair = self.pair
        unused: dict[str, list[int]] = {}
        for place in range(len(pair.lines) - 1, -1, -1):
            if place not in self.kept and pair.keys[place]:
                unused.setdefault(pair.keys[place], []).append(place)
        for row, before in self.rest:
            found = unused.get(pair.row_keys[row])
            if found:
                place = found.pop()
                self.keep(place, row)
                start = self.starts[place]
                end = start + len(pair.lines[place])
                self.differences.append(Difference(Kind.MOVED, start, end, pair.rows[row]))
            else:
                start = min(self.starts[before], len(pair.raw))
                self.differences.append(Difference(Kind.INSERTED, start, start, pair.row_keys[row]))


def _parts(difference: Difference) -> tuple[Kind, int, int, str]:
    return difference.kind, difference.start, difference.end, difference.text
