"""The gate of SwallowCode's second version: a model scores files, and only the medium ones are rewritten.

Low scores are dropped, high ones are kept as they are, medium ones go on to be rewritten. The wording of the
prompt, `prompts/score.md`, is our own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from bluepencil.documents import Document, Outcome, Status, Step
from bluepencil.errors import OptionError
from bluepencil.llm import Answer, ClientOptions, Estimate, Failure, Question
from bluepencil.rewriting.answers import AnswerError
from bluepencil.rewriting.answers_scores import HIGHEST, read_score_section
from bluepencil.rewriting.ask import AskOptions

SECTION = "Score"
ESTIMATED_TOGETHER = 1000


class ScoreReason(StrEnum):
    """Why a scored document is dropped, or kept as it was."""

    LOW = "score-low"
    HIGH = "score-high"


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
class Gated:
    """The step that scores first, and runs another step on the documents of medium score alone.

    Low scores are dropped (`score-low`), high ones stay as they are (`score-high`). What has no score,
    because the answer could not be read and the fallback is to keep, stays as it is too. The ledger row of a
    document has the score, the band and the prompt's hash (`score_prompt_hash`) beside what the other step
    notes, and the tokens of both.
    """

    score: Score
    step: Step

    def __post_init__(self) -> None:
        if self.step.row_columns is not None:
            raise OptionError(f"{self.step.name} makes rows of documents; it cannot stand behind a score")

    @property
    def name(self) -> str:
        """Names the gate and the step behind it."""
        return f"gated:{self.step.name}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that either step reads."""
        return tuple(dict.fromkeys((*self.score.fields, *self.step.fields)))

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        return {
            "step": "gated",
            "score": dict(self.score.describe()),
            "then": {"name": self.step.name, **self.step.describe()},
        }

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order."""
        outcomes = self.score.run(documents)
        medium = [n for n, one in enumerate(outcomes) if one.annotations.get("band") == Band.MEDIUM]
        if medium:
            later = self.step.run([documents[number] for number in medium])
            for number, outcome in zip(medium, later, strict=True):
                outcomes[number] = _joined(outcomes[number], outcome)
        return [
            replace(one, reason=ScoreReason.HIGH) if one.annotations.get("band") == Band.HIGH else one
            for one in outcomes
        ]

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> Estimate:
        """Say what `run` would cost at most, if every score were medium; nothing is sent."""
        source = iter(documents)
        total = self.score.estimate((), tokens_per_s=tokens_per_s)
        asked = [one for one in (self.score, self.step) if hasattr(one, "estimate")]
        while some := list(islice(source, ESTIMATED_TOGETHER)):
            for one in asked:
                total = total.plus(one.estimate(some, tokens_per_s=tokens_per_s))
        return total


def _joined(scored: Outcome, outcome: Outcome) -> Outcome:
    """Return the outcome of the second step with what the score came to."""
    first, second = scored.annotations, outcome.annotations
    notes = {
        **second,
        "score": first["score"],
        "band": first["band"],
        "score_prompt_hash": first["prompt_hash"],
    }
    for name in ("tokens_in", "tokens_out", "cost"):
        if name in first:
            notes[name] = first[name] + (second.get(name) or 0)
    return replace(outcome, annotations=notes)
