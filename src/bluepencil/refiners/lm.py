"""The language-model refiner: chunks with numbered lines go in, edit programs come out.

    LanguageModel(Native(format), LocalGenerator("model"), window=12_000, overlap=1_000)

`trained(folder)` builds it from the folder of a trained model and its card. Reference: docs/lm.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluepencil.errors import InputError, OptionError
from bluepencil.programs import Cost, split_chunks
from bluepencil.refiners.base import Proposal
from bluepencil.refiners.lm_card import digest, read_card
from bluepencil.refiners.lm_chunks import Plan, plan, proposal
from bluepencil.refiners.lm_dialect import Dialect, Native
from bluepencil.refiners.lm_generate import Generation, Generator
from bluepencil.refiners.lm_prompt import PromptFormat
from bluepencil.refiners.lm_transformers import LocalGenerator

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """Proposes the programs that a language model writes.

    window, overlap: of chunks, in characters. model: what decides the answers, for the record; the ledger
    names the refiner by its beginning. constrained: whether the dialect's constraints are used.
    """

    dialect: Dialect
    generator: Generator
    window: int = 12_000
    overlap: int = 1_000
    model: str = ""
    label: str = "lm"
    constrained: bool = True

    def __post_init__(self) -> None:
        split_chunks("", self.window, self.overlap)

    @property
    def name(self) -> str:
        """Names the refiner and its model: `lm:1a2b3c4d`."""
        return f"{self.label}:{self.model[:8]}" if self.model else self.label

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the result: model, prompts, windows, and how answers are made and read."""
        return {
            "refiner": self.label,
            "model": self.model,
            "window": self.window,
            "overlap": self.overlap,
            "constrained": self.constrained,
            "generator": dict(self.generator.describe()),
            "dialect": dict(self.dialect.describe()),
        }

    def propose(self, texts: Sequence[str]) -> Sequence[Proposal]:
        """Return one proposal per text; all chunks of all texts are answered together."""
        plans = [plan(text, self.window, self.overlap) for text in texts]
        answers = self.answers(plans)
        return [proposal(one, said, self.dialect) for one, said in zip(plans, answers, strict=True)]

    def answers(self, plans: Sequence[Plan]) -> list[list[Generation]]:
        """Ask about the chunks of all plans together; return the answers of each plan."""
        chunks = [(one.text, one.chunks[place]) for one in plans for place in one.asked]
        prompts = [self.dialect.prompt(*chunk) for chunk in chunks]
        constraints = [self.dialect.constraint(*chunk) for chunk in chunks] if self.constrained else []
        answers = iter(self.generator.generate(prompts, constraints if any(constraints) else ()))
        return [[next(answers) for _ in one.asked] for one in plans]


def trained(
    folder: Path,
    *,
    client: "ClientOptions | None" = None,
    cost: Cost = Cost.CALL,
    window: int | None = None,
    overlap: int | None = None,
    max_new_tokens: int | None = None,
    server_grammar: str | None = None,
    **local: Any,
) -> LanguageModel:
    """Return the refiner of a folder that `bluepencil train lm` made; values that are None are its card's.

    With `client`, a server that serves the same model is asked, and told of each chunk's programs as
    `server_grammar` says (`refiners.lm_grammar`). `local` are other fields of LocalGenerator.
    Raises InputError where the folder holds no such model, OptionError for what a server cannot be told.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    card = read_card(folder)
    longest = max_new_tokens or card.max_new_tokens
    generator: Generator
    if client is None:
        if server_grammar is not None:
            raise OptionError("a server is told a grammar; a model in this process follows it by itself")
        generator = LocalGenerator(str(folder), longest, **local)
    else:
        from bluepencil.refiners.lm_server import ServerGenerator

        if local:
            raise OptionError(f"only for a model in this process, not for a server: {', '.join(local)}")
        if server_grammar is not None and card.dialect != "native":
            raise OptionError(f"there is no grammar for programs in the dialect {card.dialect}")
        told = server_grammar or "none"
        generator = ServerGenerator(client, longest, control_tokens=card.control_tokens, grammar=told)
    dialect = dialect_named(card.dialect, card.prompt, cost)
    if isinstance(dialect, Native):
        dialect = replace(dialect, replacements=card.replacements)
    if overlap is None:
        # A window smaller than the card's would not hold the card's overlap.
        overlap = card.overlap if window is None else min(card.overlap, window // 4)
    return LanguageModel(dialect, generator, window or card.window, overlap, digest(folder))


def dialect_named(name: str, prompt: PromptFormat, cost: Cost = Cost.CALL) -> Dialect:
    """Return the dialect of a model of our own; it is asked as it was trained, with no word on thinking.

    Raises InputError for a name that a card may have from a later version.
    """
    from bluepencil.refiners.dialects_prox import ProxC, ProxD
    from bluepencil.refiners.dialects_rescraper import ReScraper
    from bluepencil.refiners.dialects_ultrax import UltraX

    match name:
        case "native":
            return Native(prompt, cost=cost)
        case "prox-d":
            return ProxD(prompt)
        case "prox-c":
            return ProxC(prompt, cost)
        case "ultrax":
            return UltraX(prompt, cost, ())
        case "rescraper":
            return ReScraper(prompt, cost, ())
        case _:
            raise InputError(f"the model speaks a dialect that is not known here: {name}")
