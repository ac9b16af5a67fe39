"""A refiner whose model is asked one question about a document, never one about each chunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bluepencil.errors import OptionError
from bluepencil.programs.dialects import DialectFault
from bluepencil.programs.dialects.languages import LANGUAGES
from bluepencil.refiners.base import Proposal, Refiner
from bluepencil.refiners.lm import LanguageModel
from bluepencil.refiners.lm_chunks import LinesFault

Longer = Literal["cut", "stay"]
LONGER: dict[str, Longer] = {"whole": "stay", "beginning": "cut"}
"""What becomes of a longer document in a language that asks one question about each, by its `pages`."""


@dataclass(frozen=True, slots=True)
class WholeTexts:
    """Asks `model` about whole texts; its window says how long, in characters, a text may be.

    Of a longer one the beginning is shown ("cut"; for models that decide on a document and edit nothing), or
    it stays as it is, with a fault ("stay").
    """

    model: LanguageModel
    longer: Longer

    def __post_init__(self) -> None:
        if self.longer not in ("cut", "stay"):
            raise OptionError(f"longer must be cut or stay, not {self.longer!r}")

    @property
    def name(self) -> str:
        """Names the refiner and its model."""
        return self.model.name

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result: that of the model, and what becomes of longer texts."""
        return {**self.model.describe(), "longer": self.longer}

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text; all texts are answered together."""
        window = self.model.window
        asked = [n for n, text in enumerate(texts) if self.longer == "cut" or len(text) <= window]
        seen = [texts[n].lstrip()[:window] if self.longer == "cut" else texts[n] for n in asked]
        answered = dict(zip(asked, self.model.propose(seen), strict=True))
        return [answered.get(n) or self._unread(text) for n, text in enumerate(texts)]

    def _unread(self, text: str) -> Proposal:
        message = f"the page has {len(text)} characters; the model reads {self.model.window}"
        fault = LinesFault(DialectFault.PAGE_TOO_LONG, message, 0, 0, 0)
        return Proposal(
            faults=(fault,),
            annotations={
                "prompt_hash": self.model.dialect.prompt_hash,
                "tokens_in": 0,
                "tokens_out": 0,
                "undecided_chunks": 1,
            },
        )


def as_asked(model: LanguageModel) -> Refiner:
    """Return a model that asks what its dialect asks about: chunks, or whole documents."""
    longer = LONGER.get(LANGUAGES[model.dialect.name].pages)
    return model if longer is None else WholeTexts(model, longer)
