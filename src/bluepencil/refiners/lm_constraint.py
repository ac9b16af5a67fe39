"""What an answer about one chunk may be, byte by byte: the canonical programs that can be carried out on it.

Admitted are `keep_all()`, `remove_all()`, or calls as `render` writes them, one per line, that name lines of
the chunk in ascending order: remove_lines whose range does not reverse; remove_str with strings that occur
exactly once in their line; keep_str, before any other call on its line. No call claims what an earlier one
did, so that no program has a fault. Whatever was written can be ended: there are no dead ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from bluepencil.refiners.lm_once import Line, Span
from bluepencil.refiners.lm_prompt import Encoder, Style
from bluepencil.refiners.lm_states import Found, Lines, Number, State, String, Then, Words, follow
from bluepencil.refiners.lm_vocabulary import Trie, trie_of

MAX_CALLS = 400


@dataclass(frozen=True, slots=True)
class ProgramConstraint:
    """The programs of native language models for the lines of a chunk, of which the first has number `first`.

    max_calls: most calls, and texts of keep_str, that a program may have. style: of the
    prompts, which says what token ends an answer. A server is told nothing: what it writes is checked
    when it is read.
    """

    text: str
    first: int = 1
    style: Style = "plain"
    max_calls: int = MAX_CALLS

    def matcher(self, tokenizer: Any) -> "ProgramMatcher":
        """Return the constraint for one answer; raises OptionError where tokens are not made of bytes."""
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
        found = Found(self.trie)
        self.state.mark(found, 0)
        return found.mask(self.ends if self.state.is_final else ())

    def advance(self, token: int) -> None:
        """Take note of a token; raises ValueError for one that was not allowed."""
        if token in self.ends:
            if not self.state.is_final:
                raise ValueError("the program is not whole")
            self.state = Words(())
            self.state.is_final = True
            return
        spelled = self.trie.tokens[token] if token < len(self.trie.tokens) else None
        if not spelled:
            raise ValueError(f"token {token} is not text")
        self.state = follow(self.state, spelled)


class _Done(NamedTuple):
    """What calls have claimed: the lines to `line`, counted from 0; if `open`, only `claims` of that one."""

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
        self.every = Lines([number for number, _ in numbered])
        self.filled = Lines([number for number, text in numbered if text])
        self.last_filled = max(self.filled.all, default=0)
        self.lines: dict[int, Line] = {}

    def start(self) -> State:
        alone: list[tuple[bytes, Then]] = [(b"keep_all()", _end), (b"remove_all()", _end)]
        options = alone + self.options(_Done())
        if self.leading_space:
            options += [(b" " + word, then) for word, then in options]
        return Words(options)

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
        state = Words([(b"\n", partial(Words, options))] if options else [])
        state.is_final = True
        return state

    def _range(self, done: _Done) -> State:
        least = self.first + done.line + 1
        return Number(self.every, least, ord(","), partial(self._range_end, done))

    def _range_end(self, done: _Done, start: int) -> State:
        last = Number(self.every, start, ord(")"), partial(self._range_done, done))
        return Words([(b" ", lambda: last)])

    def _range_done(self, done: _Done, end: int) -> State:
        return self.after(_Done(end - self.first, calls=done.calls + 1))

    def _named(self, done: _Done, least: int, then: Callable[[_Done], State]) -> State:
        """Return the place of a line number, after which a string opens."""

        def chosen(number: int) -> State:
            line = number - self.first
            now = done if line == done.line else _Done(line, True, (), done.calls)
            return Words([(b' "', partial(then, now._replace(calls=now.calls + 1)))])

        return Number(self.filled, least, ord(","), chosen)

    def _removed(self, done: _Done) -> State:
        line = self._line(done.line)

        def closed(span: Span) -> State:
            now = done._replace(claims=(*done.claims, span))
            return Words([(b")", partial(self.after, now))])

        return String(line, line.starts(done.claims), closed)

    def _kept(self, done: _Done, kept: tuple[Span, ...] = ()) -> State:
        line = self._line(done.line)

        def closed(span: Span) -> State:
            now = (*kept, span)
            rest = done._replace(claims=_complement(now, len(line.text)))
            options: list[tuple[bytes, Then]] = [(b")", partial(self.after, rest))]
            if done.calls < self.max_calls:
                more = done._replace(calls=done.calls + 1)
                options.append((b', "', partial(self._kept, more, now)))
            return Words(options)

        return String(line, line.starts(), closed)

    def _line(self, number: int) -> Line:
        if number not in self.lines:
            self.lines[number] = Line(self.texts[number])
        return self.lines[number]


def _end() -> State:
    state = Words(())
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
