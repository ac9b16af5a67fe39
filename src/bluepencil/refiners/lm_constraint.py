"""What an answer about one chunk may be, byte by byte: the canonical programs that can be carried out on it.

Admitted are `keep_all()`, `remove_all()`, or calls as `render` writes them, one per line, that name lines of
the chunk in ascending order: remove_lines whose range does not reverse; remove_str with strings that occur
exactly once in their line; keep_str, before any other call on its line. No call claims what an earlier one
did, so that no program has a fault of any kind. Wherever a program may be, it can be ended: there are no dead ends.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bluepencil.refiners.lm_once import Ints, Line, Span
from bluepencil.refiners.lm_prompt import Encoder, Style
from bluepencil.refiners.lm_vocabulary import Trie, trie_of

MAX_CALLS = 400
_QUOTE = 0x22


@dataclass(frozen=True, slots=True)
class ProgramConstraint:
    """The programs of native language models for the lines of a chunk, of which the first has number `first`.

    max_calls: most calls, and texts of keep_str, that a program may have. style: of the prompts, which says what token
    ends an answer. A server is told nothing: what it writes is checked when it is read.
    """

    text: str
    first: int = 1
    style: Style = "plain"
    max_calls: int = MAX_CALLS

    def matcher(self, tokenizer: Any) -> "ProgramMatcher":
        """Return the constraint for one answer; raises OptionError for a tokenizer that is not made of bytes."""
        trie = trie_of(tokenizer)
        ends = {Encoder(tokenizer).end(self.style)}
        if tokenizer.eos_token_id is not None:
            ends.add(int(tokenizer.eos_token_id))
        return ProgramMatcher(self, trie, sorted(ends))

    def request(self) -> Mapping[str, Any]:
        """Return nothing: there is no parameter that every server knows, and an unknown one is refused."""
        return {}


class ProgramMatcher:
    """The constraint at work on one answer."""

    def __init__(self, constraint: ProgramConstraint, trie: Trie, ends: Sequence[int]) -> None:
        self.trie = trie
        self.ends = ends
        self.state: State = _Calls(constraint, trie.leading_space).start()

    @property
    def is_final(self) -> bool:
        """Whether what was written is a whole program."""
        return self.state.is_final

    def allowed(self) -> Any:
        """Return the tokens that may come next, as bits; after the end, those that end an answer."""
        found = _Found(self.trie)
        self.state.mark(found, 0)
        return found.mask(self.ends if self.state.is_final else ())

    def advance(self, token: int) -> None:
        """Take note of a token; raises ValueError for one that was not allowed."""
        if token in self.ends:
            if not self.state.is_final:
                raise ValueError("the program is not whole")
            self.state = _Words(())
            self.state.is_final = True
            return
        spelled = self.trie.tokens[token] if token < len(self.trie.tokens) else None
        if not spelled:
            raise ValueError(f"token {token} is not text")
        self.state = follow(self.state, spelled)


class _Found:
    """The nodes of the trie that have been reached."""

    def __init__(self, trie: Trie) -> None:
        self.trie = trie
        self.nodes: list[int] = []
        self.arrays: list[Ints] = []

    def mask(self, more: Sequence[int]) -> Any:
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

    def mark(self, found: _Found, node: int) -> None:
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


class _Words(State):
    """One of several words, none of which begins another, and what follows it."""

    def __init__(self, options: Sequence[tuple[bytes, Then]], at: int = 0) -> None:
        self.options = options
        self.at = at

    def mark(self, found: _Found, node: int) -> None:
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
        yield from sorted({word[self.at] for word, _ in self.options})

    def next(self, byte: int) -> State | None:
        left = [option for option in self.options if option[0][self.at] == byte]
        if not left:
            return None
        word, then = left[0]
        return then() if len(word) == self.at + 1 else _Words(left, self.at + 1)


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


class _Lines:
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


class _Number(State):
    """A line number of at least `least` in decimal digits, then the byte `end`."""

    def __init__(
        self, lines: _Lines, least: int, end: int, then: Callable[[int], State], typed: int = 0
    ) -> None:
        self.lines = lines
        self.least = least
        self.end = end
        self.then = then
        self.typed = typed

    def choices(self) -> Iterator[int]:
        for digit in range(10):
            if self.lines.highest.get(self.typed * 10 + digit, 0) >= self.least:
                yield 0x30 + digit
        if self._is_line(self.typed):
            yield self.end

    def next(self, byte: int) -> State | None:
        if byte == self.end and self._is_line(self.typed):
            return self.then(self.typed)
        typed = self.typed * 10 + byte - 0x30
        if 0x30 <= byte <= 0x39 and self.lines.highest.get(typed, 0) >= self.least:
            return _Number(self.lines, self.least, self.end, self.then, typed)
        return None

    def mark(self, found: _Found, node: int) -> None:
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


class _String(State):
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
        return _String(self.line, places, self.then, self.written + 1)

    def mark(self, found: _Found, node: int) -> None:
        if len(self.starts) == 1:
            self._mark_one(found, node)
        else:
            self._mark_many(found, node)

    def _mark_one(self, found: _Found, node: int) -> None:
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

    def _mark_many(self, found: _Found, node: int) -> None:
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

    def _close(self, found: _Found, node: int, start: int, at: int) -> None:
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


class _Done(NamedTuple):
    """What the calls so far have claimed: lines up to `line`, counted from 0, or if `open`, parts of that one."""

    line: int = -1
    open: bool = False
    claims: tuple[Span, ...] = ()
    calls: int = 0


class _Calls:
    """The calls that may come after others in the program of a chunk."""

    def __init__(self, constraint: ProgramConstraint, leading_space: bool) -> None:
        self.texts = constraint.text.split("\n")
        self.first = constraint.first
        self.max_calls = constraint.max_calls
        self.leading_space = leading_space
        numbered = list(enumerate(self.texts, self.first))
        self.every = _Lines([number for number, _ in numbered])
        self.filled = _Lines([number for number, text in numbered if text])
        self.last_filled = max(self.filled.all, default=0)
        self.lines: dict[int, Line] = {}

    def start(self) -> State:
        alone: list[tuple[bytes, Then]] = [(b"keep_all()", _end), (b"remove_all()", _end)]
        options = alone + self.options(_Done())
        if self.leading_space:
            options += [(b" " + word, then) for word, then in options]
        return _Words(options)

    def options(self, done: _Done) -> list[tuple[bytes, Then]]:
        """Return how a next call may begin."""
        if done.calls >= self.max_calls:
            return []
        found: list[tuple[bytes, Then]] = []
        if done.line + 1 < len(self.texts):
            found.append((b"remove_lines(", partial(self._range, done)))
        here = self.first + done.line
        if here < self.last_filled:
            found.append((b"keep_str(", partial(self._named, done, here + 1, self._kept)))
        more = done.open and len(self._line(done.line).starts(done.claims)[0]) > 0
        if more or here < self.last_filled:
            least = here if more else here + 1
            found.append((b"remove_str(", partial(self._named, done, least, self._removed)))
        return found

    def after(self, done: _Done) -> State:
        """Return the place after a call: the end of the program, or of its line."""
        options = self.options(done)
        state = _Words([(b"\n", partial(_Words, options))] if options else [])
        state.is_final = True
        return state

    def _range(self, done: _Done) -> State:
        least = self.first + done.line + 1
        return _Number(self.every, least, ord(","), partial(self._range_end, done))

    def _range_end(self, done: _Done, start: int) -> State:
        last = _Number(self.every, start, ord(")"), partial(self._range_done, done))
        return _Words([(b" ", lambda: last)])

    def _range_done(self, done: _Done, end: int) -> State:
        return self.after(_Done(end - self.first, calls=done.calls + 1))

    def _named(self, done: _Done, least: int, then: Callable[[_Done], State]) -> State:
        """Return the place of a line number, after which a string opens."""

        def chosen(number: int) -> State:
            line = number - self.first
            now = done if line == done.line else _Done(line, True, (), done.calls)
            return _Words([(b' "', partial(then, now._replace(calls=now.calls + 1)))])

        return _Number(self.filled, least, ord(","), chosen)

    def _removed(self, done: _Done) -> State:
        line = self._line(done.line)

        def closed(span: Span) -> State:
            now = done._replace(claims=(*done.claims, span))
            return _Words([(b")", partial(self.after, now))])

        return _String(line, line.starts(done.claims), closed)

    def _kept(self, done: _Done, kept: tuple[Span, ...] = ()) -> State:
        line = self._line(done.line)

        def closed(span: Span) -> State:
            now = (*kept, span)
            rest = done._replace(claims=_complement(now, len(line.text)))
            options: list[tuple[bytes, Then]] = [(b")", partial(self.after, rest))]
            if done.calls < self.max_calls:
                more = done._replace(calls=done.calls + 1)
                options.append((b', "', partial(self._kept, more, now)))
            return _Words(options)

        return _String(line, line.starts(), closed)

    def _line(self, number: int) -> Line:
        if number not in self.lines:
            self.lines[number] = Line(self.texts[number])
        return self.lines[number]


def _end() -> State:
    state = _Words(())
    state.is_final = True
    return state


def _complement(spans: Sequence[Span], size: int) -> tuple[Span, ...]:
    rest = []
    at = 0
    for start, end in sorted(spans):
        if start > at:
            rest.append((at, start))
        at = max(at, end)
    return (*rest, (at, size)) if at < size else tuple(rest)
