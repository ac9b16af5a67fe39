"""One line: the cheapest way to make another line of it by deletions alone."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from bluepencil.distill.cost import CALL, STRING, least_cost, weight
from bluepencil.distill.embed import fewest_runs
from bluepencil.distill.mixed import cheapest_mix
from bluepencil.distill.pieces import fewest_pieces
from bluepencil.distill.subsequence import is_subsequence
from bluepencil.programs import KeepStr, RemoveStr

Spans = tuple[tuple[int, int], ...]


class LineEdit(NamedTuple):
    """What is said of a line so that another is left, in spans of its characters.

    Without `pieces`, the `runs` are removed from the line; with them they are kept, and the runs removed from
    these. The cost is None when no program leaves the other line. With `proven` there is no cheaper way (or
    none at all); without, the search was cut short.
    """

    cost: int | None
    runs: Spans = ()
    pieces: Spans = ()
    proven: bool = True

    @property
    def possible(self) -> bool:
        """Whether a way is known."""
        return self.cost is not None

    def operations(self, number: int, line: str) -> Iterator[RemoveStr | KeepStr]:
        """Yield the calls for the line with this number."""
        if self.pieces:
            yield KeepStr(number, tuple(line[start:end] for start, end in self.pieces))
        for start, end in self.runs:
            yield RemoveStr(number, line[start:end])

    def deletions(self, line: str) -> Spans:
        """Return the spans of the line that go; some may touch."""
        if not self.pieces:
            return self.runs
        ends = [(0, 0), *self.pieces, (len(line), len(line))]
        rest = [(one[1], two[0]) for one, two in pairwise(ends) if one[1] < two[0]]
        return tuple(sorted([*rest, *self.runs]))


@lru_cache(maxsize=256)
def cheapest_edit(line: str, left: str, *, keeps: bool = True) -> LineEdit:
    """Return the cheapest way to make the line `left` of a line; see `bluepencil.distill.cost`.

    At the same cost, strings are removed rather than kept; without `keeps` always.
    """
    if line == left:
        return LineEdit(0)
    if len(left) >= len(line):
        return LineEdit(None)
    whole, kept = weight(line), weight(left)
    if keeps and kept < whole - kept:
        # Nothing is cheaper than to keep one piece.
        pieces, _ = fewest_pieces(line, left, 1)
        if pieces is not None:
            return LineEdit(CALL + kept, (), pieces)
    runs, proven = fewest_runs(line, left)
    best = LineEdit(None, proven=proven)
    if runs is not None:
        best = LineEdit(CALL * len(runs) + whole - kept, runs)
    elif not is_subsequence(left, line):
        return best
    if keeps:
        best = _with_windows(line, left, _with_pieces(line, left, best))
    if best.cost is not None and best.cost <= least_cost(whole, kept):
        return best._replace(proven=True)
    return best


def _with_pieces(line: str, left: str, best: LineEdit) -> LineEdit:
    """Return what is cheaper, if anything is: to keep pieces that make up what is left."""
    least = CALL + weight(left)
    most = len(left) if best.cost is None else (best.cost - 1 - least) // STRING + 1
    pieces, proven = fewest_pieces(line, left, most)
    if pieces is None:
        return best._replace(proven=best.proven and proven)
    return LineEdit(least + STRING * (len(pieces) - 1), (), pieces, best.proven)


def _with_windows(line: str, left: str, best: LineEdit) -> LineEdit:
    """Return what is cheaper, if anything is: to keep more than is left, and remove strings from that."""
    mix = cheapest_mix(line, left, best.cost)
    if mix.windows is None:
        return best._replace(proven=best.proven and mix.proven)
    return LineEdit(mix.cost, mix.runs, mix.windows, best.proven)
