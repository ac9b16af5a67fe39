"""The cascade: a tagger decides what it is sure of, and a language model the rest.

    Cascade(Tagger(), trained(Path("my-model")), sure=0.9, context=1)

Only windows of lines around those of which the tagger is not sure are sent. Reference: docs/cascade.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bluepencil.errors import OptionError
from bluepencil.refiners.base import Proposal, Refiner
from bluepencil.refiners.cascade_lines import Page, merge, ranges
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_chunks import Plan, read_answers
from bluepencil.refiners.lm_generate import Generation
from bluepencil.refiners.tagger import recorded
from bluepencil.refiners.tagger_decide import Thresholds
from bluepencil.refiners.tagger_model import Scores

SURE = 0.9
"""Where asking about more begins to gain less per character, with a perfect model on dragnet_dev (LOG.md)."""

CONTEXT = 1
"""Not calibrated: a perfect model needs none, and each line more on both sides costs much (LOG.md)."""

_OTHERWISE = "are decided by the tagger"


class Scorer(Protocol):
    """The first stage: what `Tagger` is."""

    @property
    def name(self) -> str:
        """Names the refiner and its model."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the scores and the verdicts."""
        ...

    def thresholds(self) -> Thresholds:
        """Return the thresholds under which something goes."""
        ...

    def scores(self, texts: Sequence[str]) -> Sequence[Scores]:
        """Return the scores of each text, which do not depend on the other texts."""
        ...


@dataclass(frozen=True, slots=True)
class Cascade:
    """Proposes the tagger's edits where it is sure, and the model's where it is not.

    sure: how likely the tagger's verdict on a line must be right, by its own scores, for it to decide alone;
    0 asks the model about nothing, 1 about everything. context: lines with words shown around such a line.
    Where the model gives no answer that can be used, the tagger's verdict stands.
    """

    first: Scorer
    second: LanguageModel
    sure: float = SURE
    context: int = CONTEXT

    def __post_init__(self) -> None:
        if not 0 <= self.sure <= 1:
            raise OptionError(f"sure must be from 0 to 1, not {self.sure}")
        if self.context < 0:
            raise OptionError(f"context must be 0 or more, not {self.context}")

    @property
    def name(self) -> str:
        """Names the refiner and both of its stages: `cascade:tagger:1a2b3c4d,lm:5e6f7a8b`."""
        return f"cascade:{self.first.name},{self.second.name}"

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result: both stages, and which lines go to the second."""
        return {
            "refiner": "cascade",
            "sure": self.sure,
            "context": self.context,
            "first": dict(self.first.describe()),
            "second": dict(self.second.describe()),
        }

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text; all windows of all texts are answered together."""
        limits = self.first.thresholds()
        pages = [
            Page(text, scores, limits) for text, scores in zip(texts, self.first.scores(texts), strict=True)
        ]
        unsure = [page.unsure(self.sure) for page in pages]
        plans = [
            page.plan(marked, self.context, self.second.window, self.second.overlap)
            for page, marked in zip(pages, unsure, strict=True)
        ]
        answers = self.second.answers(plans)
        return [self._proposal(*one) for one in zip(pages, unsure, plans, answers, strict=True)]

    def _proposal(
        self, page: Page, unsure: Sequence[bool], plan: Plan, answers: Sequence[Generation]
    ) -> Proposal:
        found = read_answers(plan, answers, self.second.dialect, _OTHERWISE)
        usable = [place for place, is_usable in enumerate(found.usable) if is_usable]
        merged = merge(
            page,
            unsure,
            [plan.chunks[place] for place in usable],
            [found.programs[place] for place in usable],
        )
        sent = sum(plan.chunks[place].end - plan.chunks[place].start for place in plan.asked)
        notes = found.annotations | recorded(page.scores)
        notes |= {
            "by_model": ranges(merged.by_model),
            "characters_sent": sent,
            "sent_share": round(sent / max(1, len(page.text)), 4),
        }
        if len(usable) < len(plan.chunks):
            notes["undecided_chunks"] = len(plan.chunks) - len(usable)
        if merged.left_out:
            notes["left_out_lines"] = merged.left_out
        return Proposal(merged.program, (*found.faults, *merged.faults), notes)


def cascade(first: Refiner, second: Refiner, **options: Any) -> Cascade:
    """Return the cascade of two refiners; OptionError where they are not a tagger and a model of chunks."""
    from bluepencil.refiners.tagger import Tagger

    if not isinstance(first, Tagger):
        raise OptionError(f"a cascade begins with a tagger, not with {first.name}")
    if not isinstance(second, LanguageModel):
        raise OptionError(
            f"{second.name} reads whole documents and cannot be asked about some lines; a cascade ends with "
            "lm:FOLDER, prox-c:MODEL or ultrax:MODEL@FILE"
        )
    if getattr(second.dialect, "thresholds", None) is not None:
        raise OptionError("ProX's thresholds are about whole documents; a cascade has none")
    return Cascade(first, second, **options)
