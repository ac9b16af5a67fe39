"""The steps of distilling: pairs -> training examples, and documents -> pairs by asking an expert."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bluepencil.distill.dataset import Distilled, Example, Options, examples
from bluepencil.distill.expert import Expert, ExpertOptions, pair
from bluepencil.documents import Document, Outcome, Reason, Status
from bluepencil.errors import InputError, OptionError
from bluepencil.llm import approximate_tokens
from bluepencil.programs.dialects.languages import Style

STYLES = ("plain", "chat")
_DESCRIBED = (
    "dialect",
    "screen",
    "replacements",
    "remove_all",
    "blank_lines",
    "validation_share",
    "split_by",
    "seed",
)


def read_system(path: Path) -> str:
    """Return the system message in a file, without white space around it, as refiners are given it."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise InputError(f"the system message {path} cannot be read: {error}") from error
    if not text:
        raise InputError(f"{path} is empty")
    return text


@dataclass(frozen=True, slots=True)
class Distill:
    """The step that makes training examples of pairs; one row per chunk.

    Rows have `id`, `chunk` (first and last line), `text` (the numbered lines as the refiner sees them),
    `program`, `split`, and in the chosen style `prompt` and `completion`, or `messages`. A pair is edited
    (its program deletes something), unchanged (keep_all), dropped by a screen or because the dialect cannot
    say it, or failed (no refined text). style: None is that of the dialect. system: the system message of a
    dialect whose own is not part of this package.
    """

    options: Options
    refined_field: str = "gold"
    url_field: str = "url"
    style: str | None = None
    system: str = ""

    def __post_init__(self) -> None:
        if self.style is not None and self.style not in STYLES:
            raise OptionError(f"the style must be one of {', '.join(STYLES)}, not {self.style!r}")
        language = self.options.language
        if language.published and not self.system:
            raise OptionError(
                f"{language.name} is asked with a system message that is published as {language.published}: "
                "save it to a file and name that (--system FILE), or write one of your own"
            )
        if self.system and not language.published:
            raise OptionError(f"the words of {language.name} are known; leave out the system message")
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
    def _style(self) -> Style:
        return cast(Style, self.style or self.options.language.style)

    @property
    def row_columns(self) -> Mapping[str, str]:
        """One row per example."""
        style = {"prompt": "text", "completion": "text"} if self._style == "plain" else {"messages": "json"}
        columns = {"id": "text", "chunk": "ints", "text": "text", "program": "text", "split": "text"}
        return {**columns, **style}

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the examples."""
        options = {name: getattr(self.options, name) for name in _DESCRIBED}
        window, overlap = self.options.cut
        return {
            **options,
            "window": window,
            "overlap": overlap,
            "numbering": self.options.numbers,
            "style": self._style,
            "system": self.system,
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
            "unsaid_chunks": {reason.value: count for reason, count in made.unsaid.items()},
            "text_characters": sum(len(example.text) for example in made.examples),
            "program_characters": sum(len(example.program) for example in made.examples),
            "text_tokens": sum(approximate_tokens(example.text) for example in made.examples),
            "program_tokens": sum(approximate_tokens(example.program) for example in made.examples),
            "reachable": made.solution.reachable,
            "exact": made.alignment.exact,
        }
        status = Status.UNCHANGED if program.keeps_all else Status.EDITED
        return Outcome(status, annotations=notes, rows=[self._row(example) for example in made.examples])

    def _row(self, example: Example) -> dict[str, Any]:
        words = self.options.language.asked(self._style, self.system)
        if self._style == "chat":
            return {**example.row(), **example.messages(*words)}
        return {**example.row(), **example.prompt_completion(words.before, words.after)}


def distiller(
    distilling: Mapping[str, Any],
    refined_field: str,
    url_field: str,
    style: str | None,
    system: "str | os.PathLike[str] | None",
) -> Distill:
    """Return the step with the fields of its options, and the system message out of a file."""
    message = "" if system is None else read_system(Path(system))
    return Distill(Options(**distilling), refined_field, url_field, style, message)


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
