"""Strings in a program that is being written: pieces of a line that occur in it exactly once."""

from collections.abc import Callable, Iterator

import numpy as np

from bluepencil.refiners.lm_once import Ints, Line, Places, Span
from bluepencil.refiners.lm_states import Found, State
from bluepencil.refiners.lm_vocabulary import NEVER, QUOTE

# Places that are better followed one after the other than together, a byte at a time.
_FEW = 6


class Opened:
    """A string that has been opened in a line, and what follows it.

    then: gives the place after the quote that ends a span. firsts: the bytes that may come after it. same:
    whether the tokens that may come after it are the same for each span.
    """

    def __init__(
        self, line: Line, places: Places, then: Callable[[Span], State], firsts: bytes, *, same: bool
    ) -> None:
        self.line = line
        self.places = places
        self.then = then
        self.firsts = firsts
        self.same = same
        self.known: dict[int, list[int]] = {}

    def state(self, starts: Ints, written: int) -> State | None:
        """Return the place after so many bytes of a string that stands in some places."""
        if len(starts) > 1:
            return Several(self, starts, written)
        if not len(starts):
            return None
        start = int(starts[0])
        return One(self, start, start + written)

    def begun(self) -> State | None:
        """Return the place after the opening quote, None where no string fits."""
        return self.state(self.places.starts, 0)

    def closed(self, start: int, at: int) -> State:
        """Return the place after the closing quote."""
        return self.then(self.line.characters(start, at))

    def mark_closed(self, found: Found, node: int, start: int, at: int) -> None:
        """Find the tokens from a node on, to which a closing quote leads."""
        known = self.known.get(node)
        if known is not None:
            found.tokens += known
            return
        below = Found(found.trie)
        below.add(node)
        if found.trie.goes_on(node, self.firsts):
            self.closed(start, at).mark(below, node)
        if self.same and not below.arrays:
            self.known[node] = below.tokens
        found.tokens += below.tokens
        found.arrays += below.arrays

    def follow(self, found: Found, node: int, start: int, at: int) -> None:
        """Find the tokens below a node that spell what stands in one place, from a byte on."""
        trie = found.trie
        labels, first, token, quote = trie.labels, trie.first, trie.token, trie.quote
        data, is_edge, tokens = self.places.data, self.line.is_edge, found.tokens
        once = int(self.places.once[start])
        while True:
            if quote[node] and at >= once and is_edge[at]:
                self.mark_closed(found, quote[node], start, at)
            # The line ends with a byte that no token has.
            node = labels.find(data[at], first[node], first[node + 1]) + 1
            if not node:
                return
            if token[node] >= 0:
                tokens.append(token[node])
            else:
                found.add(node)
            at += 1


class One(State):
    """A string of which is known where in the line it stands: from byte `start`, written as far as `at`."""

    __slots__ = ("at", "opened", "start")
    is_final = False

    def __init__(self, opened: Opened, start: int, at: int) -> None:
        self.opened = opened
        self.start = start
        self.at = at

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        return self.after(bytes([byte]))

    def after(self, written: bytes) -> State | None:
        """Return the place after some bytes, None where one of them may not come."""
        opened, at = self.opened, self.at
        data = opened.places.data
        if data.startswith(written, at):
            return One(opened, self.start, at + len(written))
        for place, byte in enumerate(written):
            if byte == QUOTE and opened.line.is_edge[at]:
                if at < opened.places.once[self.start]:
                    return None
                state = opened.closed(self.start, at)
                rest = written[place + 1 :]
                return state.after(rest) if rest else state
            if byte != data[at]:
                return None
            at += 1
        raise AssertionError("the bytes stand in the line after all")

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        opened = self.opened
        if self.at >= opened.places.once[self.start] and opened.line.is_edge[self.at]:
            yield QUOTE
        if opened.places.data[self.at] != NEVER:
            yield opened.places.data[self.at]

    def mark(self, found: Found, node: int) -> None:
        """Find the tokens below a node that spell what may come."""
        self.opened.follow(found, node, self.start, self.at)


class Several(State):
    """A string that still stands in several places of the line, so that it cannot be closed yet."""

    __slots__ = ("opened", "starts", "written")
    is_final = False

    def __init__(self, opened: Opened, starts: Ints, written: int) -> None:
        self.opened = opened
        self.starts = starts
        self.written = written

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        going = np.flatnonzero(self.opened.places.bytes[self.starts + self.written] == byte)
        return self.opened.state(self.starts[going], self.written + 1)

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        bytes_ = self.opened.places.bytes[self.starts + self.written]
        yield from (byte for byte in np.unique(bytes_).tolist() if byte != NEVER)

    def mark(self, found: Found, node: int) -> None:
        """Go on from all places at once, a byte at a time."""
        trie, bytes_ = found.trie, self.opened.places.bytes
        at, written = self.starts + self.written, self.written
        # Of each byte, the nodes that it leads to, and the places after it.
        levels: list[tuple[Ints, Ints]] = []
        if node:
            nodes = trie.row(node)[bytes_[at]]
        else:
            firsts = bytes_[at]
            levels.append((trie.root[firsts], at + 1))
            nodes = trie.pairs[(firsts << 8) | bytes_[at + 1]]
            at = at + 1
        going = nodes.nonzero()[0]
        nodes, at = nodes[going], at[going] + 1
        while True:
            levels.append((nodes, at))
            if len(nodes) <= _FEW:
                break
            going, nodes = trie.children(nodes, bytes_[at])
            at = at[going] + 1
        every = np.concatenate([level for level, _ in levels])
        found.arrays.append(every)
        if trie.quotes[every].any():
            for depth, level in enumerate(levels, written + 1):
                self._mark_closed(found, *level, depth)
        depth = written + len(levels)
        for one, place in zip(nodes.tolist(), at.tolist(), strict=True):
            self.opened.follow(found, one, place - depth, place)

    def _mark_closed(self, found: Found, nodes: Ints, at: Ints, written: int) -> None:
        """Find the tokens with which strings are closed that have come to these nodes and places."""
        quotes = found.trie.quotes[nodes]
        if not quotes.any():
            return
        is_edge, once = self.opened.line.is_edge, self.opened.places.once
        for place in quotes.nonzero()[0].tolist():
            ends = int(at[place])
            if is_edge[ends] and once[ends - written] <= ends:
                self.opened.mark_closed(found, int(quotes[place]), ends - written, ends)
