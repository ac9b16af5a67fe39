"""Many lines: which lines of the source are kept, whole or in part, so that the program costs least.

The lines that are left are found in the source in order. A stretch of source lines between two kept ones is
one call; a line kept in part costs what its strings cost. The least cost is a shortest path, and the work is
in not looking at every pair of lines: most lines that are left stand in the source as they are.

Why that is enough. Call a pair of lines an edge when the source line can be kept as that line. Take first
only the edges between equal lines, and all edges of lines that stand nowhere as they are ("lone" lines). The
best path over these edges has breaks: neighbours that are left but do not stand together, one call each. A
break is hard when these two lines stand together nowhere. A path with other edges must save hard breaks: a
chain of p other edges, one below the other, costs more than p calls and saves p + 1 hard breaks at most, and
so many only when it stands between two of the first edges. Where the cost of the best path is that of its
hard breaks and of its lone lines, and no such chain exists, there is no cheaper path; otherwise all edges are
looked at.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from bluepencil.distill.cost import CALL, CHARACTER, least_cost, weight
from bluepencil.distill.subsequence import is_subsequence

# Bounds of the work on one text; beyond them a result may not be the best, and says so.
EDGES = 300_000
COMPARISONS = 200_000
ROUNDS = 100


class Mapping(NamedTuple):
    """The source line of each line that is left, counted from 0, and the cost of the calls.

    `places` is None when the lines cannot be reached. With `proven` there is no better answer.
    """

    places: Sequence[int] | None
    cost: int = 0
    proven: bool = True


class EditCost(NamedTuple):
    """The cost of making one line of another; None when it cannot be done, or without `proven`, be found."""

    cost: int | None
    proven: bool = True


def map_lines(
    source: Sequence[str],
    left: Sequence[str],
    edit_cost: Callable[[str, str], EditCost],
    hint: Callable[[], Sequence[int] | None],
) -> Mapping:
    """Return the cheapest way to keep lines of `source`, whole or in part, as the lines `left`.

    `edit_cost(line, left)` must be at least `least_cost` of their weights.
    `hint()` gives an answer to fall back on when the work goes beyond its bounds.
    """
    search = _Search(source, left, edit_cost)
    try:
        return search.solve()
    except _TooMuchWorkError:
        pass
    if search.best.places is not None:
        return search.best._replace(proven=False)
    places = hint()
    if places is None:
        return Mapping(None, proven=False)
    try:
        return search.near(places)._replace(proven=False)
    except _TooMuchWorkError:
        return search.of_places(places)._replace(proven=False)


class _TooMuchWorkError(Exception):
    """The bounds of the work are reached."""


class _Search:
    def __init__(
        self, source: Sequence[str], left: Sequence[str], edit_cost: Callable[[str, str], EditCost]
    ) -> None:
        self.source = source
        self.left = left
        self.edit_cost = edit_cost
        self.equal: dict[str, list[int]] = {line: [] for line in left}
        for place, line in enumerate(source):
            if line in self.equal:
                self.equal[line].append(place)
        # Edges between lines that differ: the cost, or the least that it can be until it is known.
        self.partial: dict[tuple[int, int], int] = {}
        self.known: set[tuple[int, int]] = set()
        self.lone: dict[int, list[int]] = {}
        self.by_length: list[int] = []
        self.lengths: list[int] = []
        self.weights: dict[int, int] = {}
        self.comparisons = 0
        self.certain = True
        self.best = Mapping(None)

    def solve(self) -> Mapping:
        source, left = self.source, self.left
        if len(left) >= len(source):
            if len(left) > len(source):
                return Mapping(None)
            return self.of_places(range(len(left)))
        for row, line in enumerate(left):
            if not self.equal[line]:
                self.lone[row] = self._part_of(line, self._longer(len(line)))
                self._add(row, self.lone[row])
        self.best = self._cheapest([self.lone.get(row) or self.equal[line] for row, line in enumerate(left)])
        if self.best.places is None or not self._is_best(self.best.places, self.best.cost):
            self.best = self._cheapest(self._all_edges())
        return self.best._replace(proven=self.certain)

    def near(self, places: Sequence[int]) -> Mapping:
        """Return the cheapest path on which only the lines that stand as they are may have other places."""
        self.partial.clear()
        self.known.clear()
        edges = []
        for row, place in enumerate(places):
            equal = self.equal[self.left[row]]
            if self.source[place] != self.left[row]:
                self._add(row, [place])
                equal = sorted([*equal, place])
            edges.append(equal)
        return self._cheapest(edges)

    def of_places(self, places: Sequence[int]) -> Mapping:
        """Return the mapping with these places and its cost."""
        total = CALL * sum(after - place > 1 for place, after in pairwise([-1, *places, len(self.source)]))
        for row, place in enumerate(places):
            if self.source[place] != self.left[row]:
                found = self.edit_cost(self.source[place], self.left[row])
                if found.cost is None:
                    return Mapping(None, proven=found.proven)
                total += found.cost
                self.certain &= found.proven
        return Mapping(places, total, self.certain)

    # Edges

    def _longer(self, length: int, most: int | None = None) -> list[int]:
        """Return the source lines that are longer than `length`, by at most `most`, in order."""
        if not self.by_length:
            self.by_length = sorted(range(len(self.source)), key=lambda place: len(self.source[place]))
            self.lengths = [len(self.source[place]) for place in self.by_length]
        first = bisect_right(self.lengths, length)
        last = len(self.lengths) if most is None else bisect_right(self.lengths, length + most)
        self._count(max(last - first, 0))
        return sorted(self.by_length[first:last])

    def _part_of(self, line: str, places: Sequence[int]) -> list[int]:
        return [place for place in places if is_subsequence(line, self.source[place])]

    def _add(self, row: int, places: Sequence[int]) -> None:
        left = weight(self.left[row])
        for place in places:
            self.partial[place, row] = least_cost(self._weight(place), left)

    def _weight(self, place: int) -> int:
        """Return the weight of a source line."""
        if place not in self.weights:
            self.weights[place] = weight(self.source[place])
        return self.weights[place]

    def _all_edges(self) -> list[list[int]]:
        """Return every edge that a path cheaper than the best so far can have."""
        most = None
        if self.best.places is not None:
            # There is at least one range of lines, and the edge itself is at least one call.
            most = self.best.cost - 2 * CALL - sum(map(self._least, self.lone))
        edges = []
        for row, line in enumerate(self.left):
            if row in self.lone:
                edges.append(self.lone[row])
                continue
            # A line that is short enough to be kept may be part of however long a line.
            short = most is not None and 0 < CHARACTER * len(line) <= most
            others = self._part_of(line, self._longer(len(line), None if short else most))
            self._add(row, others)
            edges.append(sorted(self.equal[line] + others))
        return edges

    def _least(self, row: int) -> int:
        """Return the least that a lone line can cost."""
        return min(self.partial[place, row] for place in self.lone[row])

    # Paths

    def _cheapest(self, edges: list[list[int]]) -> Mapping:
        """Return the cheapest path; what an edge costs is found out once a path goes over it."""
        edges = self._possible(edges)
        if sum(map(len, edges)) > EDGES:
            raise _TooMuchWorkError
        for _ in range(ROUNDS):
            mapping = self._path(edges)
            if mapping.places is None or not self._look_up(mapping.places, edges):
                return mapping
        raise _TooMuchWorkError

    def _look_up(self, places: Sequence[int], edges: list[list[int]]) -> bool:
        """Find out what the edges of a path cost; say whether any costs more than was thought."""
        if not self.partial:
            return False
        dearer = False
        for row, place in enumerate(places):
            edge = place, row
            if edge not in self.partial or edge in self.known:
                continue
            self.known.add(edge)
            found = self.edit_cost(self.source[place], self.left[row])
            if found.cost is None:
                self.certain &= found.proven
                edges[row] = [other for other in edges[row] if other != place]
                del self.partial[edge]
                if row in self.lone:
                    self.lone[row] = [other for other in self.lone[row] if other != place]
                dearer = True
            else:
                dearer |= found.cost > self.partial[edge]
                self.partial[edge] = found.cost
        return dearer

    def _possible(self, edges: list[list[int]]) -> list[list[int]]:
        """Leave out the edges that are in no path from the first line to the last."""
        firsts = []
        at = -1
        for places in edges:
            rank = bisect_right(places, at)
            if rank == len(places):
                return [[] for _ in edges]
            firsts.append(rank)
            at = places[rank]
        total = 0
        at = len(self.source)
        lasts = []
        for row in range(len(edges) - 1, -1, -1):
            places = edges[row]
            rank = bisect_left(places, at)
            lasts.append(rank)
            at = places[rank - 1]
            total += rank - firsts[row]
        if total > EDGES:
            raise _TooMuchWorkError
        lasts.reverse()
        return [
            places if len(places) == 1 else places[first:last]
            for places, first, last in zip(edges, firsts, lasts, strict=True)
        ]

    def _path(self, edges: list[list[int]]) -> Mapping:
        """Return the path from before the first source line to behind the last with the least cost."""
        partial = self.partial
        before: list[int] = [-1]
        costs: list[int] = [0]
        steps: list[list[int]] = []
        for row, places in enumerate([*edges, [len(self.source)]]):
            apart, apart_rank, rank = -1, -1, 0
            kept: list[int] = []
            now: list[int] = []
            step: list[int] = []
            for place in places:
                while rank < len(before) and before[rank] < place - 1:
                    if apart < 0 or costs[rank] <= apart:
                        apart, apart_rank = costs[rank], rank
                    rank += 1
                if (
                    rank < len(before)
                    and before[rank] == place - 1
                    and (apart < 0 or costs[rank] <= apart + CALL)
                ):
                    total, origin = costs[rank], rank
                elif apart >= 0:
                    total, origin = apart + CALL, apart_rank
                else:
                    continue
                kept.append(place)
                now.append(total + partial.get((place, row), 0) if partial else total)
                step.append(origin)
            before, costs = kept, now
            steps.append(step)
            if row < len(edges):
                # A place that no path reaches is none: the ranks in `steps` count without it.
                edges[row] = kept
        if not costs:
            return Mapping(None)
        return Mapping(_walk_back(steps, edges), costs[0])

    # The proof

    def _is_best(self, places: Sequence[int], total: int) -> bool:
        """Say whether no edge beyond those looked at so far can lead to less; see the module's docstring."""
        ends = [-1, *places, len(self.source)]
        breaks = {row for row in range(len(places) + 1) if ends[row + 1] - ends[row] > 1}
        hard = {row for row in breaks if self._is_hard(row)}
        if total > CALL * len(hard) + sum(map(self._least, self.lone)):
            return False
        # Break number `row` is the one before the line `row`.
        return not any(row + 1 in hard and self._chain(row, hard) for row in hard)

    def _has_edge(self, place: int, row: int) -> bool:
        if not 0 <= row < len(self.left):
            return place == (len(self.source) if row >= 0 else -1)
        if not 0 <= place < len(self.source):
            return False
        return self.source[place] == self.left[row] or (place, row) in self.partial

    def _places(self, row: int) -> Sequence[int]:
        if not 0 <= row < len(self.left):
            return (len(self.source) if row >= 0 else -1,)
        return self.lone.get(row) or self.equal[self.left[row]]

    def _is_hard(self, row: int) -> bool:
        """Say whether the lines `row - 1` and `row` stand together nowhere in the source."""
        above, below = self._places(row - 1), self._places(row)
        self._count(min(len(above), len(below)))
        if len(above) <= len(below):
            return not any(self._has_edge(place + 1, row) for place in above)
        return not any(self._has_edge(place - 1, row - 1) for place in below)

    def _count(self, comparisons: int) -> None:
        self.comparisons += comparisons
        if self.comparisons > COMPARISONS:
            raise _TooMuchWorkError

    def _chain(self, row: int, hard: set[int]) -> bool:
        """Say whether other edges from the line `row` on can bridge hard breaks with fewer calls."""
        places = self._places(row - 1)
        self._count(len(places))
        for place in places:
            spare = CALL
            for step in range(1, len(self.left) - row + 1):
                here = row + step - 1
                if here in self.lone or here + 1 not in hard or place + step >= len(self.source):
                    break
                if len(self.source[place + step]) <= len(self.left[here]):
                    break
                spare -= least_cost(self._weight(place + step), weight(self.left[here])) - CALL
                if spare <= 0 or not is_subsequence(self.left[here], self.source[place + step]):
                    break
                if self._has_edge(place + step + 1, here + 1):
                    return True
        return False


def _walk_back(steps: list[list[int]], edges: list[list[int]]) -> list[int]:
    places = []
    rank = 0
    for row in range(len(edges) - 1, -1, -1):
        rank = steps[row + 1][rank]
        places.append(edges[row][rank])
    places.reverse()
    return places
