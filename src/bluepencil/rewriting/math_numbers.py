"""The numbers and equations of a text, and what it computes.

A number is its absolute value; those of list items, steps and headings do not count. Number words of English
count where a rewrite may write digits for them.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import chain

from bluepencil.rewriting.math_arithmetic import Equation, Holds, equations
from bluepencil.rewriting.math_expressions import (
    Expression,
    ExpressionError,
    Reading,
    Value,
    evaluate,
    parse,
    size,
)
from bluepencil.rewriting.math_side import Side
from bluepencil.rewriting.math_token import NUMBER, Kind, Token, number
from bluepencil.rewriting.math_tokens import tokens
from bluepencil.rewriting.math_words import number_words, words

_NUMBER = re.compile(NUMBER)
_SENTENCE_NUMBERS = 12
_CHAINED = ({"+"}, {"-"}, {"+", "-"}, {"*"}, {"/"}, {"*", "/"})


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A number in a text: its absolute value, and the token that holds it."""

    value: Fraction
    place: int


@dataclass(frozen=True)
class Numbers:
    """The numbers and equations of a text, each found once."""

    text: str
    stream: Sequence[Token] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stream", tokens(self.text))

    @cached_property
    def equations(self) -> list[Equation]:
        """The equations of the text."""
        return equations(self.text, self.stream)

    @cached_property
    def occurrences(self) -> list[Occurrence]:
        """The numbers of the text, in order."""
        return list(_occurrences(self.stream))

    @cached_property
    def values(self) -> frozenset[Fraction]:
        """The distinct numbers of the text, written as digits."""
        return frozenset(one.value for one in self.occurrences)

    @cached_property
    def known(self) -> frozenset[Fraction]:
        """What the text entitles a rewrite to write: its numbers, number words, shares of percentages."""
        known = number_words()
        found = set(self.values) | {one.value for one in self.stream if one.kind is Kind.ITEM and one.value}
        for place, token in enumerate(self.stream):
            if token.kind is Kind.WORD:
                found |= {known[part] for part in token.text.lower().split("-") if part in known}
                found |= _compound(token.text.lower())
            elif token.kind is Kind.ITEM:
                found |= {number(one) for one in _NUMBER.findall(token.text)}
            elif token.kind is Kind.NUMBER and _is_percent(self.stream, place):
                found |= {token.value / 100, 100 - token.value, 1 - token.value / 100, 1 + token.value / 100}
                found |= {100 + token.value}
            elif token.kind is Kind.NUMBER and (token.value.denominator > 1 or token.value < 100):
                found |= {token.value * 100, token.value / 100}
        return frozenset(found)

    @cached_property
    def results(self) -> frozenset[Fraction]:
        """The results of the steps that compute: the single number on a side of a right equation."""
        return frozenset(self.steps)

    @cached_property
    def chains(self) -> list[tuple[int, Equation]]:
        """The equations, each with the number of its chain: `a = b = c` is one."""
        found: list[tuple[int, Equation]] = []
        number, end = 0, -1
        for equation in self.equations:
            number += equation.left.tokens[0].start >= end
            end = equation.end
            found.append((number, equation))
        return found

    @cached_property
    def steps(self) -> Counter[Fraction]:
        """How many steps compute each result rightly: once per chain, and once for the same computation."""
        found: Counter[Fraction] = Counter()
        seen: set[tuple[Fraction, tuple[Fraction, ...]]] = set()
        counted: set[tuple[int, Fraction]] = set()
        for chain_number, equation in self.chains:
            for value, operands in _results(equation) if is_right(equation) else ():
                found[value] += (value, operands) not in seen and (chain_number, value) not in counted
                seen.add((value, operands))
                counted.add((chain_number, value))
        return found

    @cached_property
    def stated(self) -> dict[Fraction, int]:
        """Numbers that first occur as one whole side of an equation, and the place where they do."""
        first: dict[Fraction, int] = {}
        for one in self.occurrences:
            first.setdefault(one.value, self.stream[one.place].start)
        found = {}
        for equation in self.equations:
            for value in () if equation.holds is Holds.NO else result(equation):
                start = first.get(value)
                if start is not None and equation.start <= start <= equation.end:
                    found[value] = start
        return found

    @cached_property
    def operands(self) -> frozenset[Fraction]:
        """The numbers that are computed with."""
        sides = [side for one in self.equations for side in (one.left, one.right) if side.is_computed]
        return frozenset(value for side in sides for value in side.numbers)

    @cached_property
    def fractions(self) -> frozenset[Fraction]:
        """The fractions in lowest terms that right steps come to: 3/4 in 75/100 = 3/4."""
        sides = (side for one in self.equations if is_right(one) for side in (one.left, one.right))
        return frozenset(
            value for value in map(lowest_terms, sides) if value is not None and value in self.reduced
        )

    @cached_property
    def computed(self) -> Counter[Value]:
        """How often a value is computed, by an expression or a part of one, once per chain of equations."""
        found = {(chain_number, value) for chain_number, value, _ in self._parts}
        found |= {
            (number, value)
            for number, equation in self.chains
            for value, operands in _results(equation)
            if operands
        }
        counted = Counter(value for _, value in found)
        counted.update(value for value in self.values if self.explains(value))
        return counted

    @cached_property
    def named(self) -> frozenset[Fraction]:
        """The numbers that are said to be equal to something without a number: 17 in x = 17."""
        return frozenset(v for one in self.equations for v, operands in _results(one) if not operands)

    @cached_property
    def reduced(self) -> frozenset[Value]:
        """The values that are computed by more than a fraction in lowest terms."""
        return frozenset(value for _, value, lowest in self._parts if not lowest)

    @cached_property
    def _parts(self) -> list[tuple[int, Value, bool]]:
        return [
            (chain_number, value, lowest)
            for chain_number, equation in self.chains
            for side in (equation.left, equation.right)
            for value, lowest in _part_values(side)
        ]

    def explains(self, value: Fraction) -> bool:
        """Say whether a sentence derives a number in words: "half of 48 is 24"."""
        return any(self._explained(place, value) for place in self._places.get(value, ())[:_SENTENCE_NUMBERS])

    @cached_property
    def _places(self) -> dict[Fraction, list[int]]:
        found: dict[Fraction, list[int]] = {}
        for one in self.occurrences:
            found.setdefault(one.value, []).append(one.place)
        return found

    def _explained(self, place: int, value: Fraction) -> bool:
        if not self._is_said(place):
            return False
        given = list(_sentence_numbers(self.stream, place))
        return any(
            value in (a + b, abs(a - b), a * b) or (b and value == a / b) or (a and value == b / a)
            for place, a in enumerate(given)
            for b in given[:place]
        )

    def _is_said(self, place: int) -> bool:
        """Say whether "is", "leaves" or the like stands before a number that is no operand."""
        following = self.stream[place + 1] if place + 1 < len(self.stream) else None
        if following is not None and following.kind in (Kind.OPERATOR, Kind.EQUAL) and following.text != "%":
            return False
        for token in reversed(self.stream[max(0, place - 4) : place]):
            if token.kind is Kind.WORD and token.text.lower() in words("cues"):
                return True
            if token.kind not in (Kind.WORD, Kind.UNIT):
                return False
        return False


def _occurrences(stream: Sequence[Token]) -> Iterator[Occurrence]:
    for place, token in enumerate(stream):
        if token.kind is Kind.NUMBER:
            yield Occurrence(abs(token.value), place)
        elif token.kind is Kind.MARK:
            for match in _NUMBER.finditer(token.text.replace(",", " ")):
                if len(match[0]) < 40:
                    yield Occurrence(number(match[0]), place)


def _compound(word: str) -> set[Fraction]:
    tens, _, ones = word.partition("-")
    known = number_words()
    return {known[tens] + known[ones]} if ones in known and tens in known else set()


def _is_percent(stream: Sequence[Token], place: int) -> bool:
    following = stream[place + 1] if place + 1 < len(stream) else None
    return following is not None and (following.text == "%" or following.text.lower() in ("percent", "per"))


def is_right(equation: Equation) -> bool:
    """Say whether an equation computes a number, and rightly."""
    return equation.is_step and equation.holds is Holds.YES


def result(equation: Equation) -> Iterator[Fraction]:
    """Yield the number that one side is, if the other is more than that."""
    return (value for value, _ in _results(equation))


def _results(equation: Equation) -> Iterator[tuple[Fraction, tuple[Fraction, ...]]]:
    for side, other in ((equation.right, equation.left), (equation.left, equation.right)):
        if len(side.numbers) == 1 and not side.is_computed and (other.is_computed or not other.numbers):
            yield side.numbers[0], tuple(sorted(other.numbers))


def lowest_terms(side: Side) -> Fraction | None:
    """Return the value of a side that is a fraction of two whole numbers in lowest terms."""
    if len(side.numbers) != 2:
        return None
    try:
        tree = parse(side.tokens)
    except ExpressionError:
        return None
    tree = tree.parts[0] if tree.operation == "negative" else tree
    return Fraction(*side.numbers) if _is_lowest(tree) else None


def _is_lowest(tree: Expression) -> bool:
    if tree.operation not in ("/", "fraction"):
        return False
    above, below = tree.parts
    if above.operation != "number" or below.operation != "number" or below.value == 0:
        return False
    value = above.value / below.value
    return value.numerator == above.value and value.denominator == below.value and value.denominator > 1


def _part_values(side: Side) -> set[tuple[Value, bool]]:
    try:
        tree = parse(side.tokens)
    except ExpressionError:
        return set()
    return {(size(value), lowest) for value, lowest in _parts(tree)}


def _parts(tree: Expression) -> Iterator[tuple[Value, bool]]:
    """Yield the value of an expression and its parts, and whether it is a fraction in lowest terms."""
    for place, part in enumerate(tree.parts):
        runs_on = place == 0 and {tree.operation, part.operation} in _CHAINED
        # The beginning of a longer sum is no step of its own: 2 + 1 in 2 + 1 + 2.
        yield from chain.from_iterable(map(_parts, part.parts)) if runs_on else _parts(part)
    if tree.operation in ("number", "negative"):
        return
    try:
        yield evaluate(tree, Reading(), {}), _is_lowest(tree)
    except ExpressionError:
        return


def _sentence_numbers(stream: Sequence[Token], place: int) -> Iterator[Fraction]:
    """Yield the numbers that stand before `place` in its sentence, number words included."""
    found = 0
    for token in reversed(stream[max(0, place - 60) : place]):
        if token.kind is Kind.LINE or token.text in (".", "?") or found >= _SENTENCE_NUMBERS:
            return
        if token.kind is Kind.NUMBER:
            found += 1
            yield abs(token.value)
        elif token.kind is Kind.WORD and token.text.lower() in number_words():
            found += 1
            yield number_words()[token.text.lower()]


def kept_share(question: Numbers, before: Numbers, after: Numbers) -> float:
    """Return the share of the distinct numbers of a question that are found again; 1 where there are none.

    Only what the whole source has counts: a question cut out of it may be read differently at its end.
    """
    wanted = question.values & before.values
    found = after.values | after.known
    return sum(value in found for value in wanted) / len(wanted) if wanted else 1.0
