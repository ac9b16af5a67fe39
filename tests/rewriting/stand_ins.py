"""Small steps of rewriting for the tests: importable, because workers load them by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluepencil.documents import Document
from bluepencil.llm import ClientOptions
from bluepencil.rewriting.answers import AnswerError, Parsed
from bluepencil.rewriting.step import Rewrite, RewriteOptions
from bluepencil.rewriting.verdict import Rejection, Verdict

PROMPT = "--- system ---\nWrite it better.\n--- user ---\n{{text}}"


@dataclass(frozen=True)
class Plain:
    """Takes the answer after `= ` as the text."""

    def describe(self) -> Mapping[str, Any]:
        return {"form": "plain"}

    def parse(self, answer: str, before: str) -> Parsed:
        if not answer.startswith("= "):
            raise AnswerError("not-plain", f"no text in {answer!r}")
        return Parsed(answer[2:], {"longer_by": len(answer) - 2 - len(before)})


@dataclass(frozen=True)
class Words:
    """Rejects texts for each of its words that they hold; notes how many texts were checked together."""

    words: tuple[str, ...] = ("BROKEN", "WRONG")
    fields: tuple[str, ...] = ("licence",)

    @property
    def name(self) -> str:
        return "words"

    def describe(self) -> Mapping[str, Any]:
        return {"words": list(self.words)}

    def check(self, before: str, after: str, document: Document) -> Verdict:
        found = [word for word in self.words if word in after]
        rejections = tuple(Rejection(word.lower(), f"{word} is in it") for word in found)
        return Verdict(rejections, {"licence": document.fields.get("licence")})

    def check_all(self, rewrites: Sequence[tuple[str, str, Document]]) -> list[Verdict]:
        return [self.check(*one) for one in rewrites]


def step(client: ClientOptions, folder: Path, **values: Any) -> Rewrite:
    """Return a step with a prompt file in a folder, and without the limits that short texts do not pass."""
    prompt = folder / "prompt.md"
    if not prompt.exists():
        prompt.write_text(PROMPT)
    given = {"prompt": str(prompt), "shortest": 0, "repetition": False, **values}
    return Rewrite("better", RewriteOptions(client=client, **given), Plain(), Words())
