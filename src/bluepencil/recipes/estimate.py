"""What a recipe would ask for: the steps before the first question are run, and nothing is sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain as chained
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from bluepencil.documents import Document, Status, Step
from bluepencil.engine.chain import chain
from bluepencil.engine.isolate import run_step
from bluepencil.recipes.load import Built, Recipe, build
from bluepencil.recipes.run import prepared

if TYPE_CHECKING:
    from bluepencil.llm import Estimate

_BATCH = 512


class _Estimates(Protocol):
    """A step that can say what it would ask for."""

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> "Estimate": ...


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """What one step would ask for, and how that is known."""

    number: int
    name: str
    known_by: str
    estimate: "Estimate"


def estimate_recipe(
    recipe: "str | PathLike[str] | Recipe",
    inputs: Sequence[str | PathLike[str]],
    *,
    settings: Sequence[str] = (),
    asking: Mapping[str, Any] | None = None,
    tokens_per_s: float | None = None,
    **options: Any,
) -> tuple[int, list[StepEstimate]]:
    """Return `estimate_steps` of a recipe; the arguments are those of `api.run_recipe`."""
    from bluepencil.corpus.paths import resolve
    from bluepencil.corpus.read import Reading, read_all

    ready = prepared(recipe, settings, asking, options)
    built = build(ready, ready.server, Path("OUT"), lenient=True)
    fields = chain([one.step for one in built]).fields
    reading = Reading(ready.input.text_field, ready.input.id_field, fields, html_field=ready.input.html_field)
    documents = chained.from_iterable(read_all(source, reading) for source in resolve(list(inputs)))
    return estimate_steps(built, islice(documents, options.get("limit")), tokens_per_s=tokens_per_s)


def estimate_steps(
    built: Sequence[Built], documents: Iterable[Document], *, tokens_per_s: float | None = None
) -> tuple[int, list[StepEstimate]]:
    """Return how many documents there are, and what each step that asks a model would ask for.

    The first is measured: the steps before it are run here, in this process, and what they leave is counted.
    For each later one it is an upper bound: that every document reaches it, as long as it was.
    """
    first = next((i for i, one in enumerate(built) if one.calls), len(built))
    before = chain([one.step for one in built[:first]]) if first else None
    asking = [(i + 1, one) for i, one in enumerate(built) if one.calls]
    totals: dict[int, Estimate] = {}
    count = 0
    source = iter(documents)
    while batch := list(islice(source, _BATCH)):
        count += len(batch)
        left = _left(batch, before)
        for number, one in asking:
            asked = cast(_Estimates, one.step).estimate(left, tokens_per_s=tokens_per_s)
            totals[number] = totals[number].plus(asked) if number in totals else asked
    measured = f"measured: {_ran(first)}, and what is left was counted"
    bound = f"at most: as if every document of step {first + 1} came here as it was"
    return count, [
        StepEstimate(number, one.step.name, measured if at == 0 else bound, totals[number])
        for at, (number, one) in enumerate(asking)
        if number in totals
    ]


def _ran(first: int) -> str:
    if first == 0:
        return "it is the first step"
    return "step 1 was run here" if first == 1 else f"steps 1 to {first} were run here"


def _left(batch: Sequence[Document], before: Step | None) -> list[Document]:
    """Return the documents of a batch that come through the steps before, with the texts they have then."""
    if before is None:
        return list(batch)
    left = []
    for document, outcome in zip(batch, run_step(before, batch), strict=True):
        if outcome.status is Status.UNCHANGED:
            left.append(document)
        elif outcome.status is Status.EDITED and outcome.text is not None:
            left.append(Document(document.id, outcome.text, document.fields))
    return left
