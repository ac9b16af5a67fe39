"""One line: the fewest strings to delete from it so that another line is left.

A program deletes a string only where it occurs once, so each run of deleted characters must occur once in
its line, overlapping occurrences counted. To split a run is no way out: a part of a string that occurs twice
occurs twice. But what remains can often be found in the line in several ways. "abcabc" less one "abc" cannot
be reached by deleting "abc"; deleting "bca" or "cab" leaves the same. All ways are looked at.
"""

from collections.abc import Iterator
from typing import NamedTuple

from bluepencil.distill.subsequence import common_prefix, common_suffix, is_subsequence

# Bounds of the exact search: bits of working memory (50 MB), characters of the line (0.3 s to find what
# occurs once), characters times runs (1 s).
SEARCH_BITS = 400_000_000
SEARCH_LENGTH = 30_000
SEARCH_STEPS = 1_000_000
# Places for one run, and for the piece between two, that are tried before the exact search: so many in a line
# of normal length, fewer in one that is longer than the number of characters.
FIRST_PLACES = 64
FIRST_CHARACTERS = 500_000


class Embedding(NamedTuple):
    """Where the deleted runs of a line begin and end, in characters of the line.

    `runs` is None when no set of deletable runs leaves the other line. With `proven` there is none with
    fewer runs (or none at all); without, the search was cut short.
    """

    runs: tuple[tuple[int, int], ...] | None
    proven: bool = True


def fewest_runs(line: str, left: str) -> Embedding:
    """Return the fewest deletable runs whose deletion from `line` leaves `left`.

    Among equally few, runs are preferred that begin and end between words, and take the space before a word
    rather than the one after it.
    """
    if line == left:
        return Embedding(())
    deleted = len(line) - len(left)
    if deleted <= 0:
        return Embedding(None)
    prefix, suffix = common_prefix(line, left), common_suffix(line, left)
    if prefix + suffix >= len(left):
        first, last = max(len(left) - suffix, 0), min(prefix, len(left))
        run = _single_run(line, deleted, first, last)
        if run is not None:
            return Embedding((run,))
    elif not is_subsequence(left, line):
        return Embedding(None)
    else:
        runs = _two_runs(line, left, prefix, suffix)
        if runs is not None:
            return Embedding(runs)
    return _Search(line, left).solve()


def occurs_once(line: str, start: int, end: int) -> bool:
    """Say whether `line[start:end]` occurs nowhere else in the line, overlapping itself or not."""
    text = line[start:end]
    return line.find(text) == start and line.find(text, start + 1) < 0


def any_runs(line: str, left: str) -> tuple[tuple[int, int], ...]:
    """Return the fewest runs, deletable or not, whose deletion leaves `left`, a subsequence of the line.

    For what no program of deletions can express. Where the search would take too long, the kept characters
    are matched as early as possible, which gives more runs than needed.
    """
    prefix = common_prefix(line, left)
    suffix = min(common_suffix(line, left), len(left) - prefix)
    if prefix + suffix == len(left):
        return ((prefix, len(line) - suffix),)
    runs = _Search(line, left, unique=False).solve().runs
    return runs or tuple(_early_runs(line, left, prefix, suffix))


def _early_runs(line: str, left: str, prefix: int, suffix: int) -> Iterator[tuple[int, int]]:
    at = prefix
    for character in left[prefix : len(left) - suffix]:
        found = line.index(character, at)
        if found > at:
            yield at, found
        at = found + 1
    if at < len(line) - suffix:
        yield at, len(line) - suffix


def _single_run(line: str, deleted: int, first: int, last: int) -> tuple[int, int] | None:
    """Return the best run of `deleted` characters that begins from `first` to `last` and occurs once."""
    starts = range(first, min(last + 1, first + _first_places(line)))
    for start in sorted(starts, key=lambda start: _roughness(line, start, start + deleted)):
        if occurs_once(line, start, start + deleted):
            return start, start + deleted
    return None


def _first_places(line: str) -> int:
    return max(min(FIRST_PLACES, FIRST_CHARACTERS // len(line)), 1)


def _roughness(line: str, start: int, end: int) -> int:
    """Return how unlike a whole word a run is; less is better, and costs a language model fewer tokens."""
    rough = 0
    if start and line[start - 1].isalnum() and line[start].isalnum():
        rough += 4
    return rough + _rough_end(line, end)


def _rough_end(line: str, end: int) -> int:
    rough = 1 if line[end - 1] == " " else 0
    if end < len(line) and line[end - 1].isalnum() and line[end].isalnum():
        rough += 4
    return rough


def _two_runs(line: str, left: str, prefix: int, suffix: int) -> tuple[tuple[int, int], ...] | None:
    """Return two deletable runs, when the common prefix and suffix do not cover what is left.

    Then the part in between stands in one piece between the runs, and its place decides everything.
    """
    middle = left[prefix : len(left) - suffix]
    deleted = len(line) - len(left)
    # The middle begins `shift` characters later in the line than in what is left.
    found = prefix
    for _ in range(_first_places(line)):
        found = line.find(middle, found + 1, len(line) - suffix - 1)
        if found < 0:
            return None
        shift = found - prefix
        first = _run_before(line, left, prefix, shift)
        if first is not None:
            last = _run_after(line, left, len(left) - suffix, shift, deleted)
            if last is not None:
                return first, last
    return None


def _run_before(line: str, left: str, end: int, shift: int) -> tuple[int, int] | None:
    """Return the first run, which may move to the left as long as the characters repeat."""
    start = end
    least = max(end - _first_places(line), 0)
    while start > least and line[start - 1 + shift] == left[start - 1]:
        start -= 1
    return _single_run(line, shift, start, end)


def _run_after(line: str, left: str, start: int, shift: int, deleted: int) -> tuple[int, int] | None:
    """Return the last run, which may move to the right as long as the characters repeat."""
    end = start
    most = min(start + _first_places(line), len(left))
    while end < most and line[end + shift] == left[end]:
        end += 1
    return _single_run(line, deleted - shift, start + shift, end + shift)


class _Search:
    """Breadth-first over the number of runs, all ways at once.

    A way is where it stands in the line, at character i, and how many characters it has deleted before. The
    ways at i are one integer, bit d for d characters deleted. `matched[k][i]`: those with k runs whose last
    character is kept. `open[k][i]`: those whose last character is deleted and whose last run is long enough
    to occur once.
    """

    def __init__(self, line: str, left: str, *, unique: bool = True) -> None:
        self.line = line
        self.left = left
        self.unique = unique
        self.deleted = len(line) - len(left)
        self.matched: list[list[int]] = []
        self.open: list[list[int]] = []

    def solve(self) -> Embedding:
        if len(self.line) > SEARCH_LENGTH or len(self.line) * self.deleted > SEARCH_BITS:
            return Embedding(None, proven=False)
        self.shortest_end = shortest_ends(self.line) if self.unique else range(1, len(self.line) + 1)
        self.fitting = self._fitting()
        prefix = common_prefix(self.line, self.left)
        self.matched.append([1] * (prefix + 1) + [0] * (len(self.line) - prefix))
        self.open.append([0] * (len(self.line) + 1))
        goal = 1 << self.deleted
        bits = 0
        while bits <= SEARCH_BITS and len(self.matched) * len(self.line) <= SEARCH_STEPS:
            if (self.matched[-1][-1] | self.open[-1][-1]) & goal:
                return Embedding(tuple(self._walk_back()))
            if not self._next_layer():
                return Embedding(None)
            # What an integer of Python takes, and what a zero in a list does.
            bits += sum(self.deleted + 300 if ways else 64 for ways in self.open[-1]) * 2
        return Embedding(None, proven=False)

    def _fitting(self) -> list[int]:
        """Return for each character of the line the ways for which it is the next one to keep."""
        mask = (2 << self.deleted) - 1
        places: dict[str, int] = {}
        for place, character in enumerate(reversed(self.left)):
            places[character] = places.get(character, 0) | 1 << place
        fitting = []
        shift = len(self.left) - 1
        for character in self.line:
            bits = places.get(character, 0)
            fitting.append((bits >> shift if shift >= 0 else bits << -shift) & mask)
            shift -= 1
        return fitting

    def _next_layer(self) -> bool:
        """Add one more run; say whether that leads anywhere."""
        length = len(self.line)
        mask = (2 << self.deleted) - 1
        # Where runs are first long enough.
        pending = [0] * (length + 1)
        for start, (ways, end) in enumerate(zip(self.matched[-1], self.shortest_end, strict=False)):
            if ways and end <= length and end - start <= self.deleted:
                pending[end] |= ways << (end - start)
        run = now = 0
        opened, matched = [], []
        for more, fits in zip(pending, [*self.fitting, 0], strict=True):
            run = (run | more) & mask
            opened.append(run)
            matched.append(now)
            now = (now | run) & fits
            run <<= 1
        self.open.append(opened)
        self.matched.append(matched)
        return any(opened)

    def _walk_back(self) -> Iterator[tuple[int, int]]:
        at, deleted = len(self.line), self.deleted
        runs = []
        for layer in range(len(self.matched) - 1, 0, -1):
            end = self._run_end(layer, at, deleted)
            start = self._run_start(layer, end, deleted)
            runs.append((start, end))
            at, deleted = start, deleted - (end - start)
        return reversed(runs)

    def _run_end(self, layer: int, at: int, deleted: int) -> int:
        """Return where the last run ends: back over kept characters to the place that reads best."""
        ends = []
        while True:
            if self.open[layer][at] >> deleted & 1:
                ends.append(at)
            if not self.matched[layer][at] >> deleted & 1:
                return min(ends, key=lambda end: _rough_end(self.line, end))
            at -= 1

    def _run_start(self, layer: int, end: int, deleted: int) -> int:
        """Return where the run that ends there begins, of all places the one that reads best."""
        before = self.matched[layer - 1]
        starts = [
            start
            for start in range(end - 1, max(end - deleted, 0) - 1, -1)
            if self.shortest_end[start] <= end and before[start] >> (deleted - (end - start)) & 1
        ]
        return min(starts, key=lambda start: _roughness(self.line, start, end))


def shortest_ends(line: str) -> list[int]:
    """Return for each place of the line the end of the shortest string from there that occurs once.

    The length of the line plus one where there is none. Ends never fall from one place to the next: what
    contains a string that occurs once occurs once itself.
    """
    ends = []
    end = 0
    for start in range(len(line)):
        end = max(end, start + 1)
        while end <= len(line) and not occurs_once(line, start, end):
            end += 1
        ends.append(end)
    return ends
