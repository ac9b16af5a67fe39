"""Benchmark items written for these tests, and what they are planted in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bluepencil.decontaminate.build import prepare
from bluepencil.decontaminate.items import Against
from bluepencil.decontaminate.match import Found, Index

ORCHARD = {
    "id": "orchard",
    "question": "Marguerite's orchard holds 14 rows of plum trees with 23 trees in each row. A storm "
    "fells 37 "
    "trees, and she replants half as many saplings as were felled plus 5. How many trees stand in the "
    "orchard now?",
    "answer": "There were 14 * 23 = <<14*23=322>>322 plum trees. After the storm 322 - 37 = "
    "<<322-37=285>>285 "
    "stand. She replants nothing but whole saplings, so 18 + 5 = <<18+5=23>>23, and 285 + 23 = 308 "
    "trees.\n#### 308",
}
RESIDUE = {
    "problem": "Let $\\zeta$ be a root of $x^2+\\frac{1}{3}x-\\left(7y\\right)=0$. Determine the residue "
    "of $\\frac{\\zeta^4-2}{\\zeta+1}$ at the pole nearest the origin when $y=\\frac{5}{12}$.",
    "solution": "Expanding near the pole, the numerator tends to $\\zeta^4-2$ and the derivative of the "
    "denominator "
    "is $1$, so by the residue theorem the answer is $\\boxed{-\\frac{17}{9}}$.",
}
PACK = {
    "task_id": "Pack/1",
    "prompt": "from typing import List\n\n\ndef pack_crates(weights: List[int], limit: int = 10) -> "
    "List[List[int]]:\n"
    '    """Distribute the weights over as few crates as a greedy porter would need,\n'
    "    never letting a crate become heavier than the limit.\n"
    "    >>> pack_crates([6, 5, 4], 10)\n    [[6, 4], [5]]\n"
    '    """\n',
    "canonical_solution": "    crates = []\n    for weight in sorted(weights, reverse=True):\n"
    "        for crate in crates:\n"
    "            if sum(crate) + weight <= limit:\n                crate.append(weight)\n               "
    " break\n"
    "        else:\n            crates.append([weight])\n    return crates\n",
    "test": "def check(candidate):\n    assert candidate([6, 5, 4], 10) == [[6, 4], [5]]\n"
    "    assert candidate([9, 9, 3, 1, 1], 13) == [[9, 3, 1], [9, 1]]\n    assert candidate([], 17) == []\n",
    "entry_point": "pack_crates",
}
CODE = PACK["prompt"] + PACK["canonical_solution"]
SOLUTION = CODE[: CODE.index('    """')] + PACK["canonical_solution"]
MAPS = {"orchard": "gsm8k", "residue": "math", "pack": "humaneval"}


def write(path: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


def benchmarks(folder: Path) -> list[Against]:
    """Write the three benchmarks and say how they are read."""
    for name, record in (("orchard", ORCHARD), ("residue", RESIDUE), ("pack", PACK)):
        write(folder / f"{name}.jsonl", [record])
    return [Against(str(folder / f"{name}.jsonl"), fields) for name, fields in MAPS.items()]


def index_of(folder: Path, records: Sequence[Mapping[str, Any]], fields: str = "qa") -> Index:
    """Return the index of some records."""
    path = write(folder / "items.jsonl", records)
    return Index(prepare([Against(str(path), fields)], folder / "index"))


def found(index: Index, text: str) -> list[Found]:
    return index.scan([text])[0]


def said(results: Sequence[Found]) -> set[tuple[str, str, str]]:
    """Return (item, part, how) of what was found."""
    return {(one.item, one.part, one.match.value) for one in results}


FILLER = """The harbour office opens at nine on weekdays. Boats longer than eleven metres need a permit,
which the
clerk at the second window writes by hand. Bring a photograph and the papers of the engine.
Nobody remembers who planted the poplars along the quay, but they keep the wind off the nets."""

HOST = '''import os
import sys


class Ledger:
    """Keeps what was bought."""

    def __init__(self, path):
        self.path = path
        self.entries = {}

    def add(self, name, price):
        self.entries[name] = self.entries.get(name, 0) + price


def main():
    ledger = Ledger(sys.argv[1])
    for name in os.listdir("."):
        ledger.add(name, os.path.getsize(name))
    print("total", sum(ledger.entries.values()))
'''
