"""Computes small arithmetic expressions exactly, within bounds that nothing written for people exceeds.

`9**9**9**9` and its like are refused before anything is computed. Where notation has two readings, such as
`3 1/2` (a mixed number or a product) and `100 - 20 %`, all of them are returned.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from bluepencil.rewriting.math_token import VULGAR, Kind, Token

Value = Fraction | float
# Bits of a numerator or denominator; 2**4096 has 1,234 digits.
MAX_BITS = 4096
MAX_FACTORIAL = 170
MAX_TOKENS = 400
_DEPTH = 60
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


class Percent(StrEnum):
    """How a percent sign is read."""

    SHARE = "share"  # 20 % is 0.2
    PLAIN = "plain"  # 20 % is 20
    CHANGE = "change"  # 100 - 20 % is 80


class ExpressionError(ValueError):
    """Tokens that are no expression, or one that is too large to compute."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A tree: `operation` is a number, a name, an operator or a function."""

    operation: str
    parts: tuple["Expression", ...] = ()
    value: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read notation that has several."""

    percent: Percent = Percent.SHARE
    mixed: bool = True


def parse(tokens: Sequence[Token]) -> Expression:
    """Return the tree of an expression; ExpressionError where the tokens are none."""
    if not tokens or len(tokens) > MAX_TOKENS:
        raise ExpressionError("no expression, or a very long one")
    reader = _Reader(tokens)
    tree = reader.binary(0, 0)
    if reader.position != len(tokens):
        raise ExpressionError(f"unexpected {tokens[reader.position].text!r}")
    return tree


class _Reader:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def binary(self, least: int, depth: int) -> Expression:
        """Read operands and operators that bind at least so tightly."""
        if depth > _DEPTH:
            raise ExpressionError("too deeply nested")
        left = self.unary(depth)
        while (operator := self._operator()) is not None and _PRECEDENCE[operator] >= least:
            juxtaposed = self._juxtaposed()
            if not juxtaposed:
                self.position += 1
            # A power binds to the right, everything else to the left.
            right = self.binary(_PRECEDENCE[operator] + (operator != "^"), depth + 1)
            left = Expression(operator, (left, right))
        return left

    def _juxtaposed(self) -> bool:
        token = self.peek()
        return token is not None and token.kind is not Kind.OPERATOR

    def _operator(self) -> str | None:
        token = self.peek()
        if token is None or token.kind is Kind.CLOSE:
            return None
        if token.kind is Kind.OPERATOR and token.text in _PRECEDENCE:
            return token.text
        if token.kind in (Kind.OPEN, Kind.NAME):
            return "*"
        if token.kind is Kind.NUMBER and self.tokens[self.position - 1].kind is not Kind.NUMBER:
            return "*"
        raise ExpressionError(f"unexpected {token.text!r}")

    def unary(self, depth: int) -> Expression:
        """Read an operand with its sign and what follows it."""
        token = self.peek()
        if token is not None and token.kind is Kind.OPERATOR and token.text in "+-":
            self.position += 1
            inside = self.binary(3, depth + 1)
            return Expression("negative", (inside,)) if token.text == "-" else inside
        operand = self.operand(depth)
        while (token := self.peek()) is not None and token.kind is Kind.OPERATOR and token.text in "!%":
            self.position += 1
            operand = Expression(token.text, (operand,))
        return operand

    def operand(self, depth: int) -> Expression:
        """Read a number, a name, a root or what stands in brackets."""
        token = self.peek()
        self.position += 1
        if token is None:
            raise ExpressionError("an operand is missing")
        if token.kind is Kind.NUMBER:
            return self._after_number(token, depth)
        if token.kind is Kind.NAME:
            if token.text == "sqrt":
                return Expression("sqrt", (self._bracket(depth),))
            return Expression("name:" + token.text)
        if token.kind is Kind.OPEN and token.text in ("(", "[", "frac"):
            self.position -= 1
            return self._bracket(depth)
        raise ExpressionError(f"unexpected {token.text!r}")

    def _after_number(self, token: Token, depth: int) -> Expression:
        """Return a number, or the mixed number that it begins: a whole one, then a fraction of two."""
        whole = Expression("number", value=token.value)
        rest = self.tokens[self.position : self.position + 3]
        if token.value.denominator != 1 or not rest:
            return whole
        if rest[0].text in VULGAR:
            self.position += 1
            return Expression("mixed", (whole, Expression("number", value=rest[0].value)))
        if (
            rest[0].kind is Kind.NUMBER
            and len(rest) == 3
            and rest[1].text == "/"
            and rest[2].kind is Kind.NUMBER
        ):
            self.position += 3
            return Expression("mixed", (whole, _fraction(rest[0].value, rest[2].value)))
        if rest[0].kind is Kind.OPEN and rest[0].text == "frac" and rest[0].formula == token.formula:
            part = self._bracket(depth)
            mixed = part.operation == "fraction" and all(one.operation == "number" for one in part.parts)
            return Expression("mixed" if mixed else "*", (whole, part))
        return whole

    def _bracket(self, depth: int) -> Expression:
        opening = self.peek()
        if opening is None or opening.kind is not Kind.OPEN:
            raise ExpressionError("a bracket is missing")
        self.position += 1
        inside = self.binary(0, depth + 1)
        closing = self.peek()
        if closing is None or closing.kind is not Kind.CLOSE:
            raise ExpressionError("a bracket is not closed")
        self.position += 1
        if opening.text == "frac" and inside.operation == "/":
            return Expression("fraction", inside.parts)
        return inside


def _fraction(above: Fraction, below: Fraction) -> Expression:
    return Expression("fraction", (Expression("number", value=above), Expression("number", value=below)))


def names(tree: Expression) -> set[str]:
    """Return the variables of an expression."""
    own = {tree.operation[5:]} if tree.operation.startswith("name:") else set()
    return own.union(*(names(part) for part in tree.parts))


def readings(tree: Expression) -> Iterator[Reading]:
    """Yield every way to read an expression, the most usual first."""
    kinds = _operations(tree)
    for percent in Percent if "%" in kinds else (Percent.SHARE,):
        for mixed in (True, False) if "mixed" in kinds else (True,):
            yield Reading(percent, mixed)


def _operations(tree: Expression) -> set[str]:
    return {tree.operation}.union(*(_operations(part) for part in tree.parts))


def values(tree: Expression, variables: Mapping[str, Fraction] | None = None) -> list[Value]:
    """Return the value of an expression in each reading; ExpressionError where there is none."""
    found = [evaluate(tree, reading, variables or {}) for reading in readings(tree)]
    return list(dict.fromkeys(found))


def evaluate(tree: Expression, reading: Reading, variables: Mapping[str, Fraction]) -> Value:
    """Return the value of an expression: exact, or a float where there are roots."""
    operation = tree.operation
    if operation == "number":
        return tree.value
    if operation.startswith("name:"):
        return _variable(operation[5:], variables)
    if operation in "+-" and reading.percent is Percent.CHANGE and tree.parts[1].operation == "%":
        base, share = (evaluate(part, reading, variables) for part in tree.parts)
        return _checked(base * (1 + share) if operation == "+" else base * (1 - share))
    parts = [evaluate(part, reading, variables) for part in tree.parts]
    try:
        return _checked(_apply(operation, parts, reading))
    except OverflowError as error:
        raise ExpressionError("too large") from error


def _variable(name: str, variables: Mapping[str, Fraction]) -> Value:
    if name == "pi":
        return math.pi
    if name not in variables:
        raise ExpressionError(f"{name} is not known")
    return variables[name]


def _apply(operation: str, parts: list[Value], reading: Reading) -> Value:
    first = parts[0]
    match operation:
        case "+":
            return first + parts[1]
        case "-":
            return first - parts[1]
        case "*":
            return first * parts[1]
        case "/" | "fraction":
            if parts[1] == 0:
                raise ExpressionError("a division by zero")
            return first / parts[1]
        case "mixed":
            return first + parts[1] if reading.mixed else first * parts[1]
        case "^":
            return _power(first, parts[1])
        case "negative":
            return -first
        case "%":
            return first if reading.percent is Percent.PLAIN else first / 100
        case "sqrt":
            return _root(first)
        case "!":
            return _factorial(first)
    raise ExpressionError(f"unknown operation {operation!r}")


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(exponent, float) or isinstance(base, float):
        return _float_power(float(base), float(exponent))
    if exponent.denominator != 1:
        return _float_power(float(base), float(exponent))
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * size > MAX_BITS or (base == 0 and exponent <= 0):
        raise ExpressionError("a power that is too large, or none")
    return base ** int(exponent)


def _float_power(base: float, exponent: float) -> float:
    if base < 0 or (base == 0 and exponent <= 0):
        raise ExpressionError("a power that is not real")
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError) as error:
        raise ExpressionError("a power that is too large") from error


def _root(value: Value) -> Value:
    if value < 0:
        raise ExpressionError("a root of a negative number")
    if isinstance(value, Fraction):
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above * above == value.numerator and below * below == value.denominator:
            return Fraction(above, below)
    return math.sqrt(value)


def _factorial(value: Value) -> Value:
    if isinstance(value, float) or value.denominator != 1 or not 0 <= value <= MAX_FACTORIAL:
        raise ExpressionError("a factorial that is too large, or none")
    return Fraction(math.factorial(int(value)))


def size(value: Value) -> Value:
    """Return the absolute value."""
    return -value if value < 0 else value


def _checked(value: Value) -> Value:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ExpressionError("too large")
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise ExpressionError("too large")
    return value
