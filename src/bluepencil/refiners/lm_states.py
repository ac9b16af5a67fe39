"""The places in a program that is being written: what bytes may come next, and which tokens spell them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bluepencil.refiners.lm_once import Ints, Line, Span
from bluepencil.refiners.lm_vocabulary import Trie

_QUOTE = 0x22


class Found:
    """The nodes of the trie that have been reached."""

    def __init__(self, trie: Trie) -> None:
        self.trie = trie
        self.nodes: list[int] = []
        self.arrays: list[Ints] = []

    def mask(self, more: Sequence[int]) -> Any:
        """Return the tokens that end in these nodes, and `more`, as bits."""
        return self.trie.mask(self.nodes, self.arrays, more)


class State:
    """A place in a program."""

    is_final = False

    def next(self, byte: int) -> "State | None":
        """Return the place after a byte, None where it may not come."""
        raise NotImplementedError

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        raise NotImplementedError

    def mark(self, found: Found, node: int) -> None:
        """Mark the nodes below a node that spell what may come."""
        for byte in self.choices():
            child = found.trie.child(node, byte)
            if child:
                found.nodes.append(child)
                if found.trie.first[child] < found.trie.first[child + 1]:
                    after = self.next(byte)
                    if after is not None:
                        after.mark(found, child)


Then = Callable[[], State]


class Words(State):
    """One of several words, none of which begins another, and what follows it."""

    def __init__(self, options: Sequence[tuple[bytes, Then]], at: int = 0) -> None:
        self.options = options
        self.at = at

    def mark(self, found: Found, node: int) -> None:
        """Mark as any state does; what does not go beyond the words is the same for every chunk."""
        key = (node, self.at, tuple(word for word, _ in self.options))
        kept = found.trie.kept.get(key)
        if kept is None:
            nodes, ends = _below(
                found.trie, node, [(word, place) for place, (word, _) in enumerate(self.options)], self.at
            )
            kept = found.trie.kept[key] = nodes, ends
        nodes, ends = kept
        found.nodes += nodes
        for place, end in ends:
            self.options[place][1]().mark(found, end)

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        yield from sorted({word[self.at] for word, _ in self.options})

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        left = [option for option in self.options if option[0][self.at] == byte]
        if not left:
            return None
        word, then = left[0]
        return then() if len(word) == self.at + 1 else Words(left, self.at + 1)


def _below(
    trie: Trie, node: int, words: Sequence[tuple[bytes, int]], at: int
) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the nodes that words reach, and by its place each word that is reached whole and goes on."""
    reached: dict[int, None] = {}
    ends = []
    for word, place in words:
        here = node
        for byte in word[at:]:
            here = trie.child(here, byte)
            if not here:
                break
            reached[here] = None
        else:
            if trie.first[here] < trie.first[here + 1]:
                ends.append((place, here))
    return list(reached), ends


class Lines:
    """Line numbers of a chunk, and for each beginning of one in digits, the highest number that has it."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.all = set(numbers)
        self.highest: dict[int, int] = {}
        for number in numbers:
            digits = number
            while digits:
                self.highest[digits] = (
                    number if digits not in self.highest else max(number, self.highest[digits])
                )
                digits //= 10
        self.kept: list[tuple[int, int, int]] | None = None

    def from_none(self, trie: Trie) -> list[tuple[int, int, int]]:
        """Return the digits of whole tokens that begin a number, with that highest number and their node."""
        if self.kept is None:
            self.kept = list(self.after(trie, 0))
        return self.kept

    def after(self, trie: Trie, typed: int) -> Iterator[tuple[int, int, int]]:
        """Yield the same for digits that go on from some, which they include."""
        most = max(self.all)
        for value, scale, node in trie.digits:
            number = typed * scale + value
            if typed * scale > most or scale > 10 * most:
                return
            if number in self.highest and number >= scale // 10:
                yield self.highest[number], number, node


class Number(State):
    """A line number of at least `least` in decimal digits, then the byte `end`."""

    def __init__(
        self, lines: Lines, least: int, end: int, then: Callable[[int], State], typed: int = 0
    ) -> None:
        self.lines = lines
        self.least = least
        self.end = end
        self.then = then
        self.typed = typed

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        for digit in range(10):
            if self.lines.highest.get(self.typed * 10 + digit, 0) >= self.least:
                yield 0x30 + digit
        if self._is_line(self.typed):
            yield self.end

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        if byte == self.end and self._is_line(self.typed):
            return self.then(self.typed)
        typed = self.typed * 10 + byte - 0x30
        if 0x30 <= byte <= 0x39 and self.lines.highest.get(typed, 0) >= self.least:
            return Number(self.lines, self.least, self.end, self.then, typed)
        return None

    def mark(self, found: Found, node: int) -> None:
        """Mark as any state does, but with the digits of whole tokens at once."""
        if node:
            super().mark(found, node)
            return
        trie, end = found.trie, self.end
        digits = self.lines.after(trie, self.typed) if self.typed else self.lines.from_none(trie)
        leading = [(typed, at) for highest, typed, at in digits if highest >= self.least]
        found.nodes += [at for _, at in leading]
        if self.typed:
            leading.append((self.typed, 0))
        for typed, at in leading:
            child = trie.child(at, end)
            if child and self._is_line(typed):
                found.nodes.append(child)
                if trie.first[child] < trie.first[child + 1]:
                    self.then(typed).mark(found, child)

    def _is_line(self, typed: int) -> bool:
        return typed >= self.least and typed in self.lines.all


class String(State):
    """A string that occurs once in its line, of which so many bytes are written, then the closing quote.

    starts, once, limits: where in the line what is written stands and can still become such a string; where
    it does at the earliest, and where it must end.
    """

    def __init__(
        self, line: Line, places: tuple[Ints, Ints, Ints], then: Callable[[Span], State], written: int = 0
    ) -> None:
        self.line = line
        self.starts, self.once, self.limits = places
        self.then = then
        self.written = written

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        at = self.starts + self.written
        if byte == _QUOTE and self.line.is_edge[at[0]]:
            # Where it occurs once, it stands in one place; others would have been told apart by now.
            if self.written and len(at) == 1 and self.once[0] <= at[0]:
                return self.then(self.line.characters(int(self.starts[0]), int(at[0])))
            return None
        going = np.flatnonzero(at < self.limits)
        going = going[self.line.bytes[at[going]] == byte]
        if not len(going):
            return None
        places = self.starts[going], self.once[going], self.limits[going]
        return String(self.line, places, self.then, self.written + 1)

    def mark(self, found: Found, node: int) -> None:
        """Mark the nodes below a node that spell what may come."""
        if len(self.starts) == 1:
            self._mark_one(found, node)
        else:
            self._mark_many(found, node)

    def _mark_one(self, found: Found, node: int) -> None:
        """Go on from the only place there is."""
        start, once, limit = int(self.starts[0]), int(self.once[0]), int(self.limits[0])
        trie, data, is_edge = found.trie, self.line.data, self.line.is_edge
        at = start + self.written
        while True:
            if at >= once and is_edge[at]:
                self._close(found, node, start, at)
            if at == limit:
                return
            node = trie.child(node, data[at])
            if not node:
                return
            found.nodes.append(node)
            at += 1

    def _mark_many(self, found: Found, node: int) -> None:
        """Go on from all places at once, a byte at a time."""
        starts, once, limits = self.starts, self.once, self.limits
        at = starts + self.written
        nodes = np.full(len(starts), node, dtype=np.int64)
        while len(starts):
            for place in np.flatnonzero((once <= at) & self.line.is_edge[at]).tolist():
                self._close(found, int(nodes[place]), int(starts[place]), int(at[place]))
            going = np.flatnonzero(at < limits)
            following = self.line.bytes[at[going]]
            below = (
                found.trie.root[following]
                if not nodes.any()
                else found.trie.children(nodes[going], following)
            )
            going, nodes = going[below > 0], below[below > 0]
            found.arrays.append(nodes)
            starts, once, limits, at = starts[going], once[going], limits[going], at[going] + 1

    def _close(self, found: Found, node: int, start: int, at: int) -> None:
        child = found.trie.child(node, _QUOTE)
        if child:
            found.nodes.append(child)
            if found.trie.first[child] < found.trie.first[child + 1]:
                self.then(self.line.characters(start, at)).mark(found, child)


def follow(state: State, written: bytes) -> State:
    """Return the place after some bytes; raises ValueError where one of them may not come."""
    for byte in written:
        after = state.next(byte)
        if after is None:
            raise ValueError(f"{written!r} does not go on with what was written")
        state = after
    return state
