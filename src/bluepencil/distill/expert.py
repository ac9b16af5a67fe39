"""The expert: a large model that improves a text end to end, by deletions only if it does as it is told.

What it returns, beside the text it was given, is a pair to distill an edit program from. The method is that
of RefineX (arXiv 2507.03253); the wording of the prompt, `prompts/refinex.md`, is our own.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from bluepencil.documents import Document, Outcome, Reason, Status
from bluepencil.errors import OptionError
from bluepencil.llm import (
    Answer,
    Client,
    ClientOptions,
    Estimate,
    Failure,
    Prompt,
    Question,
    Request,
    after_thinking,
    approximate_tokens,
)

PROMPTS = Path(__file__).parent / "prompts"
OPEN, CLOSE = "[doc]", "[/doc]"
# Tokens for the reason and the marks around the text, when an answer's length is estimated.
TOKENS_AROUND = 64
# What models write where they were asked to return nothing.
NOTHING = frozenset(
    f"{before}{word}{after}"
    for word in ("empty", "empty text", "no content", "no valuable content", "none", "null", "n/a", "nothing")
    for before, after in (("", ""), ("", "."), ("(", ")"), ("[", "]"), ("<", ">"), ('"', '"'))
) | {'""', "''"}

_FENCE = re.compile(r"\s*```\w*[ \t]*\n(.*)\n[ \t]*```\s*\Z", re.DOTALL)
_LABEL = re.compile(r"^[#*<`\" \t]*(modification_reason|refined_text)[*`\"]*[ \t]*[:>][*`]*", re.MULTILINE)
_BEFORE_TEXT = re.compile(r"\s*(?:```\w*[ \t]*\n\s*)?")
_OBJECT = re.compile(r"\{\s*\"")
# Scripts written without spaces between words: each letter counts as a word there.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


class ExpertReason(StrEnum):
    """Why an expert's answer is not used, or a text was not sent."""

    NO_FIELDS = "answer-without-fields"
    NOT_TEXT = "answer-not-text"
    UNCLOSED = "answer-unclosed"
    AMBIGUOUS = "answer-ambiguous"
    ADDS_WORDS = "adds-words"
    NOT_DELETIONS = "not-only-deletions"
    TOO_LONG = "text-too-long"
    NO_TEXT = "no-text"


class AnswerError(ValueError):
    """An answer that cannot be read with certainty."""

    def __init__(self, reason: ExpertReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertOptions:
    """How the expert is asked, and which of its answers are used.

    prompt: "refinex", or a file as `bluepencil.llm.prompts` describes it, with a place {{text}}.
    params: decoding parameters that are sent with every request.
    longest: characters; a longer text is not sent. It has to fit the model's context twice.
    new_words_per_1000: words of the answer that are not in the source, at most. RefineX's expert added 5 to
        19 though told not to; the limit only catches rewriting. The finer screens come with distilling.
    deletions_only: use no answer that is not the source with parts left out, white space aside.
    """

    client: ClientOptions
    prompt: str = "refinex"
    params: Mapping[str, Any] = field(default_factory=lambda: {"temperature": 0, "max_tokens": 8192})
    longest: int = 48_000
    new_words_per_1000: float = 100.0
    deletions_only: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that nothing passes."""
        if self.longest < 1 or self.new_words_per_1000 < 0:
            raise OptionError("longest must be at least 1, and new_words_per_1000 not negative")


class Expert:
    """The step that asks an expert about each document; the outcome's text is what the expert left."""

    fields: tuple[str, ...] = ()
    row_columns: None = None

    def __init__(self, options: ExpertOptions) -> None:
        """Read the prompt, so that every process uses the same one; open nothing else."""
        self.options = options
        self.prompt = Prompt.load(PROMPTS / "refinex.md" if options.prompt == "refinex" else options.prompt)
        self.client = Client(options.client)
        self.question = Question(self.client, self.prompt, options.params)
        self.request("")  # refuses places and parameters that cannot work, before anything is sent

    @property
    def name(self) -> str:
        """Name the step with its model."""
        return f"expert:{self.options.client.model}"

    def describe(self) -> dict[str, Any]:
        """Return what decides the result; where the server is and how fast it is asked does not."""
        options = self.options
        return {
            "step": self.name,
            "prompt": self.prompt.hash,
            "params": dict(options.params),
            "longest": options.longest,
            "new_words_per_1000": options.new_words_per_1000,
            "deletions_only": options.deletions_only,
        }

    def run(self, documents: Sequence[Document]) -> list[Outcome]:
        """Return one outcome per document, in order; errors of the client pass through and end the run."""
        outcomes = [self._without_asking(document) for document in documents]
        asked = [number for number, outcome in enumerate(outcomes) if outcome is None]
        answers = self.client.ask(self.request(documents[number].text) for number in asked)
        for number, (_, answer) in zip(asked, answers, strict=True):
            outcomes[number] = self._outcome(documents[number].text, answer)
        return [outcome for outcome in outcomes if outcome is not None]

    def estimate(self, documents: Iterable[Document], *, tokens_per_s: float | None = None) -> Estimate:
        """Say what `run` would cost, taking the answer to be as long as the text; nothing is sent."""
        not_sent: Counter[str] = Counter()

        def asked() -> Iterator[dict[str, str]]:
            for document in documents:
                settled = self._without_asking(document)
                if settled is None:
                    yield {"text": document.text}
                else:
                    not_sent[settled.reason] += 1

        found = self.question.estimate(
            asked(),
            answer_tokens=lambda asked: approximate_tokens(asked.messages[-1]["content"]) + TOKENS_AROUND,
            tokens_per_s=tokens_per_s,
        )
        return replace(found, not_sent=dict(not_sent))

    def request(self, text: str) -> Request:
        """Return what the expert is asked about a text."""
        return self.question.request({"text": text})

    def _without_asking(self, document: Document) -> Outcome | None:
        """Settle what is not worth, or not possible, to ask about."""
        if not document.text.strip():
            return Outcome(Status.UNCHANGED, reason=ExpertReason.NO_TEXT)
        if len(document.text) > self.options.longest:
            detail = f"{len(document.text):,} characters; the expert is sent at most {self.options.longest:,}"
            return Outcome(Status.FAILED, reason=ExpertReason.TOO_LONG, detail=detail)
        return None

    def _outcome(self, source: str, answer: Answer | Failure) -> Outcome:
        notes = self.question.notes(answer)
        if isinstance(answer, Failure):
            return Outcome(Status.FAILED, reason=answer.reason, detail=answer.detail, annotations=notes)
        try:
            reason, refined = parse_answer(answer.text, source)
        except AnswerError as error:
            return Outcome(Status.FAILED, reason=error.reason, detail=str(error), annotations=notes)
        notes["modification_reason"] = reason
        return self._screened(source, refined, notes)

    def _screened(self, source: str, refined: str, notes: dict[str, Any]) -> Outcome:
        """Turn the expert's text into an outcome, if it passes."""
        if is_nothing(refined, source):
            return Outcome(Status.DROPPED, reason=Reason.ALL_NOISE, annotations=notes)
        if refined.strip() == source.strip():
            return Outcome(Status.UNCHANGED, annotations=notes)
        notes["new_words_per_1000"] = round(new_words_per_1000(source, refined), 1)
        notes["only_deletions"] = is_deletion(source, refined)
        if notes["new_words_per_1000"] > self.options.new_words_per_1000:
            detail = f"{notes['new_words_per_1000']:g} of 1,000 words are not in the source"
            return Outcome(Status.FAILED, reason=ExpertReason.ADDS_WORDS, detail=detail, annotations=notes)
        if self.options.deletions_only and not notes["only_deletions"]:
            detail = "the answer is not the source with parts left out"
            return Outcome(Status.FAILED, reason=ExpertReason.NOT_DELETIONS, detail=detail, annotations=notes)
        return Outcome(Status.EDITED, text=refined, annotations=notes)


def pair(document: Document, outcome: Outcome) -> dict[str, Any] | None:
    """Return the row of a file of pairs that an outcome stands for: id, raw, gold and the expert's reason.

    A text of no value gives an empty gold; a failed outcome gives no row.
    """
    if outcome.status is Status.FAILED:
        return None
    gold = {Status.EDITED: outcome.text, Status.DROPPED: ""}.get(outcome.status, document.text)
    reason = outcome.annotations.get("modification_reason", "")
    return {"id": document.id, "raw": document.text, "gold": gold, "modification_reason": reason}


def parse_answer(answer: str, source: str) -> tuple[str, str]:
    """Return (modification_reason, refined_text) of an answer; AnswerError where there is any doubt.

    Two forms are read, each also inside a code fence and with prose around it: a JSON object with these
    fields as strings, and the fields as labels at the beginnings of lines, the text between [doc] and [/doc].
    Thinking in <think> tags before the answer is passed over.
    """
    said = after_thinking(answer)
    if said is None:
        raise AnswerError(ExpertReason.UNCLOSED, "the answer ends inside <think>")
    fenced = _FENCE.match(said)
    answer = fenced[1] if fenced is not None else said
    readers = (
        [_read_object, _read_labels] if answer.lstrip().startswith("{") else [_read_labels, _read_object]
    )
    for read in readers:
        found = read(answer, source)
        if found is not None:
            return found
    raise AnswerError(ExpertReason.NO_FIELDS, f"no refined_text in the answer: {answer.strip()[:80]!r}")


def _read_object(answer: str, source: str) -> tuple[str, str] | None:
    found = list(_objects(answer))
    if not found:
        return None
    if any(one != found[0] for one in found[1:]):
        raise AnswerError(ExpertReason.AMBIGUOUS, f"the answer holds {len(found)} objects with refined_text")
    reason, text = found[0].get("modification_reason", ""), found[0]["refined_text"]
    if not isinstance(text, str) or not isinstance(reason, str):
        raise AnswerError(ExpertReason.NOT_TEXT, "modification_reason and refined_text must be strings")
    return reason.strip(), _unwrapped(text, source) if text.lstrip().startswith(OPEN) else text.strip("\n")


def _objects(answer: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of an answer that have a refined_text; raw newlines in strings are let pass."""
    if '"refined_text"' not in answer:
        return
    decoder = json.JSONDecoder(strict=False)
    position = 0
    while (start := _OBJECT.search(answer, position)) is not None:
        try:
            value, position = decoder.raw_decode(answer, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        if isinstance(value, dict) and "refined_text" in value:
            yield value


def _read_labels(answer: str, source: str) -> tuple[str, str] | None:
    labels = list(_LABEL.finditer(answer))
    label = next((one for one in labels if one[1] == "refined_text"), None)
    if label is None:
        return None
    before = _BEFORE_TEXT.match(answer, label.end())
    text = answer[before.end() if before is not None else label.end() :]
    if not text.startswith(OPEN):
        return None
    given = next(
        (one for one in labels if one[1] == "modification_reason" and one.end() < label.start()), None
    )
    reason = answer[given.end() : label.start()] if given is not None else ""
    return reason.replace("</modification_reason>", "").strip(), _unwrapped(text, source)


def _unwrapped(text: str, source: str) -> str:
    """Return what stands between the first [doc] and the last [/doc]; marks inside must be the source's."""
    start, end = text.index(OPEN) + len(OPEN), text.rfind(CLOSE)
    if end < start:
        raise AnswerError(ExpertReason.UNCLOSED, f"the text of the answer does not end with {CLOSE}")
    inside = text[start:end].strip("\n")
    for mark in (OPEN, CLOSE):
        if inside.count(mark) > source.count(mark):
            raise AnswerError(ExpertReason.AMBIGUOUS, f"{mark} stands inside the text of the answer")
    return inside


def is_nothing(refined: str, source: str) -> bool:
    """Say whether an answer means that nothing of value remains: empty, or words to that effect.

    Such words do not count if they are a line of the source: then they are what remains of it.
    """
    said = refined.strip()
    return not said or (said.casefold() in NOTHING and said not in map(str.strip, source.split("\n")))


def new_words_per_1000(source: str, refined: str) -> float:
    """Count the words of `refined` that `source` does not have (as often), per 1,000 words of `refined`."""
    words = Counter(_WORD.findall(refined))
    new = words - Counter(_WORD.findall(source))
    return 1000 * new.total() / max(1, words.total())


def is_deletion(source: str, refined: str) -> bool:
    """Say whether the characters of `refined` stand in `source` in the same order, white space aside."""
    rest = iter("".join(source.split()))
    return all(character in rest for character in "".join(refined.split()))
