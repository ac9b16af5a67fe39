"""One line: the fewest strings to keep of it so that another line is left.

A program keeps a string only where it occurs once, so a piece of what is left says by itself where it stands
in the line; and of two pieces with the same end in what is left, the shorter one is the end of the longer, so
that both end in the same place of the line. Hence what matters of a way is where in what is left its last
piece ends, and the fewest pieces are a shortest path over these places.
"""

from typing import NamedTuple

# Bound of the exact search, in characters of the line: 0.5 s.
SEARCH_LENGTH = 30_000


class Pieces(NamedTuple):
    """Where the kept pieces of a line begin and end, in characters of the line, in order.

    `spans` is None when there are no such pieces. With `proven` there are none that are fewer (or none at
    all); without, the line is too long to look.
    """

    spans: tuple[tuple[int, int], ...] | None
    proven: bool = True


class _Way(NamedTuple):
    """The pieces with the same end in what is left: their end in the line, and where they may start."""

    end: int
    first: int
    last: int


def fewest_pieces(line: str, left: str, most: int) -> Pieces:
    """Return the fewest pieces, at most `most`, each occurring once in the line, that make up `left`.

    Among equally few, pieces are preferred that end between words, and before the space rather than after it.
    """
    if most < 1 or not left:
        return Pieces(None)
    found = line.find(left)
    if found >= 0 and line.find(left, found + 1) < 0:
        return Pieces(((found, found + len(left)),))
    if most == 1:
        return Pieces(None)
    if len(line) > SEARCH_LENGTH:
        return Pieces(None, proven=False)
    return Pieces(_Search(line, left).solve(most))


class _Search:
    """Breadth-first over the number of pieces, from the end of what is left to its beginning."""

    def __init__(self, line: str, left: str) -> None:
        self.line = line
        self.left = left
        self.ways = _ways(line, left)
        # For each place of `left` the number of pieces after it, once it is known.
        self.pieces: list[int | None] = [None] * (len(left) + 1)

    def solve(self, most: int) -> tuple[tuple[int, int], ...] | None:
        layer = [len(self.left)]
        self.pieces[-1] = 0
        for number in range(1, most + 1):
            layer = self._before(layer, number)
            if self.pieces[0] is not None:
                return tuple(self._walk())
            if not layer:
                return None
        return None

    def _before(self, layer: list[int], number: int) -> list[int]:
        """Return the new places from which one piece leads to a place of the layer."""
        # Of places with the same first start and shift, the one with the latest last start has all starts.
        # Starts of other groups are others, so that a layer takes time linear in what is left.
        groups: dict[tuple[int, int], int] = {}
        for place in layer:
            way = self.ways[place]
            if way is not None:
                group = way.first, way.end - place
                groups[group] = max(groups.get(group, 0), way.last)
        found = []
        for (first, shift), last in groups.items():
            for start in range(first, last + 1):
                if self.pieces[start] is None and self._shift(start) <= shift:
                    self.pieces[start] = number
                    found.append(start)
        return found

    def _shift(self, place: int) -> int:
        """Return how many characters are deleted before the end of a piece; too many where none ends."""
        way = self.ways[place]
        if way is None:
            return len(self.line) if place else 0
        return way.end - place

    def _walk(self) -> list[tuple[int, int]]:
        spans = []
        start = 0
        while start < len(self.left):
            pieces = self.pieces[start]
            ends = [end for end in range(start + 1, len(self.left) + 1) if self._follows(start, end, pieces)]
            end = min(ends, key=self._roughness)
            way = self.ways[end]
            at = way.end if way is not None else 0
            spans.append((at - (end - start), at))
            start = end
        return spans

    def _follows(self, start: int, end: int, pieces: int | None) -> bool:
        way, after = self.ways[end], self.pieces[end]
        if way is None or after is None or pieces != after + 1:
            return False
        return way.first <= start <= way.last and self._shift(start) <= way.end - end

    def _roughness(self, end: int) -> int:
        """Return how unlike the end of a word an end is; less is better."""
        left = self.left
        if end == len(left):
            return 0
        rough = 1 if left[end - 1] == " " else 0
        return rough + (4 if left[end - 1].isalnum() and left[end].isalnum() else 0)


def _ways(line: str, left: str) -> list[_Way | None]:
    """Return for each place of `left` the pieces that end there; None where none does.

    Neither the first nor the last start ever falls from one place to the next: what ends later and starts
    earlier contains what does not occur, or what occurs once.
    """
    ways: list[_Way | None] = [None]
    first = last = at = 0
    once = False
    for end in range(1, len(left) + 1):
        # `at` is the first place of left[first : end - 1] in the line.
        if line[at + end - 1 - first : at + end - first] != left[end - 1]:
            at = line.find(left[first:end], at)
            while at < 0:
                first += 1
                at = line.find(left[first:end])
            once = False
        once = once or line.find(left[first:end], at + 1) < 0
        if not once or first == end:
            ways.append(None)
            continue
        last = max(first, last)
        while last + 1 < end and _occurs_once(line, left[last + 1 : end]):
            last += 1
        ways.append(_Way(at + end - first, first, last))
    return ways


def _occurs_once(line: str, text: str) -> bool:
    found = line.find(text)
    return found >= 0 and line.find(text, found + 1) < 0
