"""Words that stand for units beside a number, and those that change what the number means."""

from fractions import Fraction
from functools import cache

from bluepencil.rewriting.math_words import sections, words

_SCALES: dict[str, int | Fraction] = {
    "hundred": 100,
    "thousand": 1000,
    "k": 1000,
    "million": 10**6,
    "millions": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "dozens": 12,
    "cents": Fraction(1, 100),
    "cent": Fraction(1, 100),
}


def is_unit_word(word: str) -> bool:
    """Say whether a word after a number can name what the number counts."""
    return word.lower() not in words("not-units")


def is_inside(word: str) -> bool:
    """Say whether a word between a number and an operator can belong to the number: "$500 for food + ..."."""
    return is_unit_word(word) or word.lower() in words("inside")


def scale_of(word: str) -> Fraction:
    """Return the factor that a word such as "million" may stand for; 0 for none."""
    return Fraction(_SCALES.get(word, 0))


@cache
def _kinds() -> dict[str, frozenset[str]]:
    """Return the kinds of each unit that is converted: ounces are a weight and a volume."""
    names = [name for name in sections("math_words.txt") if name.startswith("unit-")]
    return {
        word: frozenset(kind for kind in names if word in words(kind))
        for name in names
        for word in words(name)
    }


def converts(left: frozenset[str], right: frozenset[str]) -> bool:
    """Say whether units of one kind are mixed in an equation: hours and minutes, feet and inches."""
    seen: dict[str, set[str]] = {}
    for word in left | right:
        for kind in _kinds().get(word, ()):
            seen.setdefault(kind, set()).add(word.rstrip("s"))
    return any(len(units) > 1 for units in seen.values())
