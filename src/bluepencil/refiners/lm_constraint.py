"""What an answer about one chunk may be, byte by byte: the canonical programs that can be carried out on it.

Admitted are `keep_all()`, `remove_all()`, or calls as `render` writes them, one per line, that name lines of
the chunk in ascending order: remove_lines whose range does not reverse; remove_str with strings that occur
exactly once in their line; keep_str, before any other call on its line; with `replacements`, replace_str of a
string that occurs once by any text. No call claims what an earlier one did, so that no program has a fault.
Whatever was written can be ended: there are no dead ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from bluepencil.refiners.lm_grammar import grammar, parameters
from bluepencil.refiners.lm_once import Line, Span
from bluepencil.refiners.lm_prompt import Encoder, Style
from bluepencil.refiners.lm_states import DIGITS, Lines, Number, State, Then, Word, Words, fixed
from bluepencil.refiners.lm_strings import Opened
from bluepencil.refiners.lm_text import Text
from bluepencil.refiners.lm_vocabulary import Trie, trie_of

MAX_CALLS = 400


@dataclass(frozen=True, slots=True)
class ProgramConstraint:
    """The programs of native language models for the lines of a chunk, of which the first has number `first`.

    max_calls: most calls, and texts of keep_str, that a program may have. style: of the prompts, which says
    what token ends an answer. replacements: whether replace_str may come.
    """

    text: str
    first: int = 1
    style: Style = "plain"
    max_calls: int = MAX_CALLS
    replacements: bool = False

    def matcher(self, tokenizer: Any) -> "ProgramMatcher":
        """Return the constraint for one answer; raises OptionError where tokens are not made of bytes."""
        trie = trie_of(tokenizer)
        ends = trie.kept.get(("ends", self.style))
        if ends is None:
            # Making an encoder takes milliseconds, and there is a matcher for each answer.
            ends = {Encoder(tokenizer).end(self.style)}
            if tokenizer.eos_token_id is not None:
                ends.add(int(tokenizer.eos_token_id))
            trie.kept[("ends", self.style)] = ends
        return ProgramMatcher(self, trie, sorted(ends))

    def request(self, server: str, detail: str) -> Mapping[str, Any]:
        """Return the parameter by which a kind of server is told, which says less than the matcher does."""
        return parameters(server, grammar(self.text, self.first, detail, replacements=self.replacements))


class ProgramMatcher:
    """The constraint at work on one answer."""

    def __init__(self, constraint: ProgramConstraint, trie: Trie, ends: Sequence[int]) -> None:
        self.trie = trie
        self.ends = tuple(ends)
        self.state: State = _Calls(constraint, trie).start()

    @property
    def is_final(self) -> bool:
        """Whether what was written is a whole program."""
        return self.state.is_final

    def allowed(self) -> Any:
        """Return the tokens that may come next, as bits; after the end, those that end an answer."""
        return self.state.mask(self.trie, self.ends)

    def advance(self, token: int) -> None:
        """Take note of a token; raises ValueError for one that was not allowed."""
        if token in self.ends:
            if not self.state.is_final:
                raise ValueError("the program is not whole")
            self.state = _end()
            return
        spelled = self.trie.tokens[token] if token < len(self.trie.tokens) else None
        if not spelled:
            raise ValueError(f"token {token} is not text")
        following = self.state.after(spelled)
        if following is None:
            raise ValueError(f"{spelled!r} does not go on with what was written")
        self.state = following


class _Done(NamedTuple):
    """What calls have claimed: the lines to `line`, counted from 0; if `open`, only `claims` of that one."""

    line: int = -1
    open: bool = False
    claims: tuple[Span, ...] = ()
    calls: int = 0


_ALONE = (Word(b"keep_all()", b""), Word(b"remove_all()", b""))
_LINES, _KEEP, _REMOVE, _REPLACE = (
    Word(name, DIGITS) for name in (b"remove_lines(", b"keep_str(", b"remove_str(", b"replace_str(")
)
_SPACE = fixed(Word(b" ", DIGITS))
_OPEN = fixed(Word(b' "', None))
_SECOND = fixed(Word(b', "', None))
_CLOSE = fixed(Word(b")", b"\n"))
_CLOSE_OR_MORE = fixed(Word(b")", b"\n"), Word(b', "', None))
_NEXT = fixed(Word(b"\n", b"kr"))
_NOTHING = fixed()


class _Calls:
    """The calls that may come after others in the program of a chunk."""

    def __init__(self, constraint: ProgramConstraint, trie: Trie) -> None:
        self.texts = constraint.text.split("\n")
        self.first = constraint.first
        self.max_calls = constraint.max_calls
        self.replacements = constraint.replacements
        self.leading_space = trie.leading_space
        self.same = not trie.runs_on
        self.every = Lines(range(self.first, self.first + len(self.texts)))
        self.filled = Lines([number for number, text in enumerate(self.texts, self.first) if text])
        self.lines: dict[int, Line] = {}

    def start(self) -> State:
        words, thens = self.options(_Done())
        words, thens = [*_ALONE, *words], [_end, _end, *thens]
        if self.leading_space:
            words += [Word(b" " + text, firsts) for text, firsts in words]
            thens += thens
        return Words(fixed(*words), thens)

    def options(self, done: _Done) -> tuple[list[Word], list[Then]]:
        """Return how a next call may begin, and what comes then."""
        words: list[Word] = []
        thens: list[Then] = []
        if done.calls >= self.max_calls:
            return words, thens
        if self._is_line_left(done):
            words.append(_LINES)
            thens.append(partial(self._range, done))
        here = self.first + done.line
        is_text_left = here < self.filled.most
        if is_text_left:
            words.append(_KEEP)
            thens.append(partial(self._named, done, here + 1, self._kept))
        more = done.open and self._line(done.line).has_room(done.claims)
        if more or is_text_left:
            least = here if more else here + 1
            words.append(_REMOVE)
            thens.append(partial(self._named, done, least, self._removed))
            if self.replacements:
                words.append(_REPLACE)
                thens.append(partial(self._named, done, least, self._replaced))
        return words, thens

    def after(self, done: _Done) -> State:
        """Return the place after a call: the end of the program, or of its line."""
        goes_on = self._is_line_left(done) or (done.open and self._line(done.line).has_room(done.claims))
        if goes_on and done.calls < self.max_calls:
            return Words(_NEXT, [partial(self._next, done)], is_final=True)
        return _end()

    def _next(self, done: _Done) -> State:
        words, thens = self.options(done)
        return Words(fixed(*words), thens)

    def _is_line_left(self, done: _Done) -> bool:
        return done.line + 1 < len(self.texts)

    def _range(self, done: _Done) -> State:
        least = self.first + done.line + 1
        return Number(self.every, least, ord(","), partial(self._range_end, done))

    def _range_end(self, done: _Done, start: int) -> State:
        return Words(_SPACE, [partial(Number, self.every, start, ord(")"), partial(self._range_done, done))])

    def _range_done(self, done: _Done, end: int) -> State:
        return self.after(_Done(end - self.first, calls=done.calls + 1))

    def _named(self, done: _Done, least: int, then: Callable[[_Done], State]) -> State:
        """Return the place of a line number, after which a string opens."""

        def chosen(number: int) -> State:
            line = number - self.first
            claims = done.claims if line == done.line else ()
            return Words(_OPEN, [partial(then, _Done(line, True, claims, done.calls + 1))])

        return Number(self.filled, least, ord(","), chosen)

    def _removed(self, done: _Done) -> State:
        def closed(span: Span) -> State:
            return Words(_CLOSE, [lambda: self.after(done._replace(claims=(*done.claims, span)))])

        return self._opened(done, done.claims, closed, b")")

    def _replaced(self, done: _Done) -> State:
        def closed(span: Span) -> State:
            now = done._replace(claims=(*done.claims, span))
            end = partial(Words, _CLOSE, [partial(self.after, now)])
            return Words(_SECOND, [partial(Text, end)])

        return self._opened(done, done.claims, closed, b",")

    def _kept(self, done: _Done, kept: tuple[Span, ...] = ()) -> State:
        size = len(self.texts[done.line])

        def closed(span: Span) -> State:
            now = (*kept, span)

            def after() -> State:
                return self.after(done._replace(claims=_complement(now, size)))

            if done.calls >= self.max_calls:
                return Words(_CLOSE, [after])
            more = done._replace(calls=done.calls + 1)
            return Words(_CLOSE_OR_MORE, [after, partial(self._kept, more, now)])

        return self._opened(done, (), closed, b"),")

    def _opened(
        self, done: _Done, claims: tuple[Span, ...], closed: Callable[[Span], State], firsts: bytes
    ) -> State:
        line = self._line(done.line)
        places = line.places(claims)
        same = self.same and self._is_line_left(done)
        state = Opened(line, places, closed, firsts, same=same).begun()
        if state is None:
            raise AssertionError("a string was opened where none fits")
        return state

    def _line(self, number: int) -> Line:
        if number not in self.lines:
            self.lines[number] = Line(self.texts[number])
        return self.lines[number]


def _end() -> State:
    return Words(_NOTHING, (), is_final=True)


def _complement(spans: Sequence[Span], size: int) -> tuple[Span, ...]:
    rest = []
    at = 0
    for start, end in sorted(spans):
        if start > at:
            rest.append((at, start))
        at = max(at, end)
    return (*rest, (at, size)) if at < size else tuple(rest)
