"""What two sequences have in common: prefixes, subsequences, longest common subsequences."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Sequence

# Bits of working memory for one longest common subsequence: 25 MB.
LCS_BITS = 200_000_000


def is_subsequence(small: str, large: str) -> bool:
    """Say whether `small` is left when some characters of `large` are deleted."""
    find = large.find
    at = 0
    # Most strings that are not a subsequence fail within a few characters, most that are one begin alike.
    for character in small[:8]:
        at = find(character, at) + 1
        if not at:
            return False
    if len(small) <= 8:
        return True
    if len(small) > len(large):
        return False
    prefix = common_prefix(small, large)
    suffix = min(common_suffix(small, large), len(small) - prefix)
    at = prefix
    for character in small[prefix : len(small) - suffix]:
        at = find(character, at) + 1
        if not at:
            return False
    return at + suffix <= len(large)


def common_prefix(first: str, second: str) -> int:
    """Return the number of characters with which both strings begin."""
    low, high = 0, min(len(first), len(second))
    step = 16
    while low < high:
        end = min(low + step, high)
        if first[low:end] == second[low:end]:
            low = end
            step *= 2
        elif end == low + 1:
            return low
        else:
            high = end - 1
            step = max((end - low) // 2, 1)
    return low


def common_suffix(first: str, second: str) -> int:
    """Return the number of characters with which both strings end."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[len(first) - middle : len(first) - low] == second[len(second) - middle : len(second) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def matched_pairs(
    first: Sequence[Hashable], second: Sequence[Hashable], bits: int = LCS_BITS
) -> tuple[list[tuple[int, int]], bool]:
    """Return a longest common subsequence as pairs of places, in order, and whether it is a longest one.

    Bit-parallel (Hyyrö 2004): a row of the table is one integer. Where the table would need more than `bits`
    bits, elements that are unique in both sequences are anchors, and the stretches between them are solved
    one by one; a stretch that is still too large is matched greedily, and the second value is False.
    """
    start, length = 0, min(len(first), len(second))
    while start < length and first[start] == second[start]:
        start += 1
    end = 0
    while end < length - start and first[-1 - end] == second[-1 - end]:
        end += 1
    top, bottom = len(first) - end, len(second) - end
    pairs = [(place, place) for place in range(start)]
    longest = True
    if (top - start) * (bottom - start) <= bits:
        middle = _table(first[start:top], second[start:bottom])
    else:
        middle, longest = _between_anchors(first[start:top], second[start:bottom], bits)
    pairs += [(start + here, start + there) for here, there in middle]
    pairs += [(top + place, bottom + place) for place in range(end)]
    return pairs, longest


def _table(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    if not first or not second:
        return []
    places: dict[Hashable, int] = {}
    for place, element in enumerate(first):
        places[element] = places.get(element, 0) | 1 << place
    ones = (1 << len(first)) - 1
    row = ones
    rows = []
    for element in second:
        hit = row & places.get(element, 0)
        if hit:
            row = ((row + hit) | (row - hit)) & ones
        rows.append(row)
    return _walk_back(rows, len(first))


def _walk_back(rows: list[int], columns: int) -> list[tuple[int, int]]:
    """Return the pairs that the rows of the table tell of; a bit is 0 where the row gained a match."""
    pairs = []
    row, column = len(rows), columns
    while row and column:
        bits = rows[row - 1]
        # Columns from here down to the next 0 bit are not part of the solution.
        zeros = ~bits & ((1 << column) - 1)
        column = zeros.bit_length()
        if not column:
            break
        while row > 1 and not rows[row - 2] >> (column - 1) & 1:
            row -= 1
        row -= 1
        column -= 1
        pairs.append((column, row))
    pairs.reverse()
    return pairs


def _between_anchors(
    first: Sequence[Hashable], second: Sequence[Hashable], bits: int
) -> tuple[list[tuple[int, int]], bool]:
    anchors = _unique_in_both(first, second)
    pairs: list[tuple[int, int]] = []
    here = there = 0
    for top, bottom in [*anchors, (len(first), len(second))]:
        size = (top - here) * (bottom - there)
        solve = _table if size <= bits // (len(anchors) + 1) else _greedy
        found = solve(first[here:top], second[there:bottom])
        pairs += [(here + one, there + two) for one, two in found]
        if top < len(first) or bottom < len(second):
            pairs.append((top, bottom))
        here, there = top + 1, bottom + 1
    return pairs, False


def _unique_in_both(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the pairs of elements unique in both, a longest chain of them that rises in both sequences."""
    here, there = _unique(first), _unique(second)
    pairs = sorted((place, there[element]) for element, place in here.items() if element in there)
    return [pairs[place] for place in longest_rise([other for _, other in pairs])]


def _unique(sequence: Sequence[Hashable]) -> dict[Hashable, int]:
    places: dict[Hashable, int] = {}
    for place, element in enumerate(sequence):
        places[element] = -1 if element in places else place
    return {element: place for element, place in places.items() if place >= 0}


def longest_rise(values: Sequence[int], *, strict: bool = True) -> list[int]:
    """Return the places of a longest increasing (or with `strict=False` never falling) subsequence."""
    tails: list[int] = []
    tail_places: list[int] = []
    before: list[int] = []
    find = bisect_left if strict else bisect_right
    for place, value in enumerate(values):
        rank = find(tails, value)
        before.append(tail_places[rank - 1] if rank else -1)
        if rank == len(tails):
            tails.append(value)
            tail_places.append(place)
        else:
            tails[rank] = value
            tail_places[rank] = place
    chain = []
    place = tail_places[-1] if tail_places else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    chain.reverse()
    return chain


def _greedy(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Match each element of `second` with its next place in `first`, in linear time."""
    places: dict[Hashable, list[int]] = {}
    for place, element in enumerate(first):
        places.setdefault(element, []).append(place)
    pairs = []
    at = 0
    for other, element in enumerate(second):
        found = places.get(element, ())
        rank = bisect_left(found, at)
        if rank < len(found):
            pairs.append((found[rank], other))
            at = found[rank] + 1
    return pairs
