"""What prose and TeX are read as: numbers, operators, relations, names, words, and marks."""

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction


class Kind(IntEnum):
    """What a token is."""

    NUMBER = 0
    OPERATOR = 1  # + - * / ^ ! %
    OPEN = 2
    CLOSE = 3
    EQUAL = 4
    ABOUT = 5  # ≈
    RELATION = 6  # < > ≤ ...
    NAME = 7  # a variable, or the function sqrt
    WORD = 8
    UNIT = 9  # a currency sign, degrees
    MARK = 10  # what cannot be read
    STOP = 11  # punctuation
    LINE = 12  # the end of a line, of a row of TeX
    ITEM = 13  # the number of a list item, a step, a heading


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `value` of a number; `text` as written; `start` in the text; `formula` from 1, 0 is prose."""

    kind: Kind
    text: str
    start: int
    value: Fraction = Fraction(0)
    formula: int = 0

    @property
    def tex(self) -> bool:
        """Whether it stands inside a formula."""
        return self.formula > 0

    @property
    def end(self) -> int:
        """Where it ends in the text, if it is written as it is read."""
        return self.start + len(self.text)


# A dot that ends a sentence is no decimal point.
NUMBER = r"\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+\.\d+|(?<![\d\w])\.\d+|\d+"
# Longer ones are identifiers, or digits of pi; computing with them takes time.
MAX_DIGITS = 60
OPERATORS = {
    "−": "-", "–": "-", "×": "*", "÷": "/", "·": "*", "•": "*", "∙": "*", "∗": "*", "⋅": "*",
    "✕": "*", "⁄": "/", "**": "^",
}  # fmt: skip


# Fractions that are one character.
VULGAR = {
    "½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3), "¼": Fraction(1, 4), "¾": Fraction(3, 4),
    "⅕": Fraction(1, 5), "⅛": Fraction(1, 8),
}  # fmt: skip


def number(text: str) -> Fraction:
    """Return the value of a number as the tokenizer finds it."""
    return (
        Fraction(text.replace(",", "").lstrip("0") or "0")
        if "." not in text
        else Fraction(text.replace(",", ""))
    )


def number_token(text: str, start: int, formula: int = 0) -> Token:
    """Return a number as a token; a very long one is a mark."""
    if len(text) > MAX_DIGITS:
        return Token(Kind.MARK, text, start, formula=formula)
    return Token(Kind.NUMBER, text, start, number(text), formula)
