"""The places in a program that is being written: what bytes may come next, and which tokens spell them."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bluepencil.refiners.lm_vocabulary import Trie

Ints = NDArray[np.signedinteger[Any]]
DIGITS = b"0123456789"


class Found:
    """The tokens that have been found, and arrays of nodes of the trie in which more of them end."""

    def __init__(self, trie: Trie) -> None:
        self.trie = trie
        self.tokens: list[int] = []
        self.arrays: list[Ints] = []

    def add(self, node: int) -> None:
        """Take the tokens that end in a node."""
        token = self.trie.token[node]
        if token >= 0:
            self.tokens.append(token)
        else:
            self.tokens += self.trie.several.get(node, ())

    def mask(self, more: Sequence[int]) -> Any:
        """Return the tokens, and `more`, as bits."""
        return self.trie.mask([*self.tokens, *more], self.arrays)


class State:
    """A place in a program."""

    __slots__ = ("is_final",)
    is_final: bool

    def next(self, byte: int) -> "State | None":
        """Return the place after a byte, None where it may not come."""
        raise NotImplementedError

    def after(self, written: bytes) -> "State | None":
        """Return the place after some bytes, None where one of them may not come."""
        state: State | None = self
        for byte in written:
            if state is None:
                break
            state = state.next(byte)
        return state

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        raise NotImplementedError

    def mark(self, found: Found, node: int) -> None:
        """Find the tokens below a node that spell what may come."""
        for byte in self.choices():
            child = found.trie.child(node, byte)
            if child:
                found.add(child)
                if found.trie.first[child] < found.trie.first[child + 1]:
                    following = self.next(byte)
                    if following is not None:
                        following.mark(found, child)

    def mask(self, trie: Trie, ends: tuple[int, ...]) -> Any:
        """Return the tokens that may come, as bits; `ends` where the program may be ended here."""
        found = Found(trie)
        self.mark(found, 0)
        return found.mask(ends if self.is_final else ())


Then = Callable[[], State]


class Word(NamedTuple):
    """Bytes that are the same in every program, and those that may come after them; None: any."""

    text: bytes
    firsts: bytes | None


class Fixed:
    """A place in one of several words, none of which begins another: the same for every program."""

    __slots__ = ("firsts", "jumps", "steps")

    def __init__(self, words: Sequence[Word]) -> None:
        self.firsts = tuple(word.firsts for word in words)
        self.jumps: dict[bytes, tuple[Fixed | int, bytes]] = {}
        # By byte, the next place, or the number of the word that ends with it.
        self.steps: dict[int, Fixed | int] = {}
        for number, word in enumerate(words):
            place = self
            for byte in word.text[:-1]:
                following = place.steps.get(byte)
                if not isinstance(following, Fixed):
                    following = place.steps[byte] = Fixed(())
                    following.firsts = self.firsts
                place = following
            place.steps[word.text[-1]] = number

    def jump(self, written: bytes) -> "tuple[Fixed | int, bytes] | None":
        """Return the place after some bytes, or a word and the bytes after it; None where they do not fit."""
        known = self.jumps.get(written)
        if known is None:
            place: Fixed | int | None = self
            used = 0
            while isinstance(place, Fixed) and used < len(written):
                place = place.steps.get(written[used])
                used += 1
            if place is None:
                return None
            known = self.jumps[written] = place, written[used:]
        return known

    def below(self, trie: Trie, node: int) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the tokens below a node, and by its number each word that is whole there and goes on."""
        kept = trie.kept.get((self, node))
        if kept is None:
            tokens: list[int] = []
            whole: list[tuple[int, int]] = []
            for byte, following in self.steps.items():
                child = trie.child(node, byte)
                if child:
                    tokens += trie.ids(child)
                    if isinstance(following, Fixed):
                        more = following.below(trie, child)
                        tokens += more[0]
                        whole += more[1]
                    elif trie.goes_on(child, self.firsts[following]):
                        whole.append((following, child))
            kept = trie.kept[(self, node)] = tokens, whole
        found: tuple[list[int], list[tuple[int, int]]] = kept
        return found


@lru_cache(maxsize=1024)
def fixed(*words: Word) -> Fixed:
    """Return the beginning of one of several words."""
    return Fixed(words)


class Words(State):
    """One of several words, and what follows each."""

    __slots__ = ("place", "thens")

    def __init__(self, place: Fixed, thens: Sequence[Then], is_final: bool = False) -> None:
        self.place = place
        self.thens = thens
        self.is_final = is_final

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        following = self.place.steps.get(byte)
        if following is None:
            return None
        return Words(following, self.thens) if isinstance(following, Fixed) else self.thens[following]()

    def after(self, written: bytes) -> State | None:
        """Return the place after some bytes, None where one of them may not come."""
        found = self.place.jump(written)
        if found is None:
            return None
        place, rest = found
        if isinstance(place, Fixed):
            return Words(place, self.thens)
        state = self.thens[place]()
        return state.after(rest) if rest else state

    def choices(self) -> Iterator[int]:
        """Yield the bytes that may come."""
        yield from self.place.steps

    def mark(self, found: Found, node: int) -> None:
        """Mark as any state does; what does not go beyond the words is known from before."""
        tokens, whole = self.place.below(found.trie, node)
        found.tokens += tokens
        for number, child in whole:
            self.thens[number]().mark(found, child)

    def mask(self, trie: Trie, ends: tuple[int, ...]) -> Any:
        """Return a mask as any state does; where no token goes beyond the words, one from before."""
        key = (self.place, ends if self.is_final else ())
        kept = trie.kept.get(key)
        if kept is None:
            tokens, whole = self.place.below(trie, 0)
            if whole:
                return super().mask(trie, ends)
            kept = trie.mask([*tokens, *key[1]])
            kept.flags.writeable = False
            trie.kept[key] = kept
        return kept


class Lines:
    """Line numbers of a chunk, in ascending order, none of them 0."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.all = numbers
        self.most = numbers[-1] if numbers else 0
        scales = [10**zeros for zeros in range(len(str(self.most)))]
        array = np.array(numbers, dtype=np.int64)
        # By the digits that a number begins with, the highest such number; what is not touched costs nothing.
        self.highest_of = np.zeros(10 * scales[-1], dtype=np.int64)
        for scale in scales:
            self.highest_of[array // scale] = array
        self.highest_of[0] = 0
        self.kept: tuple[list[int], Ints] | None = None
        self.kept_bits: tuple[list[int], Any, Any] | None = None

    def __contains__(self, number: int) -> bool:
        place = bisect_left(self.all, number)
        return place < len(self.all) and self.all[place] == number

    def highest(self, typed: int) -> int:
        """Return the highest number that begins with some digits, 0 where none does."""
        return self.highest_of.item(typed) if typed <= self.most else 0

    def first_digits(self, trie: Trie) -> tuple[list[int], Ints]:
        """Return the nodes of digits that begin a number, by the highest number that they begin."""
        if self.kept is None:
            values, nodes = trie.numbers()
            count = int(values.searchsorted(self.most, "right"))
            highest = self.highest_of[values[:count]]
            order = np.argsort(highest, kind="stable")
            order = order[int(highest[order].searchsorted(1)) :]
            self.kept = highest[order].tolist(), nodes[order]
        return self.kept

    def first_bits(self, trie: Trie) -> tuple[list[int], Any, Any]:
        """Return the same with the places of their tokens in a mask."""
        if self.kept_bits is None:
            highest, nodes = self.first_digits(trie)
            self.kept_bits = highest, trie.byte_at[nodes], trie.bit_at[nodes]
        return self.kept_bits

    def digits(self, trie: Trie, node: int, typed: int, least: int) -> Ints | None:
        """Return the nodes below one of digits that go on from some towards a number of at least `least`."""
        if typed * 10 > self.most:
            return None
        if typed:
            values, scales, nodes = trie.digits(node)
            count = int(scales.searchsorted(self.most // typed, "right"))
            begun = typed * scales[:count] + values[:count]
        else:
            values, nodes = trie.numbers(node)
            count = int(values.searchsorted(self.most, "right"))
            begun = values[:count]
        found: Ints = nodes[:count][self.highest_of[begun] >= least]
        return found


class Number(State):
    """A line number of at least `least` in decimal digits, then the byte `end`."""

    __slots__ = ("end", "firsts", "least", "lines", "then", "typed")
    is_final = False

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
            typed = self.typed * 10 + digit
            if typed and self.lines.highest(typed) >= self.least:
                yield 0x30 + digit
        if self._is_line(self.typed):
            yield self.end

    def next(self, byte: int) -> State | None:
        """Return the place after a byte, None where it may not come."""
        if byte == self.end:
            return self.then(self.typed) if self._is_line(self.typed) else None
        typed = self.typed * 10 + byte - 0x30
        if 0x30 <= byte <= 0x39 and typed and self.lines.highest(typed) >= self.least:
            return Number(self.lines, self.least, self.end, self.then, typed)
        return None

    def after(self, written: bytes) -> State | None:
        """Return the place after some bytes, None where one of them may not come."""
        if not written.isdigit():
            return super().after(written)
        typed = self.typed * 10 ** len(written) + int(written)
        # What is shorter begins higher numbers, or the same; and no number begins with a zero.
        if self.lines.highest(typed) < self.least or not (self.typed or written[0] > 0x30):
            return None
        return Number(self.lines, self.least, self.end, self.then, typed)

    def mark(self, found: Found, node: int) -> None:
        """Mark as any state does, but with all the digits at once."""
        trie = found.trie
        if node == 0 == self.typed:
            highest, nodes = self.lines.first_digits(trie)
            found.arrays.append(nodes[bisect_left(highest, self.least) :])
        else:
            self._mark_digits(found, node)
            if self._is_line(self.typed):
                child = trie.child(node, self.end)
                if child:
                    self._mark_end(found, self.typed, child)
        for value, scale, child in _ending(trie, node, self.end):
            typed = self.typed * scale + value
            if self._is_line(typed) and (self.typed or value >= scale // 10):
                self._mark_end(found, typed, child)

    def _mark_digits(self, found: Found, node: int) -> None:
        lines, typed = self.lines, self.typed
        if node == 0 and typed * 10 <= lines.most < typed * 100:
            # No more than one digit may follow.
            for digit, child in enumerate(found.trie.digit):
                if lines.highest(typed * 10 + digit) >= self.least:
                    found.add(child)
            return
        more = lines.digits(found.trie, node, typed, self.least)
        if more is not None:
            found.arrays.append(more)

    def mask(self, trie: Trie, ends: tuple[int, ...]) -> Any:
        """Return a mask as any state does; where nothing but `end` may come, one from before."""
        if not self.typed and not trie.several and not _ending(trie, 0, self.end):
            highest, bytes_at, bits_at = self.lines.first_bits(trie)
            place = bisect_left(highest, self.least)
            return trie.mask_of(bytes_at[place:], bits_at[place:])
        if self.typed * 10 <= self.lines.most or _ending(trie, 0, self.end):
            return super().mask(trie, ends)
        child = trie.child(0, self.end)
        if trie.goes_on(child, _AFTER[self.end]):
            return super().mask(trie, ends)
        kept = trie.kept.get(("end", self.end))
        if kept is None:
            kept = trie.kept[("end", self.end)] = trie.mask(trie.ids(child))
            kept.flags.writeable = False
        return kept

    def _mark_end(self, found: Found, typed: int, child: int) -> None:
        found.add(child)
        if found.trie.goes_on(child, _AFTER[self.end]):
            self.then(typed).mark(found, child)

    def _is_line(self, typed: int) -> bool:
        return typed >= self.least and typed in self.lines


# What may come after the byte that ends a number: a number or a string; the next call.
_AFTER = {ord(","): b" ", ord(")"): b"\n"}


def _ending(trie: Trie, node: int, end: int) -> list[tuple[int, int, int]]:
    """Return value, power of ten and node of digits below a node that a byte follows within one token."""
    key = "ending", node, end
    kept = trie.kept.get(key)
    if kept is None:
        columns = (array.tolist() for array in trie.digits(node))
        children = ((value, scale, trie.child(at, end)) for value, scale, at in zip(*columns, strict=True))
        kept = trie.kept[key] = [one for one in children if one[2]]
    found: list[tuple[int, int, int]] = kept
    return found
