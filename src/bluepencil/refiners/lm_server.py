"""Answers from any OpenAI-compatible server, through the client with its cache, retries and limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bluepencil.errors import OptionError
from bluepencil.llm import Answer, Client, ClientOptions, Failure, Request
from bluepencil.refiners.lm_generate import Constraint, Finish, Generation, loops
from bluepencil.refiners.lm_grammar import DETAILS, NONE, SERVERS
from bluepencil.refiners.lm_prompt import Prompt


@lru_cache(maxsize=4)
def _client(options: ClientOptions) -> Client:
    """Return the one client of this process for these options."""
    return Client(options)


@dataclass(frozen=True, slots=True)
class ServerGenerator:
    """Asks a server: plain prompts at /completions, chats at /chat/completions, temperature 0.

    `control_tokens` are names that the server would read as control tokens wherever they stand, so a text
    that holds one is not sent. `params` go with every request. grammar: how the server takes grammars, by
    which it keeps to the form of a program; "none" tells it nothing, and what it writes is checked when it is
    read. detail: of the grammars. See `refiners.lm_grammar`. Raises OptionError for a value that is unknown.
    """

    client: ClientOptions
    max_new_tokens: int = 2048
    max_calls: int = 400
    control_tokens: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    grammar: str = NONE
    detail: str = DETAILS[0]

    def __post_init__(self) -> None:
        for name, known in (("grammar", SERVERS), ("detail", DETAILS)):
            if getattr(self, name) not in known:
                raise OptionError(f"{name} must be one of {', '.join(known)}, not {getattr(self, name)!r}")

    def describe(self) -> Mapping[str, Any]:
        """Return what decides the answers; where the server is and how fast it is asked does not."""
        return {
            "back_end": "server",
            "model": self.client.model,
            "max_new_tokens": self.max_new_tokens,
            "max_calls": self.max_calls,
            "params": dict(self.params),
            "grammar": self.grammar if self.grammar == NONE else f"{self.grammar}, {self.detail}",
        }

    def generate(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None] = ()
    ) -> list[Generation]:
        """Return one answer per prompt; what ends the run passes through (a dead server, a spent budget)."""
        answers: list[Generation | None] = [self._without_asking(prompt) for prompt in prompts]
        asked = [number for number, answer in enumerate(answers) if answer is None]
        requests = self._requests(prompts, constraints or [None] * len(prompts), asked)
        for place, outcome in _client(self.client).ask(requests):
            answers[asked[place]] = self._generation(outcome)
        return [answer for answer in answers if answer is not None]

    def _requests(
        self, prompts: Sequence[Prompt], constraints: Sequence[Constraint | None], asked: Sequence[int]
    ) -> Iterator[Request]:
        for number in asked:
            yield self.request(prompts[number], constraints[number])

    def request(self, prompt: Prompt, constraint: Constraint | None = None) -> Request:
        """Return what is sent for a prompt."""
        params: dict[str, Any] = {"temperature": 0, "max_tokens": self.max_new_tokens, **self.params}
        if constraint is not None and self.grammar != NONE:
            params |= constraint.request(self.grammar, self.detail)
        if not prompt.messages:
            return Request(prompt=prompt.text, params=params)
        if prompt.variables:
            params["chat_template_kwargs"] = dict(prompt.variables)
        return Request(messages=prompt.chat(), params=params)

    def _without_asking(self, prompt: Prompt) -> Generation | None:
        found = next((name for name in self.control_tokens if name in prompt.contents), None)
        if found is None:
            return None
        return Generation("", Finish.CONTROL_TOKEN, detail=f"the text holds {found!r}")

    def _generation(self, outcome: Answer | Failure) -> Generation:
        tokens = outcome.tokens_in, outcome.tokens_out
        if isinstance(outcome, Failure):
            return Generation("", outcome.reason, *tokens, outcome.detail)
        return Generation(outcome.text, loops(outcome.text, self.max_calls) or Finish.STOP, *tokens)
