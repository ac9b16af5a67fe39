"""Whether a text repeats a long run at once, as models do that got stuck. In linear time.

A repetition is a run of at least `run` characters that is followed at once by the same run: `ww` with
`len(w) >= run`. SwallowCode drops texts of 1,000 characters or more that have one with 100 (a pattern with a
back reference, which takes quadratic time and more).

The algorithm is Main's (Detecting leftmost maximal periodicities, 1989), after Crochemore. The text is cut
into Lempel-Ziv factors: each is the longest piece that occurs before, found with a suffix automaton. The
repetition that ends first cannot lie inside one factor, because the factor occurs before; so it crosses the
start of the factor in which it ends. Its run is shorter than this factor and the one before together, because
otherwise the one before could have been longer. There two Z functions find it. All of it is linear; the
automaton is built only for texts in which half a run stands twice at a distance of a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MIN_CHARACTERS = 1000
MIN_RUN = 100


@dataclass(frozen=True, slots=True)
class Repetition:
    """A run that repeats at once: `text[start : start + length]` equals `text[start + length :][:length]`."""

    start: int
    length: int


def find_repetition(text: str, run: int = MIN_RUN, min_characters: int = MIN_CHARACTERS) -> Repetition | None:
    """Return a run of at least `run` characters that repeats at once, in a text of `min_characters` or more.

    Time and memory are linear in the text: about 0.2 microseconds a character where nothing comes close, and
    4 where something does.
    """
    if run < 1:
        raise ValueError("a run has at least one character")
    if len(text) < max(min_characters, 2 * run) or not _possible(text, run):
        return None
    before = begin = 0
    for end in factor_ends(text):
        if before - begin + end - before > run:
            found = _across(text, begin, before, end, run)
            if found is not None:
                return found
        begin, before = before, end
    return None


def _possible(text: str, run: int) -> bool:
    """Whether some block of half a run stands in two places at least a run apart.

    The first of two runs contains a whole block that begins at a multiple of the block's length.
    """
    size = (run + 1) // 2
    first: dict[str, int] = {}
    for start in range(0, len(text) - size + 1, size):
        first.setdefault(text[start : start + size], start)
    find = first.get
    return any(
        find(text[start : start + size], start) <= start - run for start in range(run, len(text) - size + 1)
    )


def factor_ends(text: str) -> list[int]:
    """Return where the Lempel-Ziv factors of a text end.

    A factor is the longest prefix of the rest that also begins earlier, where the two may overlap, or one
    character that is new.
    """
    transitions, first_end = _suffix_automaton(text)
    ends, start, size = [], 0, len(text)
    while start < size:
        state, position = 0, start
        while position < size:
            state = transitions[state][text[position]]
            if first_end[state] == position:
                break
            position += 1
        start = max(position, start + 1)
        ends.append(start)
    return ends


def _suffix_automaton(text: str) -> tuple[list[dict[str, int]], list[int]]:
    """Return the transitions of the suffix automaton, and where the strings of each state first end."""
    transitions: list[dict[str, int]] = [{}]
    links, lengths, first_end = [-1], [0], [-1]
    last = 0
    for position, character in enumerate(text):
        current = len(transitions)
        transitions.append({})
        links.append(0)
        lengths.append(lengths[last] + 1)
        first_end.append(position)
        state = last
        while state >= 0 and character not in transitions[state]:
            transitions[state][character] = current
            state = links[state]
        if state >= 0:
            target = transitions[state][character]
            if lengths[state] + 1 == lengths[target]:
                links[current] = target
            else:
                clone = len(transitions)
                transitions.append(transitions[target].copy())
                links.append(links[target])
                lengths.append(lengths[state] + 1)
                first_end.append(first_end[target])
                while state >= 0 and transitions[state].get(character) == target:
                    transitions[state][character] = clone
                    state = links[state]
                links[target] = links[current] = clone
        last = current
    return transitions, first_end


def _across(text: str, begin: int, middle: int, end: int, run: int) -> Repetition | None:
    """Return a repetition across `middle`, where the factors `begin:middle` and `middle:end` meet."""
    low = max(0, middle - 2 * (middle - begin) - (end - middle))
    left, right = text[low:middle], text[middle:end]
    # How far to the right two places agree, one of them `middle`; and to the left, both before `middle`.
    onward = _z([*right, None, *left, *right])
    back = _z([*reversed(left), None, *reversed(right), *reversed(left)])
    here = len(right) + 1
    for period in range(run, len(right) + 1):
        # The other place lies `period` after the middle.
        to_left = back[len(left) + 1 + len(right) - period]
        to_right = onward[period] if period < len(right) else 0
        if to_left + to_right >= period:
            return Repetition(middle - to_left, period)
    for period in range(run, len(left) + 1):
        # The other place lies `period` before the middle.
        to_left = back[period] if period < len(left) else 0
        to_right = onward[here + len(left) - period]
        if to_left + to_right >= period:
            return Repetition(middle - period - to_left, period)
    return None


def _z(items: Sequence[Any]) -> list[int]:
    """Return for each place how many items from there on equal the first ones."""
    size = len(items)
    values = [0] * size
    left = right = 0
    for place in range(1, size):
        value = min(right - place, values[place - left]) if place < right else 0
        while place + value < size and items[value] == items[place + value]:
            value += 1
        values[place] = value
        if place + value > right:
            left, right = place, place + value
    return values
