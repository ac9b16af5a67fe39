"""Which lines of a source an expert's changed lines were made of, by the words that they share."""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bluepencil.distill.differences import repaired
from bluepencil.distill.subsequence import longest_rise

# A word, or one character of a script without spaces between words.
_WORD = re.compile("[\u2e80-\u9fff\uac00-\ud7af]|[^\\W\u2e80-\u9fff\uac00-\ud7af]+")
# The share of the words of a line that says that the line was made of another.
SHARED = 0.5
# A word in more source lines than this tells nothing about where a line comes from.
COMMON = 16


class Group(NamedTuple):
    """Some lines of the source, and the lines that an expert made of them, each by its place in its list."""

    source: list[int]
    refined: list[int]


def group_lines(source: Sequence[str], refined: Sequence[str]) -> list[Group]:
    """Group the lines that belong together, in order; time grows with the length of the lines.

    A group has more than one source line where the expert joined lines, more than one refined line where one
    was split. Lines in no group have no counterpart in order.
    """
    homes = _homes(source, refined)
    rows = [row for row, found in enumerate(homes) if found]
    rows = [rows[rank] for rank in longest_rise([homes[row][0] for row in rows], strict=False)]
    mains = [homes[row][0] for row in rows]
    groups: list[Group] = []
    for rank, row in enumerate(rows):
        if groups and mains[rank] in groups[-1].source:
            groups[-1].refined.append(row)
            continue
        least = groups[-1].source[-1] if groups else -1
        most = next((main for main in mains[rank + 1 :] if main > mains[rank]), len(source))
        groups.append(Group(sorted(place for place in homes[row] if least < place < most), [row]))
    return groups


def _homes(source: Sequence[str], refined: Sequence[str]) -> list[list[int]]:
    """Return the source lines of each refined line: the one that it shares most with, then parts of it."""
    index: dict[str, list[int]] = defaultdict(list)
    weights = []
    for place, line in enumerate(source):
        features = _features(repaired(line))
        weights.append(_weight(features))
        for feature in features:
            index[feature].append(place)
    return [_homes_of(line, index, weights) for line in refined]


def _homes_of(line: str, index: dict[str, list[int]], weights: list[int]) -> list[int]:
    shared: dict[int, int] = defaultdict(int)
    features = _features(line)
    for feature in features:
        places = index.get(feature, ())
        if len(places) <= COMMON:
            for place in places:
                shared[place] += len(feature)
    if not shared:
        return []
    main = max(shared, key=lambda place: (shared[place], -place))
    if shared[main] < SHARED * min(_weight(features), weights[main]):
        return []
    parts = [place for place, count in shared.items() if place != main and count > SHARED * weights[place]]
    return [main, *parts]


def _features(line: str) -> set[str]:
    """Return the words of a line and the pairs of neighbouring words."""
    words = _WORD.findall(line.casefold())
    return {*words, *map(" ".join, pairwise(words))}


def _weight(features: set[str]) -> int:
    return sum(map(len, features))
