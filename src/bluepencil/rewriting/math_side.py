"""One side of an equation, and the tokens of a text prepared for reading sides."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bluepencil.rewriting.math_token import Kind, Token

MAX_UNIT_WORDS = 5
# Stands among the units for any letter, such as m or L.
UNIT_LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Side:
    """What stands on one side of an equals sign: its tokens without units, and the words of those."""

    tokens: tuple[Token, ...]
    units: frozenset[str] = frozenset()

    @property
    def is_computed(self) -> bool:
        """Whether there is anything to compute: more than a number with its sign."""
        if sum(token.kind in (Kind.NUMBER, Kind.NAME) for token in self.tokens) > 1:
            return True
        return any(token.kind is Kind.NAME or token.text in ("!", "^") for token in self.tokens)

    @property
    def numbers(self) -> tuple[Fraction, ...]:
        """The numbers that stand in it."""
        return tuple(abs(t.value) for t in self.tokens if t.kind is Kind.NUMBER)


def prepared(read: Sequence[Token]) -> list[Token]:
    """Turn `x` between numbers, and "of" after a share, into multiplications; and "half of", "twice"."""
    found: list[Token] = []
    closing: set[int] = set()
    for position, token in enumerate(read):
        following = read[position + 1] if position + 1 < len(read) else None
        if token.tex or following is None:
            found.append(token)
        elif token.text in ("x", "X") and _ends_operand(found) and _begins_operand(following):
            found.append(Token(Kind.OPERATOR, "*", token.start))
        elif token.text == "of" and _is_share(found) and _begins_operand(following):
            if not _after_equal(found):
                found.append(Token(Kind.OPERATOR, "*", token.start))
            else:
                found.append(token)
        elif token.text == "/" and _is_divided_fraction(read, position):
            found[-1:] = [Token(Kind.OPEN, "frac", found[-1].start), found[-1], token]
            closing.add(position + 1)
        else:
            found.append(token)
        if position in closing:
            found.append(Token(Kind.CLOSE, ")", token.start))
    return found


def _after_equal(before: Sequence[Token]) -> bool:
    """Say whether a share stands right after an equals sign: "= 1/3 of $150" says what the third is of."""
    return any(token.kind is Kind.EQUAL for token in before[-4:])


def _is_divided_fraction(read: Sequence[Token], position: int) -> bool:
    """Say whether a slash without spaces is the fraction after a division with some: `60 / 3/4`, `2/ 1/5`."""
    if position < 2 or position + 1 >= len(read):
        return False
    division, above, slash, below = read[position - 2 : position + 2]
    numbers = above.kind is Kind.NUMBER and below.kind is Kind.NUMBER
    tight = above.end == slash.start and slash.end == below.start
    return numbers and tight and division.text == "/" and division.end < above.start


def _ends_operand(before: Sequence[Token]) -> bool:
    return bool(before) and (
        before[-1].kind in (Kind.NUMBER, Kind.CLOSE)
        or before[-1].text == "%"
        or (len(before) > 1 and before[-1].kind in (Kind.WORD, Kind.UNIT) and _any_number(before[-3:-1]))
    )


def _any_number(read: Sequence[Token]) -> bool:
    return any(token.kind is Kind.NUMBER for token in read)


def _begins_operand(token: Token) -> bool:
    return token.kind in (Kind.NUMBER, Kind.UNIT) or (token.kind is Kind.OPEN and token.text == "(")


def _is_share(before: Sequence[Token]) -> bool:
    if not before:
        return False
    return before[-1].text == "%" or (
        len(before) > 2
        and before[-1].kind is Kind.NUMBER
        and before[-2].text == "/"
        and _any_number(before[-3:-2])
    )


def bare(operand: Sequence[Token], units: set[str]) -> list[Token]:
    """Return the tokens of an operand without the words and signs that are units; other words are marks."""
    if any(
        token.kind is Kind.WORD and operand[place - 1].kind not in (Kind.NUMBER, Kind.WORD, Kind.OPERATOR)
        for place, token in enumerate(operand)
    ):
        return [Token(Kind.MARK, "words", operand[0].start)]
    units |= {t.text.lower() for t in operand if t.kind is Kind.WORD}
    return [token for token in operand if token.kind not in (Kind.UNIT, Kind.WORD)]
