"""One question about many texts: a prompt and its parameters, asked of one model."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bluepencil.llm.accounting import Estimate
from bluepencil.llm.client import Client
from bluepencil.llm.messages import Answer, Failure, Request
from bluepencil.llm.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and of whom. Travels to other processes as the options of its client."""

    client: Client
    prompt: Prompt
    params: Mapping[str, Any]

    def request(self, values: Mapping[str, str]) -> Request:
        """Return the question with its places filled in; OptionError for a place without a value."""
        return Request(messages=self.prompt.messages(values), params=self.params)

    def notes(self, answer: Answer | Failure) -> dict[str, Any]:
        """Return what the ledger keeps of any answer: tokens, the prompt's hash, and the cost where known."""
        notes: dict[str, Any] = {
            "tokens_in": answer.tokens_in,
            "tokens_out": answer.tokens_out,
            "prompt_hash": self.prompt.hash,
        }
        if (price := self.client.options.price) is not None:
            notes["cost"] = price.of(answer.tokens_in, answer.tokens_out)
        return notes

    def estimate(
        self,
        values: Iterable[Mapping[str, str]],
        *,
        answer_tokens: Callable[[Request], int],
        tokens_per_s: float | None = None,
    ) -> Estimate:
        """Say what asking would cost, sending nothing."""
        return self.client.estimate(
            map(self.request, values), answer_tokens=answer_tokens, tokens_per_s=tokens_per_s
        )
