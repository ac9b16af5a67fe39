"""What the ledger of a run says of its documents, gathered in one pass: lengths, scores, verdicts, costs."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from bluepencil.documents import Status
from bluepencil.engine.ledger import ledger_rows

SAMPLE = 100_000
"""Values of one kind that are held; of more, a sample drawn at random."""

MOST_VALUES = 12
"""Different words of one annotation that are counted; with more it is no verdict but a text."""

_NOTES = msgspec.json.Decoder(dict[str, Any])
_PASSED = (Status.UNCHANGED, Status.EDITED)
# What has a place of its own in the page.
_NOT_SCORES = frozenset({"cost"})


@dataclass(slots=True)
class Numbers:
    """Numbers of one kind: how many, their sum, and as many of them as are held."""

    count: int = 0
    total: float = 0.0
    values: list[float] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(0), repr=False)

    def add(self, value: float) -> None:
        """Take a number in; a long row of them is sampled (reservoir sampling, the same each time)."""
        self.count += 1
        self.total += value
        if len(self.values) < SAMPLE:
            self.values.append(value)
        elif (place := self.chance.randrange(self.count)) < SAMPLE:
            self.values[place] = value


@dataclass(slots=True)
class OfStep:
    """What the ledger holds of one step: scores, verdicts and counts by name, and what asking cost."""

    numbers: dict[str, Numbers] = field(default_factory=dict)
    words: dict[str, Counter[str]] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    cost: float = 0.0

    def note(self, notes: Mapping[str, Any], inside: str = "") -> None:
        """Take the annotations of one document in; tables of whole numbers are counts of what they name."""
        for key, value in notes.items():
            name = f"{inside}{key}"
            if name == "cost" and isinstance(value, int | float):
                self.cost += value
            elif name in _NOT_SCORES:
                continue
            elif isinstance(value, Mapping):
                if value and all(type(count) is int for count in value.values()):
                    self.counts.setdefault(name, Counter()).update(value)
                else:
                    self.note(value, f"{name}.")
            elif isinstance(value, bool):
                self.words.setdefault(name, Counter())["yes" if value else "no"] += 1
            elif isinstance(value, int | float):
                self.numbers.setdefault(name, Numbers()).add(float(value))
            elif isinstance(value, str) and len(value) <= 40:
                words = self.words.setdefault(name, Counter())
                if value in words or len(words) <= MOST_VALUES:
                    words[value] += 1

    def verdicts(self) -> dict[str, Counter[str]]:
        """Return the words that are few enough to be verdicts, and what was counted."""
        few = {name: words for name, words in self.words.items() if len(words) <= MOST_VALUES}
        return {**few, **self.counts}


@dataclass(slots=True)
class Distributions:
    """What the ledger of a run holds: lengths of the documents that stay, before and after, and each step."""

    before: Numbers = field(default_factory=Numbers)
    after: Numbers = field(default_factory=Numbers)
    steps: list[OfStep] = field(default_factory=list)


def distributions(run: Path, steps: int) -> Distributions:
    """Read the ledger of a run of so many steps once."""
    found = Distributions(steps=[OfStep() for _ in range(steps)])
    for part in sorted((run / "ledger").glob("part-*.parquet")):
        for row in ledger_rows(part):
            if row["status"] in _PASSED:
                found.before.add(row["characters_before"])
                found.after.add(row["characters_after"])
            for step, notes in zip(found.steps, _notes(row), strict=False):
                step.note(notes)
    return found


def _notes(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in row.get("stages") or [row]:
        yield _NOTES.decode(entry["annotations"]) if entry["annotations"] else {}
