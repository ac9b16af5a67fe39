"""A text and what an expert made of it -> the characters that were deleted, and what else was done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from bluepencil.distill.changed import Kept, Matched, match_changed
from bluepencil.distill.differences import Difference
from bluepencil.distill.embed import any_runs
from bluepencil.distill.lines import cheapest_edit
from bluepencil.distill.pair import Pair, equal_lines, places_as_they_are, places_in_part

BlankLines = Literal["free", "follow"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """What an expert deleted from a text, and what else was done to it.

    `deletions` are sorted, disjoint spans of characters that do not touch; `target` is the text without them:
    the refined text as far as deletions lead to it. `differences` are the rest, sorted by their place. Not
    `complete`: the texts are so large and so unlike that not all of them could be compared, so that more
    counts as a difference than had to.
    """

    deletions: tuple[tuple[int, int], ...]
    target: str
    differences: tuple[Difference, ...] = ()
    complete: bool = True

    @property
    def exact(self) -> bool:
        """Whether the target is the refined text, up to white space at line ends and blank lines."""
        return not self.differences

    @property
    def deleted(self) -> int:
        """The number of deleted characters."""
        return sum(end - start for start, end in self.deletions)


def align(raw: str, refined: str, *, blank_lines: BlankLines = "free") -> Alignment:
    """Return which characters of `raw` an expert deleted to make `refined` of it.

    The rule: white space at both ends of a line and blank lines do not count. Both texts are compared as
    lists of lines that are not blank, without the white space around them. When each line of the refined text
    is a subsequence of a line of `raw`, in order, one line for one, the alignment is exact: the target is the
    refined text up to the rule. In the target a line that was not edited stands as it does in `raw`, an
    edited one as in `refined`. Blank lines of `raw` remain where nothing between two lines was deleted (with
    `blank_lines="follow"`: as many as `refined` has there), elsewhere as many as `refined` has, if `raw` has
    so many beside the deleted lines.

    Otherwise equal lines are matched first, then the words of the lines between them, and what deletions do
    not explain are differences; see `Difference` and `Kind`. Time grows with the length of the texts, beside
    a bounded amount of work for lines in a new order and for changed words.
    """
    if raw == refined:
        return Alignment((), raw)
    pair = Pair(raw, refined)
    matched = _match(pair)
    if not matched.kept:
        everything = ((0, len(raw)),) if any(pair.keys) else ()
        return Alignment(everything, "" if everything else raw, tuple(matched.differences), matched.complete)
    lines = _with_blank_lines(pair, matched.kept, follow=blank_lines == "follow")
    target = "\n".join([left for _, left in lines])
    deletions = tuple(_merged(_deletions(pair, lines)))
    return Alignment(deletions, target, tuple(matched.differences), matched.complete)


def _match(pair: Pair) -> Matched:
    places = places_as_they_are(pair)
    if places is None:
        anchors, most = equal_lines(pair)
        places = places_in_part(pair, anchors)
        if places is None:
            matched = match_changed(pair, anchors)
            return matched._replace(complete=matched.complete and most)
    return Matched({place: Kept(pair.left(place, row), row) for row, place in enumerate(places)}, [], True)


def _with_blank_lines(pair: Pair, kept: Mapping[int, Kept], *, follow: bool) -> list[tuple[int, str]]:
    """Return the lines of the target with their places in the source: the kept ones, and blank ones."""
    blanks = list(accumulate(pair.blanks, initial=0))
    lines = []
    before, row = -1, -1
    for place in [*sorted(kept), len(pair.lines)]:
        left, next_row = kept[place] if place in kept else ("", len(pair.rows))
        if place - before > 1:
            # Lines that were moved stand in another order: there are no blank lines between them.
            allowed = max(blanks[next_row + 1] - blanks[row + 1], 0)
            between = _blank_lines(pair, range(before + 1, place), allowed, follow=follow)
            lines += [(blank, pair.lines[blank]) for blank in between]
        if place < len(pair.lines):
            lines.append((place, left))
        before, row = place, next_row
    return lines


def _blank_lines(pair: Pair, places: range, allowed: int, *, follow: bool) -> list[int]:
    """Return which blank lines of a stretch between two kept lines remain."""
    above = 0
    while above < len(places) and not pair.keys[places[above]]:
        above += 1
    if above == len(places):
        return list(places)[:allowed] if follow else list(places)
    below = 0
    while not pair.keys[places[-1 - below]]:
        below += 1
    above = min(above, allowed)
    below = min(below, allowed - above)
    return [*places[:above], *places[len(places) - below :]]


def _deletions(pair: Pair, lines: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    """Yield the spans of the source that are not in the target, in order."""
    starts = pair.starts()
    before = -1
    for place, left in lines:
        if place - before > 1:
            # A removed line goes with the line end before it, the first lines with the one after them.
            yield (starts[before + 1] - 1, starts[place] - 1) if before >= 0 else (0, starts[place])
        line = pair.lines[place]
        if left != line:
            edit = cheapest_edit(line, left)
            for start, end in edit.deletions(line) if edit.possible else any_runs(line, left):
                yield starts[place] + start, starts[place] + end
        before = place
    if before + 1 < len(pair.lines):
        yield starts[before + 1] - 1, len(pair.raw)


def _merged(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Make one span of those that touch."""
    last: tuple[int, int] | None = None
    for span in spans:
        if last and last[1] == span[0]:
            last = last[0], span[1]
            continue
        if last:
            yield last
        last = span
    if last:
        yield last
