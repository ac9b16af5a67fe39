"""A text and what an expert made of it, as lists of lines; which lines match as they are, or in part."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from bluepencil.distill.lines import cheapest_edit
from bluepencil.distill.subsequence import is_subsequence, matched_pairs


class Pair:
    """The lines of both texts. Lines are compared by their `keys`: without the white space at both ends.

    `rows` are the lines of the refined text that are not blank, with their `row_keys`; `blanks[row]` is the
    number of blank lines before a row, the last one that behind the last row.
    """

    def __init__(self, raw: str, refined: str) -> None:
        self.raw = raw
        self.lines = raw.split("\n")
        self.keys = list(map(str.strip, self.lines))
        self.rows: list[str] = []
        self.row_keys: list[str] = []
        self.blanks = [0]
        for line in refined.split("\n"):
            key = line.strip()
            if key:
                self.rows.append(line)
                self.row_keys.append(key)
                self.blanks.append(0)
            else:
                self.blanks[-1] += 1

    def starts(self) -> list[int]:
        """Return where the lines of the source start, and where one more would."""
        return list(accumulate([len(line) + 1 for line in self.lines], initial=0))

    def left(self, place: int, row: int) -> str:
        """Return what is to be left of a source line that a row is a part of.

        The line as it is when only white space at its ends differs, else the row, or when no program can
        reach that, the row without the white space at its ends.
        """
        line, key = self.lines[place], self.row_keys[row]
        if self.keys[place] == key:
            return line
        ways = [way for way in (self.rows[row], key) if is_subsequence(way, line)]
        return next((way for way in ways if cheapest_edit(line, way).possible), ways[0])


def places_as_they_are(pair: Pair) -> list[int] | None:
    """Return the places of the rows in the source when all of them stand there as they are, in order."""
    wanted: dict[str, list[int]] = {key: [] for key in pair.row_keys}
    for place, key in enumerate(pair.keys):
        if key in wanted:
            wanted[key].append(place)
    places = []
    at = 0
    for key in pair.row_keys:
        found = wanted[key]
        if not found:
            return None
        rank = 0 if found[0] >= at else bisect_left(found, at)
        if rank == len(found):
            return None
        places.append(found[rank])
        at = found[rank] + 1
    return places


def equal_lines(pair: Pair) -> tuple[list[tuple[int, int]], bool]:
    """Return the most pairs of equal lines in order, as place and row, and whether there are no more."""
    here = [place for place, key in enumerate(pair.keys) if key]
    pairs, most = matched_pairs([pair.keys[place] for place in here], pair.row_keys)
    return [(here[rank], row) for rank, row in pairs], most


def places_in_part(pair: Pair, anchors: Sequence[tuple[int, int]]) -> list[int] | None:
    """Return a place for each row, in order, of which the row is a subsequence; None when there is none.

    Rows are looked for between the anchors first, so that equal lines stay together if they can.
    """
    places: list[int] = []
    at = 0
    for place, row in [*anchors, (len(pair.lines), len(pair.row_keys))]:
        between = _first_places(pair, len(places), row, at, place)
        if between is None:
            return _first_places(pair, 0, len(pair.row_keys), 0, len(pair.lines))
        places += between
        if row < len(pair.row_keys):
            places.append(place)
        at = place + 1
    return places


def _first_places(pair: Pair, row: int, rows: int, at: int, end: int) -> list[int] | None:
    """Return the first possible places from `at` to `end` for some rows, or None.

    When this finds none, there is none: to take the first possible line never spoils a later one.
    """
    places = []
    for key in pair.row_keys[row:rows]:
        while at < end and not is_subsequence(key, pair.lines[at]):
            at += 1
        if at == end:
            return None
        places.append(at)
        at += 1
    return places
