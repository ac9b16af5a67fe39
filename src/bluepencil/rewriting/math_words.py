"""Reads the lists that the checks of mathematics work with: `math_words.txt` and `math_talk.txt`."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the sections of a list beside this module, each as its lines without indentation and comments.

    A section begins with its name in square brackets at the beginning of a line; its lines are indented.
    """
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[]"), [])
        elif line.startswith("  "):
            current.append(line[2:])
    return {section: tuple(lines) for section, lines in found.items()}


@cache
def words(section: str) -> frozenset[str]:
    """Return the words of a section of `math_words.txt`."""
    return frozenset(" ".join(sections("math_words.txt")[section]).split())


@cache
def number_words() -> Mapping[str, Fraction]:
    """Return the number words of English with their values."""
    pairs = (pair.split("=") for pair in words("number-words"))
    return {word: Fraction(value) for word, value in pairs}
