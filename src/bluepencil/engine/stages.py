"""What each of several steps came to: counted per unit, added up for the manifest, and checked."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

from bluepencil.documents import Stage, Status
from bluepencil.errors import RunError

_PASSED = (Status.UNCHANGED.value, Status.EDITED.value)


@dataclass(slots=True)
class StageCounts:
    """What one step of several came to.

    `documents` went in; `characters_in` and `characters_out` are of the texts that went in and that went on,
    `text_tokens_in` and `text_tokens_out` the same in tokens by rule of thumb. `tokens_in` and `tokens_out`
    are what was sent to a model and received.
    """

    step: str
    documents: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    characters_in: int = 0
    characters_out: int = 0
    text_tokens_in: int = 0
    text_tokens_out: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def passed(self) -> int:
        """How many documents went on."""
        return sum(self.statuses[status] for status in _PASSED)

    def add(self, other: "StageCounts") -> None:
        """Add what another unit came to."""
        for name in (f.name for f in fields(self) if f.name != "step"):
            value = getattr(self, name)
            if isinstance(value, Counter):
                value.update(getattr(other, name))
            else:
                setattr(self, name, value + getattr(other, name))

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: dict(v) if isinstance(v, Counter) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "StageCounts":
        """Read counts from JSON values."""
        return cls(**{**entry, "statuses": Counter(entry["statuses"]), "reasons": Counter(entry["reasons"])})

    def for_manifest(self) -> dict[str, Any]:
        """Return the counts as the manifest has them."""
        values = self.to_json()
        del values["statuses"]
        outcomes = {status.value: self.statuses[status.value] for status in Status}
        return values | {"outcomes": outcomes, "reasons": dict(sorted(self.reasons.items()))}


def count_stages(counts: Sequence[StageCounts], source: str, stages: Sequence[Stage]) -> None:
    """Count what the stages did to one document."""
    from bluepencil.llm.accounting import approximate_tokens

    text, tokens = source, approximate_tokens(source)
    for count, stage in zip(counts, stages, strict=False):
        outcome = stage.outcome
        count.documents += 1
        count.statuses[outcome.status.value] += 1
        if outcome.reason:
            count.reasons[f"{outcome.status.value}:{outcome.reason}"] += 1
        count.characters_in += len(text)
        count.text_tokens_in += tokens
        if stage.text is not text:
            text, tokens = stage.text, approximate_tokens(stage.text)
        if stage.passed:
            count.characters_out += len(text)
            count.text_tokens_out += tokens
        if outcome.annotations:
            count.tokens_in += outcome.annotations.get("tokens_in") or 0
            count.tokens_out += outcome.annotations.get("tokens_out") or 0


def added_up(names: Sequence[str], units: Sequence[Sequence[StageCounts]]) -> list[StageCounts]:
    """Add up the stages of all units; raises RunError where what left one is not what reached the next."""
    totals = [StageCounts(name) for name in names]
    for unit in units:
        for total, counts in zip(totals, unit, strict=True):
            total.add(counts)
    for number, total in enumerate(totals, 1):
        if sum(total.statuses.values()) != total.documents:
            raise RunError(f"the outcomes of step {number} ({total.step}) do not add up to its documents")
    for number, (one, following) in enumerate(pairwise(totals), 1):
        for left, reached in (
            (one.passed, following.documents),
            (one.characters_out, following.characters_in),
            (one.text_tokens_out, following.text_tokens_in),
        ):
            if left != reached:
                raise RunError(
                    f"{left} left step {number} ({one.step}), but {reached} reached {following.step}: "
                    "the counts do not add up"
                )
    return totals
