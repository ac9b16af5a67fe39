"""One line: strings to keep of it, and strings to remove from these, so that another line is left.

What is to be kept may occur twice in its line, and be found only together with text beside it that goes:
`keep_str(1, "by Ann Lee")`, `remove_str(1, "by ")`. A window is what is kept before anything is removed from
it; it occurs once when it is long enough, and in any case when a string is removed from it, for that occurs
once itself.
"""

from bisect import bisect_left
from heapq import heappop, heappush
from itertools import accumulate, count
from typing import NamedTuple

from bluepencil.distill.cost import CALL, STRING, weight
from bluepencil.distill.embed import shortest_ends

# Bounds of the exact search: characters of the line (0.3 s to find what occurs once), steps (0.5 s).
SEARCH_LENGTH = 30_000
SEARCH_STEPS = 100_000

Spans = tuple[tuple[int, int], ...]


class Mixed(NamedTuple):
    """The windows and the runs to remove from them, in characters of the line, in order, and their cost.

    `windows` is None when there is nothing cheaper than the limit; not `proven`: the search was cut short.
    """

    windows: Spans | None
    runs: Spans = ()
    cost: int = 0
    proven: bool = True


def cheapest_mix(line: str, left: str, limit: int | None) -> Mixed:
    """Return the cheapest windows and runs that leave `left` of a line; with a limit, cheaper than that."""
    # One window and one run of one character, at least.
    if not left or (limit is not None and 2 * CALL + weight(left) + 2 >= limit):
        return Mixed(None)
    if len(line) > SEARCH_LENGTH:
        return Mixed(None, proven=False)
    return _Search(line, left, limit).solve()


class _Node(NamedTuple):
    """A way so far: the characters of the line before `at` are decided, those of `left` before `found` kept.

    `window` is where the open window starts in the line, -1 between windows; `sure` says that a string is
    removed from it. `run` is where the run starts of which the last character is part, -1 when there is none.
    """

    at: int
    found: int
    window: int = -1
    sure: bool = False
    run: int = -1

    def key(self) -> tuple[tuple[int, ...], int]:
        """Return what makes ways alike but for one number, and this number, of which less is better.

        It is where the last window ended, or the open one began; the latter is of no matter when the window
        is sure to occur once.
        """
        if self.window < 0:
            return (self.found,), self.at
        if self.sure:
            return (self.at, self.found, self.run >= 0), 0
        return (self.at, self.found), self.window


# The windows and runs so far, the last one first.
_Trail = tuple["_Trail", str, int, int] | None


class _Search:
    """Cheapest first over all ways (Dijkstra)."""

    def __init__(self, line: str, left: str, limit: int | None) -> None:
        self.line = line
        self.left = left
        self.limit = limit
        self.ends = shortest_ends(line)
        # Where the shortest string starts that ends in a place and occurs once; -1 where none does.
        self.starts = [-1] * (len(line) + 1)
        for start, end in enumerate(self.ends):
            if end <= len(line):
                self.starts[end] = start
        self.starts = list(accumulate(self.starts, max))
        self.weights = list(accumulate(map(weight, line), initial=0))
        self.places: dict[str, list[int]] = {}
        for place, character in enumerate(line):
            self.places.setdefault(character, []).append(place)
        self.queue: list[tuple[int, int, _Node, _Trail]] = []
        self.numbers = count()
        # Of ways that are alike, the best number so far; see `_Node.key`.
        self.best: dict[tuple[int, ...], int] = {}

    def solve(self) -> Mixed:
        # The first window is free of what each further one costs.
        self._push(CALL - STRING + weight(self.left), _Node(0, 0), None)
        steps = 0
        while self.queue:
            cost, _, node, trail = heappop(self.queue)
            if not self._is_better(node):
                continue
            key, number = node.key()
            self.best[key] = number
            if node.window < 0 and node.found == len(self.left):
                windows, runs = _spans(trail)
                return Mixed(windows, runs, cost)
            steps += 1
            if steps > SEARCH_STEPS:
                return Mixed(None, proven=False)
            if node.window < 0:
                self._open(cost, node, trail)
            elif node.run >= 0:
                self._run_on(cost, node, trail)
            else:
                self._keep_on(cost, node, trail)
        return Mixed(None)

    def _push(self, cost: int, node: _Node, trail: _Trail) -> None:
        if (self.limit is None or cost < self.limit) and self._is_better(node):
            heappush(self.queue, (cost, next(self.numbers), node, trail))

    def _is_better(self, node: _Node) -> bool:
        """Say whether no way that was looked at, at no higher cost, is as good as this one."""
        key, number = node.key()
        return number < self.best.get(key, len(self.line) + 1)

    def _open(self, cost: int, node: _Node, trail: _Trail) -> None:
        """Begin a window with a character that is kept, or with a run before it."""
        places = self.places.get(self.left[node.found], [])
        for place in places[bisect_left(places, node.at) :]:
            self._push(cost + STRING, _Node(place + 1, node.found + 1, place), trail)
            start = self.starts[place]
            if start >= node.at:
                more = CALL + 2 * (self.weights[place] - self.weights[start])
                with_run = (trail, "run", start, place)
                self._push(cost + STRING + more, _Node(place + 1, node.found + 1, start, True), with_run)

    def _keep_on(self, cost: int, node: _Node, trail: _Trail) -> None:
        """Keep the next character, begin a run, or end the window."""
        at, found, window, sure, _ = node
        if found < len(self.left) and at < len(self.line) and self.line[at] == self.left[found]:
            self._push(cost, _Node(at + 1, found + 1, window, sure), trail)
        if sure or self.ends[window] <= at:
            self._push(cost, _Node(at, found), (trail, "window", window, at))
        if at < len(self.line) and self.ends[at] <= len(self.line):
            end = self.ends[at]
            more = CALL + 2 * (self.weights[end] - self.weights[at])
            self._push(cost + more, _Node(end, found, window, True, at), trail)

    def _run_on(self, cost: int, node: _Node, trail: _Trail) -> None:
        """Delete the next character too, keep it, or end the window with the run."""
        at, found, window, _, run = node
        with_run = (trail, "run", run, at)
        self._push(cost, _Node(at, found), (with_run, "window", window, at))
        if at == len(self.line) or found == len(self.left):
            return
        if self.line[at] == self.left[found]:
            self._push(cost, _Node(at + 1, found + 1, window, True), with_run)
        more = 2 * (self.weights[at + 1] - self.weights[at])
        self._push(cost + more, node._replace(at=at + 1), trail)


def _spans(trail: _Trail) -> tuple[Spans, Spans]:
    """Return the windows and the runs of a trail."""
    found: dict[str, list[tuple[int, int]]] = {"window": [], "run": []}
    while trail is not None:
        trail, kind, start, end = trail
        found[kind].append((start, end))
    return tuple(reversed(found["window"])), tuple(reversed(found["run"]))
