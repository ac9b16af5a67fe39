"""The step that has a language model write texts anew, and uses only what passes its checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bluepencil.code.repetition import find_repetition
from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import OptionError
from bluepencil.llm import Answer, Estimate, Failure, Question
from bluepencil.rewriting.answers import AnswerError, Parsed, Parser
from bluepencil.rewriting.ask import AskOptions
from bluepencil.rewriting.verdict import Verdict, Verifier


class RewriteReason(StrEnum):
    """Why a text that an answer holds is not used, before any verifier sees it."""

    SHORT = "answer-too-short"
    REPETITIVE = "answer-repetitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteOptions(AskOptions):
    """How a model is asked to rewrite, and which texts are refused whatever they were made of.

    shortest: characters; a shorter text is rejected (the paper's rule: 50 or fewer).
    repetition: reject a text in which a long run of characters repeats at once.
    """

    shortest: int = 51
    repetition: bool = True

    def __post_init__(self) -> None:
        AskOptions.__post_init__(self)
        if self.shortest < 0:
            raise OptionError("shortest must not be negative")

    def describe(self, question: Question) -> dict[str, Any]:
        """Return what decides the result."""
        asked = AskOptions.describe(self, question)
        return {**asked, "shortest": self.shortest, "repetition": self.repetition}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The step of rewriting: asks a model, reads its answers, has each checked, and keeps those that pass.

    kind: names the step, with the model: `sgcr:Llama-3.3-70B-Instruct`.
    parser: how an answer becomes a text.
    verifier: what decides whether the text may be used; None checks no more than length and repetition.
    """

    kind: str
    options: RewriteOptions
    parser: Parser
    verifier: Verifier | None = None
    question: Question = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "question", self.options.question())

    @property
    def name(self) -> str:
        """Names the step with its model."""
        return f"{self.kind}:{self.options.client.model}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the prompt has places for, and those that the verifier reads."""
        return tuple(dict.fromkeys((*self.options.fields, *getattr(self.verifier, "fields", ()))))

    @property
    def row_columns(self) -> None:
        """Documents are written."""
        return None

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result."""
        verifier = self.verifier
        return {
            "step": self.kind,
            **self.options.describe(self.question),
            "answer": dict(self.parser.describe()),
            "verifier": None if verifier is None else {"name": verifier.name, **verifier.describe()},
        }

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order; errors of the client pass through and end the run."""
        return self.options.ask(self.question, documents, self._judged)

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> Estimate:
        """Say what `run` would cost; nothing is sent."""
        return self.options.estimate(self.question, documents, tokens_per_s)

    def _judged(self, asked: Sequence[tuple[Document, Answer | Failure]]) -> list[Outcome]:
        read = [(document, self._read(document, answer)) for document, answer in asked]
        verdicts = iter(
            self._verdicts([(one.text, new.text, one) for one, new in read if isinstance(new, Parsed)])
        )
        return [
            self._outcome(document, one, next(verdicts)) if isinstance(one, Parsed) else one
            for document, one in read
        ]

    def _read(self, document: Document, answer: Answer | Failure) -> Parsed | Outcome:
        """Return the text of an answer with what is noted so far, or what becomes of the document."""
        notes = self.question.notes(answer)
        if isinstance(answer, Failure):
            return self.options.failed(answer, notes)
        try:
            parsed = self.parser.parse(answer.text, document.text)
        except AnswerError as error:
            return self.options.fall_back(error.reason, str(error), notes)
        notes |= parsed.notes
        fault = None if _same(document.text, parsed.text) else self._fault(document.text, parsed.text)
        if fault is not None:
            return self.options.fall_back(*fault, notes)
        return Parsed(parsed.text, notes)

    def _fault(self, before: str, after: str) -> tuple[str, str] | None:
        """Say what is wrong with a text whatever a verifier may say; a text may go on as its original did."""
        length = len(after.strip())
        if length < self.options.shortest:
            detail = f"{length} characters; fewer than {self.options.shortest} are no answer"
            return RewriteReason.SHORT, detail
        if self.options.repetition and find_repetition(after) and not find_repetition(before):
            return RewriteReason.REPETITIVE, "a long run of characters comes again at once"
        return None

    def _verdicts(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        if self.verifier is None:
            return [Verdict()] * len(rewrites)
        # A text that comes back as it was is what it was, whatever a verifier would say of it.
        changed = [one for one in rewrites if not _same(one[0], one[1])]
        verdicts = iter(self.verifier.check_all(changed))
        return [Verdict() if _same(before, after) else next(verdicts) for before, after, _ in rewrites]

    def _outcome(self, document: Document, parsed: Parsed, verdict: Verdict) -> Outcome:
        notes = {**parsed.notes, **verdict.notes}
        if _same(document.text, parsed.text):
            return Outcome(Status.UNCHANGED, annotations=notes)
        if verdict.accepted:
            return Outcome(Status.EDITED, text=parsed.text, annotations=notes)
        first = verdict.rejections[0]
        notes["rejections"] = [one.code for one in verdict.rejections]
        return self.options.fall_back(first.code, first.detail, notes)


def _same(before: str, after: str) -> bool:
    """Say whether two texts are the same but for white space at their ends, which answers do not carry."""
    return before.strip() == after.strip()
