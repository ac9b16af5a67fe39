"""A scripted first stage and a scripted model, for the tests of the cascade."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bluepencil.refiners.cascade import Cascade
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_dialect import Native
from bluepencil.refiners.lm_generate import Generation
from bluepencil.refiners.lm_prompt import Prompt, PromptFormat
from bluepencil.refiners.tagger_decide import NO_WORDS, Span, Thresholds
from bluepencil.refiners.tagger_model import Scores

FORMAT = PromptFormat("plain", "Edit this:\n", "\n\n")
LIMITS = Thresholds(lines=100, spans=100, whole=5)
GOES, GOES_PERHAPS, STAYS_PERHAPS, STAYS = 2, 90, 150, 248
Answer = Callable[[str], str | Generation]


@dataclass(frozen=True)
class Fixed:
    """A first stage that knows the scores of each text."""

    known: Mapping[str, Scores]
    limits: Thresholds = LIMITS
    name: str = "fixed"

    def describe(self) -> Mapping[str, Any]:
        return {"refiner": self.name}

    def thresholds(self) -> Thresholds:
        return self.limits

    def scores(self, texts: Sequence[str]) -> list[Scores]:
        return [self.known[text] for text in texts]


@dataclass
class Scripted:
    """Answers by a function of the numbered lines; `asked` keeps these."""

    answer: Answer
    asked: list[str] = field(default_factory=list)
    batches: int = 0

    def describe(self) -> Mapping[str, Any]:
        return {}

    def generate(self, prompts: Sequence[Prompt], constraints: Sequence[Any] = ()) -> list[Generation]:
        self.batches += 1
        answers = []
        for prompt in prompts:
            numbered = prompt.text.removeprefix(FORMAT.before).removesuffix(FORMAT.after)
            self.asked.append(numbered)
            said = self.answer(numbered)
            answers.append(
                said if isinstance(said, Generation) else Generation(said, tokens_in=9, tokens_out=2)
            )
        return answers


def scores(text: str, lines: Sequence[int] | bytes, spans: Sequence[Span] = ()) -> Scores:
    """Return scores; a blank line is one without words, whatever is said of it."""
    found = zip(text.split("\n"), lines, strict=True)
    return Scores(bytes(score if line.strip() else NO_WORDS for line, score in found), tuple(spans))


def cascade(known: Mapping[str, Scores], answer: Answer, **options: Any) -> tuple[Cascade, Scripted]:
    """Return a cascade of both, and the model to look at."""
    window, overlap = options.pop("window", 12_000), options.pop("overlap", 0)
    model = Scripted(answer)
    asked = replace(FORMAT, numbering=options.pop("numbering", "chunk"))
    dialect = Native(asked, **options.pop("native", {}))
    second = LanguageModel(dialect, model, window, overlap, constrained=False)
    return Cascade(Fixed(known), second, **options), model
