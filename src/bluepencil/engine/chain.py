"""Several steps in one pass: each document goes through them in order, until one stops it.

    chain([syntax, lint, rewrite])      a step like any other

What each step did is in `Outcome.stages`; the ledger keeps it, and the manifest adds it up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.documents import NOTED, Document, Outcome, Stage, Status, Step
from bluepencil.engine.isolate import run_step
from bluepencil.errors import OptionError


def chain(steps: Sequence[Step]) -> Step:
    """Return one step that runs the given ones in order; one alone is itself."""
    return steps[0] if len(steps) == 1 else Chain(tuple(steps))


@dataclass(frozen=True, slots=True)
class Chain:
    """The step that runs other steps in order, a batch at a time.

    An edited text is passed on, an unchanged document as it is; a dropped or failed one goes no further, and
    its outcome is the document's. One that comes through is edited if its last text is not its first, else
    unchanged, with the reason of the last step. A step that raises on a document costs that document alone,
    and no earlier step is run again for it. A step that names the field `NOTED` is given what the steps
    before it annotated, the later over the earlier.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise OptionError("there is no step to run")
        for number, step in enumerate(self.steps[:-1], 1):
            if step.row_columns is not None:
                raise OptionError(
                    f"step {number} ({step.name}) writes rows in the place of documents, so it can only be "
                    f"the last; step {number + 1} ({self.steps[number].name}) comes after it"
                )

    @property
    def name(self) -> str:
        """Names the steps in order: `syntax+lint`."""
        return "+".join(self.stages)

    @property
    def stages(self) -> tuple[str, ...]:
        """The names of the steps, in order; two may have the same."""
        return tuple(step.name for step in self.steps)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of the records that one of the steps reads."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.fields if name != NOTED))

    @property
    def row_columns(self) -> Mapping[str, str] | None:
        """Those of the last step."""
        return self.steps[-1].row_columns

    def describe(self) -> Mapping[str, Any]:
        """Return what each step says of itself, in order."""
        return {"steps": [{"step": step.name, "options": dict(step.describe())} for step in self.steps]}

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Run the steps in order on what is left of the documents."""
        stages: list[list[Stage]] = [[] for _ in documents]
        left = list(range(len(documents)))
        texts = [document.text for document in documents]
        for step, name in zip(self.steps, self.stages, strict=True):
            noted = NOTED in step.fields
            given = [
                Document(documents[i].id, texts[i], _fields(documents[i], stages[i], noted)) for i in left
            ]
            outcomes = run_step(step, given)
            for i, outcome in zip(left, outcomes, strict=True):
                if outcome.status is Status.EDITED and outcome.text is not None:
                    texts[i] = outcome.text
                stages[i].append(Stage(name, outcome, texts[i]))
            left = [i for i in left if stages[i][-1].passed]
        return [together(d.text, s) for d, s in zip(documents, stages, strict=True)]


def _fields(document: Document, stages: Sequence[Stage], noted: bool) -> Mapping[str, Any]:
    if not noted:
        return document.fields
    notes = {name: value for stage in stages for name, value in stage.outcome.annotations.items()}
    return {**document.fields, NOTED: notes}


def together(source: str, stages: Sequence[Stage]) -> Outcome:
    """Return what the stages of one document come to."""
    last = stages[-1].outcome
    status, text = last.status, None
    if stages[-1].passed:
        # A step that writes rows may call a document edited and leave its text as it is.
        edited = stages[-1].text != source or (bool(last.rows) and last.status is Status.EDITED)
        status = Status.EDITED if edited else Status.UNCHANGED
        text = stages[-1].text if edited else None
    return Outcome(
        status,
        text=text,
        reason=last.reason,
        detail=last.detail,
        faults=tuple(fault for stage in stages for fault in stage.outcome.faults),
        annotations=_annotations(stages),
        rows=last.rows,
        stages=stages,
    )


def _annotations(stages: Sequence[Stage]) -> dict[str, Any]:
    """Return what the columns of the whole document hold: sums, and the last of what cannot be added."""
    whole: dict[str, Any] = {}
    for stage in stages:
        notes = stage.outcome.annotations
        if not notes:
            continue
        for name in ("tokens_in", "tokens_out"):
            if notes.get(name) is not None:
                whole[name] = whole.get(name, 0) + notes[name]
        for name in ("prompt_hash", "line_scores", "span_scores"):
            if notes.get(name) is not None:
                whole[name] = notes[name]
    return whole
