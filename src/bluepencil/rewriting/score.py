"""Scores by a model, and what they decide: SwallowCode's second version rewrites what is of medium score.

Low scores are dropped, high ones are kept as they are, medium ones go on to be rewritten. The wording of the
prompt, `prompts/score.md`, is our own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bluepencil.documents import NOTED, Document, Outcome, Status, Step
from bluepencil.errors import OptionError
from bluepencil.llm import Answer, ClientOptions, Estimate, Failure, Question
from bluepencil.rewriting.answers import AnswerError
from bluepencil.rewriting.answers_scores import HIGHEST, read_score_section
from bluepencil.rewriting.ask import AskOptions

SECTION = "Score"


class ScoreReason(StrEnum):
    """Why a document is dropped, or kept as it was: its score, or that it has none."""

    LOW = "score-low"
    MEDIUM = "score-medium"
    HIGH = "score-high"
    NONE = "not-scored"


class Band(StrEnum):
    """Where a score lies."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Score:
    """The step that has a model score documents from 0 to 10 and drops the low ones; no text changes.

    Score and band (low, medium, high) go into the annotations. `low` and `high` are the lowest scores of the
    medium and the high band; the defaults are those of the paper's second version. A score that cannot be
    read is never taken for one: the fallback of the options decides.
    """

    options: AskOptions
    low: float = 3.0
    high: float = 7.0
    question: Question = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise OptionError(f"the bands of scores must be in order, not from {self.low:g} to {self.high:g}")
        object.__setattr__(self, "question", self.options.question())

    @property
    def name(self) -> str:
        """Names the step with its model."""
        return f"score:{self.options.client.model}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the prompt has places for."""
        return self.options.fields

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        return {"step": "score", **self.options.describe(self.question), "low": self.low, "high": self.high}

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order; errors of the client pass through and end the run."""
        return self.options.ask(
            self.question, documents, lambda asked: [self._outcome(answer) for _, answer in asked]
        )

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> Estimate:
        """Say what `run` would cost; nothing is sent."""
        return self.options.estimate(self.question, documents, tokens_per_s)

    def band(self, score: float) -> Band:
        """Return where a score lies."""
        if score < self.low:
            return Band.LOW
        return Band.MEDIUM if score < self.high else Band.HIGH

    def _outcome(self, answer: Answer | Failure) -> Outcome:
        notes = self.question.notes(answer)
        if isinstance(answer, Failure):
            return self.options.failed(answer, notes)
        try:
            score = read_score_section(answer.text, SECTION)
        except AnswerError as error:
            return self.options.fall_back(error.reason, str(error), notes)
        band = self.band(score)
        notes |= {"score": score, "band": band.value}
        if band is Band.LOW:
            detail = f"{score:g} of {HIGHEST:g}"
            return Outcome(Status.DROPPED, reason=ScoreReason.LOW, detail=detail, annotations=notes)
        return Outcome(Status.UNCHANGED, annotations=notes)


def score(
    client: ClientOptions, *, language: str = "python", low: float = 3.0, high: float = 7.0, **options: Any
) -> Score:
    """Return the step that scores code; `options` are fields of `AskOptions`."""
    given = {
        "prompt": "score",
        "params": {"temperature": 0, "max_tokens": 1024},
        "values": {"language": language},
        "answer_ratio": 0.0,
        "answer_extra": 120,
        **options,
    }
    return Score(AskOptions(client=client, **given), low, high)


@dataclass(frozen=True, slots=True)
class Only:
    """The step that runs another one on documents of one band alone; the others stay as they are.

    It stands in a chain anywhere behind a `Score`. The others are `unchanged`, for the reason `score-high`,
    `score-medium`, or `not-scored` where the score could not be read and the fallback is to keep.
    """

    step: Step
    band: Band = Band.MEDIUM

    def __post_init__(self) -> None:
        if self.step.row_columns is not None:
            raise OptionError(
                f"{self.step.name} makes rows of documents, so it cannot leave some as they are"
            )
        object.__setattr__(self, "band", Band(self.band))

    @property
    def name(self) -> str:
        """That of the step."""
        return self.step.name

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the step reads, and what the steps before noted."""
        return (*self.step.fields, NOTED)

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        return {**self.step.describe(), "only": self.band.value}

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order. Raises OptionError where no step before scores."""
        bands = [self._band(document) for document in documents]
        wanted = [one for one, band in zip(documents, bands, strict=True) if band == self.band]
        done = iter(self.step.run(wanted) if wanted else ())
        return [
            next(done) if band == self.band else Outcome(Status.UNCHANGED, reason=_left_out(band))
            for band in bands
        ]

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> Estimate:
        """Say what `run` would cost at most, if every score were of this band; nothing is sent."""
        asked: Any = self.step
        found: Estimate = asked.estimate(documents, tokens_per_s=tokens_per_s)
        return found

    def _band(self, document: Document) -> str | None:
        noted = document.fields.get(NOTED)
        if noted is None:
            raise OptionError(f"{self.name} is for scored documents: put a step that scores them before it")
        band: str | None = noted.get("band")
        return band


def _left_out(band: str | None) -> ScoreReason:
    return ScoreReason.NONE if band is None else ScoreReason(f"score-{band}")
