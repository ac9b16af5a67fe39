"""Finds every `a op b = c` of a text and computes it again.

What stands on both sides of an equals sign is read outwards from it, as far as it is an expression: words
after a number are its unit, words before an expression end it. A side with a variable or a function gives no
verdict; nor do conversions of units, remainders and congruences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache

from bluepencil.rewriting.math_expressions import (
    Expression,
    ExpressionError,
    Value,
    evaluate,
    names,
    parse,
    readings,
    size,
    values,
)
from bluepencil.rewriting.math_side import UNIT_LETTER, Side, prepared
from bluepencil.rewriting.math_side_left import read_left
from bluepencil.rewriting.math_side_right import read_right
from bluepencil.rewriting.math_token import Kind, Token
from bluepencil.rewriting.math_tokens import annotations, tokens
from bluepencil.rewriting.math_units import converts, scale_of

# An approximation may be off by this share; the published texts round to two or three digits.
ABOUT = Fraction(1, 50)
# Words that say that the number after them is rounded.
ROUNDING = frozenset(
    (
        "about",
        "approximately",
        "around",
        "roughly",
        "rounded",
        "round",
        "nearly",
        "almost",
        "rounds",
        "nearest",
    )
)


class Holds(StrEnum):
    """Whether an equation is right."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Equation:
    """Two sides around an equals sign, and what was found; `start` is where the sign stands in the text."""

    left: Side
    right: Side
    start: int
    holds: Holds
    shown: str
    end: int = 0

    @property
    def is_step(self) -> bool:
        """Whether numbers become a number."""
        return self.holds is not Holds.UNKNOWN and (self.left.is_computed or self.right.is_computed)


def equations(text: str, read: Sequence[Token] | None = None) -> list[Equation]:
    """Return the equations of a text whose two sides are expressions, in order."""
    stream = prepared(tokens(text) if read is None else read)
    found = []
    for position, token in enumerate(stream):
        if token.kind in (Kind.EQUAL, Kind.ABOUT):
            equation = _equation(stream, position, text)
            if equation is not None:
                found.append(equation)
    return found


def wrong_annotations(text: str) -> list[str]:
    """Return the `<<...>>` of GSM8K that do not compute; one without an equals sign says nothing."""
    return [
        inside
        for inside in annotations(text)
        if any(equation.holds is Holds.NO for equation in equations(inside))
    ]


def _equation(stream: Sequence[Token], position: int, text: str) -> Equation | None:
    left = read_left(stream, position)
    right = read_right(stream, position + 1)
    if left is None or right is None:
        return None
    if UNIT_LETTER in right.units and any(token.kind is Kind.NAME for token in left.tokens):
        return None  # then the letter is a variable
    holds = _holds(left, right, stream, position)
    last = right.tokens[-1]
    shown = " ".join(text[left.tokens[0].start : last.start + len(last.text)].split())[:120]
    return Equation(left, right, stream[position].start, holds, shown, last.end)


@cache
def _points() -> tuple[Fraction, ...]:
    return (
        Fraction(7, 3),
        Fraction(-11, 5),
        Fraction(13, 4),
        Fraction(29, 7),
        Fraction(-3, 8),
        Fraction(17, 9),
    )


def _holds(left: Side, right: Side, stream: Sequence[Token], position: int) -> Holds:
    try:
        trees = parse(left.tokens), parse(right.tokens)
    except ExpressionError:
        return Holds.UNKNOWN
    used = names(trees[0]) | names(trees[1])
    if used - {"pi"}:
        return _is_identity(trees, sorted(used - {"pi"}))
    margin = Fraction(_says_rounded(stream, position))
    if stream[position].kind is Kind.ABOUT:
        margin = max(margin, Fraction(1, 2))
    try:
        pairs = [(a, b) for a in _scaled(trees[0], left) for b in _scaled(trees[1], right)]
    except ExpressionError:
        return Holds.UNKNOWN
    shown = [token.text for token in right.tokens if token.kind is Kind.NUMBER]
    single = shown[0] if len(shown) == 1 else ""
    if any(equal(a, b, single, margin) for a, b in pairs):
        return Holds.YES
    if converts(left.units, right.units) or not (left.is_computed or right.is_computed):
        return Holds.UNKNOWN
    if left.tokens[0].tex and left.units and right.units and not left.units & right.units:
        return Holds.UNKNOWN
    if "of" in right.units:
        return Holds.UNKNOWN
    if _runs_on(pairs[0][0], right, stream, position):
        return Holds.YES
    return Holds.NO


def _scaled(tree: Expression, side: Side) -> list[Value]:
    """Return the values of a side in every reading, also with "million" and the like as a factor."""
    found = values(tree)
    for word in side.units:
        factor = scale_of(word)
        if factor:
            found += [value * factor for value in found] + [value / factor for value in found]
    return found


def _is_identity(trees: tuple[Expression, Expression], used: list[str]) -> Holds:
    """Say whether two sides with variables agree whatever the variables are; if not, nothing is known."""
    if len(used) > 4:
        return Holds.UNKNOWN
    reading = next(readings(trees[0]))
    try:
        for shift in range(3):
            points = {name: _points()[(number + shift) % 6] for number, name in enumerate(used)}
            one, other = (evaluate(tree, reading, points) for tree in trees)
            if not equal(one, other, ""):
                return Holds.UNKNOWN
    except ExpressionError:
        return Holds.UNKNOWN
    return Holds.YES


def _says_rounded(stream: Sequence[Token], position: int) -> bool:
    near = stream[max(0, position - 4) : position + 14]
    return any(token.kind is Kind.WORD and token.text.lower() in ROUNDING for token in near)


def _runs_on(value: Value, right: Side, stream: Sequence[Token], position: int) -> bool:
    """Say whether this is `12 + 5 = 17 + 3 = 20`, where the result is carried on: wrong, but common."""
    first = right.tokens[0]
    if first.kind is not Kind.NUMBER or len(right.tokens) < 3 or right.tokens[1].text not in "+-*/":
        return False
    end = next(
        (n for n in range(position + 1, len(stream)) if stream[n].kind in (Kind.EQUAL, Kind.LINE)), None
    )
    follows = end is not None and stream[end].kind is Kind.EQUAL
    return follows and equal(value, first.value, first.text)


def equal(computed: Value, stated: Value, shown: str, margin: Fraction = Fraction(0)) -> bool:
    """Say whether a number that is stated is what was computed, rounded to the digits it is `shown` with.

    A stated number with a decimal point may be rounded or cut; one without must be exact, unless there is a
    `margin`, in units of its last digit, by which an approximation may be off; or by 2 %.
    """
    if computed == stated:
        return True
    difference = size(computed - stated)
    if isinstance(difference, float) and difference <= 1e-9 * max(1.0, abs(float(stated))):
        return True
    places = len(shown.partition(".")[2]) if "." in shown else 0
    if places and difference < Fraction(1, 10**places):
        return True
    return margin > 0 and difference <= max(margin / 10**places, size(stated) * ABOUT)
