"""Asking a model about documents: the options, what is not asked, and what a question in vain comes to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from bluepencil.documents import Document, Outcome, Status
from bluepencil.errors import OptionError
from bluepencil.llm import (
    Answer,
    AskReason,
    Client,
    ClientOptions,
    Estimate,
    Failure,
    Prompt,
    Question,
    Request,
    approximate_tokens,
)
from bluepencil.rewriting.answers_fences import fence_for

PROMPTS = Path(__file__).parent / "prompts"
FALLBACKS = ("keep", "drop")
# Answers that are judged together: enough for a verifier to share its costs, few enough that requests, which
# go out as answers are taken in, never wait for long.
JUDGED_TOGETHER = 32
# Failures in which no answer was given. That says nothing of the document, so it fails, and no fallback
# counts.
NEVER_GIVEN = frozenset(
    {
        AskReason.MALFORMED,
        AskReason.REFUSED,
        AskReason.SERVER_ERROR,
        AskReason.BUSY,
        AskReason.TIMED_OUT,
        AskReason.CONNECTION_LOST,
        AskReason.BAD_ENCODING,
    }
)


class NotAsked(StrEnum):
    """Why a text was not sent."""

    NO_TEXT = "no-text"
    TOO_LONG = "text-too-long"


def decoding() -> dict[str, Any]:
    """Return the decoding parameters of SwallowCode and SwallowMath (arXiv 2505.02881)."""
    return {"temperature": 0.2, "top_p": 0.7, "max_tokens": 8192}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How a model is asked about a text, and what becomes of the text where the answer is of no use.

    prompt: name of a prompt that ships with the package, or a file as `bluepencil.llm.prompts` describes it.
        Its places: {{text}}; {{fence}}, backticks that no line of the text ends; the `values`; the `fields`.
    params: decoding parameters, sent with every request.
    longest: characters; a longer text is not sent (the default is the paper's limit for math).
    fallback: what becomes of a text when there is no answer to use: "keep" it as it is, or "drop" it.
    values: fixed values for places of the prompt, such as the language.
    fields: fields of the document that have places in the prompt; one that is missing is filled in as "".
    answer_ratio, answer_extra: for estimates: tokens of an answer per token of the last message, and beside.
    """

    client: ClientOptions
    prompt: str
    params: Mapping[str, Any] = field(default_factory=decoding)
    longest: int = 102_688
    fallback: str = "keep"
    values: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    answer_ratio: float = 1.0
    answer_extra: int = 64

    def __post_init__(self) -> None:
        if self.longest < 1 or self.answer_ratio < 0 or self.answer_extra < 0:
            raise OptionError("longest must be at least 1, and the length of an answer not negative")
        if self.fallback not in FALLBACKS:
            raise OptionError(f"the fallback must be one of {', '.join(FALLBACKS)}, not {self.fallback!r}")

    def question(self) -> Question:
        """Read the prompt and return what is asked; raises where prompt or parameters cannot work."""
        shipped = {path.stem: path for path in PROMPTS.glob("*.md")}
        prompt = Prompt.load(shipped.get(self.prompt, self.prompt))
        question = Question(Client(self.client), prompt, self.params)
        question.request(
            self.places(Document("", ""))
        )  # refuses what cannot be asked, before anything is sent
        return question

    def places(self, document: Document) -> dict[str, str]:
        """Return what is filled into the places of the prompt."""
        fields = {name: document.fields.get(name) for name in self.fields}
        return {
            **self.values,
            **{name: "" if value is None else str(value) for name, value in fields.items()},
            "text": document.text,
            "fence": fence_for(document.text),
        }

    def describe(self, question: Question) -> dict[str, Any]:
        """Return what decides the result; where the server is and how fast it is asked does not."""
        return {
            "model": self.client.model,
            "prompt": question.prompt.hash,
            "params": dict(self.params),
            "longest": self.longest,
            "fallback": self.fallback,
            "values": dict(self.values),
            "fields": list(self.fields),
        }

    def fall_back(self, reason: str, detail: str, notes: Mapping[str, Any]) -> Outcome:
        """Return what becomes of a text when there is no answer to use."""
        status = Status.UNCHANGED if self.fallback == "keep" else Status.DROPPED
        return Outcome(status, reason=reason, detail=detail, annotations=notes)

    def failed(self, failure: Failure, notes: Mapping[str, Any]) -> Outcome:
        """Return what becomes of a text that was asked about in vain."""
        if failure.reason in NEVER_GIVEN:
            return Outcome(Status.FAILED, reason=failure.reason, detail=failure.detail, annotations=notes)
        return self.fall_back(failure.reason, failure.detail, notes)

    def without_asking(self, document: Document) -> Outcome | None:
        """Settle what is not worth, or not possible, to ask about."""
        if not document.text.strip():
            return Outcome(Status.UNCHANGED, reason=NotAsked.NO_TEXT)
        if len(document.text) > self.longest:
            detail = f"{len(document.text):,} characters; at most {self.longest:,} are sent"
            return self.fall_back(NotAsked.TOO_LONG, detail, {})
        return None

    def ask(self, question: Question, documents: Sequence[Document], judge: "Judge") -> list[Outcome]:
        """Return one outcome per document, in order; errors of the client pass through and end the run.

        Answers are judged as they come in, some at a time, while others are on their way. Documents about
        which the same would be asked share one request.
        """
        outcomes = [self.without_asking(document) for document in documents]
        alike: dict[tuple[Any, ...], list[int]] = {}
        for number, document in enumerate(documents):
            if outcomes[number] is None:
                alike.setdefault(self._question_of(document), []).append(number)
        asked = list(alike.values())
        requests = (question.request(self.places(documents[numbers[0]])) for numbers in asked)
        answers = question.client.ask(requests, ordered=False)
        while group := list(islice(answers, JUDGED_TOGETHER)):
            pairs = [(number, answer) for index, answer in group for number in asked[index]]
            judged = judge([(documents[number], answer) for number, answer in pairs])
            for (number, _), outcome in zip(pairs, judged, strict=True):
                outcomes[number] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _question_of(self, document: Document) -> tuple[Any, ...]:
        """Return what tells questions about documents apart."""
        return (document.text, *(repr(document.fields.get(name)) for name in self.fields))

    def estimate(
        self, question: Question, documents: Iterable[Document], tokens_per_s: float | None = None
    ) -> Estimate:
        """Say what asking would cost; nothing is sent."""
        return question.estimate(
            (self.places(one) for one in documents if self.without_asking(one) is None),
            answer_tokens=self._answer_tokens,
            tokens_per_s=tokens_per_s,
        )

    def _answer_tokens(self, request: Request) -> int:
        asked = approximate_tokens(request.messages[-1]["content"])
        return round(asked * self.answer_ratio) + self.answer_extra


Judge = Callable[[Sequence[tuple[Document, Answer | Failure]]], Sequence[Outcome]]
"""Turns documents with their answers into outcomes, in order."""
