"""As many items as a measurement asks for: real ones first, then made-up ones of the same shape."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from bench.contamination.data import problems

_WORDS = """
the a of to in and is for with from that each her his their has have been they if then how many much what
total number money books apples days hours week friends school store price dollars cost sells buys gives red
blue green small large garden train river market bakery ticket paper bottle basket chair window bridge twice
half more less than after before every all another first second remaining left over per same
"""
_SYLLABLES = """
ka lo mi ne ru sa te vi wo xa ye zo bra cle dri flo gru pla
"""
_COMMON, _ENDINGS = _WORDS.split(), _SYLLABLES.split()
_LINES = (
    "{a} = [{b} for {b} in {c} if {b} % {n} == {m}]",
    "{a} = sorted({b}, key=lambda {c}: {c}[{n}])",
    "while {a} > {n}:\n        {a} -= {b} // {m}",
    "for {a} in range({n}, len({b})):\n        {c} += {b}[{a}] * {m}",
    "if {a} is None or len({a}) < {n}:\n        return {b}",
    "{a} = {b}.split('{s}')[{n}]",
    "{a}[{b}] = {a}.get({b}, {n}) + {m}",
    "{a}, {b} = {b}, {a} + {n} * {c}",
    "{a} = max({b} - {n}, min({c}, {m}))",
    "{a}.append(abs({b} - {n}) ** {m})",
)


def write_items(path: Path, count: int, kind: str) -> None:
    """Write `count` items as JSON lines: question and answer, or prompt and canonical_solution."""
    made = _code(count) if kind == "code" else _prose(count)
    with path.open("w", encoding="utf-8") as file:
        for number, record in enumerate(made):
            file.write(json.dumps({"id": str(number), **record}) + "\n")


def _prose(count: int) -> Iterator[dict[str, str]]:
    real = [*problems("gsm8k", None), *problems("math", None)][:count]
    yield from ({"question": one.question, "answer": one.solution} for one in real)
    rng = random.Random(0)
    for _ in range(count - len(real)):
        yield {"question": _sentences(rng, 45), "answer": _sentences(rng, 60)}


def _sentences(rng: random.Random, words: int) -> str:
    made = [
        rng.choice(_COMMON)
        if rng.random() < 0.85
        else _name(rng)
        if rng.random() < 0.5
        else str(rng.randint(2, 999))
        for _ in range(words)
    ]
    return " ".join(made) + "."


def _name(rng: random.Random) -> str:
    return "".join(rng.choices(_ENDINGS, k=3))


def _code(count: int) -> Iterator[dict[str, str]]:
    real = [*problems("humaneval", None), *problems("mbpp", None)][:count]
    yield from ({"prompt": one.question, "canonical_solution": one.solution} for one in real)
    rng = random.Random(0)
    for _ in range(count - len(real)):
        names = [_name(rng) for _ in range(5)]
        lines = [
            rng.choice(_LINES).format(
                a=rng.choice(names), b=rng.choice(names), c=rng.choice(names), n=rng.randint(0, 99),
                m=rng.randint(1, 9), s=rng.choice(",;| "),
            )
            for _ in range(rng.randint(4, 10))
        ]  # fmt: skip
        head = f'def {_name(rng)}({names[0]}, {names[1]}):\n    """{_sentences(rng, 25)}"""\n'
        yield {"prompt": head, "canonical_solution": "".join(f"    {line}\n" for line in lines)}
