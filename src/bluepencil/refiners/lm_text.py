"""A string of any text in a program that is being written: what is put in the place of something else.

Spelled as `render` does: valid UTF-8, and what cannot be seen escaped. Lone surrogates are not admitted.
"""

from collections.abc import Callable, Iterator

import numpy as np

from bluepencil.refiners.lm_states import Found, Ints, State
from bluepencil.refiners.lm_vocabulary import QUOTE, Trie

_TEXT, _CLOSED = 0, -2
_NOTHING = -1


def _transitions() -> Ints:
    """Return the next place by place and byte; no text goes on from -1, and the string is closed with -2."""
    rows: list[dict[int, int]] = [{}]

    def place(steps: dict[range | bytes, int]) -> int:
        rows.append({byte: following for bytes_, following in steps.items() for byte in bytes_})
        return len(rows) - 1

    one = place({range(0x80, 0xC0): _TEXT})
    two = place({range(0x80, 0xC0): one})
    three = place({range(0x80, 0xC0): two})
    digits = b"0123456789abcdef"
    any_digit = place({digits: _TEXT})
    code = place(
        {
            b"0": place({b"012345678bcef": _TEXT}),
            b"1": any_digit,
            b"7": place({b"f": _TEXT}),
            b"89": any_digit,
        }
    )
    separator = place({b"2": place({b"0": place({b"2": place({b"89": _TEXT})})})})
    rows[_TEXT] = {
        **dict.fromkeys(range(0x20, 0x7F), _TEXT),
        QUOTE: _CLOSED,
        ord("\\"): place({b'\\"nrt': _TEXT, b"x": code, b"u": separator}),
        # From U+00A0 on; before it are controls.
        0xC2: place({range(0xA0, 0xC0): _TEXT}),
        **dict.fromkeys(range(0xC3, 0xE0), one),
        # No longer than need be; no surrogates; not the line and paragraph separators, U+2028 and U+2029.
        0xE0: place({range(0xA0, 0xC0): one}),
        **dict.fromkeys(range(0xE1, 0xF0), two),
        0xE2: place(
            {
                range(0x81, 0xC0): one,
                range(0x80, 0x81): place({range(0x80, 0xA8): _TEXT, range(0xAA, 0xC0): _TEXT}),
            }
        ),
        0xED: place({range(0x80, 0xA0): one}),
        0xF0: place({range(0x90, 0xC0): two}),
        **dict.fromkeys(range(0xF1, 0xF4), three),
        0xF4: place({range(0x80, 0x90): two}),
    }
    table = np.full((len(rows), 256), _NOTHING, dtype=np.int64)
    for number, row in enumerate(rows):
        for byte, following in row.items():
            table[number, byte] = following
    return table


_TABLE = _transitions()


class Text(State):
    """Any text, then the closing quote; `place` is where in a character or an escape it is."""

    __slots__ = ("place", "then")
    is_final = False

    def __init__(self, then: Callable[[], State], place: int = _TEXT) -> None:
        self.then = then
        self.place = place

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        place = int(_TABLE[self.place, byte])
        if place == _NOTHING:
            return None
        return self.then() if place == _CLOSED else Text(self.then, place)

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        yield from np.flatnonzero(_TABLE[self.place] != _NOTHING).tolist()

    def mark(self, found: Found, node: int) -> None:
        """Find the tokens below a node that spell text; they are the same in every program."""
        trie = found.trie
        key = "text", node, self.place
        kept = trie.kept.get(key)
        if kept is None:
            kept = trie.kept[key] = _below(trie, node, self.place)
        nodes, closed = kept
        if len(nodes):
            found.arrays.append(nodes)
        for child in closed:
            found.add(child)
            if trie.goes_on(child, b")"):
                self.then().mark(found, child)


def _below(trie: Trie, node: int, place: int) -> tuple[Ints, list[int]]:
    """Return the nodes below one at which text goes on, and those at which it has been closed."""
    first = np.asarray(trie.first)
    labels = np.frombuffer(trie.labels, dtype=np.uint8)
    nodes, places = np.array([node]), np.array([place])
    going: list[Ints] = []
    closed: list[int] = []
    while len(nodes):
        counts = first[nodes + 1] - first[nodes]
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        edges = np.repeat(first[nodes], counts) + within
        places = _TABLE[np.repeat(places, counts), labels[edges]]
        closed += (edges[places == _CLOSED] + 1).tolist()
        nodes, places = edges[places >= 0] + 1, places[places >= 0]
        going.append(nodes)
    return np.concatenate(going), closed
