"""Copies of word problems and competition problems, plain and re-written, inside real pages."""

import random
import re
from collections.abc import Sequence

from bench.contamination.data import Problem, Text

_NUMBER = re.compile(r"\d+")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def whole(problem: Problem) -> str:
    return f"{problem.question}\n{problem.solution}"


def respaced(text: str, rng: random.Random) -> str:
    """Break lines elsewhere, double or drop spaces around signs, leave out GSM8K's calculator notes."""
    text = re.sub(r"<<[^<>]*>>", "", text)
    text = re.sub(r"\s*([=+])\s*", lambda sign: rng.choice([" {} ", "{}", "  {} "]).format(sign[1]), text)
    return "".join(rng.choice(["\n", "  ", " ", " ", " "]) if one.isspace() else one for one in text)


def rewritten(text: str, rng: random.Random) -> str:
    """Write the same LaTeX otherwise: other fractions, delimiters, spacing, braces, and Unicode powers."""
    text = text.replace("\\frac", rng.choice(["\\dfrac", "\\tfrac"]))
    text = re.sub(r"\\dfrac\{(\d)\}\{(\d)\}", r"\\dfrac\1\2", text)
    text = re.sub(r"\$\$(.+?)\$\$", r"\\[\1\\]", text, flags=re.DOTALL)
    text = re.sub(r"(?<!\\)\$([^$]+)\$", r"\\(\1\\)", text)
    text = text.replace("\\cdot", "\\times").replace("\\left", "").replace("\\right", "")
    text = re.sub(r"\^\{?(\d)\}?(?!\d)", lambda power: power[1].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"_(\w)(?!\w)", r"_{\1}", text)
    return re.sub(r" ([=+<>-]) ", r" \\, \1 \\; ", text)


def renumbered(text: str, rng: random.Random) -> str:
    """Give every number another value of as many digits; the same number stays the same."""
    new: dict[str, str] = {}
    for number in _NUMBER.findall(text):
        if number not in new:
            low, high = 10 ** (len(number) - 1), 10 ** len(number) - 1
            values = [str(rng.randint(low, high)) for _ in range(20)]
            new[number] = next((value for value in values if value != number), str(low))
    return _NUMBER.sub(lambda number: new[number[0]], text)


def in_page(plant: str, pages: Sequence[Text], rng: random.Random) -> str:
    lines = rng.choice(pages).text.split("\n")
    at = rng.randrange(len(lines) + 1)
    return "\n".join([*lines[:at], plant, *lines[at:]])


def plants(
    problems: Sequence[Problem], pages: Sequence[Text], rng: random.Random
) -> dict[str, list[tuple[Problem, str]]]:
    """Return the documents of each kind of plant, with the item that is in it."""
    kinds = {
        "verbatim": [whole(problem) for problem in problems],
        "question alone": [problem.question for problem in problems],
        "re-spaced": [respaced(whole(problem), rng) for problem in problems],
        "LaTeX re-written": [rewritten(whole(problem), rng) for problem in problems],
        "numbers changed": [renumbered(whole(problem), rng) for problem in problems],
    }
    return {
        kind: [(problem, in_page(text, pages, rng)) for problem, text in zip(problems, texts, strict=True)]
        for kind, texts in kinds.items()
    }
