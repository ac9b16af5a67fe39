"""The steps of distilling: pairs -> training examples, and documents -> pairs by asking an expert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bluepencil.distill.dataset import Distilled, Example, Options, examples
from bluepencil.distill.expert import Expert, ExpertOptions, pair
from bluepencil.documents import Document, Outcome, Reason, Status
from bluepencil.errors import OptionError

STYLES = ("plain", "chat")
_DESCRIBED = (
    "screen",
    "replacements",
    "remove_all",
    "blank_lines",
    "window",
    "overlap",
    "numbering",
    "validation_share",
    "split_by",
    "seed",
)


@dataclass(frozen=True, slots=True)
class Distill:
    """The step that makes training examples of pairs; one row per chunk.

    Rows have `id`, `chunk` (first and last line), `text` (the numbered lines as the refiner sees them),
    `program`, `split`, and in the chosen style `prompt` and `completion`, or `messages`. A pair is edited
    (its program deletes something), unchanged (keep_all), dropped by a screen, or failed (no refined text).
    """

    options: Options
    refined_field: str = "gold"
    url_field: str = "url"
    style: str = "plain"

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise OptionError(f"the style must be one of {', '.join(STYLES)}, not {self.style!r}")
        if not isinstance(self.options.screen, str):
            raise OptionError("a run names its screen, so that it is on record")

    @property
    def name(self) -> str:
        """Names the step with its screen."""
        return f"distill:{self.options.screen}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The refined text, and the address that the split goes by."""
        return (self.refined_field, self.url_field)

    @property
    def row_columns(self) -> Mapping[str, str]:
        """One row per example."""
        style = {"prompt": "text", "completion": "text"} if self.style == "plain" else {"messages": "json"}
        columns = {"id": "text", "chunk": "ints", "text": "text", "program": "text", "split": "text"}
        return {**columns, **style}

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the examples."""
        options = {name: getattr(self.options, name) for name in _DESCRIBED}
        return {
            **options,
            "style": self.style,
            "refined_field": self.refined_field,
            "url_field": self.url_field,
        }

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Distill each pair."""
        return [self._outcome(document) for document in documents]

    def _outcome(self, document: Document) -> Outcome:
        refined = document.fields.get(self.refined_field)
        if not isinstance(refined, str):
            detail = f"the field {self.refined_field!r} holds no text"
            return Outcome(Status.FAILED, reason=Reason.TEXT_MISSING, detail=detail)
        url = document.fields.get(self.url_field)
        address = url if isinstance(url, str) else ""
        made = examples(document.id, document.text, refined, self.options, url=address)
        if not isinstance(made, Distilled):
            reasons = ", ".join(made.reasons)
            return Outcome(Status.DROPPED, reason=made.reasons[0], detail=reasons)
        program = made.solution.program
        notes = {
            "calls": len(program.operations),
            "deleted_characters": made.alignment.deleted,
            "examples": len(made.examples),
            "passed_over_lines": len(made.passed_over),
            "text_characters": sum(len(example.text) for example in made.examples),
            "program_characters": sum(len(example.program) for example in made.examples),
            "reachable": made.solution.reachable,
            "exact": made.alignment.exact,
        }
        status = Status.UNCHANGED if program.keeps_all else Status.EDITED
        return Outcome(status, annotations=notes, rows=[self._row(example) for example in made.examples])

    def _row(self, example: Example) -> dict[str, Any]:
        style = example.prompt_completion() if self.style == "plain" else example.messages()
        return {**example.row(), **style}


class AskExpert:
    """The step that asks an expert about documents and writes pairs: `id`, `url`, `raw`, `gold`, why."""

    fields = ("url",)

    def __init__(self, options: ExpertOptions) -> None:
        self.expert = Expert(options)

    @property
    def name(self) -> str:
        """Names the step with its model."""
        return self.expert.name

    @property
    def row_columns(self) -> Mapping[str, str]:
        """One row per pair."""
        return dict.fromkeys(("id", "url", "raw", "gold", "modification_reason"), "text")

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the pairs."""
        return self.expert.describe()

    def run(self, documents: Sequence[Document]) -> Sequence[Outcome]:
        """Ask about each document."""
        return [
            _with_pair(document, outcome)
            for document, outcome in zip(documents, self.expert.run(documents), strict=True)
        ]


def _with_pair(document: Document, outcome: Outcome) -> Outcome:
    row = pair(document, outcome)
    if row is None:
        return outcome
    rows = [{"url": document.fields.get("url"), **row}]
    return Outcome(
        outcome.status,
        reason=outcome.reason,
        detail=outcome.detail,
        annotations=outcome.annotations,
        rows=rows,
    )
